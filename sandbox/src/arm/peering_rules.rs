//! The rules of a peering: which states its two halves take, how far they are in sync, and what is refused.
//!
//! Pure: facts about two networks in, a verdict out. What was seen in recorded traffic (Azure PowerShell sessions of
//! 2021-05-13, 2023-01-10 and 2025-02-27, the Azure CLI's recordings, a Databricks session of 2024-08-29) is marked *seen*.

use std::collections::BTreeSet;

use ipnet::IpNet;
use uuid::Uuid;

/// `peeringState`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HalfState {
    Initiated,
    Connected,
    Disconnected,
}

impl HalfState {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Initiated => "Initiated",
            Self::Connected => "Connected",
            Self::Disconnected => "Disconnected",
        }
    }
}

/// `peeringSyncLevel`. *Local* means that this half's stored prefixes of the remote network are behind, *Remote* that the
/// other half's are (seen 2021, 2023, 2025).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::enum_variant_names, reason = "Azure's names")]
pub(crate) enum SyncLevel {
    FullyInSync,
    RemoteNotInSync,
    LocalNotInSync,
    LocalAndRemoteNotInSync,
}

impl SyncLevel {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::FullyInSync => "FullyInSync",
            Self::RemoteNotInSync => "RemoteNotInSync",
            Self::LocalNotInSync => "LocalNotInSync",
            Self::LocalAndRemoteNotInSync => "LocalAndRemoteNotInSync",
        }
    }
}

/// What a successful write of one half makes of both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Written {
    /// The written half's state, in the answer already (seen: 201 says Connected while provisioning is Updating).
    pub(crate) ours: HalfState,
    /// The other half becomes Connected once the write's operation has finished (seen: read one second later).
    pub(crate) connects_theirs: bool,
    /// The written half takes the remote network's present prefixes as its own view of it.
    pub(crate) takes_prefixes: bool,
}

