//! Network managers and the two halves of a management handshake.
//!
//! Azure carries these writes out at once and answers 200, for a create too; the state of a half then still says
//! `Pending` and flips by itself within seconds (Azure CLI recordings, 2024). So a write has ended when it is answered,
//! and what came of it is to be read back.

use std::time::Duration;

use uuid::Uuid;

use super::halves::{NetworkManager, NetworkManagerConnection, ScopeConnection};
use super::ids::{NetworkManagerConnectionId, NetworkManagerId, ScopeConnectionId};
use super::wire;
use crate::arm::wire::WireError;
use crate::arm::{
    ArmError, Deadline, ListedIn, Operation, Resource, ResourceManager, ResourceType, WriteError, as_read,
};
use crate::handshake::ids::TenantId;
use crate::handshake::read::Read;
use crate::handshake::scope::Scope;

/// The most that a list of managers, or of what belongs to one, lets one ask for on a page.
pub(super) const TOP: Option<u8> = Some(20);

/// Tells whoever finds one of our halves where it came from.
const DESCRIPTION: &str = "made by peerpact";

const SCOPE_CONNECTION: ResourceType = ResourceType {
    read: "Microsoft.Network/networkManagers/scopeConnections/read",
    write: "Microsoft.Network/networkManagers/scopeConnections/write",
    delete: "Microsoft.Network/networkManagers/scopeConnections/delete",
    pause: Duration::from_secs(2),
};

const CONNECTION: ResourceType = ResourceType {
    read: "Microsoft.Network/networkManagerConnections/read",
    write: "Microsoft.Network/networkManagerConnections/write",
    delete: "Microsoft.Network/networkManagerConnections/delete",
    pause: Duration::from_secs(2),
};

impl Resource for NetworkManager {
    type Id = NetworkManagerId;
    type Wire = wire::NetworkManagerJson;
    const READ: &'static str = "Microsoft.Network/networkManagers/read";
    const COLLECTION: &'static str = "providers/Microsoft.Network/networkManagers";
    const TOP: Option<u8> = TOP;

    fn from_wire(wire: Self::Wire) -> Result<Self, WireError> {
        wire.into_manager()
    }

    fn id(&self) -> &Self::Id {
        &self.id
    }
}

impl Resource for ScopeConnection {
    type Id = ScopeConnectionId;
    type Wire = wire::ScopeConnectionJson;
    const READ: &'static str = SCOPE_CONNECTION.read;
    const COLLECTION: &'static str = "scopeConnections";
    const TOP: Option<u8> = TOP;

    fn from_wire(wire: Self::Wire) -> Result<Self, WireError> {
        wire.into_half()
    }

    fn id(&self) -> &Self::Id {
        &self.id
    }
}

impl Resource for NetworkManagerConnection {
    type Id = NetworkManagerConnectionId;
    type Wire = wire::NetworkManagerConnectionJson;
    const READ: &'static str = CONNECTION.read;
    const COLLECTION: &'static str = "providers/Microsoft.Network/networkManagerConnections";
    const TOP: Option<u8> = TOP;

    fn from_wire(wire: Self::Wire) -> Result<Self, WireError> {
        wire.into_half()
    }

    fn id(&self) -> &Self::Id {
        &self.id
    }
}

impl ResourceManager {
    /// One network manager with the scopes of other tenants that it has taken: one GET.
    ///
    /// # Errors
    /// When it cannot be had by `until`, except where it is not there or not for us: see [`ArmError::class`].
    pub async fn manager(
        &self,
        tenant: TenantId,
        id: &NetworkManagerId,
        until: Deadline,
    ) -> Result<Read<NetworkManager>, ArmError> {
        as_read(self.one(tenant, id, until).await)
    }

    /// Every network manager of a place. One that makes no sense is passed over with a warning.
    ///
    /// # Errors
    /// As [`Self::manager`], or when a page leads elsewhere.
    pub async fn managers(
        &self,
        tenant: TenantId,
        place: &ListedIn,
        until: Deadline,
    ) -> Result<Read<Vec<NetworkManager>>, ArmError> {
        as_read(self.list(tenant, place, until).await)
    }

