//! Static members: the partner's networks join and leave our network groups.

use peerpact::handshake::phase::Phase;
use peerpact_sandbox::Tenant::{Contoso, Fabrikam};
use serde_json::{Value, json};

use super::stage::managers::{fabrikam_offers, managed, manager, subscription};
use super::stage::{Stage, network, spoke, wait};

fn group() -> String {
    format!("{}/networkGroups/partners", manager())
}

pub(crate) fn filled() -> String {
    let members = network(Fabrikam, "spokes", "spoke*");
    managed(Contoso, &format!("groups = [{{ name = \"partners\", members = \"{members}\" }}]"))
}

pub(crate) async fn make_group(stage: &Stage) {
    stage.traveller.put(&group(), &json!({ "properties": { "memberType": "VirtualNetwork" } })).await;
}

pub(crate) async fn members(stage: &Stage) -> Vec<(String, String)> {
    let listed = stage.traveller.get(&format!("{}/staticMembers", group())).await.expect("a list");
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let member = |member: &Value| {
        (text(&member["properties"]["resourceId"]), text(&member["properties"]["provisioningState"]))
    };
    listed["value"].as_array().unwrap().iter().map(member).collect()
}

#[tokio::test(start_paused = true)]
async fn a_partners_network_joins_the_group_that_the_agreement_fills_and_leaves_it_when_it_goes() {
    let stage = Stage::of_a_manager().await;
    make_group(&stage).await;
    stage.traveller.network(&spoke(), &["10.20.0.0/16"]).await;
    stage.traveller.network(&network(Fabrikam, "spokes", "other"), &["10.30.0.0/16"]).await;
    let app = stage.app(Contoso, &filled());
    fabrikam_offers(&stage, "offer", &subscription(Fabrikam)).await;
    for _ in 0..3 {
        stage.deliver(&[&app]).await;
        wait(10).await;
        app.sweep().await;
    }
    assert_eq!(app.phase().await, Phase::Connected, "{:#?}", app.record().await);
    assert_eq!(members(&stage).await, [(spoke(), "Succeeded".to_owned())]);

    let second = network(Fabrikam, "spokes", "spoke-2");
    stage.traveller.network(&second, &["10.40.0.0/16"]).await;
    stage.deliver(&[&app]).await;
    wait(10).await;
    let now: Vec<String> = members(&stage).await.into_iter().map(|(id, _)| id).collect();
    assert!(now.contains(&second), "an event about the network was enough: {now:?}");

    stage.traveller.delete(&second).await;
    stage.deliver(&[&app]).await;
    wait(10).await;
    app.sweep().await;
    let left: Vec<String> = members(&stage).await.into_iter().map(|(id, _)| id).collect();
    assert_eq!(left, [spoke()]);
    assert_eq!(app.phase().await, Phase::Connected);
}

#[tokio::test(start_paused = true)]
async fn a_group_that_does_not_exist_is_told_and_the_handshake_stays_connected() {
    let stage = Stage::of_a_manager().await;
    let app = stage.app(Contoso, &filled());
    fabrikam_offers(&stage, "offer", &subscription(Fabrikam)).await;
    for _ in 0..2 {
        stage.deliver(&[&app]).await;
        wait(5).await;
        app.sweep().await;
    }
    let record = app.record().await;
    assert_eq!(record.phase, Phase::Connected, "{record:#?}");
    assert_eq!(record.reason.unwrap().code.as_str(), "group-missing");
    make_group(&stage).await;
    stage.traveller.network(&spoke(), &["10.20.0.0/16"]).await;
    app.sweep().await;
    wait(10).await;
    app.sweep().await;
    assert_eq!(members(&stage).await.len(), 1);
}
