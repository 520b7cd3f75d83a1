//! Networks in a group, by name.

use std::time::Duration;

use peerpact_sandbox::{Pace, Settings, Tenant, World};
use serde_json::{Value, json};

use crate::stage::*;
use crate::support::*;

const CONTOSO: Tenant = Tenant::Contoso;
const FABRIKAM: Tenant = Tenant::Fabrikam;
/// No member takes longer to be in its group.
const JOIN: Duration = Duration::from_secs(4);

fn member(stage: &Stage, name: &str) -> String {
    format!("{}/networkGroups/g/staticMembers/{name}", stage.manager)
}

fn to_network(id: &str) -> Value {
    json!({"properties": {"resourceId": id}})
}

fn shown(member: &Value) -> (&str, &str) {
    let text = |name: &str| member["properties"][name].as_str().unwrap_or_default();
    (text("provisioningState"), text("location"))
}

/// Puts a network into its group, and waits until it is known whether it is in.
async fn join(client: &Client, id: &str, network: &str) {
    client.put(id, &to_network(network)).await.expect(200);
    tokio::time::sleep(JOIN).await;
}

/// A group in the manager, and a network of fabrikam's in a subscription that is connected.
async fn connected() -> (Stage, Client, String) {
    let stage = stage().await;
    stage.network_group().await;
    stage.connect(&subscription(FABRIKAM)).await;
    let spoke = stage.fabrikam.network(FABRIKAM, "spoke", &["10.1.0.0/16"]).await;
    let traveller = traveller(&stage.azure, CONTOSO).await;
    (stage, traveller, spoke)
}

#[tokio::test(start_paused = true)]
async fn a_partners_network_joins_a_group_while_its_subscription_is_connected() {
    let (stage, traveller, spoke) = connected().await;
    let id = member(&stage, "spoke");
    traveller.get(&id).await.refused(404, "NotFound");
    let made = traveller.put(&id, &to_network(&spoke)).await.expect(200);
    assert_eq!(shown(&made.body), ("Updating", ""));
    assert_eq!(made.body["etag"], "");
    tokio::time::sleep(Duration::from_millis(1999)).await;
    assert_eq!(shown(&traveller.get(&id).await.body), ("Updating", ""), "not at once");
    tokio::time::sleep(JOIN).await;
    assert_eq!(shown(&traveller.get(&id).await.body), ("Succeeded", "westus"), "the network's location");

    stage.fabrikam.delete(&connection(&subscription(FABRIKAM), "theirs")).await.expect(200);
    tokio::time::sleep(FLIP).await;
    assert_eq!(shown(&traveller.get(&id).await.body).0, "Failed", "no longer");
    traveller.delete(&id).await.expect(200);
    assert_eq!(traveller.delete(&id).await.status, 204);
}

#[tokio::test(start_paused = true)]
async fn a_connected_management_group_covers_the_subscription_below_it() {
    let stage = stage().await;
    stage.network_group().await;
    let spoke = stage.fabrikam.network(FABRIKAM, "spoke", &["10.1.0.0/16"]).await;
    let traveller = traveller(&stage.azure, CONTOSO).await;
    let id = member(&stage, "spoke");
    join(&traveller, &id, &spoke).await;
    assert_eq!(shown(&traveller.get(&id).await.body), ("Failed", ""), "nothing is connected");
    stage.connect(&management_group(FABRIKAM)).await;
    assert_eq!(shown(&traveller.get(&id).await.body).0, "Failed", "it does not heal");
    join(&traveller, &id, &spoke).await;
    assert_eq!(shown(&traveller.get(&id).await.body).0, "Succeeded");
}

#[tokio::test(start_paused = true)]
async fn a_member_fails_when_its_network_is_deleted_or_never_was() {
    let (stage, traveller, spoke) = connected().await;
    let (id, phantom) = (member(&stage, "spoke"), member(&stage, "phantom"));
    traveller.put(&id, &to_network(&spoke)).await.expect(200);
    traveller.put(&phantom, &to_network(&network(FABRIKAM, "phantom"))).await.expect(200);
    tokio::time::sleep(JOIN).await;
    assert_eq!(shown(&traveller.get(&id).await.body).0, "Succeeded");
    assert_eq!(shown(&traveller.get(&phantom).await.body).0, "Failed");
    stage.fabrikam.delete_to_end(&spoke).await;
    tokio::time::sleep(FLIP).await;
    assert_eq!(shown(&traveller.get(&id).await.body).0, "Failed");
}

