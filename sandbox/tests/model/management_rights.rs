//! Management groups, who may do what with network managers, and what is told about it.

use peerpact_sandbox::{Azure, Pace, Settings, Tenant, World};
use serde_json::{Value, json};

use crate::stage::*;
use crate::support::*;

const CONTOSO: Tenant = Tenant::Contoso;
const FABRIKAM: Tenant = Tenant::Fabrikam;

#[tokio::test(start_paused = true)]
async fn a_management_group_answers_to_its_own_tenant_and_holds_the_subscription() {
    let azure = default_azure();
    let (contoso, fabrikam) = (operator(&azure, CONTOSO).await, operator(&azure, FABRIKAM).await);
    let id = management_group(FABRIKAM);
    let read = fabrikam.get(&format!("{id}?$expand=children")).await.expect(200);
    assert_eq!(read.body["name"], "fabrikam-root");
    assert_eq!(read.body["properties"]["tenantId"], FABRIKAM.tenant_id());
    assert_eq!(read.body["properties"]["children"][0]["name"], FABRIKAM.subscription_id());
    contoso.get(&id).await.refused(401, "InvalidAuthenticationTokenTenant");
    contoso.get(&id.replace("fabrikam-root", "unknown")).await.refused(403, "AuthorizationFailed");
    let all = fabrikam.get("/providers/Microsoft.Management/managementGroups").await.expect(200);
    assert_eq!(all.body["value"].as_array().unwrap().len(), 1);
    assert_eq!(all.body["value"][0]["id"], id);
    fabrikam.put(&id, &json!({})).await.refused(405, "MethodNotAllowed");
    let theirs = connection(&id, "c");
    contoso
        .put(&theirs, &to_manager(&manager(CONTOSO, "m")))
        .await
        .refused(401, "InvalidAuthenticationTokenTenant");
}

fn role(actions: &[&str]) -> Value {
    json!({"Name": "management", "Actions": actions})
}

fn world(actions: &[&str], scope: String) -> Azure {
    azure(World::new(ORIGIN, 7).app_role(FABRIKAM, role(actions), scope), Settings::new(Pace::Quick, 7))
}

#[tokio::test(start_paused = true)]
async fn a_role_at_a_management_group_holds_in_the_subscription_below_and_not_the_other_way() {
    let actions = [
        "Microsoft.Network/networkManagerConnections/read",
        "Microsoft.Network/networkManagerConnections/write",
    ];
    for (at, above) in [(management_group(FABRIKAM), 200), (subscription(FABRIKAM), 403)] {
        let stage = stage_in(world(&actions, at)).await;
        let app = app(&stage.azure, FABRIKAM).await.alone();
        let below = connection(&subscription(FABRIKAM), "c");
        let body = to_manager(&stage.manager);
        app.put(&below, &body).await.expect(200);
        app.get(&below).await.expect(200);
        let refused = app.delete(&below).await.refused(403, "AuthorizationFailed");
        let missing = "'Microsoft.Network/networkManagerConnections/delete' over scope";
        assert!(refused.message().contains(missing), "{}", refused.message());
        assert!(refused.message().contains(&below), "{}", refused.message());
        app.put(&connection(&management_group(FABRIKAM), "c"), &body).await.expect(above);
    }
}

#[tokio::test(start_paused = true)]
async fn an_owner_grants_a_role_at_the_management_group() {
    let stage = stage_in(world(&[], subscription(FABRIKAM))).await;
    let app = app(&stage.azure, FABRIKAM).await.alone();
    let theirs = connection(&management_group(FABRIKAM), "c");
    app.put(&theirs, &to_manager(&stage.manager)).await.refused(403, "AuthorizationFailed");
    let contributor = "4d97b98b-1d4f-4787-a291-c67834d212e7";
    let id = format!(
        "{}/providers/Microsoft.Authorization/roleAssignments/11111111-2222-4333-8444-555555555555",
        management_group(FABRIKAM)
    );
    let grant = json!({"properties": {
        "roleDefinitionId": format!("/providers/Microsoft.Authorization/roleDefinitions/{contributor}"),
        "principalId": stage.azure.world().app(FABRIKAM).object_id(FABRIKAM)}});
    let made = stage.fabrikam.put(&id, &grant).await.expect(201);
    assert_eq!(
        made.body["properties"]["roleDefinitionId"],
        format!("/providers/Microsoft.Authorization/roleDefinitions/{contributor}")
    );
    app.put(&theirs, &to_manager(&stage.manager)).await.expect(200);
    let inherited = format!(
        "{}/providers/Microsoft.Authorization/roleAssignments?$filter=atScope()",
        subscription(FABRIKAM)
    );
    let listed = stage.fabrikam.get(&inherited).await.expect(200).body["value"].clone();
    assert!(listed.as_array().unwrap().iter().any(|one| one["id"] == id.as_str()), "shown below too");
}

