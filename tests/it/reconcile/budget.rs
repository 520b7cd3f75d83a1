//! What things cost, from the sandbox's own history.

use peerpact::handshake::phase::Phase;
use peerpact_sandbox::Tenant::{Contoso, Fabrikam};
use peerpact_sandbox::service_bus::Message;
use serde_json::json;

use super::stage::gate::Gate;
use super::stage::points::Counts;
use super::stage::{Stage, hub, spoke};

fn without_tokens(calls: Vec<String>) -> Vec<String> {
    calls.into_iter().filter(|call| call != "TOKEN").collect()
}

#[tokio::test(start_paused = true)]
async fn an_accepted_peering_costs_two_reads_one_write_the_polls_and_two_reads() {
    let stage = Stage::of_two_networks().await;
    let app = stage.app(Fabrikam, "");
    let mark = stage.mark();
    stage.contoso_opens().await;
    stage.deliver(&[&app]).await;
    assert_eq!(app.phase().await, Phase::Connected);

    // The events of the app's own write come too, and cost nothing.
    super::stage::wait(5).await;
    stage.deliver(&[&app]).await;
    let calls = without_tokens(stage.calls_of_app(Fabrikam, mark));
    let polls = calls.iter().filter(|call| *call == "POLL").count();
    assert!(polls >= 1, "{calls:?}");
    let others: Vec<&str> = calls.iter().map(String::as_str).filter(|call| *call != "POLL").collect();
    assert_eq!(others.len(), 5, "{others:?}");
    assert_eq!(others[..2], ["GET virtualNetworks/hub", "GET virtualNetworks/spoke"]);
    assert!(others[2].starts_with("PUT virtualNetworkPeerings/peerpact-"), "{others:?}");
    assert_eq!(others[3..], ["GET virtualNetworks/spoke", "GET virtualNetworks/hub"]);
}

#[tokio::test(start_paused = true)]
async fn reconciling_a_healthy_handshake_is_two_reads_and_no_write() {
    let stage = Stage::of_two_networks().await;
    let app = stage.app(Fabrikam, "");
    stage.contoso_opens().await;
    let events = stage.take_events(Fabrikam);
    for event in &events {
        app.event(event).await;
    }
    assert_eq!(app.phase().await, Phase::Connected);
    let mark = stage.mark();
    for event in &events {
        app.event(event).await;
    }
    let calls = without_tokens(stage.calls_of_app(Fabrikam, mark));
    let half_events = events
        .iter()
        .filter(|event| event["subject"].as_str().unwrap().contains("virtualNetworkPeerings"))
        .count();
    assert_eq!(half_events, 1);
    // The networks' own events are about this handshake too, now that it is known.
    let times = events.len();
    assert_eq!(calls.len(), 2 * times, "{calls:?}");
    assert!(calls.iter().all(|call| call.starts_with("GET")), "{calls:?}");
}

/// The calls of the ledger that read and that write, since these were counted.
fn ledger_calls(gate: &Gate, since: Counts) -> (usize, usize) {
    let Counts { ledger_reads, ledger_writes, .. } = gate.counts();
    (ledger_reads - since.ledger_reads, ledger_writes - since.ledger_writes)
}

#[tokio::test(start_paused = true)]
async fn an_accepted_peering_is_six_calls_of_the_ledger_and_a_healthy_one_that_is_read_again_two() {
    let stage = Stage::of_two_networks().await;
    let gate = Gate::open();
    let app = stage.gated_app(Fabrikam, "", &gate);
    // A process looks once for outcomes that an earlier one left.
    app.sweep().await;
    stage.contoso_opens().await;
    let opened = |event: &&serde_json::Value| event["subject"].as_str().unwrap().contains("to-spoke");
    let events = stage.take_events(Fabrikam);
    let opened = events.iter().find(opened).unwrap();
    let start = gate.counts();
    app.take_event(opened).await;
    assert_eq!(ledger_calls(&gate, start), (1, 0), "the event: is the half on record?");
    while app.take_message().await {}
    // The item: whose is the half, its pair's record; the intent, what came of it, and that the outcome was sent.
    assert_eq!(ledger_calls(&gate, start), (3, 3));
    let start = gate.counts();
    let item = json!({
        "version": 1, "id": "i-1", "trigger": { "handshake": { "ours": spoke(), "theirs": hub() } },
        "cause": { "kind": "sweep", "id": "s-1" }, "at": "9000-01-01T00:00:00Z", "attempt": 0, "due": null, "ahead": 0,
    });
    app.broker.send("reconcile", Message { body: item.to_string().into(), ..Message::default() }).unwrap();
    assert!(app.take_message().await);
    assert_eq!(ledger_calls(&gate, start), (1, 1), "its record, and that it was read");
}

#[tokio::test(start_paused = true)]
async fn a_sweep_over_a_healthy_world_costs_one_list_a_subscription() {
    let stage = Stage::of_two_networks().await;
    let app = stage.app(Fabrikam, "");
    stage.contoso_opens().await;
    app.sweep().await;
    assert_eq!(app.phase().await, Phase::Connected);
    let mark = stage.mark();
    app.sweep().await;
    let calls = without_tokens(stage.calls_of_app(Fabrikam, mark));
    assert_eq!(calls, ["GET Microsoft.Network/virtualNetworks", "GET Microsoft.Network/virtualNetworks"]);
}

#[tokio::test(start_paused = true)]
async fn an_event_about_anything_else_costs_no_call() {
    let stage = Stage::of_two_networks().await;
    let app = stage.app(Fabrikam, "");
    let mark = stage.mark();
    let write = "Microsoft.Resources.ResourceWriteSuccess";
    let subscription = format!("/subscriptions/{}", Fabrikam.subscription_id());
    let stranger = "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/v/virtualNetworkPeerings/p";
    let half = format!("{}/virtualNetworkPeerings/p", hub());
    let events = [
        json!({ "id": "1", "eventType": write, "subject": format!("{subscription}/resourceGroups/spokes"), "data": {} }),
        json!({ "id": "2", "eventType": write, "subject": format!("{}/subnets/a", spoke()), "data": {} }),
        json!({ "id": "3", "eventType": write, "subject": spoke(), "data": {} }),
        json!({ "id": "4", "eventType": "Microsoft.Storage.BlobCreated", "subject": half, "data": {} }),
        json!({ "id": "5", "eventType": "Microsoft.Resources.ResourceActionSuccess", "subject": half, "data": {} }),
        json!({ "id": "6", "eventType": write, "subject": stranger, "data": {} }),
        json!({ "id": "7", "eventType": write, "subject": half, "data": { "tenantId": "11111111-2222-3333-4444-555555555555" } }),
        json!({ "id": "8", "specversion": "1.0", "type": write, "subject": stranger, "data": {} }),
        json!({}),
    ];
    for event in &events {
        app.event(event).await;
    }
    assert_eq!(stage.calls_of_app(Fabrikam, mark), Vec::<String>::new(), "also no token is asked for");
    assert!(app.records().await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_token_is_asked_for_once_a_tenant() {
    let stage = Stage::of_two_networks().await;
    let app = stage.app(Fabrikam, "");
    let mark = stage.mark();
    stage.contoso_opens().await;
    stage.deliver(&[&app]).await;
    app.sweep().await;
    let tokens = stage.calls_of_app(Fabrikam, mark).into_iter().filter(|call| call == "TOKEN").count();
    assert_eq!(tokens, 2);
    assert!(stage.calls_of_app(Contoso, mark).is_empty());
}
