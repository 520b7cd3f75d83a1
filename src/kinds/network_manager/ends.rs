//! The two ends of a management handshake, and which of them is ours.

use serde::{Deserialize, Serialize};

use super::ids::{NAME, NetworkManagerId};
use crate::handshake::ids::{HandshakeId, TenantId};
use crate::handshake::pair::Pair;
use crate::handshake::resource_id::ResourceId;
use crate::handshake::scope::Scope;

/// A network manager, a scope of another tenant, and where we sit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ManagementEnds {
    /// The manager, in the central tenant.
    pub manager: NetworkManagerId,
    /// The scope that it takes, in the target tenant.
    pub scope: Scope,
    /// The other tenant.
    pub partner: TenantId,
    /// Which end is ours.
    pub seat: Seat,
}

/// Which end of a management handshake.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Seat {
    /// The scope's: its half is a network manager connection.
    #[default]
    #[serde(rename = "scope")]
    Target,
    /// The manager's: its half is a scope connection.
    #[serde(rename = "manager")]
    Central,
}

impl ManagementEnds {
    /// The ends, seen from `seat`.
    #[must_use]
    pub fn new(manager: &NetworkManagerId, scope: &Scope, partner: TenantId, seat: Seat) -> Self {
        Self { manager: manager.clone(), scope: scope.clone(), partner, seat }
    }

    /// What stands at one end.
    #[must_use]
    pub fn at(&self, seat: Seat) -> ResourceId {
        match seat {
            Seat::Central => ResourceId::of(&self.manager),
            Seat::Target => ResourceId::of(&self.scope),
        }
    }

    /// The ends that a pair names; `None` unless they are a network manager and a scope.
    #[must_use]
    pub fn of(ours: &ResourceId, theirs: &ResourceId, partner: TenantId) -> Option<Self> {
        let (ours, theirs) = (ours.as_str(), theirs.as_str());
        match (ours.parse(), theirs.parse()) {
            (Ok(manager), Ok(scope)) => Some(Self { manager, scope, partner, seat: Seat::Central }),
            _ => match (theirs.parse(), ours.parse()) {
                (Ok(manager), Ok(scope)) => Some(Self { manager, scope, partner, seat: Seat::Target }),
                _ => None,
            },
        }
    }

    /// The handshake between them.
    #[must_use]
    pub fn pair(&self) -> Pair {
        Pair {
            kind: NAME,
            id: HandshakeId::of_management(&self.manager, &self.scope),
            ours: self.at(self.seat),
            theirs: self.at(self.seat.other()),
            partner: self.partner,
        }
    }
}

impl Seat {
    /// The other one.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::Central => Self::Target,
            Self::Target => Self::Central,
        }
    }
}
