//! What one look at a pair gave: both networks, and in them the two halves.

use sha2::{Digest, Sha256};

use super::agreements::Ends;
use super::halves::{Denial, Network, PeeringHalf, PeeringState, Provisioning, Sight, SyncLevel};
use super::ids::VirtualNetworkId;
use crate::hex::hex;

/// Both networks of a pair, freshly read. The two reads are not one moment: states that do not fit together are
/// looked at again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observation {
    /// Our network.
    pub ours: Sight,
    /// The partner's network.
    pub theirs: Sight,
}

impl Observation {
    /// Our end, seen towards theirs.
    #[must_use]
    pub fn our_end(&self, ends: &Ends) -> Seen<'_> {
        Seen::of(&self.ours, &ends.theirs)
    }

    /// Their end, seen towards ours.
    #[must_use]
    pub fn their_end(&self, ends: &Ends) -> Seen<'_> {
        Seen::of(&self.theirs, &ends.ours)
    }

    /// Equal for equal observations: tells whether anything changed since a write was refused.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        fingerprint_of(self)
    }
}

/// A short hash of what was seen.
pub(super) fn fingerprint_of(seen: &impl std::fmt::Debug) -> String {
    let digest = Sha256::digest(format!("{seen:?}"));
    hex(&digest[..8])
}

/// One end of a pair.
#[derive(Clone, Copy, Debug)]
pub enum Seen<'a> {
    /// Our application may not read the network.
    Denied(&'a Denial),
    /// The network does not exist.
    NoNetwork,
    /// The network is there and holds no half of this pair.
    Absent(&'a Network),
    /// The half is there.
    Present(&'a Network, &'a PeeringHalf),
}

impl<'a> Seen<'a> {
    fn of(sight: &'a Sight, remote: &VirtualNetworkId) -> Self {
        match sight {
            Sight::Denied(denial) => Self::Denied(denial),
            Sight::NotFound => Self::NoNetwork,
            Sight::Seen(network) => match network.half_towards(remote) {
                Some(half) => Self::Present(network, half),
                None => Self::Absent(network),
            },
        }
    }

    /// The half, if there is one.
    #[must_use]
    pub fn half(self) -> Option<&'a PeeringHalf> {
        match self {
            Self::Present(_, half) => Some(half),
            Self::Denied(_) | Self::NoNetwork | Self::Absent(_) => None,
        }
    }
}

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
