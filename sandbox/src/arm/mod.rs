//! Resource Manager: one file for each type of resource, and what they share.
//!
//! A call goes through: who asks ([`authenticate`]) -> what for ([`path`]) -> may they ([`rbac`]) -> the type's own file.
//! A new type is a file with a [`Kind`] and a line in [`KINDS`].

mod authenticate;
mod error;
mod management_groups;
mod managers;
mod metadata;
mod operations;
mod paging;
mod path;
mod peering_admission;
mod peering_parts;
mod peering_states;
mod peering_views;
mod peerings;
mod plain;
mod prefixes;
mod public_addresses;
mod rbac;
mod reply;
mod resource_groups;
mod rights;
mod role_assignments;
mod role_definitions;
mod store;
mod subnets;
mod virtual_network_gateways;
mod virtual_networks;

use std::collections::BTreeMap;

use http::{HeaderMap, Method, StatusCode};
use serde_json::{Value, json};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::azure::Settings;
use crate::events::{Happening, HttpFacts};
use crate::mint::Mint;
use crate::world::{Tenant, World};

pub(crate) use authenticate::{Caller, authenticate, authority, identify};
pub(crate) use error::{ArmError, Link};
pub(crate) use path::{Address, parse};
pub(crate) use reply::Reply;
pub(crate) use store::Store;

use path::{Key, Target};

/// A call, read and within bounds.
pub(crate) struct ArmCall {
    pub(crate) method: Method,
    /// As the caller wrote it.
    pub(crate) path: String,
    pub(crate) raw_query: String,
    /// Names in lower case.
    pub(crate) query: BTreeMap<String, String>,
    pub(crate) headers: HeaderMap,
    /// Null if there was none.
    pub(crate) body: Value,
    pub(crate) api_version: String,
    /// The subscription in the path; empty if there is none.
    pub(crate) subscription: String,
    pub(crate) request_id: Uuid,
    pub(crate) correlation_id: String,
}

/// Everything a type's file works with.
pub(crate) struct Cx<'a> {
    pub(crate) store: &'a mut Store,
    pub(crate) mint: &'a mut Mint,
    pub(crate) world: &'a World,
    pub(crate) settings: &'a Settings,
    pub(crate) now: OffsetDateTime,
    pub(crate) caller: &'a Caller,
    pub(crate) call: &'a ArmCall,
    /// The operation's name for events, such as `Microsoft.Network/virtualNetworks/write`.
    pub(crate) operation_name: String,
    /// By which role the call is allowed.
    pub(crate) evidence: Value,
    /// What to tell once the call has taken effect.
    pub(crate) happenings: Vec<Happening>,
}

/// A member of a collection.
pub(crate) struct Item {
    pub(crate) key: Key,
    pub(crate) body: Value,
}

/// A type of resource. The dispatcher has checked the caller's rights and the resource group before any of these.
trait Kind: Sync {
    /// Namespace and types, in Azure's casing.
    fn name(&self) -> &'static str;

