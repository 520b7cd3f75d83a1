//! Which file answers a call, and whether the caller may make it.

use http::Method;
use serde_json::{Value, json};

use super::call::{Address, ArmError, Key, Target};
use super::context::{Cx, Kind, page};
use super::kinds::KINDS;
use super::telling::with_event;
use super::{managers, metadata, resource_groups};
use crate::reply::Reply;

/// Answers a call whose caller is proved.
pub(crate) fn answer(cx: &mut Cx<'_>, address: &Address) -> Result<Reply, ArmError> {
    check_api_version(&cx.call.api_version)?;
    match address {
        Address::MetadataEndpoints => Err(ArmError::Method(cx.call.method.to_string())),
        Address::Subscriptions => metadata::subscriptions(cx),
        Address::Subscription(id) => metadata::subscription(cx, id),
        Address::Groups { subscription } => resource_groups::list(cx, subscription),
        Address::Group { subscription, name } => resource_groups::answer(cx, subscription, name),
        Address::OperationStatus { subscription, id } => {
            cx.must_be_known(&Key::of(&format!("/subscriptions/{subscription}")))?;
            only_get(cx)?;
            cx.operation_status(id)
        }
        Address::OperationResult { subscription, id } => {
            cx.must_be_known(&Key::of(&format!("/subscriptions/{subscription}")))?;
            only_get(cx)?;
            cx.operation_result(id)
        }
        Address::Resource(target) => resource(cx, target),
    }
}

fn only_get(cx: &Cx<'_>) -> Result<(), ArmError> {
    if cx.call.method == Method::GET { Ok(()) } else { Err(ArmError::Method(cx.call.method.to_string())) }
}

fn resource(cx: &mut Cx<'_>, at: &Target) -> Result<Reply, ArmError> {
    if let Some(action) = managers::action(at).filter(|_| cx.call.method == Method::POST) {
        cx.authorise(&action.name(), &at.parent())?;
        cx.group_exists(at)?;
        return action.answer(cx, at);
    }
    let kind = KINDS
        .into_iter()
        .find(|kind| kind.name().eq_ignore_ascii_case(&at.kind()))
        .ok_or_else(|| ArmError::NoType { kind: at.types.join("/"), namespace: at.namespace.clone() })?;
    let verb = match cx.call.method {
        Method::GET => "read",
        Method::PUT | Method::PATCH => "write",
        Method::DELETE => "delete",
        _ => return Err(ArmError::Method(cx.call.method.to_string())),
    };
    let action = format!("{}/{verb}", kind.name());
    if at.is_collection() {
        only_get(cx)?;
        return collection(cx, kind, at, &action);
    }
    let scope = if kind.is_extension() { at.scope.clone() } else { at.id() };
    cx.authorise(&action, &scope)?;
    if kind.is_in_group() {
        cx.group_exists(at)?;
    }
    cx.operation_name = action;
    match cx.call.method {
        Method::GET => kind.get(cx, at),
        Method::PUT => with_event(cx, |cx| kind.put(cx, at)),
        Method::PATCH => with_event(cx, |cx| kind.patch(cx, at)),
        _ => with_event(cx, |cx| kind.delete(cx, at)),
    }
}

/// Lists of resources in a group or subscription show what the caller may read; all others need the right to read.
fn collection(cx: &mut Cx<'_>, kind: &dyn Kind, at: &Target, action: &str) -> Result<Reply, ArmError> {
    let filtered = !kind.is_extension() && at.types.len() == 1;
    if filtered {
        cx.must_be_known(&Key::of(&at.scope)).map_err(|_| cx.forbidden(action, &at.scope))?;
    } else {
        cx.authorise(action, &at.parent())?;
    }
    if !kind.is_extension() && at.group().is_some() {
        cx.group_exists(at)?;
    }
    let mut items = kind.list(cx, at)?;
    if filtered {
        items.retain(|item| cx.may(action, &item.key));
    }
    if kind.is_paged() {
        return Ok(page(cx.call, cx.world.resource_manager(), items)?);
    }
    let bodies: Vec<Value> = items.into_iter().map(|item| item.body).collect();
    Ok(Reply::ok(json!({"value": bodies})))
}

/// Any version from 2018 on: clients pin many different ones.
fn check_api_version(version: &str) -> Result<(), ArmError> {
    if version.is_empty() {
        return Err(ArmError::NoApiVersion);
    }
    let date = version.get(..10).unwrap_or_default();
    let is_date = date.len() == 10
        && date
            .bytes()
            .enumerate()
            .all(|(at, byte)| if at == 4 || at == 7 { byte == b'-' } else { byte.is_ascii_digit() });
    if is_date && date >= "2018-01-01" && version.len() <= 32 {
        Ok(())
    } else {
        Err(ArmError::BadApiVersion(version.chars().take(32).collect()))
    }
}
