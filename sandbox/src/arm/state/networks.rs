//! Virtual networks, their subnets and their halves of peerings.

use std::collections::BTreeMap;

use ipnet::IpNet;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::provisioning::Provisioning;
use crate::arm::call::Key;

#[derive(Clone, Debug)]
pub(crate) struct VirtualNetwork {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) location: String,
    pub(crate) tags: Option<Map<String, Value>>,
    /// Shared by the network, its subnets and its halves (seen: a half's entity tag is its network's).
    pub(crate) etag: String,
    /// New for each incarnation: a network made again under the same name has another.
    pub(crate) guid: Uuid,
    pub(crate) provisioning: Provisioning,
    pub(crate) space: Vec<IpNet>,
    pub(crate) dns_servers: Value,
    pub(crate) subnets: BTreeMap<String, Subnet>,
    pub(crate) halves: BTreeMap<String, PeeringHalf>,
    /// The other properties, as they were written.
    pub(crate) rest: Map<String, Value>,
}

impl VirtualNetwork {
    /// Namespace and type.
    pub(crate) const KIND: &str = "Microsoft.Network/virtualNetworks";
}

#[derive(Clone, Debug)]
pub(crate) struct Subnet {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) provisioning: Provisioning,
    pub(crate) prefixes: Vec<IpNet>,
    /// Whether it was written with `addressPrefixes` rather than `addressPrefix`.
    pub(crate) plural: bool,
    pub(crate) rest: Map<String, Value>,
}

/// One half of a peering.
#[derive(Clone, Debug)]
pub(crate) struct PeeringHalf {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) provisioning: Provisioning,
    pub(crate) state: HalfState,
    pub(crate) sync: SyncLevel,
    /// As the caller wrote it.
    pub(crate) remote_id: String,
    /// The incarnation of the remote network that this half was written for.
    pub(crate) remote_guid: Uuid,
    pub(crate) pair_guid: Uuid,
    pub(crate) allow_access: bool,
    pub(crate) allow_forwarded: bool,
    pub(crate) gateway: GatewayFlags,
    /// `remoteAddressSpace`: what is peered.
    pub(crate) peered_space: Vec<IpNet>,
    /// `remoteVirtualNetworkAddressSpace`: the remote network's space when last seen.
    pub(crate) seen_space: Vec<IpNet>,
    /// What of the two networks it peers.
    pub(crate) part: Part,
    /// The other properties, as they were written.
    pub(crate) rest: Map<String, Value>,
}

impl PeeringHalf {
    pub(crate) fn remote_key(&self) -> Key {
        Key::of(&self.remote_id)
    }
}

/// `peeringState`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HalfState {
    Initiated,
    Connected,
    Disconnected,
}

impl HalfState {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Initiated => "Initiated",
            Self::Connected => "Connected",
            Self::Disconnected => "Disconnected",
        }
    }
}

/// `peeringSyncLevel`. *Local* means that this half's stored prefixes of the remote network are behind, *Remote* that the
/// other half's are (seen 2021, 2023, 2025).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::enum_variant_names, reason = "Azure's names")]
pub(crate) enum SyncLevel {
    FullyInSync,
    RemoteNotInSync,
    LocalNotInSync,
    LocalAndRemoteNotInSync,
}

impl SyncLevel {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::FullyInSync => "FullyInSync",
            Self::RemoteNotInSync => "RemoteNotInSync",
            Self::LocalNotInSync => "LocalNotInSync",
            Self::LocalAndRemoteNotInSync => "LocalAndRemoteNotInSync",
        }
    }
}

/// The flags of a half that rules look at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct GatewayFlags {
    pub(crate) allow_gateway_transit: bool,
    pub(crate) use_remote_gateways: bool,
    pub(crate) do_not_verify_remote_gateways: bool,
}

/// A half's part of its two networks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Part {
    /// None where it peers complete networks.
    pub(crate) subnets: Option<PartSubnets>,
    pub(crate) only_ipv6: bool,
}

/// The subnets of both networks that a half peers, by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PartSubnets {
    pub(crate) local: Vec<String>,
    pub(crate) remote: Vec<String>,
}
