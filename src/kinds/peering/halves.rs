//! What is seen of a peering's two halves: networks, the peerings in them and their states.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::flags::PeeringFlags;
use super::ids::PeeringId;
use crate::handshake::ids::VirtualNetworkId;
use crate::handshake::provisioning::Provisioning;

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

impl fmt::Display for PeeringState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}

impl fmt::Display for SyncLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
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
