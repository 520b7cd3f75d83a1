//! Nothing is believed: events name a resource to look at, and what is there decides.

use peerpact::handshake::phase::Phase;
use peerpact_sandbox::Tenant::{Contoso, Fabrikam};
use serde_json::{Value, json};

use super::stage::{Stage, half, hub, network, spoke, wait};

fn written(resource: &str) -> Value {
    json!({
        "id": "forged", "eventType": "Microsoft.Resources.ResourceWriteSuccess", "subject": resource,
        "data": { "resourceUri": resource, "status": "Succeeded", "tenantId": Contoso.tenant_id(), "peeringState": "Initiated" },
    })
}

#[tokio::test(start_paused = true)]
async fn an_event_about_a_half_that_does_not_exist_does_nothing() {
    let stage = Stage::of_two_networks().await;
    let app = stage.app(Fabrikam, "");
    for resource in [
        half(&hub(), "to-spoke"),
        half(&spoke(), "to-hub"),
        half(&network(Contoso, "hub", "nowhere"), "to-spoke"),
        half(&network(Contoso, "no-group", "hub"), "to-spoke"),
    ] {
        app.event(&written(&resource)).await;
    }
    assert!(app.records().await.is_empty());
    assert_eq!(stage.traveller.state(&spoke()).await, "none");
}

