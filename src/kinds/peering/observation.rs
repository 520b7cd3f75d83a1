//! What a read of a pair gave: both networks, and in them the two halves.

use super::ends::PeeringEnds;
use super::halves::{Network, PeeringHalf, PeeringState, SyncLevel};
use crate::handshake::fingerprint::fingerprint_of;
use crate::handshake::provisioning::Provisioning;
use crate::handshake::read::Read;

/// Both networks of a pair, freshly read. The two reads are not one moment: states that do not fit together are
/// looked at again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observation {
    /// Our network.
    pub ours: Read<Network>,
    /// The partner's network.
    pub theirs: Read<Network>,
}

impl Observation {
    /// Equal for equal observations: says whether anything changed since a write was refused.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        fingerprint_of(self)
    }

    /// Our end, seen towards theirs.
    pub(super) fn our_end(&self, ends: &PeeringEnds) -> End<'_> {
        self.ours.as_ref().map(|network| (network, network.half_towards(&ends.theirs)))
    }

    /// Their end, seen towards ours.
    pub(super) fn their_end(&self, ends: &PeeringEnds) -> End<'_> {
        self.theirs.as_ref().map(|network| (network, network.half_towards(&ends.ours)))
    }
}

/// One end of a pair: the network, and the half in it if there is one.
pub(super) type End<'a> = Read<(&'a Network, Option<&'a PeeringHalf>)>;

/// A half as the decision table knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HalfState {
    /// There is none.
    Absent,
    /// A write or delete on it is under way.
    Changing,
    /// The last write on it failed.
    Failed,
    /// It waits for the other.
    Initiated,
    /// Both exist.
    Connected(SyncLevel),
    /// The other half or its network went.
    Disconnected,
    /// A state that this version does not know.
    Unknown,
}

impl HalfState {
    /// The state of a half, or of its absence.
    #[must_use]
    pub fn of(half: Option<&PeeringHalf>) -> Self {
        let Some(half) = half else { return Self::Absent };
        match half.provisioning {
            Provisioning::Updating | Provisioning::Deleting => Self::Changing,
            Provisioning::Failed => Self::Failed,
            Provisioning::Succeeded => match half.state {
                PeeringState::Initiated => Self::Initiated,
                PeeringState::Connected => Self::Connected(half.sync),
                PeeringState::Disconnected => Self::Disconnected,
                PeeringState::Unknown => Self::Unknown,
            },
        }
    }
}
