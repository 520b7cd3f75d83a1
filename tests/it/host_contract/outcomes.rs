//! What goes out.

use std::io;

use peerpact::host::TriggerType;
use peerpact::host::{Fault, FunctionName, HttpReply, Reply, TriggerData, Unusable};
use serde_json::{Value, json};

use super::wire::App;
use crate::log::Log;

const TICK: &str = r#"{"Data":{"timer":{}},"Metadata":{}}"#;
const GET: &str = r#"{"Data":{"req":{"Method":"GET"}},"Metadata":{}}"#;

#[tokio::test]
async fn an_invocation_with_nothing_to_say_is_answered_an_empty_object() {
    let app = App::start().await;
    let answer = app.post("StatusSweep", TICK).await;
    answer.well();
    assert_eq!(answer.body, "{}");
}

#[tokio::test]
async fn lines_and_outputs_stand_where_the_host_looks_for_them() {
    let app =
        App::doing(|_| Ok(Reply::done().log("one").log("two").output("queue", json!({ "a": 1 })))).await;
    assert_eq!(
        app.post("StatusSweep", TICK).await.well(),
        json!({ "Logs": ["one", "two"], "Outputs": { "queue": { "a": 1 } } })
    );
}

#[tokio::test]
async fn no_bare_text_goes_out_where_the_host_would_decode_it_as_base64() {
    let app = App::doing(|_| {
        let reply = Reply::done().output("queue", json!("abcd")).output("other", json!("dGV4dA=="));
        Ok(reply.output("list", json!([true])))
    })
    .await;
    assert_eq!(
        app.post("StatusSweep", TICK).await.well(),
        json!({
            "Outputs": { "queue": { "value": "abcd" }, "other": { "value": "dGV4dA==" }, "list": [true] },
        })
    );
}

#[tokio::test]
async fn an_http_function_answers_status_headers_and_a_body_that_the_host_cannot_reformat() {
    let app = App::doing(|_| {
        let body = json!({ "openedAt": "2026-01-02T03:04:05.6117357Z" });
        Ok(Reply::http(
            HttpReply::json(http::StatusCode::NOT_FOUND, &body)?.header("Cache-Control", "no-store"),
        ))
    })
    .await;
    let well = app.post("Handshakes", GET).await.well();
    assert_eq!(
        well["Outputs"]["res"],
        json!({
            "statusCode": 404,
            "status": 404,
            "body": "{\"openedAt\":\"2026-01-02T03:04:05.6117357Z\"}",
            "headers": { "content-type": "application/json; charset=utf-8", "cache-control": "no-store" },
        })
    );
}

#[tokio::test]
async fn what_a_function_calls_unusable_is_told_and_answered_200() {
    let app = App::doing(|_| Err(Unusable::Content("no such kind of event".to_owned()).into())).await;
    app.post("StatusSweep", TICK).await.told("no such kind of event");
}

