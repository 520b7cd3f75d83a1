//! The published schemas against the parser and against what is sent. That they are current is tested beside the types.

use jsonschema::Validator;
use peerpact::handshake::ids::HandshakeId;
use peerpact::handshake::phase::Phase;
use peerpact::handshake::reason::{Code, Reason};
use peerpact::handshake::record::Record;
use peerpact::handshake::request_queue::RequestQueue;
use peerpact::kinds::Kinds;
use peerpact::ledger::{Cause, CauseKind, Line};
use peerpact::public::{Handshake, PublicOutcome, Unplaced};
use peerpact::request::Request;
use peerpact_fixtures::{CONTOSO_SUBSCRIPTION, FABRIKAM, FABRIKAM_SUBSCRIPTION, ends, id, now};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::properties;
use super::support::*;

fn requests() -> Value {
    serde_json::from_str(include_str!("../../../schemas/connection-request.v1.json")).unwrap()
}

fn validator(schema: &Value) -> Validator {
    jsonschema::draft202012::new(schema).unwrap()
}

fn parses(document: &Value) -> bool {
    Request::parse(&Kinds::built_in(), document.to_string().as_bytes()).is_ok()
}

#[test]
fn a_schema_is_a_schema_and_says_what_it_is() {
    let outcomes: Value =
        serde_json::from_str(include_str!("../../../schemas/connection-outcome.v1.json")).unwrap();
    for (schema, name) in
        [(requests(), "connection-request.v1.json"), (outcomes, "connection-outcome.v1.json")]
    {
        assert!(jsonschema::draft202012::meta::is_valid(&schema), "{name}");
        assert!(schema["$id"].as_str().unwrap().ends_with(name));
        assert!(schema["title"].is_string() && schema["description"].is_string());
    }
}

#[test]
fn every_example_is_taken_and_every_action_has_one() {
    let schema = requests();
    let examples = schema["examples"].as_array().unwrap();
    let actions: Vec<_> = examples.iter().map(|example| taken(example).action.name()).collect();
    assert_eq!(actions, ["connect-peering", "connect-management", "disconnect", "recheck"]);
    assert!(examples.iter().all(|example| validator(&schema).is_valid(example)));
}

/// Requests that are taken, in the ways in which they can be written.
fn good() -> Vec<Value> {
    let group = "/providers/Microsoft.Management/managementGroups/gröüp";
    let hub = manager(FABRIKAM_SUBSCRIPTION);
    let mut documents = vec![peering(), management(), disconnect(), recheck()];
    documents.extend([
        with(peering(), "version", json!(1.0)),
        with(peering(), "flags", json!({})),
        with(
            peering(),
            "flags",
            json!({"forwardedTraffic": true, "gatewayTransit": true, "remoteGateways": false}),
        ),
        with(peering(), "ours", json!(id("ours").to_string().to_uppercase())),
        with(peering(), "ours", json!(format!("{}/", id("ours")).trim_start_matches('/'))),
        with(peering(), "id", json!("x".repeat(64))),
        with(management(), "members", json!([])),
        with(management(), "members", json!([{"group": "a", "network": id("theirs")}])),
        with(management(), "scope", json!(group)),
        with(disconnect(), "half", json!(format!("{hub}/scopeConnections/x"))),
        with(
            disconnect(),
            "half",
            json!(format!("{group}/providers/Microsoft.Network/networkManagerConnections/x")),
        ),
        with(
            disconnect(),
            "half",
            json!(format!(
                "{}/providers/Microsoft.Network/networkManagerConnections/x",
                scope(FABRIKAM_SUBSCRIPTION)
            )),
        ),
        with(with(recheck(), "ours", json!(hub)), "theirs", json!(scope(CONTOSO_SUBSCRIPTION))),
    ]);
    documents
}

/// Documents that are refused.
fn bad() -> Vec<Value> {
    let mut documents = vec![json!([]), json!(null), json!({}), json!("x")];
    for document in [peering(), management(), disconnect(), recheck()] {
        let fields: Vec<String> = document.as_object().unwrap().keys().cloned().collect();
        for field in fields {
            for value in [json!(null), json!(7), json!(""), json!("/"), json!(["x"]), json!({"x": 1})] {
                let mut changed = document.clone();
                changed[&field] = value;
                documents.push(changed);
            }
            documents.push(with(document.clone(), &field, Value::Null));
        }
        for name in ["MessageId", "deliveryCount", "", "Version", "$schema"] {
            documents.push(with(document.clone(), name, json!(1)));
        }
        documents.push(with(document.clone(), "version", json!(2)));
        documents.push(with(document.clone(), "version", json!("1")));
        for id in ["-x", "a b", "ü", &"x".repeat(65)] {
            documents.push(with(document.clone(), "id", json!(id)));
        }
    }
    for flags in
        [json!([true]), json!({"x": true}), json!({"gatewayTransit": "true"}), json!({"remoteGateways": 1})]
    {
        documents.push(with(peering(), "flags", flags));
    }
    for name in ["a/b", "a b", "a*", "a\\b", "a\u{7f}", "a'", "a^", "a`", "a~", "a@", &"x".repeat(91)] {
        documents.push(with(
            peering(),
            "ours",
            json!(id("ours").to_string().replace("/ours", &format!("/{name}"))),
        ));
        documents.push(with(management(), "members", json!([{"group": name, "network": id("theirs")}])));
    }
    documents.push(with(
        peering(),
        "ours",
        json!(id("ours").to_string().replace(FABRIKAM_SUBSCRIPTION, "x")),
    ));
    documents.push(with(management(), "members", json!([{"group": "a"}])));
    documents.push(with(management(), "members", json!({"0": {"group": "a", "network": id("theirs")}})));
    documents.push(with(disconnect(), "half", json!(id("ours"))));
    documents.push(with(recheck(), "ours", disconnect()["half"].clone()));
    documents
}

