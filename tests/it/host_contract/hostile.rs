//! Bodies that somebody made to hurt.

use peerpact::host::{BODY_BYTES_MAX, DEPTH_MAX};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::wire::{App, post, send};

const FUNCTIONS: [&str; 3] = ["ResourceEvent", "StatusSweep", "Handshakes"];

fn nested(open: &str, close: &str, levels: usize) -> String {
    open.repeat(levels) + "1" + &close.repeat(levels)
}

/// Told and answered 200 by every function, given to none, and the next good body works.
async fn refused(body: impl AsRef<[u8]>, why: &str) {
    let app = App::start().await;
    for function in FUNCTIONS {
        app.post(function, &body).await.told(why);
    }
    assert!(app.seen().is_empty());
    app.post("StatusSweep", r#"{"Data":{"timer":{}}}"#).await.well();
    assert_eq!(app.seen().len(), 1);
}

/// `value` at the place of the trigger's value of every function.
fn everywhere(value: &str) -> String {
    format!(r#"{{"Data":{{"event":{value},"timer":{value},"req":{value}}},"Metadata":{{}}}}"#)
}

#[tokio::test]
async fn nesting_of_ten_thousand_levels_is_refused_wherever_it_lies() {
    let arrays = nested("[", "]", 10_000);
    let objects = nested("{\"a\":", "}", 10_000);
    for deep in [&arrays, &objects, &"[".repeat(10_000), &"{\"a\":".repeat(10_000)] {
        refused(deep, "deeper than 64").await;
        refused(everywhere(deep), "deeper than 64").await;
        refused(format!(r#"{{"Data":{{}},"Metadata":{deep}}}"#), "deeper than 64").await;
    }
}

#[tokio::test]
async fn nesting_hidden_in_texts_is_refused_when_it_comes_out() {
    for deep in [nested("[", "]", 10_000), nested("{\"a\":", "}", 10_000)] {
        let once = json!(deep).to_string();
        let twice = json!(once).to_string();
        refused(everywhere(&once), "deeper than 64").await;
        refused(everywhere(&twice), "deeper than 64").await;
    }
}

#[tokio::test]
async fn the_deepest_nesting_that_is_allowed_is_read() {
    // The body, its `Data` and the event are three levels.
    let inner = nested("[", "]", DEPTH_MAX - 3);
    let app = App::start().await;
    app.post("ResourceEvent", format!(r#"{{"Data":{{"event":{{"a":{inner}}}}}}}"#)).await.well();
    assert_eq!(app.seen().len(), 1);
    let deeper = nested("[", "]", DEPTH_MAX - 2);
    app.post("ResourceEvent", format!(r#"{{"Data":{{"event":{{"a":{deeper}}}}}}}"#)).await.told("deeper");
    assert!(app.seen().is_empty());
}

#[tokio::test]
async fn a_body_of_one_mebibyte_is_read_and_one_byte_more_is_not() {
    let with_length = |length: usize| {
        let (head, tail) = (r#"{"Data":{"timer":{}},"Metadata":{"x":""#, r#""}}"#);
        format!("{head}{}{tail}", "x".repeat(length - head.len() - tail.len()))
    };
    let app = App::start().await;
    app.post("StatusSweep", with_length(BODY_BYTES_MAX)).await.well();
    assert_eq!(app.seen().len(), 1);
    refused(with_length(BODY_BYTES_MAX + 1), "larger than 1048576 bytes").await;
}

#[tokio::test]
async fn whoever_sends_far_too_much_still_gets_the_answer() {
    let app = App::start().await;
    app.post("StatusSweep", vec![b' '; 32 * BODY_BYTES_MAX]).await.told("larger than 1048576 bytes");
}

#[tokio::test]
async fn a_body_without_a_length_is_bounded_too() {
    let app = App::start().await;
    let chunk = format!("10000\r\n{}\r\n", "x".repeat(0x10000));
    let request = format!(
        "POST /StatusSweep HTTP/1.1\r\nhost: h\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n{}0\r\n\r\n",
        chunk.repeat(17)
    );
    send(app.address, request.as_bytes()).await.told("larger than 1048576 bytes");
}

#[tokio::test]
async fn text_that_is_no_json_is_refused() {
    let bad: [&[u8]; 14] = [
        b"",
        b" ",
        b"{",
        b"{\"Data\":",
        b"{\"Data\":{\"event\":{}",
        b"{\"Data\":{}}}",
        b"{'Data':{}}",
        b"{\"Data\":{},}",
        b"\xff\xfe{\0}\0",
        b"{\"Data\":{\"event\":\"\xe2\x82\"}}",
        b"{\"Data\":{\"event\":\"\xed\xa0\x80\"}}",
        b"{\"Data\":{\"event\":\"\\ud800\"}}",
        b"{\"Data\":{\"event\":\"a\0b\"}}",
        b"<html>",
    ];
    for body in bad {
        refused(body, "not JSON").await;
    }
}

#[tokio::test]
async fn a_number_that_nothing_can_hold_is_refused() {
    for number in ["1e999", "-1e999", &"9".repeat(400), "NaN", "Infinity", "0x10", "01", "1."] {
        refused(everywhere(number), "not JSON").await;
    }
}

#[tokio::test]
async fn a_wrong_type_is_refused_at_each_place() {
    for wrong in ["null", "true", "1", "1.5e300", "\"\"", "\"text\"", "\"[1]\"", "[]", "[1]", "[[{}]]"] {
        refused(wrong, "expected an object").await;
        refused(format!(r#"{{"Data":{wrong},"Metadata":{{}}}}"#), "expected an object").await;
        refused(everywhere(wrong), "expected").await;
    }
    refused("{}", "Data: expected an object, found nothing").await;
    refused(r#"{"Data":{}}"#, "expected the trigger's value, found nothing").await;
    refused(r#"{"Data":{"Event":{},"TIMER":{},"Req":{}}}"#, "expected the trigger's value").await;
}

#[tokio::test]
async fn a_wrong_type_is_refused_at_each_place_of_a_request() {
    let app = App::start().await;
    for (req, why) in [
        (json!({}), "Data.req.Method: expected an HTTP method, found nothing"),
        (json!({ "Method": null }), "Data.req.Method"),
        (json!({ "Method": "" }), "Data.req.Method"),
        (json!({ "Method": "GE T" }), "Data.req.Method"),
        (json!({ "Method": ["GET"] }), "Data.req.Method: expected an HTTP method, found an array"),
        (json!({ "Method": "GET", "Query": [] }), "Data.req.Query: expected an object, found an array"),
        (json!({ "Method": "GET", "Query": "phase=x" }), "Data.req.Query: expected an object, found a text"),
        (json!({ "Method": "GET", "Query": { "phase": ["x"] } }), "Data.req.Query, a member"),
        (json!({ "Method": "GET", "Params": 1 }), "Data.req.Params: expected an object, found a number"),
        (json!({ "Method": "GET", "Params": { "id": {} } }), "Data.req.Params, a member"),
    ] {
        app.post("Handshakes", json!({ "Data": { "req": req } }).to_string()).await.told(why);
    }
    assert!(app.seen().is_empty());
}

#[tokio::test]
async fn of_a_key_that_stands_twice_the_last_counts_as_for_the_host() {
    let app = App::start().await;
    let body = r#"{"Data":{"timer":{"IsPastDue":true}},"Data":{"timer":7,"timer":{"IsPastDue":true,"IsPastDue":false}}}"#;
    app.post("StatusSweep", body).await.well();
    assert_eq!(format!("{:?}", app.seen().pop().unwrap().data), "Timer { is_past_due: false }");
    refused(r#"{"Data":{"event":{},"timer":{},"req":{}},"Data":7}"#, "Data: expected an object").await;
}

#[tokio::test]
async fn a_hundred_thousand_bad_events_are_not_told_one_by_one() {
    let app = App::start().await;
    let array = format!("[{{}}{}]", ",1".repeat(100_000));
    let answer = app.post("ResourceEvent", format!(r#"{{"Data":{{"event":{array}}}}}"#)).await;
    assert_eq!(answer.logs().len(), 21);
    answer.told("Data.event[1]");
    assert!(answer.body.contains("99980 more"), "{}", answer.body);
}

#[tokio::test]
async fn a_body_that_breaks_off_invokes_nothing_and_hurts_nobody() {
    use tokio::io::AsyncWriteExt;
    let app = App::start().await;
    let whole = post("i", "StatusSweep", br#"{"Data":{"timer":{}}}"#);
    let mut stream = tokio::net::TcpStream::connect(app.address).await.unwrap();
    stream.write_all(&whole[..whole.len() - 5]).await.unwrap();
    drop(stream);
    app.post("StatusSweep", r#"{"Data":{"timer":{"IsPastDue":true}}}"#).await.well();
    assert_eq!(app.seen().len(), 1);
}

#[tokio::test]
async fn a_head_of_32_kib_is_taken_and_one_of_256_is_not() {
    let app = App::start().await;
    for (length, taken) in [(32, true), (256, false)] {
        let filling = "y".repeat(length * 1024);
        let head = format!("GET / HTTP/1.1\r\nhost: h\r\nconnection: close\r\nx: {filling}\r\n\r\n");
        let mut stream = TcpStream::connect(app.address).await.unwrap();
        let mut said = Vec::new();
        // It closes before it has read everything, and so may break off what we do.
        let _ = stream.write_all(head.as_bytes()).await;
        let _ = stream.read_to_end(&mut said).await;
        assert_eq!(said.starts_with(b"HTTP/1.1 200 "), taken, "{length} KiB");
    }
}
