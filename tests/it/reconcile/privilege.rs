//! Least privilege: what is missing is told with the command that grants it, and once granted the next pass connects.

use http::Method;
use peerpact::handshake::phase::Phase;
use peerpact_sandbox::Tenant::{self, Contoso, Fabrikam};
use serde_json::{Value, json};

use super::stage::{Grants, Stage, hub, network, spoke};

/// A stage on which fabrikam's app lacks one action in one tenant.
async fn without(action: &'static str, place: Tenant) -> Stage {
    Stage::in_world(Grants::Shipped, |app, in_tenant, mut role| {
        if app == Fabrikam && in_tenant == place {
            role["Actions"].as_array_mut().unwrap().retain(|allowed| allowed != action);
        }
        Some(role)
    })
    .await
}

/// Carries out the fix of the only record, as the scope's owner would.
async fn grant(stage: &Stage, fix: &str, action: &str) {
    let words: Vec<&str> = fix.split(' ').collect();
    let value = |flag: &str| words[words.iter().position(|word| *word == flag).expect(flag) + 1];
    assert!(fix.starts_with("az role assignment create --assignee-object-id "), "{fix}");
    let (principal, scope) = (value("--assignee-object-id"), value("--scope"));
    let tenant = Tenant::of_scope(scope).unwrap();
    assert!(stage.azure.world().app(Fabrikam).object_ids.values().any(|id| id == principal), "{fix}");
    // The role that is on offer lacks the action in this world, so a whole one is granted.
    let role = "4d97b98b-1d4f-4787-a291-c67834d212e7";
    let assignment = "aaaaaaaa-0000-4000-8000-000000000001";
    let path = format!("{scope}/providers/Microsoft.Authorization/roleAssignments/{assignment}");
    let definition = format!(
        "/subscriptions/{}/providers/Microsoft.Authorization/roleDefinitions/{role}",
        tenant.subscription_id()
    );
    let properties = json!({ "roleDefinitionId": definition, "principalId": principal, "principalType": "ServicePrincipal" });
    let (status, answer) =
        stage.traveller.call(Method::PUT, &path, Some(&json!({ "properties": properties }))).await;
    assert!(status.is_success(), "granting {action}: {status} {answer}");
}

async fn blocked_until_granted(action: &'static str, place: Tenant, scope: &str) {
    let stage = without(action, place).await;
    stage.two_networks().await;
    let app = stage.app(Fabrikam, "");
    stage.contoso_opens().await;
    stage.deliver(&[&app]).await;
    app.sweep().await;
    let record = app.record().await;
    assert_eq!(record.phase, Phase::Blocked, "{record:#?}");
    let reason = record.reason.clone().unwrap();
    let object_id = stage.azure.world().app(Fabrikam).object_id(place).unwrap();
    assert_eq!(reason.code.as_str(), "access-missing");
    for told in [action, scope, object_id] {
        assert!(reason.message.contains(told), "{told} is not told: {}", reason.message);
    }
    assert_eq!(stage.traveller.state(&spoke()).await, "none");

    grant(&stage, &reason.fix.unwrap(), action).await;
    app.sweep().await;
    assert_eq!(app.phase().await, Phase::Connected, "{:#?}", app.record().await);
    assert_eq!(stage.traveller.state(&spoke()).await, "Connected/FullyInSync");
}

#[tokio::test(start_paused = true)]
async fn a_missing_peer_action_on_the_partners_network_blocks_until_it_is_granted() {
    blocked_until_granted("Microsoft.Network/virtualNetworks/peer/action", Contoso, &hub()).await;
}

#[tokio::test(start_paused = true)]
async fn a_missing_write_on_our_peerings_blocks_until_it_is_granted() {
    blocked_until_granted(
        "Microsoft.Network/virtualNetworks/virtualNetworkPeerings/write",
        Fabrikam,
        &spoke(),
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_missing_read_on_our_networks_blocks_until_it_is_granted() {
    blocked_until_granted("Microsoft.Network/virtualNetworks/read", Fabrikam, &spoke()).await;
}

#[tokio::test(start_paused = true)]
async fn a_missing_read_on_the_partners_network_is_told_when_we_opened_the_half() {
    let stage = without("Microsoft.Network/virtualNetworks/read", Contoso).await;
    stage.two_networks().await;
    let app = stage.app(Fabrikam, "");
    stage.traveller.open(&format!("{}/virtualNetworkPeerings/to-hub", spoke()), &hub()).await;
    stage.deliver(&[&app]).await;
    let record = app.record().await;
    assert_eq!(record.phase, Phase::Blocked);
    let message = record.reason.unwrap().message;
    assert!(
        message.contains("Microsoft.Network/virtualNetworks/read") && message.contains(&hub()),
        "{message}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_missing_delete_leaves_the_half_and_says_so() {
    let delete = "Microsoft.Network/virtualNetworks/virtualNetworkPeerings/delete";
    let stage = without(delete, Fabrikam).await;
    stage.two_networks().await;
    let app = stage.app(Fabrikam, "");
    stage.contoso_opens().await;
    stage.deliver(&[&app]).await;
    stage.traveller.close(&hub(), "to-spoke").await;
    stage.deliver(&[&app]).await;
    let record = app.record().await;
    assert_eq!(record.phase, Phase::Blocked);
    assert!(record.reason.unwrap().message.contains(delete));
    grant(&stage, &app.record().await.reason.unwrap().fix.unwrap(), delete).await;
    app.sweep().await;
    assert_eq!(app.phase().await, Phase::Closed);
    assert_eq!(stage.traveller.state(&spoke()).await, "none");
}

#[tokio::test(start_paused = true)]
async fn an_app_without_any_right_at_the_partners_says_so_and_goes_on_with_the_rest() {
    let stage = Stage::in_world(Grants::Shipped, |app, place, role: Value| {
        (app != Fabrikam || place == Fabrikam).then_some(role)
    })
    .await;
    stage.two_networks().await;
    let app = stage.app(Fabrikam, "");
    stage.contoso_opens().await;
    stage.deliver(&[&app]).await;
    app.sweep().await;
    assert!(app.records().await.is_empty(), "which handshake is meant cannot be known");
    let other = network(Fabrikam, "spokes", "other");
    stage.traveller.network(&other, &["10.77.0.0/16"]).await;
    stage.traveller.open(&format!("{other}/virtualNetworkPeerings/to-hub"), &hub()).await;
    app.sweep().await;
    assert_eq!(app.phase().await, Phase::Blocked);
}
