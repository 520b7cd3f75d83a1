//! Role definitions and assignments, as the CLI uses them.

use peerpact_sandbox::Tenant;
use serde_json::{Value, json};

use crate::support::*;

const NETWORK_CONTRIBUTOR: &str = "4d97b98b-1d4f-4787-a291-c67834d212e7";
const NAME: &str = "11111111-2222-4333-8444-555555555555";

fn definitions(scope: &str) -> String {
    format!("{scope}/providers/Microsoft.Authorization/roleDefinitions")
}

fn assignments(scope: &str) -> String {
    format!("{scope}/providers/Microsoft.Authorization/roleAssignments")
}

fn subscription() -> String {
    format!("/subscriptions/{}", Tenant::Contoso.subscription_id())
}

fn grant(definition: &str, principal: &str) -> Value {
    json!({"properties": {
        "roleDefinitionId": format!("{}/{definition}", definitions(&subscription())),
        "principalId": principal, "principalType": "ServicePrincipal"}})
}

#[tokio::test(start_paused = true)]
async fn a_role_is_found_by_name_assigned_on_a_network_listed_and_taken_back() {
    let pair = pair().await;
    let by_name = format!("{}?$filter=roleName%20eq%20'network%20contributor'", definitions(&pair.hub));
    let found = pair.contoso.get(&by_name).await.expect(200);
    assert_eq!(found.body["value"][0]["name"], NETWORK_CONTRIBUTOR);
    assert_eq!(found.body["value"].as_array().unwrap().len(), 1);
    let all = pair.contoso.get(&definitions(&subscription())).await.expect(200);
    let names: Vec<&Value> =
        all.body["value"].as_array().unwrap().iter().map(|role| &role["properties"]["roleName"]).collect();
    for name in ["Owner", "Contributor", "Network Contributor", "Reader"] {
        assert!(names.contains(&&Value::from(name)), "{names:?}");
    }

    let world = pair.azure.world().clone();
    let app = world.app(Tenant::Contoso).object_id(Tenant::Contoso).unwrap();
    let client = app_client(&pair).await;
    client.delete(&pair.hub).await.refused(403, "AuthorizationFailed");
    let id = format!("{}/{NAME}", assignments(&pair.hub));
    pair.contoso.put(&id, &grant(NETWORK_CONTRIBUTOR, app)).await.expect(201);
    let twin = format!("{}/{}", assignments(&pair.hub), NAME.replace('1', "2"));
    pair.contoso.put(&twin, &grant(NETWORK_CONTRIBUTOR, app)).await.refused(409, "RoleAssignmentExists");
    let list = async |filter: &str| {
        let list =
            pair.contoso.get(&format!("{}?$filter={filter}", assignments(&pair.hub))).await.expect(200);
        list.body["value"].as_array().unwrap().len()
    };
    assert_eq!(
        list("atScope()").await,
        5,
        "both owners, of the subscription and of the group above it, and the app"
    );
    assert_eq!(list(&format!("principalId%20eq%20'{app}'")).await, 1);
    let above =
        pair.contoso.get(&format!("{}?$filter=atScope()", assignments(&subscription()))).await.expect(200);
    assert_eq!(above.body["value"].as_array().unwrap().len(), 4, "what lies below is not shown");

    client.delete(&pair.hub).await.expect(202);
    let gone = pair.contoso.delete(&id).await.expect(200);
    assert_eq!(gone.body["name"], NAME, "the answer holds what was deleted");
    assert_eq!(pair.contoso.delete(&id).await.status, 204);
    client.get(&pair.hub).await.refused(403, "AuthorizationFailed");
}

async fn app_client(pair: &Pair) -> Client {
    app(&pair.azure, Tenant::Contoso).await.alone()
}

#[tokio::test(start_paused = true)]
async fn custom_roles_are_made_with_wildcards_and_exclusions_and_live_in_their_tenant() {
    let pair = pair().await;
    let role = json!({"properties": {
        "roleName": "networks but not their deletion", "assignableScopes": [subscription()],
        "permissions": [{"actions": ["Microsoft.Network/virtualNetworks/*"], "notActions": ["*/delete"]}]}});
    let id = format!("{}/{NAME}", definitions(&subscription()));
    pair.contoso.put(&id, &role).await.expect(201);
    let app = pair.azure.world().app(Tenant::Contoso).object_id(Tenant::Contoso).unwrap().to_owned();
    let assignment = format!("{}/{NAME}", assignments(&group(Tenant::Contoso)));
    pair.contoso.put(&assignment, &grant(NAME, &app)).await.expect(201);
    let client = app_client(&pair).await;
    client.get(&pair.hub).await.expect(200);
    client.network(Tenant::Contoso, "mine", &["10.6.0.0/16"]).await;
    client.delete(&pair.hub).await.refused(403, "AuthorizationFailed");
    client.get(&group(Tenant::Contoso)).await.refused(403, "AuthorizationFailed");

    pair.contoso.delete(&id).await.refused(400, "RoleDefinitionHasAssignments");
    pair.contoso.delete(&assignment).await.expect(200);
    assert_eq!(pair.contoso.delete(&id).await.expect(200).body["name"], NAME);
    let there = definitions(&format!("/subscriptions/{}", Tenant::Fabrikam.subscription_id()));
    pair.fabrikam.get(&format!("{there}/{NAME}")).await.refused(404, "RoleDefinitionDoesNotExist");
}

#[tokio::test(start_paused = true)]
async fn only_who_may_write_assignments_does_and_only_for_known_roles_and_principals() {
    let pair = pair().await;
    let app = pair.azure.world().app(Tenant::Contoso).object_id(Tenant::Contoso).unwrap().to_owned();
    let id = format!("{}/{NAME}", assignments(&pair.hub));
    pair.contoso.put(&id, &grant(NAME, &app)).await.refused(404, "RoleDefinitionDoesNotExist");
    pair.contoso.put(&id, &grant(NETWORK_CONTRIBUTOR, NAME)).await.refused(400, "PrincipalNotFound");
    pair.contoso.put(&id, &grant(NETWORK_CONTRIBUTOR, &app)).await.expect(201);
    let client = app_client(&pair).await;
    let raise = format!("{}/{}", assignments(&pair.hub), NAME.replace('1', "3"));
    client.put(&raise, &grant(NETWORK_CONTRIBUTOR, &app)).await.refused(403, "AuthorizationFailed");
    client.get(&assignments(&pair.hub)).await.expect(200);
    client.delete(&id).await.refused(403, "AuthorizationFailed");
}
