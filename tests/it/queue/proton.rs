//! Our client against a peer that is not our library: Apache Qpid Proton. It needs a Python that has it, named by
//! `PEERPACT_PROTON_PYTHON`; `tests/amqp/run.sh` installs one.

use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use peerpact::clock::Clock;
use peerpact::queue::service_bus::{ServiceBus, ServiceBusAddress, ServiceBusSettings};
use peerpact::queue::{Message, MessageId, Queue, QueueError, Queues};
use serde_json::{Value, json};
use time::macros::datetime;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::task::JoinHandle;

const KEY: &str = "a key = with / everything + in it";
/// Far longer than anything here takes; only a hang gets there.
const PATIENCE: Duration = Duration::from_secs(30);

/// The listener as a process.
struct Peer {
    process: Child,
    commands: ChildStdin,
    lines: Lines<BufReader<ChildStdout>>,
    port: u64,
}

impl Peer {
    /// Starts it, or says why not.
    async fn start() -> Option<Self> {
        let Some(python) = std::env::var_os("PEERPACT_PROTON_PYTHON") else {
            println!("skipped: PEERPACT_PROTON_PYTHON names no Python that has Qpid Proton");
            return None;
        };
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/amqp/proton_listener.py");
        let mut process = Command::new(python)
            .arg(script)
            .args(["Root", KEY])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let commands = process.stdin.take().unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let mut peer = Self { process, commands, lines, port: 0 };
        peer.port = peer.told("port").await["port"].as_u64().unwrap();
        Some(peer)
    }

    /// A client of it.
    fn client(&self, key: &str) -> Arc<ServiceBus> {
        let address = ServiceBusAddress::parse(&format!(
            "Endpoint=sb://127.0.0.1:{};SharedAccessKeyName=Root;SharedAccessKey={key};UseDevelopmentEmulator=true",
            self.port
        ))
        .unwrap();
        let settings = ServiceBusSettings { address, entra: None, ca_bundle: None, seed: 7 };
        Arc::new(ServiceBus::new(settings, Clock::system()))
    }

    /// The next line, which is no problem.
    async fn line(&mut self) -> Value {
        let line = tokio::time::timeout(PATIENCE, self.lines.next_line()).await.expect("it says something");
        let line: Value = serde_json::from_str(&line.unwrap().expect("it runs")).unwrap();
        assert!(line.get("problem").is_none(), "{line}");
        line
    }

    /// The next line that has this key; those before it are let go.
    async fn told(&mut self, key: &str) -> Value {
        loop {
            let line = self.line().await;
            if line.get(key).is_some() {
                return line;
            }
        }
    }

    /// Gives a command and waits until it is carried out.
    async fn order(&mut self, command: &str) {
        self.commands.write_all(format!("{command}\n").as_bytes()).await.unwrap();
        assert_eq!(self.told("done").await["done"], command);
    }

    /// Takes whatever arrives until the send is over. What went over a link at its end may arrive twice.
    async fn take(&mut self, mut sending: JoinHandle<Result<(), QueueError>>) -> Result<(), QueueError> {
        loop {
            tokio::select! {
                sent = &mut sending => return sent.unwrap(),
                line = self.line() => {
                    if line.get("received").is_some() {
                        self.order("accept").await;
                    }
                }
            }
        }
    }

    /// PeeringEnds it; it had nothing to complain of.
    async fn end(mut self) {
        self.commands.write_all(b"quit\n").await.unwrap();
        while let Some(line) = self.lines.next_line().await.unwrap() {
            assert!(!line.contains("\"problem\""), "{line}");
        }
        assert!(self.process.wait().await.unwrap().success());
    }
}

