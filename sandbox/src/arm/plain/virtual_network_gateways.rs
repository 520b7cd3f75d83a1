//! `Microsoft.Network/virtualNetworkGateways`, as plain resources that sit in a subnet: what the gateway flags of
//! peerings are checked against.

use ipnet::IpNet;
use serde_json::{Value, json};

use super::resources::{self, Traits};
use crate::arm::call::{ArmError, Key, Target, merge};
use crate::arm::context::{Cx, Item, Kind};
use crate::arm::state::{Plain, Provisioning, Store, Work};
use crate::mint::Mint;
use crate::reply::Reply;

pub(crate) struct VirtualNetworkGateways;

const KIND: &str = "Microsoft.Network/virtualNetworkGateways";

const TRAITS: Traits = Traits {
    kind: KIND,
    put: Work::PutGateway,
    delete: Work::DeleteGateway,
    defaults,
    complete,
    finish: finish_put,
};

impl Kind for VirtualNetworkGateways {
    fn name(&self) -> &'static str {
        KIND
    }

    fn get(&self, cx: &Cx<'_>, at: &Target) -> Result<Reply, ArmError> {
        resources::get(cx, at, &TRAITS)
    }

    fn list(&self, cx: &Cx<'_>, at: &Target) -> Result<Vec<Item>, ArmError> {
        Ok(resources::list(cx, at, &TRAITS))
    }

    fn put(&self, cx: &mut Cx<'_>, at: &Target) -> Result<Reply, ArmError> {
        let configurations =
            cx.call.body["properties"]["ipConfigurations"].as_array().cloned().unwrap_or_default();
        if configurations.is_empty() {
            return Err(ArmError::MissingValue("properties.ipConfigurations"));
        }
        for configuration in &configurations {
            referenced_exist(cx, at, &configuration["properties"])?;
        }
        resources::put(cx, at, &TRAITS)
    }

    fn delete(&self, cx: &mut Cx<'_>, at: &Target) -> Result<Reply, ArmError> {
        resources::delete(cx, at, &TRAITS, finish_delete)
    }
}

fn referenced_exist(cx: &Cx<'_>, at: &Target, properties: &Value) -> Result<(), ArmError> {
    let subnet = properties["subnet"]["id"].as_str().ok_or(ArmError::MissingValue("subnet.id"))?;
    let missing = |id: &str| ArmError::NoReferenced { referenced: id.to_owned(), resource: at.id() };
    let key = Key::of(subnet);
    let network = network_of(subnet).ok_or_else(|| missing(subnet))?;
    let found = cx
        .store
        .networks
        .get(&network)
        .filter(|network| network.subnets.values().any(|subnet| Key::of(&subnet.id) == key));
    let found = found.ok_or_else(|| missing(subnet))?;
    cx.must_be_provisioned(&network, &found.id, &at.id())?;
    match properties["publicIPAddress"]["id"].as_str() {
        Some(address) if !cx.store.plain.contains_key(&Key::of(address)) => Err(missing(address)),
        _ => Ok(()),
    }
}

/// The ids of the subnets that a gateway sits in; none for other plain resources.
fn subnets(plain: &Plain) -> impl Iterator<Item = &str> {
    configurations(plain).filter_map(|(_, properties)| properties["subnet"]["id"].as_str())
}

/// The gateways that sit in a subnet of this network.
pub(crate) fn gateways_of<'s>(store: &'s Store, network: &Key) -> Vec<&'s Plain> {
    store.plain.values().filter(|plain| subnets(plain).any(|id| Key::of(id).is_within(network))).collect()
}

/// The ids of a gateway's IP configurations in this subnet, once it is there.
pub(crate) fn configurations_in(plain: &Plain, subnet: &Key) -> Vec<String> {
    if plain.provisioning == Provisioning::Updating {
        return Vec::new();
    }
    configurations(plain)
        .filter(|(_, properties)| {
            properties["subnet"]["id"].as_str().is_some_and(|id| Key::of(id) == *subnet)
        })
        .map(|(name, _)| format!("{}/ipConfigurations/{name}", plain.id))
        .collect()
}

fn configurations(plain: &Plain) -> impl Iterator<Item = (&str, &Value)> {
    let list =
        if plain.kind == KIND { plain.body["properties"]["ipConfigurations"].as_array() } else { None };
    list.into_iter().flatten().map(|one| (one["name"].as_str().unwrap_or("default"), &one["properties"]))
}

fn network_of(subnet: &str) -> Option<Key> {
    let (network, _) = subnet.trim_matches('/').rsplit_once('/')?.0.rsplit_once('/')?;
    Some(Key::of(network))
}

