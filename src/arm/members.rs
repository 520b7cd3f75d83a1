//! Static members of network groups: a network, of another tenant too, that a manager's configurations apply to.

use std::time::Duration;

use uuid::Uuid;

use super::ResourceManager;
use super::deadline::Deadline;
use super::error::{ArmError, WriteError};
use super::managers::TOP;
use super::operation::Operation;
use super::resources::{Kind, Resource, look};
use super::wire::WireError;
use super::wire::managers as wire;
use crate::handshake::ids::{TenantId, VirtualNetworkId};
use crate::handshake::management::halves::{Look, StaticMember};
use crate::handshake::management::ids::{NetworkGroupId, StaticMemberId};

/// What is taken to be missing on a member where Azure's refusal does not name it; which action it checks there is not
/// documented.
const JOIN: &str = "Microsoft.Network/virtualNetworks/join/action";

const MEMBER: Kind = Kind {
    read: "Microsoft.Network/networkManagers/networkGroups/staticMembers/read",
    write: "Microsoft.Network/networkManagers/networkGroups/staticMembers/write",
    delete: "Microsoft.Network/networkManagers/networkGroups/staticMembers/delete",
    // Recorded ones were through after 2 to 8 s.
    pause: Duration::from_secs(2),
};

impl Resource for StaticMember {
    type Id = StaticMemberId;
    type Wire = wire::StaticMember;
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

impl ResourceManager {
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
    ) -> Result<Look<Vec<StaticMember>>, ArmError> {
        look(self.list(tenant, group, until).await)
    }

    /// Makes a network a member: one PUT, with the token of the network's tenant (`auxiliary`) along. Azure answers
    /// `Updating`, without an operation: [`Self::finish`] looks at the member itself.
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
        let body = wire::Body { properties: wire::StaticMemberBody { resource_id: network } };
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
