//! `Microsoft.Network/networkManagers`.

use std::collections::BTreeSet;

use http::StatusCode;
use serde_json::{Value, json};
use time::Duration;

use crate::arm::call::{ArmError, Key, ManagerRefusal, Target, location, strings, tags};
use crate::arm::context::{Cx, Item, Kind};
use crate::arm::state::{NetworkManager, Scope, Store, SystemData};
use crate::reply::Reply;

pub(crate) struct NetworkManagers;

const KIND: &str = NetworkManager::KIND;

const ACCESSES: [&str; 4] = ["SecurityAdmin", "Connectivity", "SecurityUser", "Routing"];

/// A manager that is deleted this soon after one of its connections leaves the scope unusable for new managers; reported
/// and still open (azure-rest-api-specs#23188: "within one sec").
const TOO_SOON: Duration = Duration::SECOND;

impl Kind for NetworkManagers {
    fn name(&self) -> &'static str {
        KIND
    }

    fn is_paged(&self) -> bool {
        true
    }

    fn get(&self, cx: &Cx<'_>, at: &Target) -> Result<Reply, ArmError> {
        let manager = cx.manager_of(at)?;
        Ok(Reply::ok(body(cx.store, manager, &manager.etag)))
    }

    fn list(&self, cx: &Cx<'_>, at: &Target) -> Result<Vec<Item>, ArmError> {
        let scope = Key::of(&at.scope);
        let within = cx.store.managers.managers.iter().filter(|(key, _)| key.is_within(&scope));
        Ok(within
            .map(|(key, manager)| Item { key: key.clone(), body: body(cx.store, manager, &manager.etag) })
            .collect())
    }

    /// Makes or replaces a manager, at once and with 200 either way; the answer's entity tag is empty (recorded).
    fn put(&self, cx: &mut Cx<'_>, at: &Target) -> Result<Reply, ArmError> {
        check_name(at.name())?;
        let key = at.key();
        let before = cx.store.managers.managers.get(&key).cloned();
        let manager = wanted(cx, at, before.as_ref())?;
        scopes_free(cx.store, &key, &manager, before.is_none())?;
        if before.is_none() {
            cx.is_created();
        }
        let reply = Reply::ok(body(cx.store, &manager, ""));
        cx.store.managers.managers.insert(key, manager);
        Ok(reply)
    }

    /// Changes tags only.
    fn patch(&self, cx: &mut Cx<'_>, at: &Target) -> Result<Reply, ArmError> {
        cx.manager_of(at)?;
        let (etag, given) = (cx.strong_etag(), tags(&cx.call.body));
        if let Some(manager) = cx.store.managers.managers.get(&at.key()) {
            let system = manager.system.written_by(cx);
            if let Some(manager) = cx.store.managers.managers.get_mut(&at.key()) {
                manager.tags = given.unwrap_or_else(|| std::mem::take(&mut manager.tags));
                (manager.etag, manager.system) = (etag, system);
            }
        }
        self.get(cx, at)
    }

    /// Refused while it has connections or groups, unless forced, which takes them along.
    fn delete(&self, cx: &mut Cx<'_>, at: &Target) -> Result<Reply, ArmError> {
        let key = at.key();
        if !cx.store.managers.managers.contains_key(&key) {
            return Ok(Reply::empty(StatusCode::NO_CONTENT));
        }
        let nested = nested(cx.store, &key);
        if !nested.is_empty() && !cx.forced() {
            return Err(ManagerRefusal::Nested(nested.join("', '")).into());
        }
        let too_soon: Vec<Scope> = cx
            .store
            .managers
            .departed
            .iter()
            .filter(|gone| gone.manager == key && cx.now - gone.at <= TOO_SOON)
            .map(|gone| gone.scope.clone())
            .collect();
        for scope in too_soon {
            cx.store.managers.damaged.insert(scope, at.id());
        }
        remove_within(cx.store, &key);
        Ok(Reply::empty(StatusCode::OK))
    }
}

/// Removes the managers at or below this scope, with all that is in them. What names them elsewhere stays.
pub(crate) fn remove_within(store: &mut Store, scope: &Key) {
    let gone: Vec<Key> = within(store, scope).map(|manager| Key::of(&manager.id)).collect();
    let managers = &mut store.managers;
    for key in gone {
        managers.managers.remove(&key);
        managers.connections.retain(|id, _| !id.is_within(&key));
        managers.groups.retain(|id, _| !id.is_within(&key));
        managers.members.retain(|id, _| !id.is_within(&key));
        store.role_assignments.retain(|_, assignment| !assignment.scope.is_within(&key));
    }
}

/// The managers at or below this scope.
pub(crate) fn within<'s>(store: &'s Store, scope: &'s Key) -> impl Iterator<Item = &'s NetworkManager> {
    store.managers.managers.iter().filter(|(key, _)| key.is_within(scope)).map(|(_, manager)| manager)
}

fn nested(store: &Store, manager: &Key) -> Vec<String> {
    let halves = store.managers.connections.iter().map(|(key, half)| (key, &half.id));
    let groups = store.managers.groups.iter().map(|(key, group)| (key, &group.id));
    halves.chain(groups).filter(|(key, _)| key.is_within(manager)).map(|(_, id)| id.clone()).collect()
}

