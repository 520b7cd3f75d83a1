//! Who may do what, in the own tenant and across.

use std::time::Duration;

use bytes::Bytes;
use http::Request;
use peerpact_sandbox::{Azure, Pace, Settings, Tenant, World};
use serde_json::{Value, json};

use crate::support::*;

const PEERINGS: [&str; 4] = [
    "Microsoft.Network/virtualNetworks/read",
    "Microsoft.Network/virtualNetworks/virtualNetworkPeerings/read",
    "Microsoft.Network/virtualNetworks/virtualNetworkPeerings/write",
    "Microsoft.Network/virtualNetworks/virtualNetworkPeerings/delete",
];

fn role(name: &str, actions: &[&str]) -> Value {
    json!({"Name": name, "IsCustom": true, "Description": "", "Actions": actions, "NotActions": []})
}

fn subscription(tenant: Tenant) -> String {
    format!("/subscriptions/{}", tenant.subscription_id())
}

/// Fabrikam's app may write peerings at home; abroad it holds `abroad`, if anything.
fn world(abroad: &[&str]) -> Azure {
    let fabrikam = Tenant::Fabrikam;
    let mut world = World::new(ORIGIN, 7).app_role(fabrikam, role("ours", &PEERINGS), subscription(fabrikam));
    if !abroad.is_empty() {
        world = world.app_role(fabrikam, role("theirs", abroad), network(Tenant::Contoso, "hub"));
    }
    azure(world, Settings::new(Pace::Quick, 7))
}

#[tokio::test(start_paused = true)]
async fn an_app_with_just_the_peering_role_and_peer_action_abroad_completes_a_handshake() {
    let abroad = ["Microsoft.Network/virtualNetworks/read", "Microsoft.Network/virtualNetworks/peer/action"];
    let pair = pair_in(world(&abroad)).await;
    pair.contoso.peer(&pair.hub, "to-spoke", &pair.spoke).await;
    let app = app(&pair.azure, Tenant::Fabrikam).await;
    app.peer(&pair.spoke, "to-hub", &pair.hub).await;
    assert_eq!(state(&pair.hubs_half().await), ("Connected", "FullyInSync"));
    let mut there = app.clone();
    std::mem::swap(&mut there.token, there.auxiliary.as_mut().unwrap());
    there.get(&pair.hub).await.expect(200);
    there.get(&half(&pair.hub, "to-spoke")).await.refused(403, "AuthorizationFailed");
}

#[tokio::test(start_paused = true)]
async fn a_half_needs_peer_action_on_the_remote_network_of_the_same_application() {
    let pair = pair_in(world(&["Microsoft.Network/virtualNetworks/read"])).await;
    let app = app(&pair.azure, Tenant::Fabrikam).await;
    let id = half(&pair.spoke, "to-hub");
    let refused = app.put(&id, &half_body(&pair.hub)).await.refused(403, "LinkedAuthorizationFailed");
    assert!(
        refused.message().contains(&format!(
            "does not have permission to perform action(s) 'Microsoft.Network/virtualNetworks/peer/action' on the linked scope(s) '{}'",
            pair.hub
        )),
        "{}",
        refused.message()
    );
    // The operator of the network grants it; the next try goes through.
    let grant = json!({"properties": {
        "roleDefinitionId": format!("{}/providers/Microsoft.Authorization/roleDefinitions/4d97b98b-1d4f-4787-a291-c67834d212e7", subscription(Tenant::Contoso)),
        "principalId": pair.azure.world().app(Tenant::Fabrikam).object_id(Tenant::Contoso)}});
    let name = "11111111-2222-4333-8444-555555555555";
    let assignment = format!("{}/providers/Microsoft.Authorization/roleAssignments/{name}", pair.hub);
    pair.contoso.put(&assignment, &grant).await.expect(201);
    app.put(&id, &half_body(&pair.hub)).await.expect(201);
}

#[tokio::test(start_paused = true)]
async fn without_an_auxiliary_token_the_other_tenant_is_not_linked() {
    let pair = pair().await;
    let id = half(&pair.spoke, "to-hub");
    let alone = pair.fabrikam.alone();
    let refused = alone.put(&id, &half_body(&pair.hub)).await.refused(403, "LinkedAuthorizationFailed");
    assert_eq!(
        refused.message(),
        format!(
            "The client has permission to perform action 'Microsoft.Network/virtualNetworks/peer/action' on scope '{id}', however the current tenant '{}' is not authorized to access linked subscription '{}'.",
            Tenant::Fabrikam.tenant_id(),
            Tenant::Contoso.subscription_id()
        )
    );
    pair.fabrikam.peer(&pair.spoke, "to-hub", &pair.hub).await;
    for update in [id.clone(), format!("{id}?syncRemoteAddressSpace=true")] {
        alone.put(&update, &half_body(&pair.hub)).await.refused(403, "LinkedAuthorizationFailed");
    }
    alone.get(&id).await.expect(200);
    alone.delete_to_end(&id).await;
    let near = alone.network(Tenant::Fabrikam, "near", &["10.8.0.0/16"]).await;
    alone.put(&half(&near, "p"), &half_body(&pair.spoke)).await.expect(201);
}

