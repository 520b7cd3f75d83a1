//! Events that somebody makes up: what they may cost, and who goes on being heard.

use peerpact::handshake::phase::Phase;
use peerpact::reconcile::EventLimits;
use peerpact_sandbox::Tenant::{self, Contoso, Fabrikam};
use serde_json::{Value, json};

use super::stage::gate::Gate;
use super::stage::{NONE, Stage, half, hub, network, spoke, wait};

/// An event that claims to be contoso's, about this resource.
fn event(id: &str, resource: &str) -> Value {
    json!({
        "id": id, "eventType": "Microsoft.Resources.ResourceWriteSuccess", "subject": resource,
        "data": { "resourceUri": resource, "tenantId": Contoso.tenant_id() },
    })
}

/// A half in a network that is not there.
fn made_up(tenant: Tenant, number: usize) -> Value {
    let network = network(tenant, "spokes", &format!("made-up-{number}"));
    event(&format!("forged-{number}"), &half(&network, "x"))
}

fn reads(calls: &[String]) -> usize {
    calls.iter().filter(|call| call.starts_with("GET")).count()
}

#[tokio::test(start_paused = true)]
async fn three_thousand_made_up_networks_cost_some_hundred_reads_and_are_counted() {
    for tenant in [Fabrikam, Contoso] {
        let stage = Stage::of_two_networks().await;
        let app = stage.app(Fabrikam, "");
        let mark = stage.mark();
        for number in 0..3000 {
            assert!(app.take_event(&made_up(tenant, number)).await);
        }
        app.work(30).await;
        let reads = reads(&stage.calls_of_app(Fabrikam, mark));
        assert!((200..=400).contains(&reads), "{reads} reads for networks of {tenant:?}");
        let (_, body) = app.health().await;
        let who = if tenant == Fabrikam { "our own tenant" } else { "contoso" };
        let spent = json!([{ "who": who, "leftToSweep": 3000 - reads }]);
        assert_eq!(
            (&body["events"]["spent"], &body["events"]["leftToSweep"]),
            (&spent, &json!(3000 - reads))
        );
        assert_eq!(body["events"]["perMinute"], 600);
        // The next minute has a budget of its own.
        wait(60).await;
        app.take_event(&made_up(tenant, 3000)).await;
        assert_eq!(app.work_items().active, 1);
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_on_record_is_heard_while_made_up_networks_are_not() {
    let stage = Stage::opened().await;
    let app = stage.app(Fabrikam, "");
    app.sweep().await;
    assert!(stage.is_connected().await);
    for number in 0..3000 {
        assert!(app.take_event(&made_up(Contoso, number)).await);
    }
    app.work(1).await;
    stage.traveller.respace(&hub(), &["10.10.0.0/16", "10.11.0.0/16"]).await;
    for event in stage.take_events(Fabrikam) {
        app.event(&event).await;
    }
    assert!(stage.is_connected().await, "the record's networks were looked at, and our half was synced");
}

#[tokio::test(start_paused = true)]
async fn what_is_left_to_the_sweep_is_found_by_it() {
    let stage = Stage::opened().await;
    let events = stage.take_events(Fabrikam);
    let app = stage.app(Fabrikam, "");
    for number in 0..400 {
        assert!(app.take_event(&made_up(Contoso, number)).await);
    }
    for event in &events {
        app.event(event).await;
    }
    assert!(!stage.is_connected().await, "nobody knows it yet, and there is no money left for that");
    app.sweep().await;
    assert!(stage.is_connected().await);
    assert_eq!(app.phase().await, Phase::Connected);
}

#[tokio::test(start_paused = true)]
async fn a_crowd_of_events_about_one_thing_costs_two_items() {
    let stage = Stage::opened().await;
    let app = stage.app(Fabrikam, "");
    let opened = half(&hub(), "to-spoke");
    for number in 0..1000 {
        assert!(app.take_event(&event(&format!("e-{number}"), &opened)).await);
    }
    let (_, body) = app.health().await;
    assert_eq!((app.work_items().active, &body["events"]["leftToSweep"]), (1, &json!(0)));
    assert_eq!(app.work_items().scheduled, 1, "for whatever came after the first");
}

#[tokio::test(start_paused = true)]
async fn what_follows_from_events_is_paid_for_when_it_is_reconciled_too() {
    let stage = Stage::opened().await;
    let gate = Gate::limiting(EventLimits { queued: 1000, calls: 20 });
    let app = stage.gated_app(Fabrikam, "", &gate);
    app.sweep().await;
    assert!(stage.is_connected().await);
    let mark = stage.mark();
    for number in 0..24 {
        app.take_event(&event(&format!("e-{number}"), &spoke())).await;
        while app.take_message().await {}
        wait(2).await;
    }
    assert_eq!(reads(&stage.calls_of_app(Fabrikam, mark)), 20);
    let (_, body) = app.health().await;
    assert_eq!(body["events"]["leftToSweep"], 14);
    // Neither a request nor the sweep pays from it.
    stage.submit(Fabrikam, &super::stage::requester::recheck("r-1", &spoke(), &hub()));
    app.work(10).await;
    assert_eq!(stage.answer(Fabrikam, "r-1").subject, "connected");
    stage.traveller.close(&hub(), "to-spoke").await;
    app.sweep().await;
    assert_eq!(app.phase().await, Phase::Closed);
}

#[tokio::test(start_paused = true)]
async fn a_write_that_an_event_caused_is_paid_for_too() {
    let stage = Stage::opened().await;
    stage.take_events(Fabrikam);
    let gate = Gate::limiting(EventLimits { queued: 1000, calls: 8 });
    let app = stage.gated_app(Fabrikam, "", &gate);
    app.event(&event("e-1", &half(&hub(), "to-spoke"))).await;
    assert!(stage.is_connected().await);
    let mark = stage.mark();
    app.event(&event("e-2", &hub())).await;
    assert_eq!(stage.calls_of_app(Fabrikam, mark), NONE, "three reads, a write and what it takes were paid");
    let (_, body) = app.health().await;
    assert_eq!(body["events"]["leftToSweep"], 1);
}

#[tokio::test(start_paused = true)]
async fn a_subscription_that_nobody_named_costs_no_item() {
    let stage = Stage::new().await;
    let app = stage.app(Fabrikam, "");
    let nobodys = hub().replace(Contoso.subscription_id(), "99999999-8888-7777-6666-555555555555");
    for resource in [half(&nobodys, "x"), nobodys] {
        assert!(app.take_event(&event("e-1", &resource)).await);
    }
    assert_eq!(app.work_items().active, 0);
}
