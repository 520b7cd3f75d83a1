//! What is written of a management handshake.

use serde::Serialize;
use serde_json::{Value, json};

use super::ids::{NetworkManagerConnectionId, NetworkManagerId, ScopeConnectionId, StaticMemberId};
use crate::handshake::ids::{TenantId, VirtualNetworkId};
use crate::handshake::resource_id::ResourceId;
use crate::handshake::scope::Scope;
use crate::handshake::step::Step;
use crate::handshake::write::{Body, Write};

/// What is written, and where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum ManagementBody {
    /// A scope connection.
    ScopeConnection {
        /// The connection.
        id: ScopeConnectionId,
        /// The scope's tenant.
        tenant: TenantId,
        /// The scope that is to be taken.
        scope: Scope,
    },
    /// A network manager connection.
    Connection {
        /// The connection.
        id: NetworkManagerConnectionId,
        /// The manager that may take the scope.
        manager: NetworkManagerId,
    },
    /// A static member.
    Member {
        /// The member.
        id: StaticMemberId,
        /// The network that joins.
        network: VirtualNetworkId,
    },
    /// This half goes.
    Removal(ResourceId),
    /// This static member goes.
    RemovedMember(StaticMemberId),
}

impl Body for ManagementBody {
    fn shown(&self) -> Value {
        match self {
            Self::Removal(id) if id.as_str().parse::<ScopeConnectionId>().is_ok() => {
                json!({ "removal": { "half": { "scopeConnection": id } } })
            }
            Self::Removal(id) => json!({ "removal": { "half": { "connection": id } } }),
            Self::RemovedMember(id) => json!({ "removal": { "member": id } }),
            Self::ScopeConnection { .. } | Self::Connection { .. } | Self::Member { .. } => {
                serde_json::to_value(self).unwrap_or_default()
            }
        }
    }
}

impl ManagementBody {
    /// The write of it by this step.
    pub(super) fn by(self, step: Step) -> Write {
        let target = match &self {
            Self::ScopeConnection { id, .. } => ResourceId::of(id),
            Self::Connection { id, .. } => ResourceId::of(id),
            Self::Member { id, .. } | Self::RemovedMember(id) => ResourceId::of(id),
            Self::Removal(id) => id.clone(),
        };
        Write::new(step, target, self)
    }
}
