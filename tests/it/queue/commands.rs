//! `peerpact queue`, as a process.

use std::process::Output;
use std::time::Duration;

use peerpact::clock::Clock;
use peerpact::queue::service_bus::QueuePath;
use peerpact::queue::{Message, Queue, Queues};
use serde_json::{Value, json};
use tokio::process::Command;

use super::stage::{Stage, ids, message};

const SOON: Duration = Duration::from_secs(5);

async fn peerpact(stage: &Stage, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_peerpact"));
    command.env_clear().env("PEERPACT_SERVICE_BUS", stage.connection_string()).args(["queue"]).args(args);
    command.output().await.unwrap()
}

async fn answer(stage: &Stage, args: &[&str]) -> String {
    let output = peerpact(stage, args).await;
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

async fn json(stage: &Stage, args: &[&str]) -> Value {
    serde_json::from_str(&answer(stage, args).await).unwrap()
}

/// Puts messages among the dead letters of `connection-requests`, as a function that fails each time does.
async fn dead(stage: &Stage, messages: &[Message]) {
    let client = stage.client();
    client.send(Queue::ConnectionRequests, messages).await.unwrap();
    let mut inbox = client.inbox(QueuePath::of(Queue::ConnectionRequests)).await.unwrap();
    for _ in 0..10 * messages.len() {
        let received = inbox.receive(SOON).await.unwrap().unwrap();
        inbox.abandon(received).await.unwrap();
    }
    inbox.close().await.unwrap();
    assert_eq!(stage.broker.depth("connection-requests").unwrap().dead_lettered, messages.len());
}

#[tokio::test]
async fn list_counts_what_waits_what_is_scheduled_and_what_is_dead() {
    let stage = Stage::start().await;
    dead(&stage, &[message("r-1")]).await;
    let later =
        Message { not_before: Some(Clock::system().now() + time::Duration::hours(1)), ..message("later") };
    stage.client().send(Queue::Reconcile, &[later, message("a"), message("b")]).await.unwrap();
    let rows = json(&stage, &["list", "--json"]).await;
    let row = |name: &str| rows.as_array().unwrap().iter().find(|row| row["queue"] == name).unwrap().clone();
    let counts = |row: &Value| json!([row["waiting"], row["scheduled"], row["deadLettered"], row["more"]]);
    assert_eq!(counts(&row("reconcile")), json!([2, 1, 0, false]));
    assert_eq!(counts(&row("connection-requests")), json!([0, 0, 1, false]));
    assert!(row("reconcile")["oldestSeconds"].as_i64().unwrap() < 60);
    assert_eq!(row("connection-outcomes")["oldestSeconds"], Value::Null);
    let table = answer(&stage, &["list"]).await;
    assert_eq!(table.lines().count(), 5, "{table}");
    let text = table.lines().find(|line| line.starts_with("reconcile")).unwrap();
    assert!(text.split_whitespace().collect::<Vec<_>>().starts_with(&["reconcile", "2", "1", "0"]), "{text}");
}

#[tokio::test]
async fn show_says_of_a_dead_letter_what_it_is_why_it_is_there_and_what_to_do() {
    let stage = Stage::start().await;
    let hostile = Message { body: b"\x1b[2J{\"id\":\"r-1\"}".to_vec(), ..message("r-1") };
    dead(&stage, &[hostile]).await;
    let text = answer(&stage, &["show", "connection-requests"]).await;
    for expected in [
        "r-1  recheck",
        "MaxDeliveryCountExceeded",
        "the function ConnectionRequest failed each time",
        "peerpact queue replay connection-requests --id r-1",
        r#"\u{1b}[2J{"id":"r-1"}"#,
    ] {
        assert!(text.contains(expected), "{expected}: {text}");
    }
    assert!(!text.contains('\u{1b}'));
    let shown = json(&stage, &["show", "connection-requests", "--json"]).await;
    let one = &shown["messages"][0];
    assert_eq!((&one["id"], &one["reason"]), (&json!("r-1"), &json!("MaxDeliveryCountExceeded")));
    assert_eq!((&one["bodyBytes"], &one["correlationId"]), (&json!(16), &json!("r-1")));
    assert_eq!(answer(&stage, &["show", "reconcile"]).await, "no dead letters in reconcile\n");
}

#[tokio::test]
async fn show_tells_what_waits_up_to_a_bound() {
    let stage = Stage::start().await;
    let messages: Vec<_> = (0..5).map(|number| message(&format!("m-{number}"))).collect();
    stage.client().send(Queue::Reconcile, &messages).await.unwrap();
    let shown = json(&stage, &["show", "reconcile", "--waiting", "--most", "3", "--json"]).await;
    let seen: Vec<&Value> = shown["messages"].as_array().unwrap().iter().map(|one| &one["id"]).collect();
    assert_eq!(seen, ["m-0", "m-1", "m-2"]);
    assert_eq!(shown["more"], true);
    assert_eq!(shown["messages"][0]["why"], Value::Null);
    assert_eq!(stage.broker.depth("reconcile").unwrap().active, 5, "looking takes nothing");
}

#[tokio::test]
async fn replay_sends_one_dead_letter_back_and_leaves_the_others() {
    let stage = Stage::start().await;
    dead(&stage, &[message("r-1"), message("r-2"), message("r-3")]).await;
    let replayed = json(&stage, &["replay", "connection-requests", "--id", "r-2", "--json"]).await;
    let sent_as = replayed[0]["sentAs"].as_str().unwrap();
    assert!(replayed[0]["id"] == "r-2" && sent_as.starts_with("r-2~"), "{replayed}");
    let client = stage.client();
    let waiting = client.peek(QueuePath::of(Queue::ConnectionRequests), 0, 10).await.unwrap();
    // The queue detects duplicates and saw `r-2` a moment ago: under its own id it would be gone.
    assert_eq!(ids(&waiting), [sent_as]);
    assert_eq!(waiting[0].correlation.as_deref(), Some("r-2"));
    assert_eq!((waiting[0].subject.as_deref(), &waiting[0].body), (Some("recheck"), &message("r-2").body));
    let left = client.peek(QueuePath::dead_letters_of(Queue::ConnectionRequests), 0, 10).await.unwrap();
    assert_eq!(ids(&left), ["r-1", "r-3"]);
    let output = peerpact(&stage, &["replay", "connection-requests", "--id", "r-2"]).await;
    assert_eq!(output.status.code(), Some(1), "{output:?}");
}

#[tokio::test]
async fn replay_of_all_empties_the_dead_letters_once() {
    let stage = Stage::start().await;
    dead(&stage, &[message("r-1"), message("r-2")]).await;
    let text = answer(&stage, &["replay", "connection-requests", "--all"]).await;
    assert!(text.contains("r-1 went back as r-1~") && text.contains("r-2 went back as r-2~"), "{text}");
    let depth = stage.broker.depth("connection-requests").unwrap();
    assert_eq!((depth.active, depth.dead_lettered), (2, 0));
    let nothing = answer(&stage, &["replay", "connection-requests", "--all"]).await;
    assert_eq!(nothing, "no dead letters in connection-requests\n");
}

#[tokio::test]
async fn a_missing_right_is_told_for_each_queue_and_nowhere_the_key() {
    let stage = Stage::start().await;
    let other = stage.connection_string().replace(stage.broker.key(), "c3RyYW5nZXI=");
    let mut command = Command::new(env!("CARGO_BIN_EXE_peerpact"));
    command.env_clear().env("PEERPACT_SERVICE_BUS", &other).args(["queue", "list"]);
    let output = command.output().await.unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert_eq!(text.matches("Azure Service Bus Data Receiver").count(), 4, "{text}");
    assert!(!text.contains("c3RyYW5nZXI="));
    let mut command = Command::new(env!("CARGO_BIN_EXE_peerpact"));
    command.env_clear().args(["queue", "list"]);
    let output = command.output().await.unwrap();
    assert_eq!(output.status.code(), Some(3));
    assert!(String::from_utf8(output.stderr).unwrap().contains("PEERPACT_SERVICE_BUS must be set"));
}
