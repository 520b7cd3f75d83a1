//! A network manager in contoso that has no scope of its own, and what connects it to fabrikam.

use std::time::Duration;

use peerpact_sandbox::{Azure, Tenant};
use serde_json::{Value, json};

use crate::support::*;

/// No state takes longer to change by itself.
pub(crate) const FLIP: Duration = Duration::from_secs(3);

pub(crate) struct Stage {
    pub(crate) azure: Azure,
    /// Each tenant's operator, who is nobody in the other.
    pub(crate) contoso: Client,
    pub(crate) fabrikam: Client,
    pub(crate) manager: String,
}

pub(crate) async fn stage() -> Stage {
    stage_in(default_azure()).await
}

pub(crate) async fn stage_in(azure: Azure) -> Stage {
    let contoso = operator(&azure, Tenant::Contoso).await;
    let fabrikam = operator(&azure, Tenant::Fabrikam).await;
    contoso.group(Tenant::Contoso).await;
    fabrikam.group(Tenant::Fabrikam).await;
    let manager = manager(Tenant::Contoso, "central");
    contoso.put(&manager, &manager_body(&[], &["Connectivity"])).await.expect(200);
    Stage { azure, contoso, fabrikam, manager }
}

pub(crate) fn manager(tenant: Tenant, name: &str) -> String {
    format!("{}/providers/Microsoft.Network/networkManagers/{name}", group(tenant))
}

pub(crate) fn manager_body(own: &[&str], accesses: &[&str]) -> Value {
    let (groups, subscriptions): (Vec<&str>, Vec<&str>) =
        own.iter().partition(|scope| scope.contains("managementGroups"));
    json!({"location": "eastus2", "properties": {
        "description": "a manager", "networkManagerScopeAccesses": accesses,
        "networkManagerScopes": {"subscriptions": subscriptions, "managementGroups": groups},
    }})
}

pub(crate) fn subscription(tenant: Tenant) -> String {
    format!("/subscriptions/{}", tenant.subscription_id())
}

pub(crate) fn management_group(tenant: Tenant) -> String {
    format!("/providers/Microsoft.Management/managementGroups/{}", tenant.management_group())
}

pub(crate) fn scope_connection(manager: &str, name: &str) -> String {
    format!("{manager}/scopeConnections/{name}")
}

pub(crate) fn to_scope(tenant: Tenant, scope: &str) -> Value {
    json!({"properties": {"tenantId": tenant.tenant_id(), "resourceId": scope, "description": "ours"}})
}

pub(crate) fn connection(scope: &str, name: &str) -> String {
    format!("{scope}/providers/Microsoft.Network/networkManagerConnections/{name}")
}

pub(crate) fn to_manager(manager: &str) -> Value {
    json!({"properties": {"networkManagerId": manager, "description": "theirs"}})
}

pub(crate) fn connection_state(half: &Value) -> &str {
    half["properties"]["connectionState"].as_str().unwrap_or_default()
}

impl Stage {
    /// The central half for a scope of fabrikam's.
    pub(crate) async fn ours(&self, scope: &str) -> String {
        let id = scope_connection(&self.manager, "ours");
        self.contoso.put(&id, &to_scope(Tenant::Fabrikam, scope)).await.expect(200);
        id
    }

    /// The target's half in a scope of fabrikam's.
    pub(crate) async fn theirs(&self, scope: &str) -> String {
        let id = connection(scope, "theirs");
        self.fabrikam.put(&id, &to_manager(&self.manager)).await.expect(200);
        id
    }

    /// Both halves, Connected.
    pub(crate) async fn connect(&self, scope: &str) -> (String, String) {
        let halves = (self.ours(scope).await, self.theirs(scope).await);
        assert_eq!(self.states_later(&halves.0, &halves.1).await, ["Connected", "Connected"]);
        halves
    }

    pub(crate) async fn states(&self, ours: &str, theirs: &str) -> [String; 2] {
        [state_of(&self.contoso, ours).await, state_of(&self.fabrikam, theirs).await]
    }

    /// The states once they have had the time to change.
    pub(crate) async fn states_later(&self, ours: &str, theirs: &str) -> [String; 2] {
        tokio::time::sleep(FLIP).await;
        self.states(ours, theirs).await
    }

    /// The group `g` in the manager.
    pub(crate) async fn network_group(&self) -> String {
        let id = format!("{}/networkGroups/g", self.manager);
        self.contoso.put(&id, &json!({"properties": {}})).await.expect(200);
        id
    }

    pub(crate) async fn abroad(&self) -> Value {
        let manager = self.contoso.get(&self.manager).await.expect(200);
        manager.body["properties"]["networkManagerScopes"]["crossTenantScopes"].clone()
    }
}

pub(crate) async fn state_of(client: &Client, id: &str) -> String {
    connection_state(&client.get(id).await.expect(200).body).to_owned()
}

/// The state once it has had the time to change.
pub(crate) async fn later(client: &Client, id: &str) -> String {
    tokio::time::sleep(FLIP).await;
    state_of(client, id).await
}
