//! Static members of network groups: a network, of another tenant too, that a manager's configurations apply to.

use std::time::Duration;

use uuid::Uuid;

use super::calls::TOP;
use super::halves::StaticMember;
use super::ids::{NetworkGroupId, StaticMemberId};
use super::wire;
use crate::arm::wire::WireError;
use crate::arm::{
    ArmError, Deadline, ListedIn, Operation, Resource, ResourceManager, ResourceType, WriteError, as_read,
};
use crate::handshake::ids::{SubscriptionId, TenantId, VirtualNetworkId};
use crate::handshake::read::Read;

/// What is taken to be missing on a member where Azure's refusal does not name it; which action it checks there is not
/// documented.
const JOIN: &str = "Microsoft.Network/virtualNetworks/join/action";

const MEMBER: ResourceType = ResourceType {
    read: "Microsoft.Network/networkManagers/networkGroups/staticMembers/read",
    write: "Microsoft.Network/networkManagers/networkGroups/staticMembers/write",
    delete: "Microsoft.Network/networkManagers/networkGroups/staticMembers/delete",
    // Recorded ones were through after 2 to 8 s.
    pause: Duration::from_secs(2),
};

impl Resource for StaticMember {
    type Id = StaticMemberId;
    type Wire = wire::StaticMemberJson;
    const READ: &'static str = MEMBER.read;
    const COLLECTION: &'static str = "staticMembers";
    const TOP: Option<u8> = TOP;

    fn from_wire(wire: Self::Wire) -> Result<Self, WireError> {
        wire.into_member()
    }

    fn id(&self) -> &Self::Id {
        &self.id
    }
}

/// A virtual network that a list names.
struct ListedNetwork(VirtualNetworkId);

impl Resource for ListedNetwork {
    type Id = VirtualNetworkId;
    type Wire = wire::NetworkItem;
    const READ: &'static str = "Microsoft.Network/virtualNetworks/read";
    const COLLECTION: &'static str = "providers/Microsoft.Network/virtualNetworks";
    const TOP: Option<u8> = None;

    fn from_wire(wire: Self::Wire) -> Result<Self, WireError> {
        Ok(Self(wire.id.parse()?))
    }

    fn id(&self) -> &Self::Id {
        &self.0
    }
}

impl ResourceManager {
    /// The id of every virtual network of a subscription.
    pub(super) async fn network_ids(
        &self,
        tenant: TenantId,
        subscription: SubscriptionId,
        until: Deadline,
    ) -> Result<Vec<VirtualNetworkId>, ArmError> {
        let listed: Vec<ListedNetwork> =
            self.list(tenant, &ListedIn::Subscription(subscription), until).await?;
        Ok(listed.into_iter().map(|network| network.0).collect())
    }

    /// Every static member of a group; absent if the group is. One that makes no sense, or is no virtual network, is
    /// passed over with a warning.
    ///
    /// # Errors
    /// When a page cannot be had by `until` or leads elsewhere, except where the group is not there or not for us: see
    /// [`ArmError::class`].
    pub async fn members(
        &self,
        tenant: TenantId,
        group: &NetworkGroupId,
        until: Deadline,
    ) -> Result<Read<Vec<StaticMember>>, ArmError> {
        as_read(self.list(tenant, group, until).await)
    }

    /// Makes a network a member: one PUT, with the token of the network's tenant (`auxiliary`) along. Azure answers
    /// `Updating`, without an operation: [`Self::finish`] polls the member itself.
    ///
    /// # Errors
    /// [`WriteError::Rejected`] if nothing was written; [`WriteError::Unknown`] if that has to be read back.
    pub async fn put_member(
        &self,
        tenant: TenantId,
        auxiliary: TenantId,
        id: &StaticMemberId,
        network: &VirtualNetworkId,
        correlation: Uuid,
        until: Deadline,
    ) -> Result<Operation, WriteError> {
        let body = wire::PutBody { properties: wire::StaticMemberBody { resource_id: network } };
        let call =
            self.putting(&MEMBER, tenant, id, &body, correlation)?.linking(JOIN, network, Some(auxiliary));
        self.write(&MEMBER, &call, until).await
    }

    /// Removes a member: one DELETE, with our tenant's token alone. One that is not there, or whose group is not,
    /// counts as removed.
    ///
    /// # Errors
    /// As [`Self::put_member`].
    pub async fn delete_member(
        &self,
        tenant: TenantId,
        id: &StaticMemberId,
        correlation: Uuid,
        until: Deadline,
    ) -> Result<Operation, WriteError> {
        self.delete(&MEMBER, tenant, id, correlation, until).await
    }
}
