//! The rules of a connection between a network manager and a scope, and of a group's member: which states they take.
//!
//! Pure: a state and what is to be seen around it in, the next state out. *Seen* is what recorded traffic shows (Azure CLI
//! extension sessions of 2023-08 and 2024-05, Azure PowerShell sessions of 2022 and 2024-10); *documented* what the pages
//! about cross-tenant connections say; *inferred* is the sandbox's own reading.

use crate::arm::state::{ConnectionState, MemberState};

/// What a half sees around itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sight {
    /// A half on the other side names exactly the same manager, tenant and scope, and stands.
    pub(super) counterpart: bool,
    /// The manager has the subscription in its own scope.
    pub(super) own_scope: bool,
    /// Another manager with overlapping accesses has the scope, as its own or by a connection.
    pub(super) held_by_another: bool,
}

/// The state that a half takes by itself, some time after its surroundings have become so.
pub(super) fn settled(state: ConnectionState, sight: Sight) -> ConnectionState {
    use ConnectionState::{Conflict, Connected, Pending, Rejected, Revoked};
    // Seen: a subscription in the manager's own scope connects without a counterpart, from either side.
    let consent = sight.counterpart || sight.own_scope;
    match (state, sight.held_by_another, consent) {
        // Documented. Inferred: whether or not there is a counterpart.
        (Pending, true, _) => Conflict,
        // Seen 1-3 s after the write.
        (Pending, false, true) => Connected,
        // Seen: 9 s without a counterpart, no change.
        (Pending, false, false) => Pending,
        (Connected, _, true) => Connected,
        // Documented: it was added once, and the removal of the other half revoked it.
        (Connected, _, false) => Revoked,
        // Documented for Conflict: the resource has to be made again. Inferred for the others.
        (Conflict, ..) => Conflict,
        (Revoked, ..) => Revoked,
        (Rejected, ..) => Rejected,
    }
}

/// The state that a write answers with.
///
/// `before` is the half's state if there was one, `same` whether the write names the same manager, tenant and scope.
pub(super) fn on_write(before: Option<ConnectionState>, same: bool) -> ConnectionState {
    match (before, same) {
        // Seen: a creation answers Pending, even where it connects a second later.
        (None, _) => ConnectionState::Pending,
        // Seen for Pending and Connected. Inferred for the others: writing again does not heal.
        (Some(before), true) => before,
        // Inferred: it asks for something else, so nobody has consented yet.
        (Some(_), false) => ConnectionState::Pending,
    }
}

/// The state that a member takes by itself. `fits`: its network exists and lies in a scope that the manager has.
pub(super) fn settled_member(state: MemberState, fits: bool) -> MemberState {
    match (state, fits) {
        (MemberState::Updating | MemberState::Succeeded, true) => MemberState::Succeeded,
        // Seen: Failed, without a reason anywhere. Inferred: for this reason.
        (MemberState::Updating | MemberState::Succeeded, false) => MemberState::Failed,
        (MemberState::Failed, _) => MemberState::Failed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ConnectionState::{Conflict, Connected, Pending, Rejected, Revoked};

    fn sights() -> impl Iterator<Item = Sight> {
        (0..8).map(|bits| Sight {
            counterpart: bits & 1 != 0,
            own_scope: bits & 2 != 0,
            held_by_another: bits & 4 != 0,
        })
    }

    #[test]
    fn a_half_never_becomes_pending_or_rejected_by_itself() {
        for sight in sights() {
            for state in [Connected, Conflict, Revoked] {
                assert!(!matches!(settled(state, sight), Pending | Rejected), "{state:?} {sight:?}");
            }
        }
    }

    #[test]
    fn settling_twice_under_the_same_sight_is_settling_once() {
        for sight in sights() {
            for state in [Pending, Connected, Conflict, Revoked, Rejected] {
                let once = settled(state, sight);
                assert_eq!(settled(once, sight), once, "{state:?} {sight:?}");
            }
        }
    }

    #[test]
    fn what_does_not_stand_stays_as_it_is() {
        for sight in sights() {
            for state in [Conflict, Revoked, Rejected] {
                assert_eq!(settled(state, sight), state);
                assert_eq!(on_write(Some(state), true), state);
                assert!(!state.stands());
            }
        }
    }
}
