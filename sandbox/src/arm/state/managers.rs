//! What there is of network managers.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};
use time::OffsetDateTime;
use uuid::Uuid;

use super::scope::Scope;
use crate::arm::call::Key;

/// Who made and last wrote something, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SystemData {
    /// The application's client id.
    pub(crate) created_by: String,
    pub(crate) created_at: OffsetDateTime,
    pub(crate) modified_by: String,
    pub(crate) modified_at: OffsetDateTime,
}

#[derive(Clone, Debug)]
pub(crate) struct NetworkManager {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) location: String,
    pub(crate) tags: Map<String, Value>,
    pub(crate) etag: String,
    pub(crate) guid: Uuid,
    pub(crate) description: String,
    /// Its own scopes as they were written.
    pub(crate) subscriptions: Vec<String>,
    pub(crate) management_groups: Vec<String>,
    /// The same, read.
    pub(crate) own: BTreeSet<Scope>,
    pub(crate) accesses: Vec<String>,
    pub(crate) system: SystemData,
    pub(crate) commits: Vec<Commit>,
}

impl NetworkManager {
    /// Namespace and type.
    pub(crate) const KIND: &str = "Microsoft.Network/networkManagers";

    pub(crate) fn overlaps(&self, accesses: &[String]) -> bool {
        self.accesses.iter().any(|one| accesses.contains(one))
    }
}

/// What was last deployed to a region.
#[derive(Clone, Debug)]
pub(crate) struct Commit {
    pub(crate) region: String,
    pub(crate) kind: String,
    pub(crate) configurations: Vec<String>,
    pub(crate) at: OffsetDateTime,
    /// Deploying until then.
    pub(crate) done_at: OffsetDateTime,
}

/// On whose side a half of a connection lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    /// `networkManagers/{manager}/scopeConnections/{name}`.
    Manager,
    /// `{scope}/…/networkManagerConnections/{name}`.
    Scope,
}

impl Side {
    /// Namespace and type of the halves on this side.
    pub(crate) const fn kind(self) -> &'static str {
        match self {
            Self::Manager => "Microsoft.Network/networkManagers/scopeConnections",
            Self::Scope => "Microsoft.Network/networkManagerConnections",
        }
    }
}

/// `connectionState`, of a scope connection and of a network manager connection alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ConnectionState {
    Pending,
    Connected,
    Conflict,
    Revoked,
    Rejected,
}

impl ConnectionState {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "Pending",
            Self::Connected => "Connected",
            Self::Conflict => "Conflict",
            Self::Revoked => "Revoked",
            Self::Rejected => "Rejected",
        }
    }

    /// Whether a half in this state counts as consent. Inferred: one that is to be deleted and made again does not.
    pub(crate) const fn stands(self) -> bool {
        match self {
            Self::Pending | Self::Connected => true,
            Self::Conflict | Self::Revoked | Self::Rejected => false,
        }
    }
}

/// One half of a connection.
#[derive(Clone, Debug)]
pub(crate) struct ConnectionHalf {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) side: Side,
    pub(crate) manager: Key,
    /// The tenant's id in lower case: as the manager's half claims it, and as it is for the scope's half.
    pub(crate) tenant: String,
    pub(crate) scope: Scope,
    /// `resourceId` or `networkManagerId`, as it was written.
    pub(crate) named: String,
    /// `tenantId` as it was written; empty on the scope's side, which has none.
    pub(crate) named_tenant: String,
    pub(crate) description: String,
    pub(crate) state: ConnectionState,
    pub(crate) system: SystemData,
    /// When it looks around again.
    pub(crate) due: Option<OffsetDateTime>,
}

impl ConnectionHalf {
    /// Whether both name exactly the same.
    pub(crate) fn same_pair(&self, other: &Self) -> bool {
        self.manager == other.manager && self.tenant == other.tenant && self.scope == other.scope
    }
}

#[derive(Clone, Debug)]
pub(crate) struct NetworkGroup {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) etag: String,
    pub(crate) guid: Uuid,
    pub(crate) description: String,
    pub(crate) system: SystemData,
}

/// `provisioningState` of a member of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MemberState {
    Updating,
    Succeeded,
    Failed,
}

impl MemberState {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Updating => "Updating",
            Self::Succeeded => "Succeeded",
            Self::Failed => "Failed",
        }
    }
}

/// A network in a group.
#[derive(Clone, Debug)]
pub(crate) struct Member {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) etag: String,
    pub(crate) manager: Key,
    /// The network's id as it was written.
    pub(crate) resource_id: String,
    pub(crate) state: MemberState,
    pub(crate) location: String,
    pub(crate) system: SystemData,
    pub(crate) due: Option<OffsetDateTime>,
}

/// A half that was deleted.
#[derive(Clone, Debug)]
pub(crate) struct Departed {
    pub(crate) manager: Key,
    pub(crate) scope: Scope,
    pub(crate) at: OffsetDateTime,
}

/// All of it.
#[derive(Debug, Default)]
pub(crate) struct Managers {
    pub(crate) managers: BTreeMap<Key, NetworkManager>,
    pub(crate) connections: BTreeMap<Key, ConnectionHalf>,
    pub(crate) groups: BTreeMap<Key, NetworkGroup>,
    pub(crate) members: BTreeMap<Key, Member>,
    pub(crate) departed: Vec<Departed>,
    /// Scopes that no new manager can take any more, with the id of the manager that damaged them.
    pub(crate) damaged: BTreeMap<Scope, String>,
}
