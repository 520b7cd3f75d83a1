//! Address prefixes in bodies.

use ipnet::IpNet;
use serde_json::{Value, json};

use crate::arm::call::{ArmError, strings};

/// Reads `{"addressPrefixes": […]}`; null is no prefix.
pub(super) fn space(value: &Value, resource: &str) -> Result<Vec<IpNet>, ArmError> {
    strings(&value["addressPrefixes"]).iter().map(|prefix| parse(prefix, resource)).collect()
}

/// Reads one prefix. Bits beyond its length are refused, as Azure does.
pub(super) fn parse(prefix: &str, resource: &str) -> Result<IpNet, ArmError> {
    let short: String = prefix.chars().take(64).collect();
    let net: IpNet = prefix
        .parse()
        .map_err(|_| ArmError::BadPrefix { prefix: short.clone(), resource: resource.to_owned() })?;
    if net.trunc() == net {
        Ok(net)
    } else {
        Err(ArmError::BadCidr {
            prefix: short,
            resource: resource.to_owned(),
            wanted: net.trunc().to_string(),
        })
    }
}

pub(super) fn to_json(space: &[IpNet]) -> Value {
    json!({"addressPrefixes": space.iter().map(ToString::to_string).collect::<Vec<_>>()})
}

pub(super) fn overlap(one: &IpNet, other: &IpNet) -> bool {
    one.contains(other) || other.contains(one)
}
