//! What both kinds of halves do alike. The rules are in [`super::rules`].

use http::StatusCode;
use serde_json::{Value, json};
use time::Duration;

use super::bodies::absent;
use super::rules::on_write;
use crate::arm::call::{ArmError, Key, Target};
use crate::arm::context::{Cx, Item};
use crate::arm::state::{ConnectionHalf, ConnectionState, Departed, Scope, Side, Store, SystemData};
use crate::reply::Reply;

/// How long a deleted half is remembered, for what a manager's deletion does after it.
const REMEMBERED: Duration = Duration::minutes(1);

pub(super) fn get(cx: &Cx<'_>, at: &Target, kind: &str) -> Result<Reply, ArmError> {
    let half = cx.store.managers.connections.get(&at.key());
    half.map(|half| Reply::ok(body(half))).ok_or_else(|| absent(cx, at, kind))
}

/// The halves directly in this collection.
pub(super) fn list(cx: &Cx<'_>, at: &Target, side: Side) -> Vec<Item> {
    let collection = at.key();
    cx.store
        .managers
        .connections
        .iter()
        .filter(|(key, half)| half.side == side && key.is_within(&collection))
        .map(|(key, half)| Item { key: key.clone(), body: body(half) })
        .collect()
}

/// Writes the half, at once and with 200 either way (recorded). Whatever state the body names is ignored.
pub(super) fn put(cx: &mut Cx<'_>, key: Key, mut half: ConnectionHalf) -> Reply {
    let before = cx.store.managers.connections.get(&key);
    let same = before.is_some_and(|before| before.same_pair(&half));
    half.state = on_write(before.map(|before| before.state), same);
    match before {
        None => cx.is_created(),
        Some(before) => {
            (half.id, half.name) = (before.id.clone(), before.name.clone());
            if half.side == Side::Scope {
                // Recorded: a scope connection that is written again says that it was created then, a network manager
                // connection does not.
                half.system = before.system.written_by(cx);
            }
        }
    }
    let reply = Reply::ok(body(&half));
    cx.store.managers.connections.insert(key, half);
    reply
}

pub(super) fn delete(cx: &mut Cx<'_>, at: &Target) -> Reply {
    let Some(gone) = cx.store.managers.connections.remove(&at.key()) else {
        return Reply::empty(StatusCode::NO_CONTENT);
    };
    let now = cx.now;
    cx.store.managers.departed.retain(|departed| now - departed.at <= REMEMBERED);
    cx.store.managers.departed.push(Departed { manager: gone.manager, scope: gone.scope, at: now });
    Reply::empty(StatusCode::OK)
}

/// A half that nobody has consented to yet.
pub(super) fn new(cx: &Cx<'_>, at: &Target, side: Side, id: String) -> NewConnection {
    NewConnection {
        id,
        name: at.name().to_owned(),
        side,
        description: cx.description(),
        system: SystemData::new(cx),
    }
}

/// A half that does not say yet what it connects.
pub(super) struct NewConnection {
    id: String,
    name: String,
    side: Side,
    description: String,
    system: SystemData,
}

/// What a half connects.
pub(super) struct Ends {
    pub(super) manager: Key,
    /// The tenant's id, whatever its casing.
    pub(super) tenant: String,
    pub(super) scope: Scope,
    pub(super) named: String,
    pub(super) named_tenant: String,
}

impl NewConnection {
    pub(super) fn between(self, ends: Ends) -> ConnectionHalf {
        let Self { id, name, side, description, system } = self;
        let Ends { manager, tenant, scope, named, named_tenant } = ends;
        let tenant = tenant.to_lowercase();
        let state = ConnectionState::Pending;
        ConnectionHalf {
            id,
            name,
            side,
            manager,
            tenant,
            scope,
            named,
            named_tenant,
            description,
            state,
            system,
            due: None,
        }
    }
}

impl Store {
    /// Makes a half Rejected; whether there is one with this id.
    pub(crate) fn reject(&mut self, id: &str) -> bool {
        let half = self.managers.connections.get_mut(&Key::of(id));
        half.map(|half| half.state = ConnectionState::Rejected).is_some()
    }
}

fn body(half: &ConnectionHalf) -> Value {
    let state = half.state.as_str();
    let properties = match half.side {
        Side::Manager => json!({
            "tenantId": half.named_tenant, "resourceId": half.named, "connectionState": state,
            "description": half.description,
        }),
        Side::Scope => {
            json!({"networkManagerId": half.named, "connectionState": state, "description": half.description})
        }
    };
    json!({
        "id": half.id, "name": half.name, "type": half.side.kind(), "properties": properties, "systemData": half.system.to_json(),
    })
}
