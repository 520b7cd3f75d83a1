//! `request` on the wire: the command against the sandbox's queues, with the test in the place of the app.

use peerpact::kinds::Kinds;
use std::net::Ipv4Addr;
use std::process::{Output, Stdio};
use std::time::Duration;

use peerpact::request::Request;
use peerpact_fixtures::id;
use peerpact_sandbox::front::{Certificates, serve_amqp};
use peerpact_sandbox::service_bus::Message;
use peerpact_sandbox::{Azure, Broker, Clock, Pace, Settings, Tenant, World};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::support::*;

const REQUESTS: &str = "connection-requests";
const OUTCOMES: &str = "connection-outcomes";
/// Far longer than anything here takes.
const BOUND: Duration = Duration::from_secs(60);

struct Namespace {
    broker: Broker,
    connection_string: String,
}

impl Namespace {
    async fn open() -> Self {
        // The command goes by the machine's clock, and so do its signatures.
        let clock = Clock::system();
        let azure =
            Azure::new(World::new("https://127.0.0.1:1", 7), clock.clone(), Settings::new(Pace::Quick, 7));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let broker = azure.service_bus(Tenant::Fabrikam);
        let connection_string = broker.connection_string(listener.local_addr().unwrap());
        let certificates = Certificates::make(clock.now()).unwrap();
        tokio::spawn(serve_amqp(listener, certificates.service_bus(), azure, Tenant::Fabrikam));
        Self { broker, connection_string }
    }

    /// Runs `peerpact request …`; a wait ends after a minute at the latest.
    async fn request(&self, args: &[&str], environment: &[(&str, &str)]) -> Output {
        let mut command = tokio::process::Command::from(peerpact(&[&["request"], args].concat()));
        command.env("PEERPACT_SERVICE_BUS", &self.connection_string).envs(environment.iter().copied());
        command.stdin(Stdio::null()).kill_on_drop(true);
        tokio::time::timeout(BOUND, command.output()).await.unwrap().unwrap()
    }

    /// Takes a request as the app does, and completes it.
    async fn take(&self) -> (Message, Request) {
        let locked = tokio::time::timeout(BOUND, self.broker.next_message(REQUESTS)).await.unwrap().unwrap();
        self.broker.complete(locked.lock_token).unwrap();
        let message = locked.message.as_ref().clone();
        let request = Request::parse(&Kinds::built_in(), &message.body).unwrap();
        (message, request)
    }

    fn tell(&self, request: &str, phase: &str, reason: Value) {
        let handshake = peerpact_fixtures::ends().pair().id();
        let body = json!({ "id": handshake, "phase": phase, "reason": reason, "request": request });
        let message = Message {
            message_id: Some(format!("outcome-{request}-{phase}")),
            subject: Some(phase.to_owned()),
            correlation_id: Some(request.to_owned()),
            body: body.to_string().into(),
            ..Message::default()
        };
        self.broker.send(OUTCOMES, message).unwrap();
    }

    fn waiting(&self, queue: &str) -> usize {
        self.broker.peek(queue, 0, 100).unwrap().len()
    }
}

fn pair<'a>(ours: &'a str, theirs: &'a str) -> [&'a str; 4] {
    ["--ours", ours, "--theirs", theirs]
}

#[tokio::test]
async fn a_request_is_a_message_that_any_client_could_have_sent() {
    let namespace = Namespace::open().await;
    let (ours, theirs) = (id("ours").to_string(), id("theirs").to_string());
    let args =
        [&["peering"][..], &pair(&ours, &theirs), &["--id", "r-1", "--forwarded-traffic", "true"]].concat();
    let output = namespace.request(&args, &[]).await;
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), ""), "{output:?}");
    let (message, request) = namespace.take().await;
    assert_eq!(
        text(&output.stdout),
        format!("r-1  sent  connect-peering  handshake {}\n", request.handshake().unwrap())
    );
    assert_eq!(message.message_id.as_deref(), Some("r-1"));
    assert_eq!(message.correlation_id.as_deref(), Some("r-1"));
    assert_eq!(message.subject.as_deref(), Some("connect-peering"));
    assert_eq!(message.content_type.as_deref(), Some("application/json"));
    let expected = json!({
        "version": 1, "id": "r-1", "action": "connect-peering", "ours": ours, "theirs": theirs,
        "flags": {"forwardedTraffic": true},
    });
    assert_eq!(serde_json::from_slice::<Value>(&message.body).unwrap(), expected);
}

#[tokio::test]
async fn an_id_that_is_not_given_is_made_and_told() {
    let namespace = Namespace::open().await;
    let half = format!("{}/virtualNetworkPeerings/x", id("ours"));
    let output = namespace.request(&["disconnect", &half, "--json"], &[]).await;
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    let (message, request) = namespace.take().await;
    assert_eq!(message.message_id.as_deref(), told["request"].as_str());
    let expected = json!({
        "request": request.id, "action": "disconnect", "handshake": null, "phase": null, "reason": null,
        "asAsked": null, "outcome": null,
    });
    assert_eq!(told, expected);
}

