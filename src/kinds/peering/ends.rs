//! The two ends of a peering.

use super::ids::NAME;
use crate::handshake::ids::{HandshakeId, TenantId, VirtualNetworkId};
use crate::handshake::pair::Pair;
use crate::handshake::resource_id::ResourceId;

/// The two ends of a peering, told apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeeringEnds {
    /// Our network.
    pub ours: VirtualNetworkId,
    /// The partner's network.
    pub theirs: VirtualNetworkId,
    /// The partner's tenant.
    pub partner: TenantId,
}

impl PeeringEnds {
    /// The ends that a pair names; `None` unless they are virtual networks.
    #[must_use]
    pub fn of(ours: &ResourceId, theirs: &ResourceId, partner: TenantId) -> Option<Self> {
        let network = |id: &ResourceId| id.as_str().parse().ok();
        Some(Self { ours: network(ours)?, theirs: network(theirs)?, partner })
    }

    /// The handshake between them.
    #[must_use]
    pub fn pair(&self) -> Pair {
        Pair {
            kind: NAME,
            id: HandshakeId::of_peering(&self.ours, &self.theirs),
            ours: ResourceId::of(&self.ours),
            theirs: ResourceId::of(&self.theirs),
            partner: self.partner,
        }
    }
}
