//! Contoso's network manager, fabrikam's scopes, and the halves that engineers open between them.

use peerpact_sandbox::Tenant::{self, Contoso, Fabrikam};
use serde_json::{Value, json};

use super::app::App;
use super::{Stage, wait};

pub(crate) fn subscription(tenant: Tenant) -> String {
    format!("/subscriptions/{}", tenant.subscription_id())
}

pub(crate) fn group_scope() -> String {
    "/providers/Microsoft.Management/managementGroups/fabrikam-root".to_owned()
}

pub(crate) fn manager() -> String {
    format!(
        "{}/resourceGroups/hub/providers/Microsoft.Network/networkManagers/central",
        subscription(Contoso)
    )
}

pub(crate) fn scope_connection(name: &str) -> String {
    format!("{}/scopeConnections/{name}", manager())
}

pub(crate) fn connection(scope: &str, name: &str) -> String {
    format!("{scope}/providers/Microsoft.Network/networkManagerConnections/{name}")
}

/// What a tenant agrees to on management: fabrikam's subscription and management group, contoso's managers.
pub(crate) fn managed(tenant: Tenant, extra: &str) -> String {
    let pattern =
        format!("{}/resourceGroups/*/providers/Microsoft.Network/networkManagers/*", subscription(Contoso));
    let ours = if tenant == Contoso { "manager" } else { "scope" };
    let one = |name: &str, scope: &str, extra: &str| {
        format!(
            "\n[[management]]\nname = \"{name}\"\nours = \"{ours}\"\nmanager = \"{pattern}\"\nscope = \"{scope}\"\n{extra}\n"
        )
    };
    one("subscription", &subscription(Fabrikam), extra) + &one("group", &group_scope(), "")
}

/// The same for contoso's one manager and no other.
pub(crate) fn spelt_out(terms: &str) -> String {
    let pattern =
        format!("{}/resourceGroups/*/providers/Microsoft.Network/networkManagers/*", subscription(Contoso));
    terms.replace(&pattern, &manager())
}

pub(crate) async fn make_manager(stage: &Stage) {
    let properties = json!({
        "networkManagerScopes": { "subscriptions": [subscription(Contoso)] },
        "networkManagerScopeAccesses": ["Connectivity"],
    });
    stage.traveller.put(&manager(), &json!({ "location": "westeurope", "properties": properties })).await;
}

/// Contoso's engineer opens the central half.
pub(crate) async fn contoso_asks(stage: &Stage, name: &str, scope: &str) {
    let properties = json!({ "tenantId": Fabrikam.tenant_id(), "resourceId": scope });
    stage.traveller.put_quickly(&scope_connection(name), &json!({ "properties": properties })).await;
}

/// Fabrikam's engineer opens the target's half.
pub(crate) async fn fabrikam_offers(stage: &Stage, name: &str, scope: &str) {
    let properties = json!({ "networkManagerId": manager() });
    stage.traveller.put_quickly(&connection(scope, name), &json!({ "properties": properties })).await;
}

pub(crate) async fn list(stage: &Stage, of: &str) -> Vec<(String, String)> {
    let listed = stage.traveller.get(of).await.expect("a list");
    let item = |item: &Value| {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        (text(&item["name"]), text(&item["properties"]["connectionState"]))
    };
    listed["value"].as_array().unwrap().iter().map(item).collect()
}

/// The states of the halves at both ends.
pub(crate) async fn states(stage: &Stage, scope: &str) -> (Vec<String>, Vec<String>) {
    let central = list(stage, &format!("{}/scopeConnections", manager())).await;
    let target = list(stage, &format!("{scope}/providers/Microsoft.Network/networkManagerConnections")).await;
    let states = |halves: Vec<(String, String)>| halves.into_iter().map(|(_, state)| state).collect();
    (states(central), states(target))
}

pub(crate) async fn connected(stage: &Stage, scope: &str) -> bool {
    let one = vec!["Connected".to_owned()];
    states(stage, scope).await == (one.clone(), one)
}

/// Events and time, until all is quiet; the timer comes once.
pub(crate) async fn settle(stage: &Stage, apps: &[&App]) {
    for _ in 0..4 {
        stage.deliver(apps).await;
        wait(4).await;
    }
    for app in apps {
        app.sweep().await;
    }
}
