//! `Microsoft.Network/virtualNetworks`.

use std::collections::BTreeMap;

use http::StatusCode;
use serde_json::{Value, json};

use super::states::{on_other_removed, same_space};
use super::{prefixes, subnet_rules, views};
use crate::arm::call::{ArmError, Key, Target, check_name, location, merge, others, tags};
use crate::arm::context::{Begin, Cx, Item, Kind};
use crate::arm::state::{Provisioning, Store, Subnet, VirtualNetwork, Work};
use crate::mint::Mint;
use crate::reply::Reply;

pub(crate) struct VirtualNetworks;

const KIND: &str = VirtualNetwork::KIND;

/// Properties that have a field of their own or that the service decides.
const OWN_PROPERTIES: [&str; 6] =
    ["provisioningState", "resourceGuid", "addressSpace", "dhcpOptions", "subnets", "virtualNetworkPeerings"];

impl Kind for VirtualNetworks {
    fn name(&self) -> &'static str {
        KIND
    }

    fn get(&self, cx: &Cx<'_>, at: &Target) -> Result<Reply, ArmError> {
        let network = cx.network(at, &at.key())?;
        Ok(Reply::ok(body(cx.store, network, &cx.call.api_version)).with_etag())
    }

    fn list(&self, cx: &Cx<'_>, at: &Target) -> Result<Vec<Item>, ArmError> {
        let scope = Key::of(&at.scope);
        let within = cx.store.networks.iter().filter(|(key, _)| key.is_within(&scope));
        Ok(within
            .map(|(key, network)| Item {
                key: key.clone(),
                body: body(cx.store, network, &cx.call.api_version),
            })
            .collect())
    }

    /// Replaces the network but for its peerings, which stay whatever the body says: `virtualNetworkPeerings` left out,
    /// empty or as it was read (seen 2021: an empty list keeps them). A body that adds or changes a peering is refused.
    /// `subnets` left out keeps the subnets too.
    fn put(&self, cx: &mut Cx<'_>, at: &Target) -> Result<Reply, ArmError> {
        check_name(at.name())?;
        let key = at.key();
        cx.must_be_free(&key)?;
        let network = wanted(cx, at, &key)?;
        let before = cx.store.networks.get(&key);
        let created = before.is_none();
        peerings_untouched(before, &network.id, &cx.call.body)?;
        subnets_kept(cx.store, before, &network)?;
        if before.is_some_and(|before| !same_space(&before.space, &network.space)) {
            views::space_fits(cx.store, &key, &network)?;
        }
        let location = network.location.clone();
        cx.store.networks.insert(key.clone(), network);
        views::refresh(cx.store, cx.mint, &key);
        let status = if created { StatusCode::CREATED } else { StatusCode::OK };
        let begin = Begin { created, ..Begin::of(Work::PutNetwork, key.clone(), location, finish_put) };
        let reply = Reply::json(status, Value::Null);
        let reply = cx.begin(begin, reply);
        Ok(reply.with_body(body(cx.store, cx.network(at, &key)?, &cx.call.api_version)))
    }

    /// Changes tags only, at once.
    fn patch(&self, cx: &mut Cx<'_>, at: &Target) -> Result<Reply, ArmError> {
        let key = at.key();
        cx.network(at, &key)?;
        cx.must_be_free(&key)?;
        let etag = cx.mint.etag();
        if let Some(network) = cx.store.networks.get_mut(&key) {
            network.tags = tags(&cx.call.body).or_else(|| network.tags.take());
            network.etag = etag;
        }
        self.get(cx, at)
    }

    fn delete(&self, cx: &mut Cx<'_>, at: &Target) -> Result<Reply, ArmError> {
        let key = at.key();
        let Some(network) = cx.store.networks.get(&key) else {
            return Ok(Reply::empty(StatusCode::NO_CONTENT));
        };
        let location = network.location.clone();
        cx.must_be_free(&key)?;
        for subnet in network.subnets.values() {
            subnet_rules::must_be_unused(cx.store, subnet)?;
        }
        if let Some(network) = cx.store.networks.get_mut(&key) {
            network.provisioning = Provisioning::Deleting;
        }
        let begin = Begin::of(Work::Delete, key, location, remove);
        Ok(cx.begin(begin, Reply::empty(StatusCode::ACCEPTED)))
    }
}

