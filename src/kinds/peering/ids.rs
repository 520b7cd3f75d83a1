//! Ids of peerings, and of the handshake between two networks.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::handshake::ids::{
    HandshakeId, IdError, Name, VirtualNetworkId, as_text, expect, name_of, network_of, segments,
    serialize_display,
};
use crate::handshake::kind_name::KindName;

/// The kind's public name.
pub const NAME: KindName = KindName::new("peering");

/// The id of a virtual network peering: one half of a handshake.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PeeringId {
    /// The network that holds it.
    pub network: VirtualNetworkId,
    /// Its name, unique in that network.
    pub name: Name,
}

impl VirtualNetworkId {
    /// The id of the peering with this name in this network.
    #[must_use]
    pub fn peering(&self, name: Name) -> PeeringId {
        PeeringId { network: self.clone(), name }
    }
}

impl HandshakeId {
    /// The handshake between two virtual networks, whichever is named first.
    #[must_use]
    pub fn of_peering(one: &VirtualNetworkId, other: &VirtualNetworkId) -> Self {
        let mut ends = [one.to_string().to_ascii_lowercase(), other.to_string().to_ascii_lowercase()];
        ends.sort();
        Self::of(&NAME, [&ends[0], &ends[1]])
    }
}

const PEERING: &str = "a peering id (…/virtualNetworks/…/virtualNetworkPeerings/…)";

impl FromStr for PeeringId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        match segments(text, PEERING)?.as_slice() {
            [network @ .., literal, name] if network.len() == 8 => {
                expect(text, PEERING, literal, "virtualNetworkPeerings")?;
                Ok(Self { network: network_of(text, PEERING, network)?, name: name_of(text, PEERING, name)? })
            }
            other => {
                Err(IdError::new(text, PEERING, format!("it has {} segments instead of 10", other.len())))
            }
        }
    }
}

impl fmt::Display for PeeringId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/virtualNetworkPeerings/{}", self.network, self.name)
    }
}

as_text!(PeeringId => serialize_display);
