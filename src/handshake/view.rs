//! What one look gave, of either kind of handshake.

use time::OffsetDateTime;

use super::agreements::{Agreements, Ends};
use super::decide as peering;
use super::decision::Decision;
use super::halves::Sight;
use super::management::decide as management;
use super::management::ends::ManagementEnds;
use super::management::observation::{EndSeen, ManagementObservation};
use super::observation::Observation;
use super::pair::Pair;
use super::record::Record;

/// A pair, and both halves of it freshly read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum View {
    /// Two virtual networks.
    Peering(Ends, Observation),
    /// A network manager and a scope.
    Management(ManagementEnds, ManagementObservation),
}

impl View {
    /// What was looked at.
    #[must_use]
    pub fn pair(&self) -> Pair {
        match self {
            Self::Peering(ends, _) => Pair::Peering(ends.clone()),
            Self::Management(ends, _) => Pair::Management(ends.clone()),
        }
    }

    /// Whether it tells how both halves stand: neither network of a peering was out of sight. Of a management
    /// connection our half tells, on which Azure shows what becomes of theirs.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        match self {
            Self::Peering(_, observation) => {
                let denied = |sight: &Sight| matches!(sight, Sight::Denied(_));
                !denied(&observation.ours) && !denied(&observation.theirs)
            }
            Self::Management(ends, observation) => {
                !matches!(observation.at(ends.seat), Some(EndSeen::Denied(_)))
            }
        }
    }

    /// Decides by the table of its kind. Pure: the same arguments give the same decision.
    #[must_use]
    pub fn decide(&self, record: Option<&Record>, agreements: &Agreements, now: OffsetDateTime) -> Decision {
        match self {
            Self::Peering(ends, observation) => peering::decide(ends, observation, record, agreements, now),
            Self::Management(ends, observation) => {
                management::decide(ends, observation, record, agreements, now)
            }
        }
    }

    /// Equal for equal views: tells whether anything changed since a write was refused.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        match self {
            Self::Peering(_, observation) => observation.fingerprint(),
            Self::Management(_, observation) => observation.fingerprint(),
        }
    }
}