/// What a PUT of one half leads to, from what stands on either side.
///
/// `theirs` is the half in the remote network that references ours and knows this incarnation of our network.
pub(crate) fn on_write(
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
pub(crate) struct RemoteIsDisconnected;

/// The state of the half that is left when its counterpart or the remote network is removed (seen 2024 for Connected).
pub(crate) fn on_other_removed(ours: HalfState) -> HalfState {
    match ours {
        HalfState::Initiated | HalfState::Connected | HalfState::Disconnected => HalfState::Disconnected,
    }
}

/// How far two halves are in sync.
///
/// `local_behind`: this half's view of the remote network is not the network's present space; `remote_behind`: the same
/// of the other half. A Disconnected half is not looked at again: it keeps the level it had (no recording shows one).
pub(crate) fn sync_level(
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
pub(crate) fn pair_guid(one: Uuid, other: Uuid) -> Uuid {
    Uuid::from_u128(one.as_u128() ^ other.as_u128())
}

/// Whether two spaces hold the same prefixes, in whatever order.
pub(crate) fn same_space(one: &[IpNet], other: &[IpNet]) -> bool {
    one.iter().collect::<BTreeSet<_>>() == other.iter().collect::<BTreeSet<_>>()
}

/// The most halves one network holds.
pub(crate) const MOST_PEERINGS: usize = 500;

/// The flags of a half that rules look at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct GatewayFlags {
    pub(crate) allow_gateway_transit: bool,
    pub(crate) use_remote_gateways: bool,
    pub(crate) do_not_verify_remote_gateways: bool,
}

/// A half that exists, and the network it leads to.
#[derive(Clone, Debug)]
pub(crate) struct HalfFacts {
    /// Lower-case name.
    pub(crate) name: String,
    pub(crate) state: HalfState,
    pub(crate) flags: GatewayFlags,
    /// The remote network's id as the half gives it.
    pub(crate) remote: String,
    /// The remote network's space: its present one while it exists, else the last one known.
    pub(crate) remote_space: Vec<IpNet>,
}

/// A network.
#[derive(Clone, Debug)]
pub(crate) struct NetworkFacts {
    pub(crate) id: String,
    pub(crate) space: Vec<IpNet>,
    pub(crate) has_gateway: bool,
    pub(crate) halves: Vec<HalfFacts>,
}

/// The half that is to be written.
#[derive(Clone, Debug)]
pub(crate) struct Wish {
    /// Its full id.
    pub(crate) id: String,
    /// Lower-case name.
    pub(crate) name: String,
    pub(crate) flags: GatewayFlags,
}

/// What the network provider refuses about peerings.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    #[error(
        "Cannot create or update peering {peering}. because remote peering {remote_peering} referencing parent virtual network {network} is in Disconnected state. Update or re-create the remote peering to get it back to Initiated state. Peering gets Disconnected when remote vnet or remote peering is deleted and re-created."
    )]
    RemoteDisconnected { peering: String, remote_peering: String, network: String },
    #[error(
        "Cannot create or update peering {peering}. Virtual networks {ours} and {theirs} cannot be peered because their address spaces overlap. Overlapping address prefixes: {prefixes}"
    )]
    Overlap { peering: String, ours: String, theirs: String, prefixes: String },
    #[error(
        "Cannot create or update peering {peering}. Virtual networks {first} and {second} cannot be peered because address space of the first virtual network overlaps with address space of virtual network {neighbour} already peered with the second virtual network. Overlapping address prefixes: {prefixes}. For more information please refer to https://aka.ms/VnetPeeringInfo"
    )]
    NeighbourOverlap { peering: String, first: String, second: String, neighbour: String, prefixes: String },
    #[error(
        "Peering {peering} cannot have UseRemoteGateway flag set to true because remote virtual network {network} referenced by the peering does not have any gateways."
    )]
    NoRemoteGateway { peering: String, network: String },
    /// The sentence is quoted by users, the code is not known from any source.
    #[error(
        "Peering {peering} cannot have UseRemoteGateways flag set to true, because corresponding remote peering has AllowGatewayTransit flag set to false."
    )]
    TransitNotAllowed { peering: String },
    /// Rule from the documentation; code and sentence are the sandbox's.
    #[error(
        "Peering {peering} cannot have UseRemoteGateways flag set to true because virtual network {network} already has a gateway."
    )]
    OwnGateway { peering: String, network: String },
    /// Rule from the documentation; code and sentence are the sandbox's.
    #[error(
        "Peering {peering} cannot have UseRemoteGateways flag set to true because peering {other} of the same virtual network already uses remote gateways."
    )]
    SecondRemoteGateway { peering: String, other: String },
    #[error(
        "Peering {peering} cannot be created or updated because peering {other} already references remote virtual network {remote}."
    )]
    AlreadyReferenced { peering: String, other: String, remote: String },
    /// The code's name is from memory.
    #[error("Cannot change the remote virtual network of peering {peering} from {from} to {to}.")]
    RemoteChanged { peering: String, from: String, to: String },
    /// The limit is documented; code and sentence are the sandbox's.
    #[error("Virtual network {network} cannot have more than {MOST_PEERINGS} peerings.")]
    TooMany { network: String },
    /// Peerings of single subnets exist in Azure; the sandbox has whole networks only.
    #[error(
        "Peering {peering} cannot set peerCompleteVnets to false: the sandbox peers complete virtual networks only."
    )]
    Partial { peering: String },
}

impl Refusal {
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::RemoteDisconnected { .. } => "RemotePeeringIsDisconnected",
            Self::Overlap { .. } => "VnetAddressSpacesOverlap",
            Self::NeighbourOverlap { .. } => "VnetAddressSpaceOverlapsWithAlreadyPeeredVnet",
            Self::NoRemoteGateway { .. } => "RemoteVnetHasNoGateways",
            Self::TransitNotAllowed { .. } => "RemotePeeringDoesNotAllowGatewayTransit",
            Self::OwnGateway { .. } => "VnetWithGatewayCannotUseRemoteGateways",
            Self::SecondRemoteGateway { .. } => "AnotherPeeringAlreadyUsesRemoteGateways",
            Self::AlreadyReferenced { .. } => "AnotherPeeringAlreadyReferencesRemoteVnet",
            Self::RemoteChanged { .. } => "ChangingRemoteVirtualNetworkNotAllowed",
            Self::TooMany { .. } => "PeeringsPerVirtualNetworkLimitReached",
            Self::Partial { .. } => "SubnetPeeringNotSupported",
        }
    }
}