#[tokio::test(start_paused = true)]
async fn every_order_of_three_events_and_each_of_them_twice_ends_connected_with_one_write() {
    let orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
    for order in orders {
        let stage = Stage::new().await;
        let app = stage.app(Fabrikam, "");
        let mark = stage.mark();
        stage.two_networks().await;
        stage.contoso_opens().await;
        let events = stage.take_events(Fabrikam);
        assert_eq!(events.len(), 3);
        for at in order.into_iter().chain(order) {
            app.event(&events[at]).await;
        }
        assert_eq!(app.phase().await, Phase::Connected, "{order:?}");
        assert_eq!(stage.writes_of_app(Fabrikam, mark).len(), 1, "{order:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_event_that_comes_hours_after_the_half_was_withdrawn_revives_nothing() {
    let stage = Stage::of_two_networks().await;
    let app = stage.app(Fabrikam, "");
    stage.contoso_opens().await;
    let late = stage.take_events(Fabrikam);
    stage.traveller.close(&hub(), "to-spoke").await;
    stage.take_events(Fabrikam);
    wait(3 * 3600).await;
    let mark = stage.mark();
    for event in &late {
        app.event(event).await;
    }
    assert_eq!(stage.writes_of_app(Fabrikam, mark), Vec::<String>::new());
    assert!(app.records().await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_event_for_a_deleted_network_closes_the_handshake() {
    let (stage, app) = Stage::connected("").await;
    stage.traveller.delete(&hub()).await;
    stage.deliver(&[&app]).await;
    app.sweep().await;
    assert_eq!(app.phase().await, Phase::Closed, "{:#?}", app.record().await);
    assert_eq!(stage.traveller.state(&spoke()).await, "none");
}

#[tokio::test(start_paused = true)]
async fn our_own_network_deleted_closes_the_handshake_without_a_write() {
    let (stage, app) = Stage::connected("").await;
    let mark = stage.mark();
    stage.traveller.delete(&spoke()).await;
    stage.deliver(&[&app]).await;
    app.sweep().await;
    assert_eq!(app.phase().await, Phase::Closed);
    assert_eq!(stage.writes_of_app(Fabrikam, mark), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn a_half_that_points_at_somebody_elses_network_is_not_ours_to_answer() {
    let stage = Stage::of_two_networks().await;
    let other = network(Contoso, "hub", "other");
    stage.traveller.network(&other, &["10.99.0.0/16"]).await;
    stage.traveller.open(&half(&hub(), "to-other"), &other).await;
    let app = stage.app(Fabrikam, "");
    let mark = stage.mark();
    stage.deliver(&[&app]).await;
    app.sweep().await;
    assert!(app.records().await.is_empty());
    assert_eq!(stage.writes_of_app(Fabrikam, mark), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn a_half_made_by_hand_under_another_name_is_adopted() {
    let stage = Stage::of_two_networks().await;
    let app = stage.app(Fabrikam, "");
    stage.traveller.open(&half(&spoke(), "made-by-hand"), &hub()).await;
    stage.contoso_opens().await;
    let mark = stage.mark();
    stage.deliver(&[&app]).await;
    let record = app.record().await;
    assert_eq!(record.phase, Phase::Connected);
    assert!(record.ours.half.unwrap().ends_with("/made-by-hand"));
    assert_eq!(stage.writes_of_app(Fabrikam, mark), Vec::<String>::new());
    stage.traveller.respace(&hub(), &["10.10.0.0/16", "10.11.0.0/16"]).await;
    stage.deliver(&[&app]).await;
    assert_eq!(stage.writes_of_app(Fabrikam, mark), ["PUT virtualNetworkPeerings/made-by-hand"]);
    assert_eq!(stage.traveller.state(&spoke()).await, "Connected/FullyInSync");
}

#[tokio::test(start_paused = true)]
async fn a_network_made_again_under_the_same_name_is_agreed_to_afresh() {
    let (stage, app) = Stage::connected("").await;
    stage.traveller.delete(&hub()).await;
    stage.traveller.network(&hub(), &["192.168.0.0/16"]).await;
    stage.deliver(&[&app]).await;
    app.sweep().await;
    assert_eq!(app.phase().await, Phase::Closed, "{:#?}", app.record().await);
    assert_eq!(stage.traveller.state(&spoke()).await, "none");

    stage.contoso_opens().await;
    stage.deliver(&[&app]).await;
    assert_eq!(app.phase().await, Phase::Refused, "the new network's space is not agreed");
    stage.traveller.respace(&hub(), &["10.10.0.0/16"]).await;
    stage.deliver(&[&app]).await;
    let record = app.record().await;
    assert_eq!(record.phase, Phase::Connected, "{record:#?}");
    assert_eq!(stage.traveller.state(&hub()).await, "Connected/FullyInSync");
}

#[tokio::test(start_paused = true)]
async fn a_half_removed_and_made_again_towards_another_network_is_two_handshakes() {
    let stage = Stage::of_two_networks().await;
    let other = network(Fabrikam, "spokes", "other");
    stage.traveller.network(&other, &["10.30.0.0/16"]).await;
    let app = stage.app(Fabrikam, "");
    stage.contoso_opens().await;
    stage.deliver(&[&app]).await;
    stage.traveller.close(&hub(), "to-spoke").await;
    stage.traveller.open(&half(&hub(), "to-spoke"), &other).await;
    let events = stage.take_events(Fabrikam);
    // Only the last event arrives.
    app.event(events.last().unwrap()).await;
    let phases: Vec<(String, Phase)> =
        app.records().await.into_iter().map(|record| (record.ours.resource_id, record.phase)).collect();
    assert_eq!(phases.len(), 2, "{phases:?}");
    assert!(phases.contains(&(spoke(), Phase::Closed)), "{phases:?}");
    assert!(phases.contains(&(other, Phase::Connected)), "{phases:?}");
}

#[tokio::test(start_paused = true)]
async fn a_forged_echo_loses_a_trigger_and_the_sweep_makes_up_for_it() {
    let stage = Stage::of_two_networks().await;
    let app = stage.app(Fabrikam, "");
    stage.contoso_opens().await;
    for event in stage.take_events(Fabrikam) {
        app.event(&event).await;
    }
    wait(3).await;
    let echo = stage
        .take_events(Fabrikam)
        .into_iter()
        .find(|event| event["subject"].as_str().unwrap().contains("peerpact-"));
    let correlation = echo.expect("the app's own write raises an event")["data"]["correlationId"].clone();
    stage.traveller.close(&hub(), "to-spoke").await;
    stage.take_events(Fabrikam);
    let mut forged = written(&half(&hub(), "to-spoke"));
    forged["data"]["correlationId"] = correlation;
    app.event(&forged).await;
    assert_eq!(app.phase().await, Phase::Connected, "the trigger was lost");
    app.sweep().await;
    assert_eq!(app.phase().await, Phase::Closed);
}

#[tokio::test(start_paused = true)]
async fn both_apps_at_once_end_connected_with_one_write_between_them() {
    let (stage, contoso, fabrikam) = Stage::with_both_apps().await;
    let mark = stage.mark();
    stage.contoso_opens().await;
    for _ in 0..3 {
        stage.deliver(&[&contoso, &fabrikam]).await;
        wait(2).await;
    }
    let (central, target) = (contoso.record().await, fabrikam.record().await);
    assert_eq!((central.phase, target.phase), (Phase::Connected, Phase::Connected));
    assert_eq!(central.id, target.id);
    assert_eq!(stage.writes_of_app(Contoso, mark).len() + stage.writes_of_app(Fabrikam, mark).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn two_instances_of_one_app_on_one_ledger_write_once() {
    let stage = Stage::of_two_networks().await;
    let (one, other) = (stage.app(Fabrikam, ""), stage.app(Fabrikam, ""));
    let mark = stage.mark();
    stage.contoso_opens().await;
    let events = stage.take_events(Fabrikam);
    let event = events.last().unwrap();
    tokio::join!(one.event(event), other.event(event), one.sweep(), other.sweep());
    assert_eq!(one.phase().await, Phase::Connected);
    assert_eq!(stage.writes_of_app(Fabrikam, mark).len(), 1);
}
