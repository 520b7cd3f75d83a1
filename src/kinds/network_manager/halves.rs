//! What is seen of a management handshake: the two connections, the manager, and the members of its groups.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::ids::{NetworkManagerConnectionId, NetworkManagerId, ScopeConnectionId, StaticMemberId};
use crate::handshake::ids::{TenantId, VirtualNetworkId};
use crate::handshake::provisioning::Provisioning;
use crate::handshake::scope::Scope;

/// The central half.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScopeConnection {
    /// Its id.
    pub id: ScopeConnectionId,
    /// The tenant of the scope.
    pub tenant: TenantId,
    /// The scope that the manager is to take.
    pub scope: Scope,
    /// Where it stands.
    pub state: ConnectionState,
}

/// The target's half.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetworkManagerConnection {
    /// Its id.
    pub id: NetworkManagerConnectionId,
    /// The manager that may take the scope.
    pub manager: NetworkManagerId,
    /// Where it stands.
    pub state: ConnectionState,
}

/// `connectionState` of either half. The service flips it by itself, some seconds after a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ConnectionState {
    /// Both halves exist, and the scope is taken.
    Connected,
    /// The other half does not exist, or the flip is still to come.
    Pending,
    /// Another manager holds the scope.
    Conflict,
    /// It was connected, and the other half was removed.
    Revoked,
    /// Azure documents no meaning.
    Rejected,
    /// A state this version does not know.
    #[serde(other)]
    Unknown,
}

impl fmt::Display for ConnectionState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}

/// A network manager as read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetworkManager {
    /// Its id.
    pub id: NetworkManagerId,
    /// The scopes of other tenants that it has taken: the authoritative view of what is connected.
    pub cross_tenant_scopes: Vec<(TenantId, Scope)>,
}

/// A static member of a network group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StaticMember {
    /// Its id.
    pub id: StaticMemberId,
    /// The network that is a member.
    pub network: VirtualNetworkId,
    /// Updating, then Succeeded or Failed, without an operation to poll.
    pub provisioning: Provisioning,
}