/// The network that the body asks for, with what it keeps of the one before.
fn wanted(cx: &mut Cx<'_>, at: &Target, key: &Key) -> Result<VirtualNetwork, ArmError> {
    let body = &cx.call.body;
    let properties = &body["properties"];
    let before = cx.store.networks.get(key);
    let id = before.map_or_else(|| cx.canonical_id(at, KIND), |network| network.id.clone());
    let space = prefixes::space(&properties["addressSpace"], &id)?;
    if space.is_empty() {
        return Err(ArmError::BadContent(
            "properties.addressSpace.addressPrefixes is missing or empty".into(),
        ));
    }
    let subnets = match properties["subnets"].as_array() {
        Some(list) => read_subnets(list, &id)?,
        None => before.map(|network| network.subnets.clone()).unwrap_or_default(),
    };
    subnet_rules::check(&id, &space, &subnets)?;
    let location = match before {
        Some(network) => network.location.clone(),
        None => location(body).ok_or(ArmError::BadContent("location is missing".into()))?,
    };
    let halves = before.map(|network| network.halves.clone()).unwrap_or_default();
    let (name, guid) = match before {
        Some(network) => (network.name.clone(), network.guid),
        None => (at.name().to_owned(), cx.mint.guid()),
    };
    Ok(VirtualNetwork {
        id,
        name,
        location,
        tags: tags(body),
        etag: cx.mint.etag(),
        guid,
        provisioning: Provisioning::Updating,
        space,
        dns_servers: properties["dhcpOptions"]["dnsServers"].as_array().cloned().unwrap_or_default().into(),
        subnets,
        halves,
        rest: others(properties, &OWN_PROPERTIES),
    })
}

fn read_subnets(list: &[Value], network: &str) -> Result<BTreeMap<String, Subnet>, ArmError> {
    list.iter()
        .map(|given| {
            let name = given["name"].as_str().ok_or(ArmError::BadContent("a subnet has no name".into()))?;
            check_name(name)?;
            let id = format!("{network}/subnets/{name}");
            Ok((name.to_lowercase(), subnet_rules::read(given, id, name)?))
        })
        .collect()
}

/// A subnet that something sits in is not removed by leaving it out.
fn subnets_kept(
    store: &Store,
    before: Option<&VirtualNetwork>,
    after: &VirtualNetwork,
) -> Result<(), ArmError> {
    let removed = before.into_iter().flat_map(|network| &network.subnets);
    for (_, subnet) in removed.filter(|(name, _)| !after.subnets.contains_key(*name)) {
        subnet_rules::must_be_unused(store, subnet)?;
    }
    Ok(())
}

fn peerings_untouched(before: Option<&VirtualNetwork>, id: &str, body: &Value) -> Result<(), ArmError> {
    for given in body["properties"]["virtualNetworkPeerings"].as_array().into_iter().flatten() {
        let name = given["name"].as_str().unwrap_or_default();
        let known = before.and_then(|network| network.halves.get(&name.to_lowercase()));
        if !known.is_some_and(|half| views::says_the_same(half, &given["properties"])) {
            return Err(ArmError::InlinePeering { network: id.to_owned(), peering: name.to_owned() });
        }
    }
    Ok(())
}

fn finish_put(store: &mut Store, mint: &mut Mint, key: &Key) {
    if let Some(network) = store.networks.get_mut(key) {
        network.provisioning = Provisioning::Succeeded;
        for subnet in network.subnets.values_mut() {
            subnet.provisioning = Provisioning::Succeeded;
        }
        network.etag = mint.etag();
    }
}

/// Removes a network; every half that leads to this incarnation of it becomes Disconnected.
pub(crate) fn remove(store: &mut Store, mint: &mut Mint, key: &Key) {
    let Some(gone) = store.networks.remove(key) else { return };
    store.role_assignments.retain(|_, assignment| !assignment.scope.is_within(key));
    for network in store.networks.values_mut() {
        let mut touched = false;
        for half in network.halves.values_mut().filter(|half| half.remote_guid == gone.guid) {
            half.state = on_other_removed(half.state);
            touched = true;
        }
        if touched {
            network.etag = mint.etag();
        }
    }
}

fn body(store: &Store, network: &VirtualNetwork, api_version: &str) -> Value {
    let key = Key::of(&network.id);
    let provisioning = match network.provisioning {
        // While something in it is written, the network as a whole is not settled.
        Provisioning::Succeeded if store.operations.on(&key).is_some() => Provisioning::Updating,
        other => other,
    };
    let mut properties = json!({
        "provisioningState": provisioning.as_str(),
        "resourceGuid": network.guid.to_string(),
        "addressSpace": prefixes::to_json(&network.space),
        "dhcpOptions": {"dnsServers": network.dns_servers},
        "subnets": network.subnets.values().map(|subnet| subnet_rules::body(store, network, subnet)).collect::<Vec<_>>(),
        "virtualNetworkPeerings":
            network.halves.values().map(|half| views::body(store, network, half, api_version)).collect::<Vec<_>>(),
        "enableDdosProtection": false,
        "enableVmProtection": false,
    });
    merge(&mut properties, &network.rest);
    let mut body = json!({
        "name": network.name, "id": network.id, "etag": network.etag, "type": KIND, "location": network.location,
    });
    if let Some(tags) = &network.tags {
        body["tags"] = Value::Object(tags.clone());
    }
    body["properties"] = properties;
    body
}