fn check_name(name: &str) -> Result<(), ArmError> {
    let (first, last) = (name.chars().next(), name.chars().last());
    let fits = name.len() <= 64
        && first.is_some_and(|char| char.is_ascii_alphanumeric())
        && last.is_some_and(|char| char.is_ascii_alphanumeric() || (char == '_' && name.len() > 1))
        && name.chars().all(|char| char.is_ascii_alphanumeric() || "_.-".contains(char));
    if fits { Ok(()) } else { Err(ArmError::BadName(name.chars().take(100).collect())) }
}

fn wanted(cx: &mut Cx<'_>, at: &Target, before: Option<&NetworkManager>) -> Result<NetworkManager, ArmError> {
    let given = &cx.call.body["properties"];
    if !given["networkManagerScopes"].is_object() {
        return Err(ManagerRefusal::Missing("properties.networkManagerScopes").into());
    }
    let subscriptions = strings(&given["networkManagerScopes"]["subscriptions"]);
    let management_groups = strings(&given["networkManagerScopes"]["managementGroups"]);
    let own = own_scopes(cx, &subscriptions, &management_groups)?;
    let location = location(&cx.call.body).ok_or(ManagerRefusal::Missing("location"))?;
    let accesses = accesses(given)?;
    let system = SystemData::new(cx);
    Ok(NetworkManager {
        id: before.map_or_else(|| cx.canonical_id(at, KIND), |before| before.id.clone()),
        name: before.map_or_else(|| at.name().to_owned(), |before| before.name.clone()),
        location: before.map_or(location, |before| before.location.clone()),
        tags: tags(&cx.call.body).unwrap_or_default(),
        etag: cx.strong_etag(),
        guid: before.map_or_else(|| cx.mint.guid(), |before| before.guid),
        description: cx.description(),
        subscriptions,
        management_groups,
        own,
        accesses,
        system: before.map_or(system, |before| before.system.written_by(cx)),
        commits: before.map(|before| before.commits.clone()).unwrap_or_default(),
    })
}

/// The accesses in Azure's casing.
fn accesses(properties: &Value) -> Result<Vec<String>, ManagerRefusal> {
    strings(&properties["networkManagerScopeAccesses"])
        .into_iter()
        .map(|given| {
            let known = ACCESSES.into_iter().find(|known| known.eq_ignore_ascii_case(&given));
            known.map(str::to_owned).ok_or(ManagerRefusal::Invalid {
                property: "properties.networkManagerScopeAccesses",
                given,
                wanted: "SecurityAdmin, Connectivity, SecurityUser or Routing",
            })
        })
        .collect()
}

/// A manager's own scopes lie in its tenant; those of others are for connections.
fn own_scopes(
    cx: &Cx<'_>,
    subscriptions: &[String],
    management_groups: &[String],
) -> Result<BTreeSet<Scope>, ManagerRefusal> {
    let tenant = cx.caller.tenant;
    let read = |text: &String, right: fn(&Scope) -> bool| {
        Scope::parse(text).filter(|scope| right(scope) && scope.tenant() == Some(tenant)).ok_or_else(|| {
            ManagerRefusal::Elsewhere { scope: text.clone(), tenant: tenant.tenant_id().to_owned() }
        })
    };
    let subscriptions =
        subscriptions.iter().map(|text| read(text, |scope| matches!(scope, Scope::Subscription(_))));
    let groups =
        management_groups.iter().map(|text| read(text, |scope| matches!(scope, Scope::ManagementGroup(_))));
    subscriptions.chain(groups).collect()
}

/// No two managers have the same object as a scope with overlapping accesses (recorded refusal).
fn scopes_free(
    store: &Store,
    key: &Key,
    manager: &NetworkManager,
    created: bool,
) -> Result<(), ManagerRefusal> {
    for scope in &manager.own {
        let taken = |others: Value| ManagerRefusal::ScopeTaken {
            scope: scope.id(),
            manager: manager.id.clone(),
            accesses: json!(manager.accesses).to_string(),
            others: others.to_string(),
        };
        if let Some(culprit) = store.managers.damaged.get(scope).filter(|_| created) {
            return Err(taken(json!({culprit: manager.accesses})));
        }
        let others: serde_json::Map<String, Value> = store
            .managers
            .holders(scope, &manager.accesses, key)
            .map(|other| (other.id.clone(), json!(other.accesses)))
            .collect();
        if !others.is_empty() {
            return Err(taken(others.into()));
        }
    }
    Ok(())
}

fn body(store: &Store, manager: &NetworkManager, etag: &str) -> Value {
    let abroad = store.managers.connected_abroad(&Key::of(&manager.id));
    let abroad: Vec<Value> = abroad
        .into_iter()
        .map(|(tenant, scopes)| {
            let (groups, subscriptions): (Vec<&Scope>, Vec<&Scope>) =
                scopes.into_iter().partition(|scope| matches!(scope, Scope::ManagementGroup(_)));
            let ids = |scopes: Vec<&Scope>| scopes.into_iter().map(Scope::id).collect::<Vec<_>>();
            json!({
                "tenantId": tenant.tenant_id(), "managementGroups": ids(groups), "subscriptions": ids(subscriptions),
            })
        })
        .collect();
    json!({
        "name": manager.name, "id": manager.id, "location": manager.location, "type": KIND,
        "tags": manager.tags, "etag": etag,
        "properties": {
            "description": manager.description,
            "networkManagerScopes": {
                "managementGroups": manager.management_groups, "subscriptions": manager.subscriptions,
                "crossTenantScopes": abroad,
            },
            "provisioningState": "Succeeded",
            "networkManagerScopeAccesses": manager.accesses,
            "resourceGuid": manager.guid.to_string(),
        },
        "systemData": manager.system.to_json(),
    })
}