/// What is left some time after both the network and a half went.
async fn aftermath(watched: bool) -> Value {
    let (stage, traveller, spoke) = connected().await;
    let id = member(&stage, "spoke");
    join(&traveller, &id, &spoke).await;
    stage.fabrikam.delete(&spoke).await.expect(202);
    stage.fabrikam.delete(&connection(&subscription(FABRIKAM), "theirs")).await.expect(200);
    for _ in 0..1000 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        if watched {
            stage.azure.settle();
        }
    }
    let member = traveller.get(&id).await.expect(200).body;
    let ours = stage.contoso.get(&scope_connection(&stage.manager, "ours")).await.expect(200).body;
    json!([member, ours, stage.contoso.get(&stage.manager).await.body])
}

#[tokio::test(start_paused = true)]
async fn the_same_happens_at_the_same_times_whether_anybody_looks_or_not() {
    let watched = aftermath(true).await;
    assert_eq!(shown(&watched[0]).0, "Failed");
    assert_eq!(connection_state(&watched[1]), "Revoked");
    assert_eq!(watched, aftermath(false).await);
}

#[tokio::test(start_paused = true)]
async fn a_network_at_home_joins_if_the_manager_has_its_subscription() {
    let stage = stage().await;
    let hub = stage.contoso.network(CONTOSO, "hub", &["10.0.0.0/16"]).await;
    stage.network_group().await;
    for (own, state) in [(None, "Failed"), (Some(management_group(CONTOSO)), "Succeeded")] {
        let own: Vec<&str> = own.as_deref().into_iter().collect();
        stage.contoso.put(&stage.manager, &manager_body(&own, &["Connectivity"])).await.expect(200);
        stage.contoso.put(&member(&stage, "hub"), &to_network(&hub)).await.expect(200);
        tokio::time::sleep(JOIN).await;
        assert_eq!(shown(&stage.contoso.get(&member(&stage, "hub")).await.body).0, state);
    }
    for wrong in [group(CONTOSO), format!("{hub}/subnets/s"), String::new()] {
        stage.contoso.put(&member(&stage, "x"), &to_network(&wrong)).await.refused(400, "BadRequest");
    }
    let nowhere = format!("{}/networkGroups/none/staticMembers/x", stage.manager);
    stage.contoso.put(&nowhere, &to_network(&hub)).await.refused(404, "NotFound");
    stage.contoso.delete(&format!("{}/networkGroups/g", stage.manager)).await.expect(200);
    stage.contoso.get(&member(&stage, "hub")).await.refused(404, "NotFound");
}

#[tokio::test(start_paused = true)]
async fn a_partners_network_needs_its_tenants_token_and_the_right_to_join_there() {
    let home = json!({"Name": "home", "Actions": ["Microsoft.Network/*"]});
    for (abroad, status) in [
        ("Microsoft.Network/virtualNetworks/read", 403),
        ("Microsoft.Network/virtualNetworks/join/action", 200),
    ] {
        let world = World::new(ORIGIN, 7).app_role(CONTOSO, home.clone(), subscription(CONTOSO)).app_role(
            CONTOSO,
            json!({"Name": "abroad", "Actions": [abroad]}),
            subscription(FABRIKAM),
        );
        let stage = stage_in(azure(world, Settings::new(Pace::Quick, 7))).await;
        stage.network_group().await;
        let spoke = stage.fabrikam.network(FABRIKAM, "spoke", &["10.1.0.0/16"]).await;
        let app = app(&stage.azure, CONTOSO).await;
        let id = member(&stage, "spoke");
        let refused =
            app.alone().put(&id, &to_network(&spoke)).await.refused(403, "LinkedAuthorizationFailed");
        assert!(
            refused.message().contains("is not authorized to access linked subscription"),
            "{}",
            refused.message()
        );
        let linked = app.put(&id, &to_network(&spoke)).await.expect(status);
        if status == 403 {
            assert!(
                linked
                    .message()
                    .contains("'Microsoft.Network/virtualNetworks/join/action' on the linked scope(s)")
            );
            assert!(linked.message().contains("networkGroups/staticMembers/write"), "{}", linked.message());
        }
        app.alone().delete(&id).await;
    }
}
