//! Virtual networks and their peerings.

use std::time::Duration;

use uuid::Uuid;

use super::flags::PeeringFlags;
use super::halves::{AsRead, Network};
use super::ids::PeeringId;
use super::wire;
use crate::arm::wire::WireError;
use crate::arm::{
    ArmError, Deadline, ListedIn, Operation, Resource, ResourceManager, ResourceType, WriteError, as_read,
};
use crate::handshake::ids::{TenantId, VirtualNetworkId};
use crate::handshake::read::Read;

/// What Azure checks on the remote network for whoever writes a peering.
const PEER: &str = "Microsoft.Network/virtualNetworks/peer/action";

const PEERING: ResourceType = ResourceType {
    read: "Microsoft.Network/virtualNetworks/virtualNetworkPeerings/read",
    write: "Microsoft.Network/virtualNetworks/virtualNetworkPeerings/write",
    delete: "Microsoft.Network/virtualNetworks/virtualNetworkPeerings/delete",
    // Recorded operations took 10 to 31 s.
    pause: Duration::from_secs(10),
};

/// A peering to be written. Azure replaces it as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeeringWrite {
    /// The tenant of the network that holds it.
    pub tenant: TenantId,
    /// The tenant of the remote network, if it is another one: its token goes along, and no other's.
    pub auxiliary: Option<TenantId>,
    /// The peering.
    pub id: PeeringId,
    /// The network it points at.
    pub remote: VirtualNetworkId,
    /// Its flags.
    pub flags: PeeringFlags,
    /// The half that it is written over: what is not named here stays as it is there.
    pub over: AsRead,
    /// Take over the remote network's address space as it is now (`syncRemoteAddressSpace`).
    pub sync: bool,
    /// Names this write in Azure's logs and, with the attempt's number, each request of it.
    pub correlation: Uuid,
}

impl Resource for Network {
    type Id = VirtualNetworkId;
    type Wire = wire::VirtualNetwork;
    const READ: &'static str = "Microsoft.Network/virtualNetworks/read";
    const COLLECTION: &'static str = "providers/Microsoft.Network/virtualNetworks";
    const TOP: Option<u8> = None;

    fn from_wire(wire: Self::Wire) -> Result<Self, WireError> {
        wire.into_network()
    }

    fn id(&self) -> &Self::Id {
        &self.id
    }
}

impl ResourceManager {
    /// One virtual network with every peering in it: one GET.
    ///
    /// # Errors
    /// When it cannot be had by `until`: see [`ArmError::class`].
    pub async fn network(
        &self,
        tenant: TenantId,
        id: &VirtualNetworkId,
        until: Deadline,
    ) -> Result<Network, ArmError> {
        self.one(tenant, id, until).await
    }

    /// The same, with "not there" and "not for us" as answers instead of errors.
    ///
    /// # Errors
    /// Every other class of error.
    pub async fn read_network(
        &self,
        tenant: TenantId,
        id: &VirtualNetworkId,
        until: Deadline,
    ) -> Result<Read<Network>, ArmError> {
        as_read(self.network(tenant, id, until).await)
    }

    /// Every virtual network of a place. One that makes no sense is passed over with a warning.
    ///
    /// # Errors
    /// When a page cannot be had by `until`, or leads elsewhere: see [`ArmError::class`].
    pub async fn networks(
        &self,
        tenant: TenantId,
        place: &ListedIn,
        until: Deadline,
    ) -> Result<Vec<Network>, ArmError> {
        self.list(tenant, place, until).await
    }

    /// Creates or replaces a peering: one PUT.
    ///
    /// # Errors
    /// [`WriteError::Rejected`] if nothing was written; [`WriteError::Unknown`] if that has to be read back.
    pub async fn put_peering(&self, write: &PeeringWrite, until: Deadline) -> Result<Operation, WriteError> {
        let body = wire::PeeringPut::new(&write.remote, write.flags, &write.over);
        let mut call = self.putting(&PEERING, write.tenant, &write.id, &body, write.correlation)?.linking(
            PEER,
            &write.remote,
            write.auxiliary,
        );
        if write.sync {
            call = call.with_query("syncRemoteAddressSpace", "true");
        }
        self.write(&PEERING, &call, until).await
    }

    /// Deletes a peering: one DELETE. One that is not there counts as deleted.
    ///
    /// # Errors
    /// As [`Self::put_peering`].
    pub async fn delete_peering(
        &self,
        tenant: TenantId,
        id: &PeeringId,
        correlation: Uuid,
        until: Deadline,
    ) -> Result<Operation, WriteError> {
        self.delete(&PEERING, tenant, id, correlation, until).await
    }
}
