//! `Microsoft.Network/virtualNetworks/subnets`.

use http::{Method, StatusCode};
use serde_json::{Map, Value, json};

use super::operations::{Begin, Work};
use super::path::{Key, Target};
use super::peering_views;
use super::prefixes;
use super::rbac::strings;
use super::store::{Provisioning, Store, Subnet, VirtualNetwork};
use super::virtual_network_gateways;
use super::virtual_networks::{check_subnets, merge};
use super::{ArmError, Cx, Item, Kind, Reply};
use crate::mint::Mint;

pub(super) struct Subnets;

pub(super) const KIND: &str = "Microsoft.Network/virtualNetworks/subnets";

const OWN_PROPERTIES: [&str; 4] =
    ["provisioningState", "addressPrefix", "addressPrefixes", "ipConfigurations"];

impl Kind for Subnets {
    fn name(&self) -> &'static str {
        KIND
    }

    fn get(&self, cx: &Cx<'_>, at: &Target) -> Result<Reply, ArmError> {
        let network = cx.parent_network(at)?;
        let subnet = network
            .subnets
            .get(&at.name().to_lowercase())
            .ok_or_else(|| ArmError::NoChild(cx.canonical_id(at, KIND)))?;
        Ok(Reply::ok(body(cx.store, network, subnet)).with_etag())
    }

    fn list(&self, cx: &Cx<'_>, at: &Target) -> Result<Vec<Item>, ArmError> {
        let network = cx.parent_network(at)?;
        Ok(network
            .subnets
            .values()
            .map(|subnet| Item { key: Key::of(&subnet.id), body: body(cx.store, network, subnet) })
            .collect())
    }

    fn put(&self, cx: &mut Cx<'_>, at: &Target) -> Result<Reply, ArmError> {
        check_name(at.name())?;
        let network = cx.parent_network(at)?;
        let parent = Key::of(&network.id);
        cx.must_be_free(&parent)?;
        let lower = at.name().to_lowercase();
        let before = network.subnets.get(&lower);
        let created = before.is_none();
        let (id, name) = match before {
            Some(subnet) => (subnet.id.clone(), subnet.name.clone()),
            None => (format!("{}/subnets/{}", network.id, at.name()), at.name().to_owned()),
        };
        let subnet = read(&cx.call.body, id, &name)?;
        let subject = Key::of(&subnet.id);
        let mut subnets = network.subnets.clone();
        subnets.insert(lower, subnet);
        check_subnets(&network.id, &network.space, &subnets)?;
        let location = network.location.clone();
        let etag = cx.mint.etag();
        if let Some(network) = cx.store.networks.get_mut(&parent) {
            network.subnets = subnets;
            network.etag = etag;
        }
        peering_views::refresh(cx.store, cx.mint, &parent);
        let begin = Begin {
            work: Work::PutSubnet,
            subject,
            holds: vec![parent],
            location,
            finish: finish_put,
            notifies: true,
            created,
        };
        let status = if created { StatusCode::CREATED } else { StatusCode::OK };
        let reply = cx.begin(begin, Reply::json(status, Value::Null));
        let network = cx.parent_network(at)?;
        let written =
            network.subnets.get(&at.name().to_lowercase()).map(|subnet| body(cx.store, network, subnet));
        Ok(reply.with_body(written.unwrap_or_default()))
    }

    fn delete(&self, cx: &mut Cx<'_>, at: &Target) -> Result<Reply, ArmError> {
        let parent = Key::of(&at.parent());
        let lower = at.name().to_lowercase();
        let gone = || Ok(Reply::empty(StatusCode::NO_CONTENT));
        let Some(network) = cx.store.networks.get(&parent) else { return gone() };
        let Some(subnet) = network.subnets.get(&lower) else { return gone() };
        cx.must_be_free(&parent)?;
        must_be_unused(cx.store, subnet)?;
        let (subject, location) = (Key::of(&subnet.id), network.location.clone());
        if let Some(subnet) =
            cx.store.networks.get_mut(&parent).and_then(|network| network.subnets.get_mut(&lower))
        {
            subnet.provisioning = Provisioning::Deleting;
        }
        let begin = Begin {
            work: Work::Delete,
            subject,
            holds: vec![parent],
            location,
            finish: finish_delete,
            notifies: true,
            created: false,
        };
        Ok(cx.begin(begin, Reply::empty(StatusCode::ACCEPTED)))
    }
}

