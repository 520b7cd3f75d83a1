//! What is seen of a peering's two halves: networks, the peerings in them and their states.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::ids::{PeeringId, VirtualNetworkId};

/// A virtual network as read: enough to decide on every peering in it without a further read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Network {
    /// Its id, in the case that Resource Manager answered.
    pub id: VirtualNetworkId,
    /// Changes when a network is deleted and made again under the same name.
    pub resource_guid: Option<String>,
    /// Its address space now.
    pub prefixes: Vec<IpNet>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// Whether a write on the network is under way.
    pub provisioning: Provisioning,
    /// Whether a virtual network gateway stands in its `GatewaySubnet`.
    pub has_gateway: bool,
    /// Every peering in it, whole.
    pub peerings: Vec<PeeringHalf>,
}

impl Network {
    /// The half that points at `remote`. It is found by the remote network's id, never by name, so that one made by
    /// hand under another name counts.
    #[must_use]
    pub fn half_towards(&self, remote: &VirtualNetworkId) -> Option<&PeeringHalf> {
        self.peerings.iter().find(|half| half.remote == *remote)
    }
}

/// One tenant's peering resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeeringHalf {
    /// Its id.
    pub id: PeeringId,
    /// The network it points at.
    pub remote: VirtualNetworkId,
    /// Where the pair stands, as this half shows it.
    pub state: PeeringState,
    /// Whether both halves hold the current address spaces.
    pub sync: SyncLevel,
    /// Whether a write on it is under way.
    pub provisioning: Provisioning,
    /// Its four flags.
    pub flags: PeeringFlags,
    /// Whether it peers the whole address spaces (`peerCompleteVnets` and not `enableOnlyIPv6Peering`).
    pub whole: bool,
    /// The remote space that is routed today (`remoteAddressSpace`).
    pub peered: Vec<IpNet>,
    /// The remote network's space now (`remoteVirtualNetworkAddressSpace`; `peered` where the api-version lacks it).
    pub current: Vec<IpNet>,
    /// All its properties, for writing it again.
    pub as_read: AsRead,
}

/// A half's `properties` as Resource Manager showed them, so that a write which replaces the half loses nothing of it.
///
/// It has no part in deciding: any two are equal, and none is shown.
#[derive(Clone, Default)]
pub struct AsRead(Option<Arc<Map<String, Value>>>);

impl AsRead {
    /// The properties, if they were read.
    #[must_use]
    pub fn properties(&self) -> Option<&Map<String, Value>> {
        self.0.as_deref()
    }
}

impl From<Map<String, Value>> for AsRead {
    fn from(properties: Map<String, Value>) -> Self {
        Self(Some(Arc::new(properties)))
    }
}

impl PartialEq for AsRead {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for AsRead {}

impl fmt::Debug for AsRead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AsRead")
    }
}

/// The flags of one half. They are set for each half on its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_excessive_bools, reason = "these are Azure's four flags, each independent")]
pub struct PeeringFlags {
    /// `allowVirtualNetworkAccess`
    pub allow_virtual_network_access: bool,
    /// `allowForwardedTraffic`
    pub allow_forwarded_traffic: bool,
    /// `allowGatewayTransit`
    pub allow_gateway_transit: bool,
    /// `useRemoteGateways`
    pub use_remote_gateways: bool,
}

impl PeeringFlags {
    /// The flags that both have.
    #[must_use]
    pub fn intersection(self, other: Self) -> Self {
        Self {
            allow_virtual_network_access: self.allow_virtual_network_access
                && other.allow_virtual_network_access,
            allow_forwarded_traffic: self.allow_forwarded_traffic && other.allow_forwarded_traffic,
            allow_gateway_transit: self.allow_gateway_transit && other.allow_gateway_transit,
            use_remote_gateways: self.use_remote_gateways && other.use_remote_gateways,
        }
    }

    /// Whether the other has every flag that this has.
    #[must_use]
    pub fn within(self, other: Self) -> bool {
        self.intersection(other) == self
    }
}

/// `peeringState`. Azure's enumerations are open: what is not known is `Unknown`, and waited on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum PeeringState {
    /// The other half does not exist yet.
    Initiated,
    /// Both halves exist.
    Connected,
    /// The other half, or its network, was removed.
    Disconnected,
    /// A state this version does not know.
    #[serde(other)]
    Unknown,
}

/// `peeringSyncLevel`: "local" says that this half's stored spaces are behind, "remote" that the other half's are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum SyncLevel {
    /// Nothing to do.
    FullyInSync,
    /// A sync is to be made on the other half.
    RemoteNotInSync,
    /// A sync is to be made on this half.
    LocalNotInSync,
    /// Each half needs its own sync.
    LocalAndRemoteNotInSync,
    /// Absent (old api-versions) or not known to this version.
    #[serde(other)]
    Unknown,
}

/// `provisioningState`. An absent one means done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Provisioning {
    /// The last write is through.
    #[default]
    Succeeded,
    /// A delete is under way.
    Deleting,
    /// The last write failed (also `Canceled`).
    #[serde(alias = "Canceled")]
    Failed,
    /// A write is under way (also `Creating` and whatever this version does not know).
    #[serde(other)]
    Updating,
}

/// What a read of one network gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sight {
    /// It is there.
    Seen(Network),
    /// Resource Manager answered 404: it is not there.
    NotFound,
    /// Our application may not read it.
    Denied(Denial),
}

impl Sight {
    /// The network, if it was seen.
    #[must_use]
    pub fn network(&self) -> Option<&Network> {
        match self {
            Self::Seen(network) => Some(network),
            Self::NotFound | Self::Denied(_) => None,
        }
    }
}

/// Somebody may not do something somewhere: what a `blocked` record tells and the grant that mends it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Denial {
    /// Our application's object id in that tenant (its client id where Azure did not name the object).
    pub principal: String,
    /// The action, such as `Microsoft.Network/virtualNetworks/read`.
    pub action: String,
    /// The resource id on which it is missing.
    pub scope: String,
    /// Azure's code, or that of the token endpoint.
    pub code: String,
}