/// What is refused although the schema takes it: it would take more than a schema can say to tell.
fn beyond_the_schema() -> Vec<(&'static str, Value)> {
    let named = |name: &str| json!(id("ours").to_string().replace("/ours", &format!("/{name}")));
    let members: Vec<Value> = vec![json!({"group": "a", "network": id("theirs")}); 500];
    vec![
        ("the two ends are one", with(peering(), "theirs", json!(id("ours").to_string().to_uppercase()))),
        ("the two ends make no pair", with(recheck(), "theirs", json!(scope(CONTOSO_SUBSCRIPTION)))),
        (
            "a gateway lent and used",
            with(peering(), "flags", json!({"gatewayTransit": true, "remoteGateways": true})),
        ),
        ("a name of dots", with(peering(), "ours", named("..."))),
        ("a sign beyond ASCII that is no letter", with(peering(), "ours", named("a→b"))),
        ("larger than 64 KiB", with(management(), "members", json!(members))),
    ]
}

#[test]
fn schema_and_parser_agree_on_what_is_taken_and_on_what_is_not() {
    let validator = validator(&requests());
    for document in good() {
        taken(&document);
        assert!(validator.is_valid(&document), "{document}");
    }
    for document in bad() {
        assert!(!parses(&document), "{document}");
        assert!(!validator.is_valid(&document), "the schema takes {document}");
    }
}

#[test]
fn what_a_schema_cannot_say_is_this_and_no_more() {
    let validator = validator(&requests());
    for (what, document) in beyond_the_schema() {
        assert!(validator.is_valid(&document), "the schema can tell after all: {what}");
        assert!(!parses(&document), "{what}");
    }
}

proptest! {
    #[test]
    fn the_schema_takes_every_request_that_we_write(request in properties::request()) {
        let document: Value = serde_json::from_str(&request.to_json()).unwrap();
        prop_assert!(requests_validator().is_valid(&document), "{}", document);
    }
}

fn requests_validator() -> &'static Validator {
    static VALIDATOR: std::sync::OnceLock<Validator> = std::sync::OnceLock::new();
    VALIDATOR.get_or_init(|| validator(&requests()))
}

#[test]
fn the_schema_of_outcomes_takes_what_is_sent() {
    let schema: Value =
        serde_json::from_str(include_str!("../../../schemas/connection-outcome.v1.json")).unwrap();
    let validator = validator(&schema);
    let request = taken(&peering()).id;
    let mut record = Record::new(&ends().pair(), FABRIKAM.parse().unwrap(), now());
    (record.phase, record.connected_at) = (Phase::Refused, Some(now()));
    let reason = Reason::new(Code::Overlap, "it overlaps").fixed_by("change one");
    record.reasons = vec![reason.clone(), Reason::new(Code::TagMissing, "it lacks a tag")];
    let cause = Cause { kind: CauseKind::FollowUp, id: "f-1".to_owned() };
    let history = vec![Line { at: now(), what: "refused".to_owned(), cause }];
    let handshake = Handshake::new(record, history);
    let queues =
        ["ConnectionRequest", "ConnectionRequest-ops"].map(|name| RequestQueue::of_function(name).unwrap());
    for (request, queue) in [(Some(&request), &queues[0]), (None, &queues[0]), (Some(&request), &queues[1])] {
        let told = serde_json::to_value(PublicOutcome { handshake: &handshake, request, queue: Some(queue) })
            .unwrap();
        let unplaced = serde_json::to_value(Unplaced::new(&reason, queue, request, now())).unwrap();
        for outcome in [told, unplaced] {
            let errors: Vec<String> =
                validator.iter_errors(&outcome).map(|error| error.to_string()).collect();
            assert!(errors.is_empty(), "{errors:?}\n{outcome:#}");
            assert_eq!(outcome.get("queue").is_some(), !queue.is_default());
            for field in outcome.as_object().unwrap().keys().filter(|field| *field != "queue") {
                let mut less = outcome.clone();
                less.as_object_mut().unwrap().remove(field);
                assert!(!validator.is_valid(&less), "{field} may be missing");
            }
            let unnamed = with(outcome.clone(), "phase", json!("done"));
            assert!(!validator.is_valid(&unnamed));
            let mut newer = outcome.clone();
            newer["reason"]["code"] = json!("added-later");
            assert!(validator.is_valid(&newer), "a reason of a later version");
        }
    }
    let of_another_shape: HandshakeId = "0".repeat(32).parse().unwrap();
    assert!(!validator.is_valid(&json!({ "id": of_another_shape })));
}