impl Cx<'_> {
    /// The network that a child's path lies in. Reads are answered by the gateway's 404 for the network, writes by the one
    /// for a missing parent.
    pub(super) fn parent_network(&self, at: &Target) -> Result<&VirtualNetwork, ArmError> {
        let key = Key::of(&at.parent());
        match self.store.networks.get(&key) {
            Some(network) => Ok(network),
            None if self.call.method == Method::GET => self.network(at, &key),
            None => Err(ArmError::NoParent { verb: "write", kind: at.types.join("/"), parent: at.parent() }),
        }
    }
}

/// The network provider's rule for names.
pub(super) fn check_name(name: &str) -> Result<(), ArmError> {
    let word = |char: char| char.is_ascii_alphanumeric() || char == '_';
    let fits = name.len() <= 80
        && name.starts_with(word)
        && name.ends_with(word)
        && name.chars().all(|char| word(char) || char == '.' || char == '-');
    if fits { Ok(()) } else { Err(ArmError::BadName(name.chars().take(100).collect())) }
}

/// A subnet as a body gives it.
pub(super) fn read(given: &Value, id: String, name: &str) -> Result<Subnet, ArmError> {
    let properties = &given["properties"];
    let several = strings(&properties["addressPrefixes"]);
    let plural = !several.is_empty();
    let texts = match properties["addressPrefix"].as_str() {
        Some(one) if !plural => vec![one.to_owned()],
        _ => several,
    };
    let prefixes = texts.iter().map(|text| prefixes::parse(text, &id)).collect::<Result<Vec<_>, _>>()?;
    if prefixes.is_empty() {
        return Err(ArmError::BadContent(format!("subnet {name} has no address prefix")));
    }
    Ok(Subnet {
        id,
        name: name.to_owned(),
        provisioning: Provisioning::Updating,
        prefixes,
        plural,
        rest: others(properties, &OWN_PROPERTIES),
    })
}

/// The properties without those named.
pub(super) fn others(properties: &Value, without: &[&str]) -> Map<String, Value> {
    let all = properties.as_object().into_iter().flatten();
    all.filter(|(name, _)| !without.contains(&name.as_str()))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

pub(super) fn must_be_unused(store: &Store, subnet: &Subnet) -> Result<(), ArmError> {
    match users(store, subnet).into_iter().next() {
        Some(user) => Err(ArmError::SubnetInUse { subnet: subnet.name.clone(), user }),
        None => Ok(()),
    }
}

/// The ids of the IP configurations that sit in a subnet.
fn users(store: &Store, subnet: &Subnet) -> Vec<String> {
    let key = Key::of(&subnet.id);
    store.plain.values().flat_map(|plain| virtual_network_gateways::configurations_in(plain, &key)).collect()
}

fn finish_put(store: &mut Store, mint: &mut Mint, key: &Key) {
    if let Some((network, name)) = owner(store, key) {
        if let Some(subnet) = network.subnets.get_mut(&name) {
            subnet.provisioning = Provisioning::Succeeded;
        }
        network.etag = mint.etag();
    }
}

fn finish_delete(store: &mut Store, mint: &mut Mint, key: &Key) {
    if let Some((network, name)) = owner(store, key) {
        network.subnets.remove(&name);
        network.etag = mint.etag();
    }
}

/// The network of a child's key, and the child's name.
pub(super) fn owner<'a>(store: &'a mut Store, child: &Key) -> Option<(&'a mut VirtualNetwork, String)> {
    let (rest, name) = child.as_str().rsplit_once('/')?;
    let (network, _) = rest.rsplit_once('/')?;
    Some((store.networks.get_mut(&Key::of(network))?, name.to_owned()))
}

pub(super) fn body(store: &Store, network: &VirtualNetwork, subnet: &Subnet) -> Value {
    let mut properties = json!({"provisioningState": subnet.provisioning.as_str()});
    if subnet.plural {
        properties["addressPrefixes"] = prefixes::to_json(&subnet.prefixes)["addressPrefixes"].take();
    } else if let Some(prefix) = subnet.prefixes.first() {
        properties["addressPrefix"] = prefix.to_string().into();
    }
    let users: Vec<Value> = users(store, subnet).into_iter().map(|id| json!({"id": id})).collect();
    if !users.is_empty() {
        properties["ipConfigurations"] = users.into();
    }
    properties["delegations"] = json!([]);
    properties["privateEndpointNetworkPolicies"] = "Enabled".into();
    properties["privateLinkServiceNetworkPolicies"] = "Enabled".into();
    merge(&mut properties, &subnet.rest);
    json!({"name": subnet.name, "id": subnet.id, "etag": network.etag, "properties": properties, "type": KIND})
}
