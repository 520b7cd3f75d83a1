//! What there is of network managers.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};
use time::OffsetDateTime;
use uuid::Uuid;

use super::rules::{ConnectionState, MemberState};
use super::scope::Scope;
use crate::arm::path::Key;

/// Who made and last wrote something, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SystemData {
    /// The application's client id.
    pub(super) created_by: String,
    pub(super) created_at: OffsetDateTime,
    pub(super) modified_by: String,
    pub(super) modified_at: OffsetDateTime,
}

#[derive(Clone, Debug)]
pub(crate) struct NetworkManager {
    pub(crate) id: String,
    pub(super) name: String,
    pub(super) location: String,
    pub(super) tags: Map<String, Value>,
    pub(super) etag: String,
    pub(super) guid: Uuid,
    pub(super) description: String,
    /// Its own scopes as they were written.
    pub(super) subscriptions: Vec<String>,
    pub(super) management_groups: Vec<String>,
    /// The same, read.
    pub(super) own: BTreeSet<Scope>,
    pub(super) accesses: Vec<String>,
    pub(super) system: SystemData,
    pub(super) commits: Vec<Commit>,
}

impl NetworkManager {
    pub(super) fn overlaps(&self, accesses: &[String]) -> bool {
        self.accesses.iter().any(|one| accesses.contains(one))
    }
}

/// What was last deployed to a region.
#[derive(Clone, Debug)]
pub(crate) struct Commit {
    pub(super) region: String,
    pub(super) kind: String,
    pub(super) configurations: Vec<String>,
    pub(super) at: OffsetDateTime,
    /// Deploying until then.
    pub(super) done_at: OffsetDateTime,
}

/// On whose side a half of a connection lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    /// `networkManagers/{manager}/scopeConnections/{name}`.
    Manager,
    /// `{scope}/…/networkManagerConnections/{name}`.
    Scope,
}

/// One half of a connection.
#[derive(Clone, Debug)]
pub(crate) struct Connection {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) side: Side,
    pub(super) manager: Key,
    /// The tenant's id in lower case: as the manager's half claims it, and as it is for the scope's half.
    pub(super) tenant: String,
    pub(super) scope: Scope,
    /// `resourceId` or `networkManagerId`, as it was written.
    pub(super) named: String,
    /// `tenantId` as it was written; empty on the scope's side, which has none.
    pub(super) named_tenant: String,
    pub(super) description: String,
    pub(super) state: ConnectionState,
    pub(super) system: SystemData,
    /// When it looks around again.
    pub(super) due: Option<OffsetDateTime>,
}

impl Connection {
    /// Whether both name exactly the same.
    pub(super) fn same_pair(&self, other: &Self) -> bool {
        self.manager == other.manager && self.tenant == other.tenant && self.scope == other.scope
    }
}

#[derive(Clone, Debug)]
pub(crate) struct NetworkGroup {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) etag: String,
    pub(super) guid: Uuid,
    pub(super) description: String,
    pub(super) system: SystemData,
}

/// A network in a group.
#[derive(Clone, Debug)]
pub(crate) struct Member {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) etag: String,
    pub(super) manager: Key,
    /// The network's id as it was written.
    pub(super) resource_id: String,
    pub(super) state: MemberState,
    pub(super) location: String,
    pub(super) system: SystemData,
    pub(super) due: Option<OffsetDateTime>,
}

/// A half that was deleted.
#[derive(Clone, Debug)]
pub(super) struct Departed {
    pub(super) manager: Key,
    pub(super) scope: Scope,
    pub(super) at: OffsetDateTime,
}

/// All of it.
#[derive(Debug, Default)]
pub(crate) struct Managers {
    pub(super) managers: BTreeMap<Key, NetworkManager>,
    pub(super) connections: BTreeMap<Key, Connection>,
    pub(super) groups: BTreeMap<Key, NetworkGroup>,
    pub(super) members: BTreeMap<Key, Member>,
    pub(super) departed: Vec<Departed>,
    /// Scopes that no new manager can take any more, with the id of the manager that damaged them.
    pub(super) damaged: BTreeMap<Scope, String>,
}
