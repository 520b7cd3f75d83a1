//! Resource groups.

use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::call::{ArmError, Key, location, tags};
use super::context::{Begin, Cx};
use super::state::{Group, Provisioning, Store, Work};
use super::telling::with_event;
use super::{managers, virtual_networks};
use crate::mint::Mint;
use crate::reply::Reply;

const KIND: &str = "Microsoft.Resources/subscriptions/resourceGroups";

/// `GET /subscriptions/{id}/resourcegroups`: the groups the caller may read.
pub(super) fn list(cx: &mut Cx<'_>, subscription: &str) -> Result<Reply, ArmError> {
    if cx.call.method != Method::GET {
        return Err(ArmError::Method(cx.call.method.to_string()));
    }
    let action = format!("{KIND}/read");
    let scope = format!("/subscriptions/{subscription}");
    cx.must_be_known(&Key::of(&scope)).map_err(|_| cx.forbidden(&action, &scope))?;
    let scope = Key::of(&scope);
    let groups: Vec<Value> = cx
        .store
        .groups
        .iter()
        .filter(|(key, _)| key.is_within(&scope) && cx.may(&action, key))
        .map(|(_, group)| body(group))
        .collect();
    Ok(Reply::ok(json!({"value": groups})))
}

/// One group.
pub(super) fn answer(cx: &mut Cx<'_>, subscription: &str, name: &str) -> Result<Reply, ArmError> {
    let id = format!("/subscriptions/{subscription}/resourceGroups/{name}");
    let verb = match cx.call.method {
        Method::GET | Method::HEAD => "read",
        Method::PUT | Method::PATCH => "write",
        Method::DELETE => "delete",
        _ => return Err(ArmError::Method(cx.call.method.to_string())),
    };
    let action = format!("{KIND}/{verb}");
    cx.authorise(&action, &id)?;
    cx.operation_name = action;
    let key = Key::of(&id);
    match cx.call.method {
        Method::GET => get(cx, &key, name),
        Method::HEAD => {
            let found = cx.store.groups.contains_key(&key);
            Ok(Reply::empty(if found { StatusCode::NO_CONTENT } else { StatusCode::NOT_FOUND }))
        }
        Method::PUT => with_event(cx, |cx| put(cx, &key, id, name)),
        Method::PATCH => with_event(cx, |cx| patch(cx, &key, name)),
        _ => with_event(cx, |cx| delete(cx, &key, name)),
    }
}

fn get(cx: &Cx<'_>, key: &Key, name: &str) -> Result<Reply, ArmError> {
    let group = cx.store.groups.get(key).ok_or_else(|| ArmError::NoGroup(name.to_owned()))?;
    Ok(Reply::ok(body(group)))
}

fn put(cx: &mut Cx<'_>, key: &Key, id: String, name: &str) -> Result<Reply, ArmError> {
    if name.len() > 90 || name.ends_with('.') {
        return Err(ArmError::BadName(name.to_owned()));
    }
    let location = location(&cx.call.body).ok_or(ArmError::BadContent("location is missing".into()))?;
    let tags = tags(&cx.call.body);
    if let Some(group) = cx.store.groups.get_mut(key) {
        if group.provisioning == Provisioning::Deleting {
            return Err(ArmError::Busy(group.id.clone()));
        }
        if group.location != location {
            return Err(ArmError::GroupElsewhere(location));
        }
        group.tags = tags;
        return Ok(Reply::ok(body(group)));
    }
    let group = Group { id, name: name.to_owned(), location, tags, provisioning: Provisioning::Succeeded };
    let reply = Reply::json(StatusCode::CREATED, body(&group));
    cx.store.groups.insert(key.clone(), group);
    Ok(reply)
}

fn patch(cx: &mut Cx<'_>, key: &Key, name: &str) -> Result<Reply, ArmError> {
    let group = cx.store.groups.get_mut(key).ok_or_else(|| ArmError::NoGroup(name.to_owned()))?;
    if let Some(tags) = tags(&cx.call.body) {
        group.tags = Some(tags);
    }
    Ok(Reply::ok(body(group)))
}

/// Deletes the group and, when the operation ends, all that is in it. Each network and network manager in it is told of as deleted: Resource
/// Manager deletes them one by one.
fn delete(cx: &mut Cx<'_>, key: &Key, name: &str) -> Result<Reply, ArmError> {
    let group = cx.store.groups.get_mut(key).ok_or_else(|| ArmError::NoGroup(name.to_owned()))?;
    group.provisioning = Provisioning::Deleting;
    let location = group.location.clone();
    let networks: Vec<(Key, String)> = cx
        .store
        .networks
        .iter()
        .filter(|(network, _)| network.is_within(key))
        .map(|(key, network)| (key.clone(), network.id.clone()))
        .collect();
    if let Some((busy, _)) = networks.iter().find(|(key, _)| cx.store.operations.on(key).is_some()) {
        cx.must_be_free(busy)?;
    }
    for (_, id) in &networks {
        let happening = cx.happening(id.clone(), "Microsoft.Network/virtualNetworks/delete".into());
        cx.happenings.extend(happening);
    }
    let managers: Vec<String> = managers::within(cx.store, key).map(|manager| manager.id.clone()).collect();
    for id in managers {
        let happening = cx.happening(id, "Microsoft.Network/networkManagers/delete".into());
        cx.happenings.extend(happening);
    }
    let begin = Begin {
        holds: networks.into_iter().map(|(key, _)| key).collect(),
        notifies: false,
        ..Begin::of(Work::DeleteGroup, key.clone(), location, finish_delete)
    };
    Ok(cx.begin(begin, Reply::empty(StatusCode::ACCEPTED)))
}

fn finish_delete(store: &mut Store, mint: &mut Mint, key: &Key) {
    let networks: Vec<Key> =
        store.networks.keys().filter(|network| network.is_within(key)).cloned().collect();
    for network in networks {
        virtual_networks::remove(store, mint, &network);
    }
    managers::remove_within(store, key);
    store.plain.retain(|id, _| !id.is_within(key));
    store.role_assignments.retain(|id, _| !id.is_within(key));
    store.groups.remove(key);
}

fn body(group: &Group) -> Value {
    let mut body = json!({
        "id": group.id, "name": group.name, "type": "Microsoft.Resources/resourceGroups", "location": group.location,
    });
    if let Some(tags) = &group.tags {
        body["tags"] = Value::Object(tags.clone());
    }
    body["properties"] = json!({"provisioningState": group.provisioning.as_str()});
    body
}