#[tokio::test]
async fn who_waits_is_told_the_outcome_which_stays_in_the_queue() {
    let namespace = Namespace::open().await;
    let (ours, theirs) = (id("ours").to_string(), id("theirs").to_string());
    namespace.tell("somebody-else", "refused", Value::Null);
    let app = async {
        let (_, request) = namespace.take().await;
        namespace.tell(
            request.id.as_str(),
            "connected",
            json!({"code": "connected", "message": "both are", "fix": null}),
        );
        request
    };
    let args = [&["peering"][..], &pair(&ours, &theirs), &["--wait"]].concat();
    let (output, request) = tokio::join!(namespace.request(&args, &[]), app);
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), ""), "{output:?}");
    let (id, handshake) = (&request.id, request.handshake().unwrap());
    assert_eq!(
        text(&output.stdout),
        format!("{id}  connected  connect-peering  handshake {handshake}\n  both are\n")
    );
    assert_eq!(namespace.waiting(OUTCOMES), 2, "an outcome was taken from others who wait for it");
}

#[tokio::test]
async fn a_refusal_is_a_no_with_its_reason_and_fix() {
    let namespace = Namespace::open().await;
    let (ours, theirs) = (id("ours").to_string(), id("theirs").to_string());
    let reason = json!({"code": "bad-request", "message": "the field `ours` is nobody's", "fix": "write an agreement"});
    let app = async {
        let (_, request) = namespace.take().await;
        namespace.tell(request.id.as_str(), "refused", reason.clone());
    };
    let args = [&["recheck"][..], &pair(&ours, &theirs), &["--wait", "--id", "r-1", "--json"]].concat();
    let (output, ()) = tokio::join!(namespace.request(&args, &[]), app);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        (&told["phase"], &told["reason"], &told["asAsked"]),
        (&json!("refused"), &reason, &json!(false))
    );
    assert_eq!(told["outcome"]["request"], "r-1");
}

#[tokio::test]
async fn an_outcome_from_before_is_not_taken_for_that_of_the_same_request_sent_again() {
    let namespace = Namespace::open().await;
    let (ours, theirs) = (id("ours").to_string(), id("theirs").to_string());
    let reason = json!({"code": "bad-request", "message": "the field `ours` is nobody's", "fix": "write an agreement"});
    namespace.tell("r-1", "connected", Value::Null);
    let app = async {
        let (_, request) = namespace.take().await;
        namespace.tell(request.id.as_str(), "refused", reason.clone());
    };
    let args = [&["recheck"][..], &pair(&ours, &theirs), &["--wait", "--id", "r-1"]].concat();
    let (output, ()) = tokio::join!(namespace.request(&args, &[]), app);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let shown = text(&output.stdout);
    assert!(shown.starts_with("r-1  refused  recheck  handshake "), "{shown}");
    assert!(shown.ends_with("\n  the field `ours` is nobody's\n  fix: write an agreement\n"), "{shown}");
}

#[tokio::test]
async fn when_the_time_is_over_it_says_what_is_still_waited_for() {
    let namespace = Namespace::open().await;
    let (ours, theirs) = (id("ours").to_string(), id("theirs").to_string());
    let args =
        [&["recheck"][..], &pair(&ours, &theirs), &["--wait", "--timeout", "1", "--id", "r-1"]].concat();
    let output = namespace.request(&args, &[]).await;
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let request = namespace.take().await.1;
    let handshake = request.handshake().unwrap();
    assert_eq!(
        text(&output.stdout),
        format!(
            "r-1  no outcome yet  recheck  handshake {handshake}\n  to see where it stands: peerpact status {handshake}   # PEERPACT_LEDGER says where the ledger is\n"
        )
    );
    let folder = Folder::with(&[]);
    let file = ledger(&folder, 1).await;
    let output = namespace.request(&args, &[("PEERPACT_LEDGER", &file)]).await;
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(text(&output.stdout).contains("\n  the app has not received it; "), "{output:?}");
}

#[tokio::test]
async fn many_requests_are_sent_from_a_file_and_summed_up() {
    let namespace = Namespace::open().await;
    let line = |number: usize| json!({"id": format!("r-{number}"), "action": "recheck", "ours": id("ours"), "theirs": id(&format!("theirs-{number}"))});
    let lines: Vec<String> = (0..150).map(|number| line(number).to_string()).collect();
    let folder = Folder::with(&[("requests.jsonl", &lines.join("\n"))]);
    let file = folder.file("requests.jsonl");
    let app = async {
        for number in 0..150 {
            let (_, request) = namespace.take().await;
            assert_eq!(request.id.to_string(), format!("r-{number}"), "they come in the file's order");
            let phase = if number == 7 { "blocked" } else { "connected" };
            namespace.tell(request.id.as_str(), phase, Value::Null);
        }
    };
    let args = ["recheck", "--file", file.to_str().unwrap(), "--wait"];
    let (output, ()) = tokio::join!(namespace.request(&args, &[]), app);
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(1), ""), "no progress where nobody looks");
    let shown = text(&output.stdout);
    assert_eq!(shown.lines().count(), 151);
    assert!(shown.contains("\nr-7  blocked  recheck  handshake "), "{shown}");
    assert!(shown.ends_with("\n150 requests: 149 as asked, 1 otherwise, 0 without an outcome\n"), "{shown}");
}
