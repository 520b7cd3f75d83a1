//! Requests that are none: each is recorded, answered once with the field and the rule, and costs nobody else anything.

use peerpact::ledger::Standing;
use peerpact_sandbox::Tenant::Fabrikam;
use serde_json::{Value, json};

use super::stage::app::App;
use super::stage::requester::{connect, disconnect, recheck};
use super::stage::{NONE, Stage, half, hub, network, spoke};

/// What is wrong, the message, its id if that can be read, and how the refusal begins.
type Bad = (&'static str, Vec<u8>, Option<&'static str>, String);

fn with(mut request: Value, key: &str, value: Value) -> Vec<u8> {
    request[key] = value;
    request.to_string().into_bytes()
}

fn good() -> Value {
    connect("r-bad", &spoke(), &hub())
}

fn all() -> Vec<Bad> {
    let text = good().to_string();
    let nobodys = spoke().replace(Fabrikam.subscription_id(), "99999999-8888-7777-6666-555555555555");
    let deep = format!("{{\"deep\":{}{},{}", "[".repeat(200), "]".repeat(200), &text[1..]);
    let twice = format!("{{\"ours\":\"{}\",{}", hub(), &text[1..]);
    let id = Some("r-bad");
    let field = |name: &str, rule: &str| format!("the field `{name}` {rule}");
    vec![
        ("not JSON", b"connect, please".to_vec(), None, "the body is not JSON".to_owned()),
        (
            "another version",
            with(good(), "version", json!(2)),
            id,
            field("version", "is 2, and only version 1"),
        ),
        ("an unknown field", with(good(), "colour", json!("blue")), id, field("colour", "")),
        ("a bad id", with(good(), "id", json!("r 1")), None, field("id", "")),
        (
            "theirs as ours",
            connect("r-bad", &hub(), &spoke()).to_string().into(),
            id,
            field("ours", "is in the tenant"),
        ),
        ("no agreement", with(good(), "theirs", json!(nobodys)), id, field("theirs", "is")),
        ("300 KiB", with(good(), "ours", json!("x".repeat(300 * 1024))), id, "the body is 307".to_owned()),
        ("200 levels", deep.into_bytes(), id, "the field `deep[0]".to_owned()),
        ("a field twice", twice.into_bytes(), id, field("ours", "stands twice")),
        ("the host's words", with(good(), "MessageId", json!("x")), id, field("MessageId", "")),
        ("the host's count", with(good(), "deliveryCount", json!(99)), id, field("deliveryCount", "")),
        (
            "a half that is theirs",
            disconnect("r-bad", &half(&hub(), "x")).to_string().into(),
            id,
            field("half", "is in the tenant"),
        ),
    ]
}

async fn hand_over(stage: &Stage, app: &App, body: Vec<u8>) {
    stage.submit_bytes(Fabrikam, body);
    assert!(app.take_message().await);
}

#[tokio::test(start_paused = true)]
async fn each_is_answered_once_with_the_field_and_the_rule_and_calls_nobody() {
    for (what, body, id, begins) in all() {
        let stage = Stage::of_two_networks().await;
        let app = stage.app(Fabrikam, "");
        let mark = stage.mark();
        hand_over(&stage, &app, body).await;
        app.work(60).await;
        let outcomes = stage.outcomes(Fabrikam);
        assert_eq!(outcomes.len(), 1, "{what}: {outcomes:#?}");
        let told = &outcomes[0];
        assert_eq!((told.subject.as_str(), told.request.as_deref()), ("refused", id), "{what}");
        assert_eq!((&told.body["phase"], &told.body["request"]), (&json!("refused"), &json!(id)), "{what}");
        assert!(told.reason().starts_with(&format!("bad-request: {begins}")), "{what}: {}", told.reason());
        assert_eq!(stage.calls_of_app(Fabrikam, mark), NONE, "{what}");
        assert!(app.records().await.is_empty(), "{what}");
        let depth = app.broker.depth("connection-requests").unwrap();
        assert_eq!((depth.active, depth.locked, depth.dead_lettered), (0, 0, 0), "{what}");
        if let Some(id) = id {
            let noted = app.request(id).await.expect("it is on record");
            assert_eq!(noted.standing, Standing::Refused, "{what}");
            assert!(noted.body.contains("bad-request"), "{what}: {}", noted.body);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn neighbours_in_the_queue_are_done_as_if_they_were_not_there() {
    let stage = Stage::of_two_networks().await;
    let app = stage.app(Fabrikam, "");
    let mut asked = Vec::new();
    for (number, (_, body, ..)) in all().into_iter().enumerate() {
        stage.submit_bytes(Fabrikam, body);
        let id = format!("r-{number}");
        let network = network(Fabrikam, "spokes", &format!("spoke-{number}"));
        stage.traveller.network(&network, &[&format!("10.30.{number}.0/24")]).await;
        stage.submit(Fabrikam, &recheck(&id, &network, &hub()));
        asked.push(id);
    }
    let began = stage.clock.now();
    app.work(60).await;
    assert!(stage.clock.now() - began < time::Duration::seconds(5), "nobody waits");
    let outcomes = stage.outcomes(Fabrikam);
    let closed = outcomes.iter().filter(|told| told.subject == "closed");
    let answered: Vec<&str> = closed.filter_map(|told| told.request.as_deref()).collect();
    assert_eq!(answered, asked, "each once, in their order");
    assert_eq!(outcomes.iter().filter(|told| told.subject == "refused").count(), all().len());
}

#[tokio::test(start_paused = true)]
async fn a_request_that_was_refused_may_be_put_right_under_its_id() {
    let stage = Stage::of_two_networks().await;
    let app = stage.app(Fabrikam, "");
    hand_over(&stage, &app, with(good(), "colour", json!("blue"))).await;
    assert_eq!(stage.answer(Fabrikam, "r-bad").subject, "refused");
    hand_over(&stage, &app, good().to_string().into()).await;
    app.work(20).await;
    assert_eq!(stage.traveller.state(&spoke()).await, "Initiated/RemoteNotInSync");
}
