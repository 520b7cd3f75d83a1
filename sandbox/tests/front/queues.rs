//! Functions that are fed from a queue.

use std::{collections::BTreeSet, time::Duration};

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use peerpact_sandbox::{
    front::functions_host::FunctionsHost,
    service_bus::{Depth, Message, Value as Property},
};
use serde_json::{Value, json};

use crate::support::{App, Recorded, runs, until};

const QUEUE: &str = "reconcile";
const DEAD: &str = "reconcile/$deadletterqueue";

fn send(app: &App, id: &str, body: &'static str) {
    let message = Message {
        message_id: Some(id.to_owned()),
        application_properties: [("hop".to_owned(), Property::Int(1))].into(),
        body: Bytes::from_static(body.as_bytes()),
        ..Message::default()
    };
    app.broker.send(QUEUE, message).unwrap();
}

fn depth(app: &App) -> Depth {
    app.broker.depth(QUEUE).unwrap()
}

async fn empty(app: &App) {
    until(|| depth(app) == Depth { dead_lettered: depth(app).dead_lettered, ..Depth::default() }).await;
}

fn ids(requests: &[Recorded]) -> Vec<String> {
    let id = |request: &Recorded| request.json()["Metadata"]["MessageId"].as_str().unwrap().to_owned();
    requests.iter().map(id).collect()
}

fn app(change: Value) -> App {
    let app = App::new();
    app.queue_function("Reconcile", change);
    app
}

/// A host whose handler holds a message until `release` is there.
async fn held() -> (App, FunctionsHost) {
    let app = app(json!({}));
    app.answer("/Reconcile", json!({ "hold": "release" }));
    let host = app.start().await;
    send(&app, "m-1", "{}");
    app.invoked(1).await;
    (app, host)
}