    fn get(&self, cx: &Cx<'_>, at: &Target) -> Result<Reply, ArmError>;

    fn list(&self, cx: &Cx<'_>, at: &Target) -> Result<Vec<Item>, ArmError>;

    fn put(&self, cx: &mut Cx<'_>, at: &Target) -> Result<Reply, ArmError>;

    /// An absent resource is answered 204.
    fn delete(&self, cx: &mut Cx<'_>, at: &Target) -> Result<Reply, ArmError>;

    fn patch(&self, _cx: &mut Cx<'_>, _at: &Target) -> Result<Reply, ArmError> {
        Err(ArmError::Method("PATCH".into()))
    }

    /// Whether the type lies at any scope (role assignments) instead of in a resource group.
    fn is_extension(&self) -> bool {
        false
    }

    /// Whether the type lies in a resource group.
    fn is_in_group(&self) -> bool {
        !self.is_extension()
    }

    /// Whether its lists come in pages.
    fn is_paged(&self) -> bool {
        false
    }
}

static KINDS: [&dyn Kind; 13] = [
    &virtual_networks::VirtualNetworks,
    &subnets::Subnets,
    &peerings::Peerings,
    &public_addresses::PublicAddresses,
    &virtual_network_gateways::VirtualNetworkGateways,
    &role_definitions::RoleDefinitions,
    &role_assignments::RoleAssignments,
    &management_groups::ManagementGroups,
    &managers::NetworkManagers,
    &managers::ScopeConnections,
    &managers::NetworkManagerConnections,
    &managers::NetworkGroups,
    &managers::StaticMembers,
];

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

pub(crate) use metadata::endpoints;

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
        return Ok(paging::page(cx.call, cx.world.resource_manager(), items)?);
    }
    let bodies: Vec<Value> = items.into_iter().map(|item| item.body).collect();
    Ok(Reply::ok(json!({"value": bodies})))
}

/// Notes what will be told if the call succeeds. An operation takes the note over and tells at its end; a call that is
/// done at once tells at once; a deletion of what was not there tells nothing.
fn with_event(
    cx: &mut Cx<'_>,
    act: impl FnOnce(&mut Cx<'_>) -> Result<Reply, ArmError>,
) -> Result<Reply, ArmError> {
    let happening = cx.happening(cx.call.path.trim_end_matches('/').to_owned(), cx.operation_name.clone());
    cx.happenings.extend(happening);
    let reply = act(cx);
    // A write may be what a connection or a member waits for, or what it loses.
    cx.store.look_around(cx.mint, cx.now);
    match &reply {
        Ok(reply) if reply.status == StatusCode::CREATED => {
            cx.happenings.iter_mut().for_each(|happening| happening.http = None);
        }
        Ok(reply) if reply.status != StatusCode::NO_CONTENT => {}
        Ok(_) | Err(_) => cx.happenings.clear(),
    }
    reply
}

impl Cx<'_> {
    fn group_exists(&self, at: &Target) -> Result<(), ArmError> {
        let group = at.group().ok_or(ArmError::BadUrl("the resource group is missing"))?;
        let key = Key::of(&format!("/subscriptions/{}/resourceGroups/{group}", self.call.subscription));
        match self.store.groups.get(&key) {
            Some(found)
                if found.provisioning == store::Provisioning::Deleting && self.call.method == Method::PUT =>
            {
                Err(ArmError::Busy(found.id.clone()))
            }
            Some(_) => Ok(()),
            None => Err(ArmError::NoGroup(group.to_owned())),
        }
    }

    /// The id a new resource gets: the group as it was made, the type in Azure's casing, the name as the caller wrote it.
    fn canonical_id(&self, at: &Target, kind: &str) -> String {
        let Some(group) = at.group() else { return at.id() };
        let key = Key::of(&format!("/subscriptions/{}/resourceGroups/{group}", self.call.subscription));
        let scope = self.store.groups.get(&key).map_or_else(|| at.scope.clone(), |group| group.id.clone());
        let mut segments = kind.split('/');
        let mut id = format!("{scope}/providers/{}", segments.next().unwrap_or_default());
        for (kind, name) in segments.zip(&at.names) {
            id.push_str(&format!("/{kind}/{name}"));
        }
        id
    }

    fn happening(&self, resource: String, operation: String) -> Option<Happening> {
        let header = |name: &str| self.call.headers.get(name).and_then(|value| value.to_str().ok());
        let query =
            if self.call.raw_query.is_empty() { String::new() } else { format!("?{}", self.call.raw_query) };
        Some(Happening {
            tenant: Tenant::by_subscription_id(&self.call.subscription)?,
            resource,
            operation,
            claims: self.caller.claims.clone(),
            correlation_id: self.call.correlation_id.clone(),
            http: Some(HttpFacts {
                client_request_id: header("x-ms-client-request-id")
                    .map_or_else(|| self.call.request_id.to_string(), str::to_owned),
                method: self.call.method.to_string(),
                url: format!("{}{}{query}", self.world.resource_manager(), self.call.path),
            }),
            evidence: self.evidence.clone(),
        })
    }

    /// What is told about this call is that it made something. For types that answer a creation with 200.
    fn is_created(&mut self) {
        self.happenings.iter_mut().for_each(|happening| happening.http = None);
    }

    fn take_happenings(&mut self, created: bool) -> Vec<Happening> {
        let mut happenings = std::mem::take(&mut self.happenings);
        if created {
            happenings.iter_mut().for_each(|happening| happening.http = None);
        }
        happenings
    }
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
