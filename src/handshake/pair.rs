//! What is connected: the two ends of a handshake of either kind, and the resources at them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::agreements::Ends;
use super::halves::PeeringState;
use super::ids::{HandshakeId, Name, PeeringId, TenantId, VirtualNetworkId, shown};
use super::management::ends::{ManagementEnds, Seat};
use super::management::halves::ConnectionState;
use super::management::ids::{
    NetworkManagerConnectionId, NetworkManagerId, Scope, ScopeConnectionId, StaticMemberId,
};

/// The two ends of a handshake, told apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pair {
    /// Two virtual networks.
    Peering(Ends),
    /// A network manager and a scope.
    Management(ManagementEnds),
}

/// What is connected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Two virtual networks.
    Peering,
    /// A network manager takes a scope.
    Management,
}

/// What stands at one end of a handshake.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Resource {
    /// A virtual network.
    Network(VirtualNetworkId),
    /// A network manager.
    Manager(NetworkManagerId),
    /// A subscription or a management group.
    Scope(Scope),
}

/// One tenant's resource of a handshake.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum HalfId {
    /// A virtual network peering.
    Peering(PeeringId),
    /// A network manager's scope connection.
    ScopeConnection(ScopeConnectionId),
    /// A scope's network manager connection.
    Connection(NetworkManagerConnectionId),
}

/// What a step writes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Target {
    /// A half.
    Half(HalfId),
    /// A static member of a network group.
    Member(StaticMemberId),
}

/// Where a half stands, in Azure's words for its kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum State {
    /// `peeringState`
    Peering(PeeringState),
    /// `connectionState`
    Connection(ConnectionState),
}

impl Pair {
    /// The handshake's id.
    #[must_use]
    pub fn id(&self) -> HandshakeId {
        match self {
            Self::Peering(ends) => HandshakeId::of_peering(&ends.ours, &ends.theirs),
            Self::Management(ends) => HandshakeId::of_management(&ends.manager, &ends.scope),
        }
    }

    /// What is connected.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::Peering(_) => Kind::Peering,
            Self::Management(_) => Kind::Management,
        }
    }

    /// The partner's tenant.
    #[must_use]
    pub fn partner(&self) -> TenantId {
        match self {
            Self::Peering(ends) => ends.partner,
            Self::Management(ends) => ends.partner,
        }
    }

    /// What stands at our end.
    #[must_use]
    pub fn ours(&self) -> Resource {
        match self {
            Self::Peering(ends) => Resource::Network(ends.ours.clone()),
            Self::Management(ends) => ends.at(ends.seat),
        }
    }

    /// What stands at the partner's end.
    #[must_use]
    pub fn theirs(&self) -> Resource {
        match self {
            Self::Peering(ends) => Resource::Network(ends.theirs.clone()),
            Self::Management(ends) => ends.at(ends.seat.other()),
        }
    }

    /// The pair that a record was made for.
    #[must_use]
    pub fn of_record(ours: &Resource, theirs: &Resource, partner: TenantId) -> Option<Self> {
        match (ours, theirs) {
            (Resource::Network(ours), Resource::Network(theirs)) => {
                Some(Self::Peering(Ends { ours: ours.clone(), theirs: theirs.clone(), partner }))
            }
            (Resource::Manager(manager), Resource::Scope(scope)) => {
                Some(Self::Management(ManagementEnds::new(manager, scope, partner, Seat::Central)))
            }
            (Resource::Scope(scope), Resource::Manager(manager)) => {
                Some(Self::Management(ManagementEnds::new(manager, scope, partner, Seat::Target)))
            }
            (Resource::Network(_) | Resource::Manager(_) | Resource::Scope(_), _) => None,
        }
    }
}

impl HalfId {
    /// What holds it.
    #[must_use]
    pub fn holder(&self) -> Resource {
        match self {
            Self::Peering(id) => Resource::Network(id.network.clone()),
            Self::ScopeConnection(id) => Resource::Manager(id.manager.clone()),
            Self::Connection(id) => Resource::Scope(id.scope.clone()),
        }
    }

    /// The half's own name.
    #[must_use]
    pub fn name(&self) -> &Name {
        match self {
            Self::Peering(id) => &id.name,
            Self::ScopeConnection(id) => &id.name,
            Self::Connection(id) => &id.name,
        }
    }
}

impl State {
    /// The other half was there and went, says Azure.
    #[must_use]
    pub fn is_alone(self) -> bool {
        matches!(self, Self::Peering(PeeringState::Disconnected) | Self::Connection(ConnectionState::Revoked))
    }
}

impl FromStr for Resource {
    type Err = UnknownResource;

    fn from_str(text: &str) -> Result<Self, UnknownResource> {
        let network = text.parse().map(Self::Network);
        let manager = || text.parse().map(Self::Manager);
        let scope = || text.parse().map(Self::Scope);
        network.or_else(|_| manager()).or_else(|_| scope()).map_err(|_| UnknownResource(shown(text)))
    }
}

/// Why a text is not what can stand at an end.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not the id of a virtual network, a network manager, a subscription or a management group")]
pub struct UnknownResource(String);

impl FromStr for HalfId {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let peering = text.parse().map(Self::Peering);
        let scope_connection = || text.parse().map(Self::ScopeConnection);
        let connection = || text.parse().map(Self::Connection);
        peering.or_else(|_| scope_connection()).or_else(|_| connection()).map_err(|_| ())
    }
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Network(id) => id.fmt(f),
            Self::Manager(id) => id.fmt(f),
            Self::Scope(scope) => scope.fmt(f),
        }
    }
}

impl fmt::Display for HalfId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Peering(id) => id.fmt(f),
            Self::ScopeConnection(id) => id.fmt(f),
            Self::Connection(id) => id.fmt(f),
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Half(id) => id.fmt(f),
            Self::Member(id) => id.fmt(f),
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Peering(state) => write!(f, "{state:?}"),
            Self::Connection(state) => write!(f, "{state:?}"),
        }
    }
}
