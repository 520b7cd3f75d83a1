//! Resources that are kept as they were written, with what the service adds to them.

use http::StatusCode;
use serde_json::{Map, Value, json};

use crate::arm::call::{ArmError, Key, Target, check_name, location, others};
use crate::arm::context::{Begin, Cx, Item};
use crate::arm::state::{Finish, Plain, Provisioning, Store, Work};
use crate::mint::Mint;
use crate::reply::Reply;

/// How a type of plain resource differs from others.
pub(super) struct Traits {
    pub(super) kind: &'static str,
    pub(super) put: Work,
    pub(super) delete: Work,
    /// Properties that the service fills in while the resource is being made.
    pub(super) defaults: fn(&mut Value),
    /// What it shows beside what was written.
    pub(super) complete: fn(&Plain, &mut Value),
    pub(super) finish: Finish,
}

pub(super) fn get(cx: &Cx<'_>, at: &Target, traits: &Traits) -> Result<Reply, ArmError> {
    let plain = cx.store.plain.get(&at.key()).ok_or_else(|| ArmError::NoResource {
        kind: traits.kind.to_owned(),
        name: at.name().to_owned(),
        group: at.group().unwrap_or_default().to_owned(),
    })?;
    Ok(Reply::ok(body(plain, traits)).with_etag())
}

pub(super) fn list(cx: &Cx<'_>, at: &Target, traits: &Traits) -> Vec<Item> {
    let scope = Key::of(&at.scope);
    let within =
        cx.store.plain.iter().filter(|(key, plain)| plain.kind == traits.kind && key.is_within(&scope));
    within.map(|(key, plain)| Item { key: key.clone(), body: body(plain, traits) }).collect()
}

pub(super) fn put(cx: &mut Cx<'_>, at: &Target, traits: &Traits) -> Result<Reply, ArmError> {
    check_name(at.name())?;
    let key = at.key();
    cx.must_be_free(&key)?;
    let before = cx.store.plain.get(&key);
    let created = before.is_none();
    let location = location(&cx.call.body).ok_or(ArmError::BadContent("location is missing".into()))?;
    let mut written = json!({"location": location, "properties": {}});
    for part in ["tags", "sku", "zones"] {
        if !cx.call.body[part].is_null() {
            written[part] = cx.call.body[part].clone();
        }
    }
    let read_only = ["provisioningState", "resourceGuid"];
    written["properties"] = Value::Object(others(&cx.call.body["properties"], &read_only));
    (traits.defaults)(&mut written);
    let (id, name, known) = match before {
        Some(plain) => (plain.id.clone(), plain.name.clone(), Some(plain.guid)),
        None => (cx.canonical_id(at, traits.kind), at.name().to_owned(), None),
    };
    let plain = Plain {
        kind: traits.kind,
        id,
        name,
        etag: cx.mint.etag(),
        guid: known.unwrap_or_else(|| cx.mint.guid()),
        provisioning: Provisioning::Updating,
        body: written,
    };
    let status = if created { StatusCode::CREATED } else { StatusCode::OK };
    let reply = Reply::json(status, body(&plain, traits));
    cx.store.plain.insert(key.clone(), plain);
    let begin = Begin { created, ..Begin::of(traits.put, key, location, traits.finish) };
    Ok(cx.begin(begin, reply))
}

pub(super) fn delete(
    cx: &mut Cx<'_>,
    at: &Target,
    traits: &Traits,
    finish: Finish,
) -> Result<Reply, ArmError> {
    let key = at.key();
    cx.must_be_free(&key)?;
    let Some(plain) = cx.store.plain.get_mut(&key) else { return Ok(Reply::empty(StatusCode::NO_CONTENT)) };
    plain.provisioning = Provisioning::Deleting;
    let location = plain.body["location"].as_str().unwrap_or_default().to_owned();
    let begin = Begin::of(traits.delete, key, location, finish);
    Ok(cx.begin(begin, Reply::empty(StatusCode::ACCEPTED)))
}

pub(super) fn finish_put(store: &mut Store, mint: &mut Mint, key: &Key) {
    if let Some(plain) = store.plain.get_mut(key) {
        plain.provisioning = Provisioning::Succeeded;
        plain.etag = mint.etag();
    }
}

pub(super) fn finish_delete(store: &mut Store, _mint: &mut Mint, key: &Key) {
    store.plain.remove(key);
}

fn body(plain: &Plain, traits: &Traits) -> Value {
    let mut properties = Map::new();
    properties.insert("provisioningState".into(), plain.provisioning.as_str().into());
    properties.insert("resourceGuid".into(), plain.guid.to_string().into());
    properties.extend(plain.body["properties"].as_object().cloned().unwrap_or_default());
    let mut body = json!({"name": plain.name, "id": plain.id, "etag": plain.etag, "type": plain.kind});
    for part in ["location", "tags", "sku", "zones"] {
        if !plain.body[part].is_null() {
            body[part] = plain.body[part].clone();
        }
    }
    body["properties"] = Value::Object(properties);
    (traits.complete)(plain, &mut body);
    body
}