#[tokio::test(start_paused = true)]
async fn each_action_of_the_central_side_is_asked_for() {
    let world = World::new(ORIGIN, 7).app_role(
        CONTOSO,
        role(&[
            "Microsoft.Network/networkManagers/read",
            "Microsoft.Network/networkManagers/scopeConnections/read",
        ]),
        subscription(CONTOSO),
    );
    let stage = stage_in(azure(world, Settings::new(Pace::Quick, 7))).await;
    let app = app(&stage.azure, CONTOSO).await.alone();
    let ours = stage.ours(&subscription(FABRIKAM)).await;
    let group = format!("{}/networkGroups/g", stage.manager);
    app.get(&stage.manager).await.expect(200);
    app.get(&ours).await.expect(200);
    app.get(&format!("{}/scopeConnections", stage.manager)).await.expect(200);
    let network_manager = "Microsoft.Network/networkManagers";
    for (method, path, action) in [
        ("PUT", stage.manager.clone(), "write"),
        ("DELETE", stage.manager.clone(), "delete"),
        ("PUT", ours.clone(), "scopeConnections/write"),
        ("DELETE", ours.clone(), "scopeConnections/delete"),
        ("GET", format!("{}/networkGroups", stage.manager), "networkGroups/read"),
        ("PUT", group.clone(), "networkGroups/write"),
        ("PUT", format!("{group}/staticMembers/m"), "networkGroups/staticMembers/write"),
        ("DELETE", format!("{group}/staticMembers/m"), "networkGroups/staticMembers/delete"),
        ("POST", format!("{}/commit", stage.manager), "commit/action"),
        ("POST", format!("{}/listDeploymentStatus", stage.manager), "listDeploymentStatus/action"),
    ] {
        let refused = app.send(method.parse().unwrap(), &path, Some(&json!({}))).await;
        let refused = refused.refused(403, "AuthorizationFailed");
        assert!(
            refused.message().contains(&format!("'{network_manager}/{action}'")),
            "{}",
            refused.message()
        );
    }
}

/// Operation, tenant and whether `httpRequest` is there, of each event that contoso's app is sent now.
async fn told(azure: &Azure) -> Vec<(String, String, bool)> {
    azure
        .due_events()
        .into_iter()
        .filter(|delivery| delivery.to == CONTOSO)
        .map(|delivery| {
            azure.delivered(delivery.id);
            let data = &delivery.event["data"];
            let text = |name: &str| data[name].as_str().unwrap().to_owned();
            let operation = text("operationName").replace("Microsoft.Network/", "");
            (operation, text("tenantId"), data.get("httpRequest").is_some())
        })
        .collect()
}

#[tokio::test(start_paused = true)]
async fn writes_and_deletes_in_a_subscription_are_told_flips_never() {
    let stage = stage().await;
    let hub = stage.contoso.network(CONTOSO, "hub", &["10.0.0.0/16"]).await;
    let own = manager_body(&[&subscription(CONTOSO)], &["Connectivity"]);
    told(&stage.azure).await;
    stage.contoso.put(&stage.manager, &own).await.expect(200);
    let ours = stage.ours(&subscription(FABRIKAM)).await;
    let theirs = stage.theirs(&subscription(FABRIKAM)).await;
    let group = stage.network_group().await;
    let member = format!("{group}/staticMembers/m");
    stage.contoso.put(&member, &json!({"properties": {"resourceId": hub}})).await.expect(200);
    let one = |operation: &str, tenant: Tenant, again: bool| {
        (operation.to_owned(), tenant.tenant_id().to_owned(), again)
    };
    assert_eq!(
        told(&stage.azure).await,
        [
            one("networkManagers/write", CONTOSO, true),
            one("networkManagers/scopeConnections/write", CONTOSO, false),
            one("networkManagerConnections/write", FABRIKAM, false),
            one("networkManagers/networkGroups/write", CONTOSO, false),
            one("networkManagers/networkGroups/staticMembers/write", CONTOSO, false),
        ]
    );
    tokio::time::sleep(FLIP * 2).await;
    assert_eq!(stage.states(&ours, &theirs).await, ["Connected", "Connected"]);
    assert_eq!(told(&stage.azure).await, []);

    stage.fabrikam.delete(&theirs).await.expect(200);
    tokio::time::sleep(FLIP).await;
    assert_eq!(state_of(&stage.contoso, &ours).await, "Revoked");
    for id in [&member, &group, &ours, &stage.manager] {
        stage.contoso.delete(id).await.expect(200);
    }
    let deleted: Vec<String> =
        told(&stage.azure).await.into_iter().map(|(operation, ..)| operation).collect();
    assert_eq!(
        deleted,
        [
            "networkManagerConnections/delete",
            "networkManagers/networkGroups/staticMembers/delete",
            "networkManagers/networkGroups/delete",
            "networkManagers/scopeConnections/delete",
            "networkManagers/delete",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn nothing_is_told_about_a_management_group() {
    let stage = stage().await;
    told(&stage.azure).await;
    let theirs = stage.theirs(&management_group(FABRIKAM)).await;
    stage.fabrikam.delete(&theirs).await.expect(200);
    tokio::time::sleep(FLIP).await;
    assert_eq!(told(&stage.azure).await, []);
}