fn message(id: &str) -> Message {
    Message {
        id: MessageId::new(id),
        subject: "recheck".to_owned(),
        correlation: None,
        not_before: None,
        body: format!(r#"{{"id":"{id}"}}"#).into_bytes(),
    }
}

fn sending(
    client: &Arc<ServiceBus>,
    queue: Queue,
    messages: Vec<Message>,
) -> JoinHandle<Result<(), QueueError>> {
    let client = client.clone();
    tokio::spawn(async move { client.send(queue, &messages).await })
}

async fn outcome(sending: JoinHandle<Result<(), QueueError>>) -> Result<(), QueueError> {
    tokio::time::timeout(PATIENCE, sending).await.expect("the send ends").unwrap()
}

#[tokio::test]
async fn proton_sees_every_property_and_the_send_returns_only_when_it_has_taken_the_message() {
    let Some(mut peer) = Peer::start().await else { return };
    let client = peer.client(KEY);
    let whole = Message {
        correlation: Some("r-1".to_owned()),
        not_before: Some(datetime!(2031-01-02 03:04:05.678 UTC)),
        ..message("r-1")
    };
    let sending = sending(&client, Queue::ConnectionRequests, vec![whole]);
    assert_eq!(peer.told("opened").await["hostname"], "127.0.0.1");
    assert_eq!(peer.told("token").await, json!({ "token": "connection-requests", "status": 202 }));
    assert_eq!(
        peer.told("received").await,
        json!({
            "received": "r-1", "queue": "connection-requests", "subject": "recheck", "correlation": "r-1",
            "content_type": "application/json", "scheduled": 1_925_089_445_678_u64,
            "application": { "peerpact-version": env!("CARGO_PKG_VERSION") }, "body": r#"{"id":"r-1"}"#, "batch": 1,
        })
    );
    assert!(!sending.is_finished(), "nobody has taken it yet");
    peer.order("accept").await;
    outcome(sending).await.unwrap();
    peer.end().await;
}

#[tokio::test]
async fn connection_token_and_link_are_kept_and_a_second_queue_has_its_own() {
    let Some(mut peer) = Peer::start().await else { return };
    let client = peer.client(KEY);
    let mut seen = Vec::new();
    for (id, queue) in [("a", Queue::Reconcile), ("b", Queue::Reconcile), ("c", Queue::ConnectionOutcomes)] {
        let sending = sending(&client, queue, vec![message(id)]);
        loop {
            let line = peer.line().await;
            seen.extend(line.as_object().unwrap().keys().next().cloned());
            if line.get("received").is_some() {
                break;
            }
        }
        peer.order("accept").await;
        outcome(sending).await.unwrap();
    }
    seen.retain(|key| matches!(key.as_str(), "hostname" | "opened" | "status" | "token" | "attached"));
    let count = |keys: [&str; 2]| seen.iter().filter(|key| keys.contains(&key.as_str())).count();
    assert_eq!((count(["hostname", "opened"]), count(["status", "token"])), (1, 2), "{seen:?}");
    assert_eq!(count(["attached", "attached"]), 2, "{seen:?}");
    peer.end().await;
}

#[tokio::test]
async fn several_messages_are_one_transfer_that_proton_can_take_apart() {
    let Some(mut peer) = Peer::start().await else { return };
    let client = peer.client(KEY);
    let later = Message { not_before: Some(datetime!(2031-01-02 03:04:05 UTC)), ..message("b") };
    let sending = sending(&client, Queue::Reconcile, vec![message("a"), later, message("c")]);
    for (id, scheduled) in [("a", Value::Null), ("b", json!(1_925_089_445_000_u64)), ("c", Value::Null)] {
        let received = peer.told("received").await;
        assert_eq!((&received["received"], &received["batch"]), (&json!(id), &json!(3)));
        assert_eq!((&received["scheduled"], &received["subject"]), (&scheduled, &json!("recheck")));
        assert_eq!(received["body"], format!(r#"{{"id":"{id}"}}"#));
    }
    assert!(!sending.is_finished());
    peer.order("accept").await;
    outcome(sending).await.unwrap();
    peer.end().await;
}

#[tokio::test]
async fn many_senders_share_a_link_and_none_waits_for_another_ones_outcome() {
    let Some(mut peer) = Peer::start().await else { return };
    let client = peer.client(KEY);
    let sending: Vec<_> =
        (0..40).map(|id| sending(&client, Queue::Reconcile, vec![message(&format!("m-{id}"))])).collect();
    // All of them arrive although none of them is settled.
    for _ in 0..40 {
        peer.told("received").await;
    }
    peer.order("accept").await;
    for one in sending {
        outcome(one).await.unwrap();
    }
    peer.end().await;
}

#[tokio::test]
async fn an_idle_link_that_is_detached_is_attached_again_without_a_word() {
    let Some(mut peer) = Peer::start().await else { return };
    let client = peer.client(KEY);
    for (id, command) in
        [("a", "detach amqp:link:detach-forced"), ("b", "drop"), ("c", "detach amqp:link:stolen")]
    {
        peer.take(sending(&client, Queue::Reconcile, vec![message(id)])).await.unwrap();
        peer.order(command).await;
    }
    peer.end().await;
}

#[tokio::test]
async fn a_message_whose_connection_is_dropped_before_its_outcome_is_sent_again_with_the_same_id() {
    let Some(mut peer) = Peer::start().await else { return };
    let client = peer.client(KEY);
    for command in ["drop", "detach amqp:link:detach-forced", "release", "reject com.microsoft:server-busy"] {
        let sending = sending(&client, Queue::Reconcile, vec![message("again")]);
        assert_eq!(peer.told("received").await["received"], "again");
        peer.order(command).await;
        assert_eq!(peer.told("received").await["received"], "again", "{command}");
        peer.order("accept").await;
        outcome(sending).await.unwrap();
    }
    peer.end().await;
}

#[tokio::test]
async fn what_would_be_refused_again_is_told_at_once_with_what_was_said() {
    let Some(mut peer) = Peer::start().await else { return };
    let client = peer.client(KEY);
    for condition in ["amqp:not-allowed", "amqp:resource-limit-exceeded"] {
        let sending = sending(&client, Queue::Reconcile, vec![message("a")]);
        peer.told("received").await;
        peer.order(&format!("reject {condition}")).await;
        let error = outcome(sending).await.unwrap_err();
        assert!(matches!(error, QueueError::Refused { queue: Queue::Reconcile, .. }), "{error}");
        assert!(error.to_string().contains(condition) && error.to_string().contains("told to"), "{error}");
    }
    peer.end().await;
}

#[tokio::test]
async fn a_token_that_is_not_taken_is_told_and_a_busy_service_is_asked_again() {
    let Some(mut peer) = Peer::start().await else { return };
    let client = peer.client(KEY);
    peer.order("refuse 401").await;
    let error = outcome(sending(&client, Queue::Reconcile, vec![message("a")])).await.unwrap_err();
    assert!(matches!(error, QueueError::Refused { .. }) && error.to_string().contains("401"), "{error}");
    peer.order("refuse 503").await;
    let error = outcome(sending(&client, Queue::Reconcile, vec![message("a")])).await.unwrap_err();
    assert!(matches!(error, QueueError::Unreachable { .. }) && error.to_string().contains("503"), "{error}");
    peer.order("refuse 202").await;
    let sending = sending(&client, Queue::Reconcile, vec![message("a")]);
    peer.told("received").await;
    peer.order("accept").await;
    outcome(sending).await.unwrap();
    peer.end().await;
}

#[tokio::test]
async fn a_wrong_key_makes_a_signature_that_proton_refuses_and_shows_itself_nowhere() {
    let Some(mut peer) = Peer::start().await else { return };
    let client = peer.client("wrong-key");
    let error = outcome(sending(&client, Queue::Reconcile, vec![message("a")])).await.unwrap_err();
    assert!(matches!(error, QueueError::Refused { .. }), "{error}");
    assert!(!format!("{error} {error:?}").contains("wrong-key"));
    let problem = loop {
        let line = peer.lines.next_line().await.unwrap().expect("it says what is wrong");
        if line.contains("\"problem\"") {
            break line;
        }
    };
    assert!(problem.contains("its signature is wrong"), "{problem}");
}
