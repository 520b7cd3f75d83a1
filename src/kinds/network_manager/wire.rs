//! Network managers, the two halves of a management handshake and the members of network groups, as Azure writes them.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::halves::{self, ConnectionState};
use super::ids::NetworkManagerId;
use crate::arm::wire::WireError;
use crate::handshake::ids::{IdError, Name, TenantId, VirtualNetworkId};
use crate::handshake::provisioning::Provisioning;
use crate::handshake::scope::Scope;

/// `Microsoft.Network/networkManagers/scopeConnections`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct ScopeConnectionJson {
    id: String,
    properties: Option<ScopeConnectionProperties>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct ScopeConnectionProperties {
    tenant_id: String,
    resource_id: String,
    connection_state: Option<ConnectionState>,
}

/// `Microsoft.Network/networkManagerConnections`, of a subscription or a management group.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct NetworkManagerConnectionJson {
    id: String,
    properties: Option<NetworkManagerConnectionProperties>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct NetworkManagerConnectionProperties {
    network_manager_id: String,
    connection_state: Option<ConnectionState>,
}

/// `Microsoft.Network/networkManagers`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct NetworkManagerJson {
    id: String,
    properties: Option<NetworkManagerProperties>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct NetworkManagerProperties {
    network_manager_scopes: Option<NetworkManagerScopes>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct NetworkManagerScopes {
    cross_tenant_scopes: Option<Vec<Value>>,
}

/// What a manager has taken of one other tenant.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct CrossTenantScopes {
    tenant_id: String,
    subscriptions: Option<Vec<Value>>,
    management_groups: Option<Vec<Value>>,
}

/// `Microsoft.Network/networkManagers/networkGroups/staticMembers`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct StaticMemberJson {
    id: String,
    properties: Option<StaticMemberProperties>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct StaticMemberProperties {
    resource_id: String,
    provisioning_state: Option<Provisioning>,
}

/// A virtual network, of which nothing but its id is of interest here.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct NetworkItem {
    pub(super) id: String,
}

/// The body of a PUT. What Azure decides by itself is not sent; it would be ignored.
#[derive(Clone, Debug, Serialize)]
pub struct PutBody<P> {
    /// What is written.
    pub properties: P,
}

/// The properties of a scope connection's PUT.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ScopeConnectionBody<'a> {
    /// The tenant of the scope.
    pub tenant_id: TenantId,
    /// The scope.
    pub resource_id: &'a Scope,
    /// For people.
    pub description: &'a str,
}

/// The properties of a network manager connection's PUT.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NetworkManagerConnectionBody<'a> {
    /// The manager that may take the scope.
    pub network_manager_id: &'a NetworkManagerId,
    /// For people.
    pub description: &'a str,
}

/// The properties of a static member's PUT.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StaticMemberBody<'a> {
    /// The network that becomes a member.
    pub resource_id: &'a VirtualNetworkId,
}

impl ScopeConnectionJson {
    /// The central half as the handshake sees it.
    ///
    /// # Errors
    /// When its id, its tenant or its scope cannot be read.
    pub fn into_half(self) -> Result<halves::ScopeConnection, WireError> {
        let properties = self.properties.unwrap_or_default();
        Ok(halves::ScopeConnection {
            id: self.id.parse()?,
            tenant: properties.tenant_id.parse()?,
            scope: properties.resource_id.parse()?,
            state: properties.connection_state.unwrap_or(ConnectionState::Unknown),
        })
    }
}

impl NetworkManagerConnectionJson {
    /// The target's half as the handshake sees it.
    ///
    /// # Errors
    /// When its id or its manager cannot be read.
    pub fn into_half(self) -> Result<halves::NetworkManagerConnection, WireError> {
        let properties = self.properties.unwrap_or_default();
        Ok(halves::NetworkManagerConnection {
            id: self.id.parse()?,
            manager: properties.network_manager_id.parse()?,
            state: properties.connection_state.unwrap_or(ConnectionState::Unknown),
        })
    }
}

impl NetworkManagerJson {
    /// The manager as the handshake sees it. A scope of another tenant that cannot be read is passed over with a
    /// warning: the others are true all the same.
    ///
    /// # Errors
    /// When its id cannot be read.
    pub fn into_manager(self) -> Result<halves::NetworkManager, WireError> {
        let id: NetworkManagerId = self.id.parse()?;
        let scopes = self.properties.and_then(|properties| properties.network_manager_scopes);
        let tenants = scopes.and_then(|scopes| scopes.cross_tenant_scopes).unwrap_or_default();
        let mut cross_tenant_scopes = Vec::new();
        for tenant in tenants {
            match serde_json::from_value::<CrossTenantScopes>(tenant) {
                Ok(tenant) => tenant.read(&id, &mut cross_tenant_scopes),
                Err(error) => tracing::warn!(%error, "a tenant of {id} is passed over"),
            }
        }
        Ok(halves::NetworkManager { id, cross_tenant_scopes })
    }
}

impl CrossTenantScopes {
    fn read(self, manager: &NetworkManagerId, into: &mut Vec<(TenantId, Scope)>) {
        let tenant: TenantId = match self.tenant_id.parse() {
            Ok(tenant) => tenant,
            Err(error) => {
                tracing::warn!(%error, "a tenant of {manager} is passed over");
                return;
            }
        };
        let subscription = |bare: &str| bare.parse().map(Scope::Subscription);
        let group = |bare: &str| bare.parse::<Name>().map(Scope::ManagementGroup);
        let subscriptions = self.subscriptions.unwrap_or_default();
        let groups = self.management_groups.unwrap_or_default();
        let told = subscriptions.iter().map(|told| scope(told, subscription));
        for scope in told.chain(groups.iter().map(|told| scope(told, group))) {
            match scope {
                Ok(scope) => into.push((tenant, scope)),
                Err(error) => tracing::warn!(%error, "a scope of {manager} is passed over"),
            }
        }
    }
}

/// A scope as a manager lists it: its id, or only what is at the end of it.
fn scope(told: &Value, bare: impl Fn(&str) -> Result<Scope, IdError>) -> Result<Scope, IdError> {
    let text = told.as_str().unwrap_or_default();
    if text.contains('/') { text.parse() } else { bare(text) }
}

impl StaticMemberJson {
    /// The member as the handshake sees it.
    ///
    /// # Errors
    /// When its id cannot be read or the member is no virtual network.
    pub fn into_member(self) -> Result<halves::StaticMember, WireError> {
        let properties = self.properties.unwrap_or_default();
        Ok(halves::StaticMember {
            id: self.id.parse()?,
            network: properties.resource_id.parse()?,
            provisioning: properties.provisioning_state.unwrap_or_default(),
        })
    }
}
