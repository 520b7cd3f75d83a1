//! Virtual networks and peerings as Azure writes them, and their conversion to what the handshake knows.
//!
//! Everything is optional here: older api-versions lack fields, and Azure leaves out what is empty.

use std::collections::BTreeMap;
use std::fmt::Display;

use ipnet::IpNet;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value, json};

use super::flags::PeeringFlags;
use super::halves::{AsRead, Network, PeeringHalf, PeeringState, SyncLevel};
use super::ids::PeeringId;
use crate::arm::wire::WireError;
use crate::handshake::ids::{IdError, Name, VirtualNetworkId};
use crate::handshake::provisioning::Provisioning;

/// `Microsoft.Network/virtualNetworks`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct VirtualNetwork {
    id: String,
    tags: Option<BTreeMap<String, Option<String>>>,
    properties: Option<VirtualNetworkProperties>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct VirtualNetworkProperties {
    provisioning_state: Option<Provisioning>,
    resource_guid: Option<String>,
    address_space: Option<AddressSpace>,
    subnets: Option<Vec<Subnet>>,
    virtual_network_peerings: Option<Vec<Peering>>,
}

/// `Microsoft.Network/virtualNetworks/virtualNetworkPeerings`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Peering {
    id: Option<String>,
    name: Option<String>,
    #[serde(deserialize_with = "both_ways")]
    properties: Option<BothWays>,
}

/// A peering's properties: what is used of them, and all of them.
#[derive(Clone, Debug, Default)]
struct BothWays {
    used: PeeringProperties,
    as_read: AsRead,
}

