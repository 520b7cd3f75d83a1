//! The states of a peering: which ones its two halves take, and how far they are in sync.
//!
//! Pure. What may be written at all is in [`super::admission`]. What was seen in recorded traffic (Azure PowerShell sessions of
//! 2021-05-13, 2023-01-10 and 2025-02-27, the Azure CLI's recordings, a Databricks session of 2024-08-29) is marked *seen*.

use std::collections::BTreeSet;

use ipnet::IpNet;
use uuid::Uuid;

use crate::arm::state::{HalfState, SyncLevel};

/// What a successful write of one half makes of both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Written {
    /// The written half's state, in the answer already (seen: 201 says Connected while provisioning is Updating).
    pub(super) ours: HalfState,
    /// The other half becomes Connected once the write's operation has finished (seen: read one second later).
    pub(super) connects_theirs: bool,
    /// The written half takes the remote network's present prefixes as its own view of it.
    pub(super) takes_prefixes: bool,
}

/// What a PUT of one half leads to, from what stands on either side.
///
/// `theirs` is the half in the remote network that references ours and knows this incarnation of our network.
pub(super) fn on_write(
    ours: Option<HalfState>,
    theirs: Option<HalfState>,
    sync: bool,
) -> Result<Written, RemoteIsDisconnected> {
    use HalfState::{Connected, Disconnected, Initiated};
    let written =
        |ours, connects_theirs, takes_prefixes| Ok(Written { ours, connects_theirs, takes_prefixes });
    match (ours, theirs) {
        // Whatever ours is, a Disconnected half on the other side has to be written again first.
        (_, Some(Disconnected)) => Err(RemoteIsDisconnected),
        // The first half, and the half that survived the other's removal: it waits (again) for the other.
        (None | Some(Disconnected | Connected), None) => written(Initiated, false, true),
        (Some(Initiated), None) => written(Initiated, false, sync),
        // The second half connects both at once.
        (None | Some(Disconnected), Some(Initiated | Connected)) => written(Connected, true, true),
        (Some(Initiated), Some(Initiated | Connected)) => written(Connected, true, sync),
        // An update: prefixes are taken over only when asked for (seen: a plain PUT leaves LocalNotInSync as it is).
        (Some(Connected), Some(Initiated | Connected)) => written(Connected, true, sync),
    }
}

/// The other half is Disconnected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct RemoteIsDisconnected;

/// The state of the half that is left when its counterpart or the remote network is removed (seen 2024 for Connected).
pub(super) fn on_other_removed(ours: HalfState) -> HalfState {
    match ours {
        HalfState::Initiated | HalfState::Connected | HalfState::Disconnected => HalfState::Disconnected,
    }
}

/// How far two halves are in sync.
///
/// `local_behind`: this half's view of the remote network is not the network's present space; `remote_behind`: the same
/// of the other half. A Disconnected half is not looked at again: it keeps the level it had (no recording shows one).
pub(super) fn sync_level(
    state: HalfState,
    before: SyncLevel,
    local_behind: bool,
    remote_behind: bool,
) -> SyncLevel {
    match (state, local_behind, remote_behind) {
        (HalfState::Disconnected, ..) => before,
        // Seen: a half without a counterpart says RemoteNotInSync.
        (HalfState::Initiated, false, _) | (HalfState::Connected, false, true) => SyncLevel::RemoteNotInSync,
        (HalfState::Initiated, true, _) | (HalfState::Connected, true, true) => {
            SyncLevel::LocalAndRemoteNotInSync
        }
        (HalfState::Connected, true, false) => SyncLevel::LocalNotInSync,
        (HalfState::Connected, false, false) => SyncLevel::FullyInSync,
    }
}

/// The `resourceGuid` of both halves: the two networks' guids, combined so that the order does not matter.
///
/// Seen in the Azure CLI's recording of 2021: it is their exclusive or.
pub(super) fn pair_guid(one: Uuid, other: Uuid) -> Uuid {
    Uuid::from_u128(one.as_u128() ^ other.as_u128())
}

/// Whether two spaces hold the same prefixes, in whatever order.
pub(super) fn same_space(one: &[IpNet], other: &[IpNet]) -> bool {
    one.iter().collect::<BTreeSet<_>>() == other.iter().collect::<BTreeSet<_>>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use HalfState::{Connected, Disconnected, Initiated};

    const STATES: [Option<HalfState>; 4] = [None, Some(Initiated), Some(Connected), Some(Disconnected)];

    #[test]
    fn a_write_leads_to_one_state_for_every_pair_of_halves() {
        for ours in STATES {
            for theirs in STATES {
                for sync in [false, true] {
                    let written = on_write(ours, theirs, sync);
                    match theirs {
                        Some(Disconnected) => assert_eq!(written, Err(RemoteIsDisconnected)),
                        None => assert_eq!(written.map(|written| written.ours), Ok(Initiated), "{ours:?}"),
                        Some(Initiated | Connected) => {
                            let written = written.unwrap();
                            assert_eq!((written.ours, written.connects_theirs), (Connected, true));
                        }
                    }
                    let made_anew = matches!(ours, None | Some(Disconnected));
                    if let Ok(written) = written {
                        let lost = (ours, theirs) == (Some(Connected), None);
                        assert_eq!(
                            written.takes_prefixes,
                            sync || made_anew || lost,
                            "{ours:?} {theirs:?} {sync}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn sync_levels_name_the_half_that_is_behind() {
        let level = |state, local, remote| sync_level(state, SyncLevel::FullyInSync, local, remote);
        assert_eq!(level(Connected, false, false), SyncLevel::FullyInSync);
        assert_eq!(level(Connected, true, false), SyncLevel::LocalNotInSync);
        assert_eq!(level(Connected, false, true), SyncLevel::RemoteNotInSync);
        assert_eq!(level(Connected, true, true), SyncLevel::LocalAndRemoteNotInSync);
        assert_eq!(level(Initiated, false, false), SyncLevel::RemoteNotInSync);
        assert_eq!(level(Disconnected, true, true), SyncLevel::FullyInSync, "it keeps the level it had");
    }

    #[test]
    fn both_halves_get_the_guid_that_was_recorded() {
        let guid = |text| Uuid::parse_str(text).unwrap();
        let (vnet1, vnet2) =
            (guid("5275391c-87a6-4a08-a622-c44cbaa512d4"), guid("57106b9f-07e6-4606-b9c0-6e4218d964bb"));
        let recorded = guid("05655283-8040-0c0e-1fe2-aa0ea27c766f");
        assert_eq!(pair_guid(vnet1, vnet2), recorded);
        assert_eq!(pair_guid(vnet2, vnet1), recorded);
    }
}