#[tokio::test(start_paused = true)]
async fn auxiliary_tokens_are_of_the_same_application_at_most_three_and_not_expired() {
    let pair = pair().await;
    let id = half(&pair.spoke, "to-hub");
    let with = |header: String| {
        let mut request = pair.fabrikam.alone().request(http::Method::PUT, &id, Some(&half_body(&pair.hub)));
        request.headers_mut().insert("x-ms-authorization-auxiliary", header.parse().unwrap());
        request
    };
    let good = format!("Bearer {}", pair.fabrikam.auxiliary.clone().unwrap());
    let stranger = pair.azure.world().operator(Tenant::Contoso).clone();
    let other = format!("Bearer {}", token(&pair.azure, &stranger, Tenant::Contoso).await);

    let refused = send(&pair.azure, with(other.clone())).await.unwrap();
    let refused = refused.refused(401, "AuxiliaryTokensInvalidApplicationIdentity");
    assert!(refused.message().contains(&stranger.client_id), "{}", refused.message());
    assert!(
        refused.header("www-authenticate").unwrap().contains("some auxiliary tokens are not from the same")
    );
    let mixed = send(&pair.azure, with(format!("{good}, {other}"))).await.unwrap();
    mixed.refused(401, "AuxiliaryTokensInvalidApplicationIdentity");
    let four = [good.as_str(); 4].join(", ");
    send(&pair.azure, with(four)).await.unwrap().refused(401, "InvalidAuthenticationToken");
    send(&pair.azure, with("junk".into())).await.unwrap().refused(401, "InvalidAuthenticationToken");

    tokio::time::sleep(Duration::from_secs(3600)).await;
    let traveller = pair.azure.world().traveller().clone();
    let fresh = token(&pair.azure, &traveller, Tenant::Fabrikam).await;
    let mut late = with(good.clone());
    late.headers_mut().insert("authorization", format!("Bearer {fresh}").parse().unwrap());
    send(&pair.azure, late).await.unwrap().refused(401, "ExpiredAuthenticationToken");
    for separator in [", ", ";"] {
        let valid = format!("Bearer {}", token(&pair.azure, &traveller, Tenant::Contoso).await);
        let mut request = with([valid.as_str(); 2].join(separator));
        request.headers_mut().insert("authorization", format!("Bearer {fresh}").parse().unwrap());
        let answer = send(&pair.azure, request).await.unwrap();
        assert!(answer.status < 300, "{}", answer.body);
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn tokens_of_another_tenant_audience_time_or_signer_are_refused() {
    let pair = pair().await;
    let contoso = operator(&pair.azure, Tenant::Contoso).await;
    let wrong = contoso.get(&pair.spoke).await.refused(401, "InvalidAuthenticationTokenTenant");
    let challenge = wrong.header("www-authenticate").unwrap();
    let expected = format!("authorization_uri=\"{ORIGIN}/{}\"", Tenant::Fabrikam.tenant_id());
    assert!(challenge.contains(&expected), "{challenge}");

    let none = Request::get(format!("{}?{VERSION}", pair.hub)).body(Bytes::new()).unwrap();
    let none = send(&pair.azure, none).await.unwrap().refused(401, "AuthenticationFailed");
    assert!(none.header("www-authenticate").unwrap().starts_with("Bearer authorization_uri="));

    let stranger = azure(World::new(ORIGIN, 7), Settings::new(Pace::Quick, 8));
    let forged = Client { token: operator(&stranger, Tenant::Contoso).await.token, ..contoso.clone() };
    forged.get(&pair.hub).await.refused(401, "InvalidAuthenticationToken");

    let principal = pair.azure.world().operator(Tenant::Contoso).clone();
    let scope = format!("{ORIGIN}/graph/.default");
    let graph = ask_token(
        &pair.azure,
        Tenant::Contoso.tenant_id(),
        &principal.client_id,
        &principal.client_secret,
        &scope,
    );
    let graph = graph.await.expect(200).body["access_token"].as_str().unwrap().to_owned();
    let graph = Client { token: graph, ..contoso.clone() };
    graph.get(&pair.hub).await.refused(401, "InvalidAuthenticationTokenAudience");

    tokio::time::sleep(Duration::from_secs(3598)).await;
    contoso.get(&pair.hub).await.expect(200);
    tokio::time::sleep(Duration::from_secs(1)).await;
    contoso.get(&pair.hub).await.refused(401, "ExpiredAuthenticationToken");
}

#[tokio::test(start_paused = true)]
async fn who_holds_no_role_is_told_which_action_over_which_scope() {
    let pair = pair_in(world(&[])).await;
    let app = app(&pair.azure, Tenant::Fabrikam).await;
    let principal = pair.azure.world().app(Tenant::Fabrikam);
    let refused = app.delete(&pair.spoke).await.refused(403, "AuthorizationFailed");
    assert_eq!(
        refused.message(),
        format!(
            "The client '{}' with object id '{}' does not have authorization to perform action 'Microsoft.Network/virtualNetworks/delete' over scope '{}' or the scope is invalid. If access was recently granted, please refresh your credentials.",
            principal.client_id,
            principal.object_id(Tenant::Fabrikam).unwrap(),
            pair.spoke
        )
    );
    assert_eq!(refused.header("x-ms-failure-cause"), Some("gateway"));
    let absent = network(Tenant::Fabrikam, "absent");
    app.delete(&absent).await.refused(403, "AuthorizationFailed");
    app.get(&absent).await.refused(404, "ResourceNotFound");
    let stranger = Client { token: app.auxiliary.clone().unwrap(), auxiliary: None, ..app.clone() };
    let list = |scope: String| format!("{scope}/providers/Microsoft.Network/virtualNetworks");
    stranger.get(&list(subscription(Tenant::Contoso))).await.refused(403, "AuthorizationFailed");
    stranger.get(&list(group(Tenant::Contoso))).await.refused(403, "AuthorizationFailed");
    stranger.get(&subscription(Tenant::Contoso)).await.refused(403, "AuthorizationFailed");
}

#[tokio::test(start_paused = true)]
async fn lists_show_what_the_caller_may_read() {
    let pair = pair_in(world(&["Microsoft.Network/virtualNetworks/read"])).await;
    pair.contoso.network(Tenant::Contoso, "hidden", &["10.7.0.0/16"]).await;
    let app = app(&pair.azure, Tenant::Fabrikam).await;
    let abroad = Client { token: app.auxiliary.clone().unwrap(), auxiliary: None, ..app.clone() };
    for scope in [subscription(Tenant::Contoso), group(Tenant::Contoso)] {
        let list =
            abroad.get(&format!("{scope}/providers/Microsoft.Network/virtualNetworks")).await.expect(200);
        let names: Vec<&Value> =
            list.body["value"].as_array().unwrap().iter().map(|one| &one["name"]).collect();
        assert_eq!(names, ["hub"]);
    }
    let subscriptions = async |client: &Client| -> Vec<Value> {
        let list = client.get("/subscriptions").await.expect(200).body["value"].clone();
        list.as_array().unwrap().iter().map(|one| one["subscriptionId"].clone()).collect()
    };
    assert_eq!(subscriptions(&abroad).await, [Tenant::Contoso.subscription_id()]);
    assert_eq!(subscriptions(&app).await, [Tenant::Fabrikam.subscription_id()]);
    let nobody = pair_in(world(&[])).await.azure;
    let app = crate::support::app(&nobody, Tenant::Fabrikam).await;
    let abroad = Client { token: app.auxiliary.clone().unwrap(), auxiliary: None, ..app };
    assert_eq!(subscriptions(&abroad).await, Vec::<Value>::new());
}

#[tokio::test(start_paused = true)]
async fn operations_are_read_by_who_holds_any_role_in_the_subscription_and_nobody_else() {
    let pair = pair_in(world(&[])).await;
    let started = pair.fabrikam.put(&pair.spoke, &network_body(&["10.1.0.0/16"])).await.expect(200);
    let url = started.header("azure-asyncoperation").unwrap();
    let app = app(&pair.azure, Tenant::Fabrikam).await;
    app.get(url).await.expect(200);
    let started = pair.contoso.put(&pair.hub, &network_body(&["10.0.0.0/16"])).await.expect(200);
    let abroad = Client { token: app.auxiliary.clone().unwrap(), auxiliary: None, ..app };
    abroad.get(started.header("azure-asyncoperation").unwrap()).await.refused(403, "AuthorizationFailed");
}

#[tokio::test(start_paused = true)]
async fn a_role_reaches_what_lies_below_its_scope_and_not_what_is_only_named_alike() {
    let stored = json!({"properties": {
        "roleName": "readers of rg", "permissions": [{"actions": ["*/read"], "notActions": []}]}});
    let world = World::new(ORIGIN, 7).app_role(Tenant::Contoso, stored, group(Tenant::Contoso));
    let azure = azure(world, Settings::new(Pace::Quick, 7));
    let pair = pair_in(azure).await;
    let alike = format!("{}2", group(Tenant::Contoso));
    pair.contoso.put(&alike, &json!({"location": "westus"})).await.expect(201);
    let app = app(&pair.azure, Tenant::Contoso).await.alone();
    app.get(&pair.hub.to_uppercase()).await.expect(200);
    app.get(&alike).await.refused(403, "AuthorizationFailed");
    app.get(&subscription(Tenant::Contoso)).await.expect(200);

    pair.contoso.delete(&group(Tenant::Contoso)).await.expect(202);
    tokio::time::sleep(Duration::from_secs(1)).await;
    pair.contoso.get(&alike).await.expect(200);
}