fn both_ways<'de, D: Deserializer<'de>>(from: D) -> Result<Option<BothWays>, D::Error> {
    let Some(all) = Option::<Map<String, Value>>::deserialize(from)? else { return Ok(None) };
    let used = PeeringProperties::deserialize(&all).map_err(D::Error::custom)?;
    Ok(Some(BothWays { used, as_read: AsRead::from(all) }))
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct PeeringProperties {
    provisioning_state: Option<Provisioning>,
    peering_state: Option<PeeringState>,
    peering_sync_level: Option<SyncLevel>,
    remote_virtual_network: Option<SubResource>,
    allow_virtual_network_access: Option<bool>,
    allow_forwarded_traffic: Option<bool>,
    allow_gateway_transit: Option<bool>,
    use_remote_gateways: Option<bool>,
    peer_complete_vnets: Option<bool>,
    #[serde(rename = "enableOnlyIPv6Peering")]
    enable_only_ipv6_peering: Option<bool>,
    remote_address_space: Option<AddressSpace>,
    remote_virtual_network_address_space: Option<AddressSpace>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct AddressSpace {
    address_prefixes: Option<Vec<String>>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Subnet {
    name: String,
    properties: Option<SubnetProperties>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct SubnetProperties {
    ip_configurations: Option<Vec<SubResource>>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct SubResource {
    id: Option<String>,
}

/// The body of a peering's PUT.
///
/// Azure replaces a half as a whole, so that one which exists goes back as it was read, with what this version does not
/// know; what Azure decides by itself (states, spaces) it ignores there, and of a new half it is not sent.
#[derive(Clone, Debug, Serialize)]
pub struct PeeringPut {
    properties: Map<String, Value>,
}

impl PeeringPut {
    /// A half that points at `remote` with these flags, and is otherwise as it was read.
    #[must_use]
    pub fn new(remote: &VirtualNetworkId, flags: PeeringFlags, as_read: &AsRead) -> Self {
        let mut properties = as_read.properties().cloned().unwrap_or_default();
        let PeeringFlags {
            allow_virtual_network_access,
            allow_forwarded_traffic,
            allow_gateway_transit,
            use_remote_gateways,
        } = flags;
        for (name, flag) in [
            ("allowVirtualNetworkAccess", allow_virtual_network_access),
            ("allowForwardedTraffic", allow_forwarded_traffic),
            ("allowGatewayTransit", allow_gateway_transit),
            ("useRemoteGateways", use_remote_gateways),
        ] {
            properties.insert(name.to_owned(), flag.into());
        }
        match properties.get_mut("remoteVirtualNetwork").and_then(Value::as_object_mut) {
            Some(read) => {
                let leads = read.get("id").and_then(Value::as_str).and_then(|id| id.parse().ok());
                if leads.as_ref() != Some(remote) {
                    read.insert("id".to_owned(), remote.to_string().into());
                }
            }
            None => {
                properties.insert("remoteVirtualNetwork".to_owned(), json!({"id": remote.to_string()}));
            }
        }
        Self { properties }
    }
}

impl VirtualNetwork {
    /// The network as the handshake sees it.
    ///
    /// # Errors
    /// When its id or one of its prefixes cannot be read: on such a network nothing may be decided.
    pub fn into_network(self) -> Result<Network, WireError> {
        let id: VirtualNetworkId = self.id.parse()?;
        let properties = self.properties.unwrap_or_default();
        let mut peerings = Vec::new();
        for peering in properties.virtual_network_peerings.unwrap_or_default() {
            peerings.extend(peering.into_half(&id)?);
        }
        Ok(Network {
            prefixes: prefixes(properties.address_space, &id)?.unwrap_or_default(),
            resource_guid: properties.resource_guid.filter(|guid| !guid.is_empty()),
            tags: self
                .tags
                .unwrap_or_default()
                .into_iter()
                .map(|(k, v)| (k, v.unwrap_or_default()))
                .collect(),
            provisioning: properties.provisioning_state.unwrap_or_default(),
            has_gateway: properties.subnets.unwrap_or_default().iter().any(Subnet::holds_a_gateway),
            peerings,
            id,
        })
    }
}

impl Subnet {
    /// A gateway shows itself in the network only by its address configuration in the subnet of this fixed name.
    fn holds_a_gateway(&self) -> bool {
        let used = |properties: &SubnetProperties| {
            properties.ip_configurations.as_ref().is_some_and(|configurations| !configurations.is_empty())
        };
        self.name.eq_ignore_ascii_case("GatewaySubnet") && self.properties.as_ref().is_some_and(used)
    }
}

impl Peering {
    /// The peering as the handshake sees it, as a child of `network`; `None` (and a warning) where it names no remote
    /// network that can be read.
    ///
    /// # Errors
    /// When one of its prefixes cannot be read.
    pub fn into_half(self, network: &VirtualNetworkId) -> Result<Option<PeeringHalf>, WireError> {
        let shown = self.id.as_deref().or(self.name.as_deref()).unwrap_or_default().to_owned();
        let BothWays { used: properties, as_read } = self.properties.unwrap_or_default();
        let remote = properties.remote_virtual_network.and_then(|remote| remote.id).unwrap_or_default();
        let ids = peering_id(self.id.as_deref(), self.name.as_deref(), network)
            .and_then(|id| Ok((id, remote.parse::<VirtualNetworkId>()?)));
        let (id, remote) = match ids {
            Ok(ids) => ids,
            Err(error) => {
                tracing::warn!(peering = shown, %error, "a peering is passed over");
                return Ok(None);
            }
        };
        let peered = prefixes(properties.remote_address_space, &id)?.unwrap_or_default();
        let current = prefixes(properties.remote_virtual_network_address_space, &id)?;
        Ok(Some(PeeringHalf {
            id,
            remote,
            state: properties.peering_state.unwrap_or(PeeringState::Unknown),
            sync: properties.peering_sync_level.unwrap_or(SyncLevel::Unknown),
            provisioning: properties.provisioning_state.unwrap_or_default(),
            flags: PeeringFlags {
                // Absent, it is allowed.
                allow_virtual_network_access: properties.allow_virtual_network_access.unwrap_or(true),
                allow_forwarded_traffic: properties.allow_forwarded_traffic.unwrap_or_default(),
                allow_gateway_transit: properties.allow_gateway_transit.unwrap_or_default(),
                use_remote_gateways: properties.use_remote_gateways.unwrap_or_default(),
            },
            whole: properties.peer_complete_vnets != Some(false)
                && properties.enable_only_ipv6_peering != Some(true),
            current: current.unwrap_or_else(|| peered.clone()),
            peered,
            as_read,
        }))
    }
}

/// The peering's id: as it says itself where that lies in its network, or else by its name there.
fn peering_id(
    id: Option<&str>,
    name: Option<&str>,
    network: &VirtualNetworkId,
) -> Result<PeeringId, IdError> {
    let own = id.and_then(|id| id.parse::<PeeringId>().ok()).filter(|id| id.network == *network);
    own.map_or_else(|| Ok(network.peering(name.unwrap_or_default().parse::<Name>()?)), Ok)
}

fn prefixes(space: Option<AddressSpace>, of: &impl Display) -> Result<Option<Vec<IpNet>>, WireError> {
    let Some(texts) = space.and_then(|space| space.address_prefixes) else { return Ok(None) };
    let parsed = texts.iter().map(|text| {
        text.parse::<IpNet>().map_err(|_| WireError::Prefix {
            prefix: text.chars().take(60).collect(),
            resource: of.to_string(),
        })
    });
    parsed.collect::<Result<Vec<_>, _>>().map(Some)
}
