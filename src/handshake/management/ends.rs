//! The two ends of a management handshake, and which of them is ours.

use serde::{Deserialize, Serialize};

use super::ids::{NetworkManagerId, Scope};
use crate::handshake::ids::TenantId;
use crate::handshake::pair::Resource;

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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Seat {
    /// The manager's: its half is a scope connection.
    Central,
    /// The scope's: its half is a network manager connection.
    Target,
}

impl ManagementEnds {
    /// The ends, seen from `seat`.
    #[must_use]
    pub fn new(manager: &NetworkManagerId, scope: &Scope, partner: TenantId, seat: Seat) -> Self {
        Self { manager: manager.clone(), scope: scope.clone(), partner, seat }
    }

    /// What stands at one end.
    #[must_use]
    pub fn at(&self, seat: Seat) -> Resource {
        match seat {
            Seat::Central => Resource::Manager(self.manager.clone()),
            Seat::Target => Resource::Scope(self.scope.clone()),
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
