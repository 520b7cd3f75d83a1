//! Subnets in bodies: what they are read as and shown as, and what is refused.

use std::collections::BTreeMap;

use ipnet::IpNet;
use serde_json::{Value, json};

use super::prefixes;
use crate::arm::call::{ArmError, Key, merge, others, strings};
use crate::arm::plain::configurations_in;
use crate::arm::state::{Provisioning, Store, Subnet, VirtualNetwork};

pub(super) const KIND: &str = "Microsoft.Network/virtualNetworks/subnets";

const OWN_PROPERTIES: [&str; 4] =
    ["provisioningState", "addressPrefix", "addressPrefixes", "ipConfigurations"];

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

/// Every subnet lies in the network's space and apart from the others.
pub(super) fn check(
    network: &str,
    space: &[IpNet],
    subnets: &BTreeMap<String, Subnet>,
) -> Result<(), ArmError> {
    let mut taken: Vec<IpNet> = Vec::new();
    for subnet in subnets.values() {
        let named = || (subnet.name.clone(), network.to_owned());
        for prefix in &subnet.prefixes {
            if !space.iter().any(|whole| whole.contains(prefix)) {
                let (subnet, network) = named();
                return Err(ArmError::SubnetOutside { subnet, network });
            }
            if taken.iter().any(|other| prefixes::overlap(other, prefix)) {
                let (subnet, network) = named();
                return Err(ArmError::SubnetsOverlap { subnet, network });
            }
            taken.push(*prefix);
        }
    }
    Ok(())
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
    store.plain.values().flat_map(|plain| configurations_in(plain, &key)).collect()
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