    /// One scope connection: one GET.
    ///
    /// # Errors
    /// As [`Self::manager`].
    pub async fn scope_connection(
        &self,
        tenant: TenantId,
        id: &ScopeConnectionId,
        until: Deadline,
    ) -> Result<Read<ScopeConnection>, ArmError> {
        as_read(self.one(tenant, id, until).await)
    }

    /// Every scope connection of a manager; absent if the manager is.
    ///
    /// # Errors
    /// As [`Self::managers`].
    pub async fn scope_connections(
        &self,
        tenant: TenantId,
        manager: &NetworkManagerId,
        until: Deadline,
    ) -> Result<Read<Vec<ScopeConnection>>, ArmError> {
        as_read(self.list(tenant, manager, until).await)
    }

    /// One network manager connection of a subscription or a management group: one GET.
    ///
    /// # Errors
    /// As [`Self::manager`].
    pub async fn connection(
        &self,
        tenant: TenantId,
        id: &NetworkManagerConnectionId,
        until: Deadline,
    ) -> Result<Read<NetworkManagerConnection>, ArmError> {
        as_read(self.one(tenant, id, until).await)
    }

    /// Every network manager connection of a scope; absent if the scope is.
    ///
    /// # Errors
    /// As [`Self::managers`].
    pub async fn connections(
        &self,
        tenant: TenantId,
        scope: &Scope,
        until: Deadline,
    ) -> Result<Read<Vec<NetworkManagerConnection>>, ArmError> {
        as_read(self.list(tenant, scope, until).await)
    }

    /// Creates or replaces a scope connection that asks for `scope` of the tenant `other`: one PUT, with our tenant's
    /// token alone.
    ///
    /// # Errors
    /// [`WriteError::Rejected`] if nothing was written; [`WriteError::Unknown`] if that has to be read back.
    pub async fn put_scope_connection(
        &self,
        tenant: TenantId,
        id: &ScopeConnectionId,
        other: TenantId,
        scope: &Scope,
        correlation: Uuid,
        until: Deadline,
    ) -> Result<Operation, WriteError> {
        let properties =
            wire::ScopeConnectionBody { tenant_id: other, resource_id: scope, description: DESCRIPTION };
        let call = self.putting(&SCOPE_CONNECTION, tenant, id, &wire::PutBody { properties }, correlation)?;
        self.write(&SCOPE_CONNECTION, &call, until).await
    }

    /// Deletes a scope connection: one DELETE. One that is not there, or whose manager is not, counts as deleted.
    ///
    /// # Errors
    /// As [`Self::put_scope_connection`].
    pub async fn delete_scope_connection(
        &self,
        tenant: TenantId,
        id: &ScopeConnectionId,
        correlation: Uuid,
        until: Deadline,
    ) -> Result<Operation, WriteError> {
        self.delete(&SCOPE_CONNECTION, tenant, id, correlation, until).await
    }

    /// Creates or replaces the connection by which a scope lets `manager` take it: one PUT, with our tenant's token
    /// alone.
    ///
    /// # Errors
    /// As [`Self::put_scope_connection`].
    pub async fn put_connection(
        &self,
        tenant: TenantId,
        id: &NetworkManagerConnectionId,
        manager: &NetworkManagerId,
        correlation: Uuid,
        until: Deadline,
    ) -> Result<Operation, WriteError> {
        let properties =
            wire::NetworkManagerConnectionBody { network_manager_id: manager, description: DESCRIPTION };
        let call = self.putting(&CONNECTION, tenant, id, &wire::PutBody { properties }, correlation)?;
        self.write(&CONNECTION, &call, until).await
    }

    /// Deletes a network manager connection: one DELETE. One that is not there counts as deleted.
    ///
    /// # Errors
    /// As [`Self::put_scope_connection`].
    pub async fn delete_connection(
        &self,
        tenant: TenantId,
        id: &NetworkManagerConnectionId,
        correlation: Uuid,
        until: Deadline,
    ) -> Result<Operation, WriteError> {
        self.delete(&CONNECTION, tenant, id, correlation, until).await
    }
}