#[tokio::test]
async fn a_message_is_one_invocation_and_gone_when_that_succeeds() {
    let app = app(json!({ "queueName": "%QUEUE%" }));
    let host = app.start().await;
    send(&app, "m-1", r#"{"a":1,"MessageId":"spoofed"}"#);
    let request = app.invoked(1).await.remove(0);
    empty(&app).await;
    host.shutdown().await;
    assert_eq!(request.path, "/Reconcile");
    let sent = request.json();
    assert_eq!(sent["Data"], json!({ "message": STANDARD.encode(r#"{"a":1,"MessageId":"spoofed"}"#) }));
    let metadata = &sent["Metadata"];
    assert_eq!(metadata["MessageId"], "\"m-1\"");
    assert_eq!((&metadata["DeliveryCount"], &metadata["SequenceNumber"]), (&json!("1"), &json!("1")));
    assert_eq!(metadata["ApplicationProperties"], json!({ "hop": 1 }));
    assert_eq!(metadata["sys"]["MethodName"], "Reconcile");
    assert_eq!(app.requests().len(), 1);
}

#[tokio::test]
async fn without_a_data_type_the_body_is_text_that_is_encoded_twice_and_writes_metadata() {
    let app = app(json!({ "dataType": null }));
    let host = app.start().await;
    send(&app, "m-1", r#"{"a":1,"messageid":"spoofed"}"#);
    let sent = app.invoked(1).await[0].json();
    host.shutdown().await;
    let once: String = serde_json::from_str(sent["Data"]["message"].as_str().unwrap()).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&once).unwrap()["a"], 1);
    assert_eq!(sent["Metadata"]["MessageId"], "\"spoofed\"");
}

#[tokio::test]
async fn an_invocation_that_fails_gives_the_message_back_until_it_is_dead_lettered() {
    let app = app(json!({}));
    app.answer("/Reconcile", json!({ "status": 500 }));
    let host = app.start().await;
    send(&app, "poison", "{}");
    until(|| depth(&app).dead_lettered == 1).await;
    empty(&app).await;
    host.shutdown().await;
    let counts: Vec<Value> =
        app.requests().iter().map(|request| request.json()["Metadata"]["DeliveryCount"].clone()).collect();
    assert_eq!(counts, (1..=10).map(|count| json!(count.to_string())).collect::<Vec<_>>());
    let dead = app.broker.receive(DEAD).unwrap().unwrap();
    assert_eq!(
        dead.message.application_properties["DeadLetterReason"],
        Property::from("MaxDeliveryCountExceeded")
    );
    assert_eq!(app.starts().len(), 1, "a failed invocation is no reason for a restart");
}

#[tokio::test]
async fn no_more_messages_are_under_way_than_the_host_json_allows() {
    let app = app(json!({}));
    app.change_host_json(|host| host["extensions"] = json!({ "serviceBus": { "maxConcurrentCalls": 2 } }));
    app.answer("/Reconcile", json!({ "hold": "release" }));
    let host = app.start().await;
    for id in ["a", "b", "c", "d", "e"] {
        send(&app, id, "{}");
    }
    app.invoked(2).await;
    // Long enough for a third, if there were one, and for a lock to run out if it were not renewed.
    tokio::time::sleep(Duration::from_millis(1500)).await;
    assert_eq!(app.requests().len(), 2);
    assert_eq!(depth(&app), Depth { active: 3, locked: 2, ..Depth::default() });
    app.touch("release");
    empty(&app).await;
    host.shutdown().await;
    let invoked = ids(&app.requests());
    assert_eq!((invoked.len(), invoked.iter().collect::<BTreeSet<_>>().len()), (5, 5));
}

#[tokio::test]
async fn a_lock_is_not_renewed_beyond_the_limit() {
    let app = app(json!({}));
    app.change_host_json(|host| {
        host["extensions"] = json!({ "serviceBus": { "maxAutoLockRenewalDuration": "00:00:01" } });
    });
    app.answer("/Reconcile", json!({ "hold": "release" }));
    let host = app.start().await;
    send(&app, "m-1", "{}");
    let again = app.invoked(2).await;
    app.touch("release");
    host.shutdown().await;
    assert_eq!(again[1].json()["Metadata"]["DeliveryCount"], "2");
}

#[tokio::test]
async fn messages_that_a_killed_handler_had_come_again_to_the_next_one() {
    let app = app(json!({}));
    app.answer("/Reconcile", json!({ "hold": "release" }));
    let host = app.start().await;
    for id in ["a", "b", "c"] {
        send(&app, id, "{}");
    }
    let before = app.invoked(3).await;
    let pid = before[0].pid;
    app.answer("/Reconcile", json!({}));
    rustix::process::kill_process(
        rustix::process::Pid::from_raw(pid.cast_signed()).unwrap(),
        rustix::process::Signal::KILL,
    )
    .unwrap();
    empty(&app).await;
    host.shutdown().await;
    assert_eq!(depth(&app), Depth::default());
    let after: Vec<Recorded> = app.requests().into_iter().filter(|request| request.pid != pid).collect();
    for request in &after {
        assert_eq!(request.json()["Metadata"]["DeliveryCount"], "2", "one delivery for one death");
    }
    assert!(after.len() == 3 && !runs(pid));
}

#[tokio::test]
async fn a_restart_of_the_broker_makes_what_was_under_way_come_again() {
    let (app, host) = held().await;
    app.broker.restart();
    let again = app.invoked(2).await;
    app.touch("release");
    empty(&app).await;
    host.shutdown().await;
    assert_eq!(again[1].json()["Metadata"]["DeliveryCount"], "1", "a restart is no delivery");
}

#[tokio::test]
async fn a_host_that_ends_gives_its_messages_back_uncounted() {
    let (app, host) = held().await;
    host.shutdown().await;
    assert_eq!(app.broker.receive(QUEUE).unwrap().unwrap().delivery_count, 1);
}

#[tokio::test]
async fn a_message_stays_where_the_host_does_not_complete_it() {
    let app = app(json!({}));
    app.change_host_json(|host| {
        host["extensions"] = json!({ "serviceBus": { "autoCompleteMessages": false } });
    });
    let host = app.start().await;
    send(&app, "m-1", "{}");
    let requests = app.invoked(2).await;
    host.shutdown().await;
    assert_eq!(requests[1].json()["Metadata"]["DeliveryCount"], "2", "its lock ran out");
}

#[tokio::test]
async fn a_queue_function_is_started_with_a_body_by_its_admin_address() {
    let app = app(json!({}));
    let host = app.start().await;
    let address = format!("{}/admin/functions/Reconcile", host.origin());
    let request = crate::support::client(None).post(address).header("x-functions-key", &host.keys().master);
    assert_eq!(request.body(r#"{"input":"hello"}"#).send().await.unwrap().status(), 202);
    let sent = app.invoked(1).await[0].json();
    host.shutdown().await;
    assert_eq!(sent["Data"]["message"], json!(STANDARD.encode("hello")));
}