fn defaults(written: &mut Value) {
    let properties = &mut written["properties"];
    for (name, value) in [
        ("packetCaptureDiagnosticState", json!("None")),
        ("enablePrivateIpAddress", json!(false)),
        ("gatewayType", json!("Vpn")),
        ("vpnType", json!("RouteBased")),
        ("enableBgp", json!(false)),
        ("activeActive", json!(false)),
        ("vpnGatewayGeneration", json!("Generation1")),
    ] {
        if properties[name].is_null() {
            properties[name] = value;
        }
    }
    if properties["sku"].is_null() {
        properties["sku"] = json!({"name": "Basic", "tier": "Basic"});
    }
    if properties["sku"]["capacity"].is_null() {
        properties["sku"]["capacity"] = json!(2);
    }
}

/// What a gateway shows beside what was written: ids and states of its configurations, and BGP settings, which get their
/// addresses when it is provisioned (seen in the CLI's recording of 2021).
fn complete(plain: &Plain, body: &mut Value) {
    let mut peers = Vec::new();
    let list = body["properties"]["ipConfigurations"].as_array_mut().into_iter().flatten();
    for one in list {
        let name = one["name"].as_str().unwrap_or("default").to_owned();
        let id = format!("{}/ipConfigurations/{name}", plain.id);
        let mut properties = json!({"provisioningState": plain.provisioning.as_str()});
        if let Some(given) = one["properties"].as_object() {
            merge(&mut properties, given);
        }
        *one = json!({
            "name": name, "id": id, "etag": plain.etag, "type": format!("{KIND}/ipConfigurations"),
            "properties": properties,
        });
        peers.push(json!({"ipconfigurationId": id, "defaultBgpIpAddresses": [], "customBgpIpAddresses": []}));
    }
    let properties = &mut body["properties"];
    if plain.provisioning == Provisioning::Updating {
        properties["vpnClientConfiguration"] = json!({
            "vpnClientProtocols": ["SSTP"], "vpnClientRootCertificates": [], "vpnClientRevokedCertificates": [],
            "radiusServers": [], "vpnClientIpsecPolicies": [],
        });
        properties["bgpSettings"] = json!({"asn": 0, "peerWeight": 0, "bgpPeeringAddresses": peers});
        return;
    }
    let inside = plain.body["bgpPeeringAddress"].clone();
    for peer in &mut peers {
        peer["defaultBgpIpAddresses"] = json!([inside]);
        peer["tunnelIpAddresses"] = json!([plain.body["tunnelIpAddress"]]);
    }
    properties["bgpSettings"] =
        json!({"asn": 65515, "bgpPeeringAddress": inside, "peerWeight": 0, "bgpPeeringAddresses": peers});
}

fn finish_put(store: &mut Store, mint: &mut Mint, key: &Key) {
    let inside = store.plain.get(key).and_then(|plain| gateway_address(store, plain));
    let outside = format!("203.0.113.{}", mint.between(1, 254));
    if let Some(plain) = store.plain.get_mut(key) {
        plain.body["bgpPeeringAddress"] = inside.map_or(Value::Null, Value::from);
        plain.body["tunnelIpAddress"] = outside.into();
    }
    resources::finish_put(store, mint, key);
    touch_networks(store, mint, key);
}

fn finish_delete(store: &mut Store, mint: &mut Mint, key: &Key) {
    touch_networks(store, mint, key);
    resources::finish_delete(store, mint, key);
}

/// A gateway that comes or goes shows in its subnet, so that the network's entity tag changes (seen 2021).
fn touch_networks(store: &mut Store, mint: &mut Mint, key: &Key) {
    let networks: Vec<Key> =
        store.plain.get(key).into_iter().flat_map(subnets).filter_map(network_of).collect();
    for network in networks {
        if let Some(network) = store.networks.get_mut(&network) {
            network.etag = mint.etag();
        }
    }
}

/// The last host address of the subnet that the gateway sits in.
fn gateway_address(store: &Store, gateway: &Plain) -> Option<String> {
    let subnet = subnets(gateway).next()?;
    let network = store.networks.get(&network_of(subnet)?)?;
    let subnet = network.subnets.values().find(|one| Key::of(&one.id) == Key::of(subnet))?;
    match subnet.prefixes.first()? {
        IpNet::V4(net) => {
            Some(std::net::Ipv4Addr::from(u32::from(net.broadcast()).saturating_sub(1)).to_string())
        }
        IpNet::V6(net) => Some(net.broadcast().to_string()),
    }
}