/// Whether the half may be written between these two networks, as they stand.
pub(crate) fn admit(wish: &Wish, ours: &NetworkFacts, theirs: &NetworkFacts) -> Result<(), Refusal> {
    let peering = || wish.id.clone();
    if let Some(before) = ours.halves.iter().find(|half| half.name == wish.name)
        && !before.remote.eq_ignore_ascii_case(&theirs.id)
    {
        return Err(Refusal::RemoteChanged {
            peering: peering(),
            from: before.remote.clone(),
            to: theirs.id.clone(),
        });
    }
    let others = || ours.halves.iter().filter(|half| half.name != wish.name);
    if let Some(other) = others().find(|half| half.remote.eq_ignore_ascii_case(&theirs.id)) {
        return Err(Refusal::AlreadyReferenced {
            peering: peering(),
            other: format!("{}/virtualNetworkPeerings/{}", ours.id, other.name),
            remote: theirs.id.clone(),
        });
    }
    if others().count() >= MOST_PEERINGS {
        return Err(Refusal::TooMany { network: ours.id.clone() });
    }
    spaces_fit(&wish.id, ours, theirs)?;
    gateways_fit(wish, ours, theirs)
}

/// Whether two networks can be peered: their spaces are apart, and each is apart from what the other is peered with.
pub(crate) fn spaces_fit(peering: &str, ours: &NetworkFacts, theirs: &NetworkFacts) -> Result<(), Refusal> {
    if let Some(prefixes) = overlap(&ours.space, &theirs.space) {
        return Err(Refusal::Overlap {
            peering: peering.to_owned(),
            ours: ours.id.clone(),
            theirs: theirs.id.clone(),
            prefixes,
        });
    }
    for (first, second) in [(ours, theirs), (theirs, ours)] {
        let neighbours = second.halves.iter().filter(|half| {
            half.state != HalfState::Disconnected && !half.remote.eq_ignore_ascii_case(&first.id)
        });
        for neighbour in neighbours {
            if let Some(prefixes) = overlap(&first.space, &neighbour.remote_space) {
                return Err(Refusal::NeighbourOverlap {
                    peering: peering.to_owned(),
                    first: first.id.clone(),
                    second: second.id.clone(),
                    neighbour: neighbour.remote.clone(),
                    prefixes,
                });
            }
        }
    }
    Ok(())
}

/// A half that uses the remote network's gateways: one in a network, none if the network has a gateway itself, and the
/// other half, which must exist, lets it. `doNotVerifyRemoteGateways` waives only that the gateway exists by now.
fn gateways_fit(wish: &Wish, ours: &NetworkFacts, theirs: &NetworkFacts) -> Result<(), Refusal> {
    if !wish.flags.use_remote_gateways {
        return Ok(());
    }
    let peering = wish.id.clone();
    if ours.has_gateway {
        return Err(Refusal::OwnGateway { peering, network: ours.id.clone() });
    }
    if let Some(other) =
        ours.halves.iter().find(|half| half.name != wish.name && half.flags.use_remote_gateways)
    {
        let other = format!("{}/virtualNetworkPeerings/{}", ours.id, other.name);
        return Err(Refusal::SecondRemoteGateway { peering, other });
    }
    let counterpart = theirs.halves.iter().find(|half| half.remote.eq_ignore_ascii_case(&ours.id));
    if !counterpart.is_some_and(|half| half.flags.allow_gateway_transit) {
        return Err(Refusal::TransitNotAllowed { peering });
    }
    if !theirs.has_gateway && !wish.flags.do_not_verify_remote_gateways {
        return Err(Refusal::NoRemoteGateway { peering, network: theirs.id.clone() });
    }
    Ok(())
}

/// The prefixes of the first space that overlap with the second, as Azure lists them.
fn overlap(first: &[IpNet], second: &[IpNet]) -> Option<String> {
    let found: Vec<String> = first
        .iter()
        .filter(|one| second.iter().any(|other| one.contains(other) || other.contains(*one)))
        .map(ToString::to_string)
        .collect();
    (!found.is_empty()).then(|| found.join(", "))
}

#[cfg(test)]
mod tests {
    use super::HalfState::{Connected, Disconnected, Initiated};
    use super::*;

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