#[tokio::test]
async fn whoever_waits_for_an_unusable_request_gets_400() {
    let app = App::start().await;
    let answer = app.post("Handshakes", r#"{"Data":{"req":{"Method":7}}}"#).await;
    answer.told("Data.req.Method: expected an HTTP method, found a number");
    let res = &answer.well()["Outputs"]["res"];
    assert_eq!(res["statusCode"], 400);
    let body: Value = serde_json::from_str(res["body"].as_str().unwrap()).unwrap();
    assert_eq!(body["error"]["code"], "badRequest");
}

#[tokio::test]
async fn a_fault_of_ours_is_500_and_keeps_its_details_to_the_log() {
    let app = App::doing(|_| Err(Fault::ours(io::Error::other("the disk at /home/data is full")))).await;
    let answer = app.post("StatusSweep", TICK).await;
    answer.failed(500, "fault");
    assert!(!answer.body.contains("disk"));
}

#[tokio::test]
async fn a_panic_is_500_and_the_next_invocation_goes_well() {
    let app = App::doing(|invocation| match invocation.data {
        TriggerData::Timer(timer) if timer.is_past_due => panic!("a defect"),
        _ => Ok(Reply::done()),
    })
    .await;
    let late = r#"{"Data":{"timer":{"IsPastDue":true}}}"#;
    app.post("StatusSweep", late).await.failed(500, "fault");
    app.post("StatusSweep", TICK).await.well();
}

#[tokio::test]
async fn an_unknown_path_is_404_whatever_the_method() {
    let app = App::start().await;
    for path in
        ["/Nothing", "/resourceevent", "/StatusSweep/", "/a/b", "//", "/%53tatusSweep", "/StatusSweep%00"]
    {
        for method in ["GET", "POST", "DELETE"] {
            app.ask(method, path).await.failed(404, "unknownFunction");
        }
    }
    let longest = format!("/{}", "a".repeat(5000));
    app.ask("POST", &longest).await.failed(404, "unknownFunction");
    assert!(app.seen().is_empty());
}

#[tokio::test]
async fn other_methods_are_405_and_the_right_one_is_named() {
    let app = App::start().await;
    for (path, allowed) in [("/StatusSweep", "post"), ("/", "get, head")] {
        for method in ["PUT", "DELETE", "PATCH", "OPTIONS", "BREW"] {
            let answer = app.ask(method, path).await;
            answer.failed(405, "methodNotAllowed");
            assert!(answer.head.contains(&format!("\r\nallow: {allowed}\r\n")), "{answer:?}");
        }
    }
    app.ask("GET", "/StatusSweep").await.failed(405, "methodNotAllowed");
    app.ask("POST", "/").await.failed(405, "methodNotAllowed");
}

#[tokio::test]
async fn readiness_is_a_get_of_the_root() {
    let app = App::start().await;
    assert_eq!(app.ask("GET", "/").await.well(), json!({ "status": "ready" }));
    assert_eq!(app.ask("HEAD", "/").await.status, 200);
}

#[tokio::test]
async fn the_log_says_why_and_shows_nothing_of_the_body() {
    let log = Log::read();
    let app = App::doing(|_| Err(Fault::ours(io::Error::other("the ledger is locked")))).await;
    app.post_as("log-1", "ResourceEvent", r#"{"Data":{"event":"s3cret"}}"#).await.told("found a text");
    app.post_as("log-2", "ResourceEvent", r#"{"Data":{"event":{"id":"s3cret"}}}"#).await.failed(500, "fault");
    app.post_as("log-3", "ResourceEvent", "{\"s3cret").await.told("not JSON");

    let log = log.text();
    let about = |id: &str| log.lines().find(|line| line.contains(id)).unwrap_or_default().to_owned();
    let (shape, ours, text) = (about("log-1"), about("log-2"), about("log-3"));
    assert!(shape.contains("WARN") && shape.contains("expected an object, found a text"), "{shape}");
    assert!(ours.contains("ERROR") && ours.contains("the ledger is locked"), "{ours}");
    assert!(text.contains("WARN") && text.contains("not JSON"), "{text}");
    assert!(!log.contains("s3cret"), "{log}");
}

#[test]
fn each_trigger_has_its_own_binding() {
    let all = [TriggerType::EventGrid, TriggerType::Timer, TriggerType::Http, TriggerType::ServiceBus];
    let bindings: std::collections::BTreeSet<_> = all.iter().map(|trigger| trigger.binding()).collect();
    assert_eq!(bindings.len(), all.len());
}

#[test]
fn a_functions_name_is_a_letter_and_then_letters_digits_dashes_and_underscores() {
    for good in ["F", "ResourceEvent", "a-b_9", &"x".repeat(128)] {
        assert_eq!(FunctionName::parse(good).unwrap().as_str(), good);
    }
    for bad in ["", "9F", "_F", "a/b", "a.b", "a b", "a%20", "Fü", "F\0", &"x".repeat(129)] {
        assert_eq!(FunctionName::parse(bad), None, "{bad}");
    }
}
