//! Messages of a queue, as the host hands them over.

use azure_core::base64;
use peerpact::host::{MESSAGE_BODY_BYTES_MAX, QueueMessage, TriggerData};
use serde_json::{Value, json};

use super::wire::App;

fn body(message: impl Into<Value>, metadata: impl Into<Value>) -> String {
    json!({ "Data": { "message": message.into() }, "Metadata": metadata.into() }).to_string()
}

/// `dataType` binary, as our functions are declared.
fn binary(bytes: impl AsRef<[u8]>, metadata: Value) -> String {
    body(base64::encode(bytes), metadata)
}

async fn message(body: impl AsRef<[u8]>) -> QueueMessage {
    let app = App::start().await;
    app.post("Reconcile", body).await.well();
    match app.seen().pop().expect("invoked").data {
        TriggerData::Message(message) => message,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_message_is_its_senders_bytes_whether_the_host_makes_base64_or_a_text_of_them() {
    let request = r#"{"id":"r-1","text":"ä \"quoted\""}"#;
    let twice = json!(request).to_string();
    for (how, value) in
        [("base64", json!(base64::encode(request))), ("twice", json!(twice)), ("once", json!(request))]
    {
        assert_eq!(message(body(value, json!({}))).await.body, request.as_bytes(), "{how}");
    }
}

#[tokio::test]
async fn a_message_that_looks_like_base64_is_decoded_only_once() {
    // `true` and `abcd` are base64 for something, too.
    for text in ["true", "abcd", "eyJhIjoxfQ==", "7", "\"abcd\"", "[1]", ""] {
        assert_eq!(message(binary(text, json!({}))).await.body, text.as_bytes(), "{text} as base64");
        let twice = json!(text).to_string();
        assert_eq!(message(body(twice, json!({}))).await.body, text.as_bytes(), "{text} as a text in a text");
    }
}

#[tokio::test]
async fn bytes_that_are_no_text_arrive_too() {
    let bytes: Vec<u8> = (0..=255).collect();
    assert_eq!(message(binary(&bytes, json!({}))).await.body, bytes);
}

#[tokio::test]
async fn a_value_of_another_kind_is_handed_on_as_it_stands() {
    for value in [json!({ "id": "r-1" }), json!(7), json!(null), json!("neither base64 nor JSON")] {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        assert_eq!(message(body(value, json!({}))).await.body, text.as_bytes());
    }
}

#[tokio::test]
async fn a_message_is_the_functions_to_judge_however_deep_it_and_the_hosts_copy_of_it_are() {
    for levels in [200, 10_000] {
        let deep = format!(r#"{}1{}"#, r#"{"a":"#.repeat(levels), "}".repeat(levels));
        let repeated = format!(
            r#"{{"Data":{{"message":"{}"}},"Metadata":{{"MessageId":"\"m\"","a":{deep}}}}}"#,
            base64::encode(&deep)
        );
        let message = message(repeated).await;
        assert_eq!(message.body, deep.as_bytes());
        assert_eq!(message.message_id.as_deref(), Some("m"));
    }
}

#[tokio::test]
async fn id_and_delivery_count_are_read_as_the_host_writes_them_and_as_its_documents_say() {
    for metadata in [
        json!({ "MessageId": "\"r-1\"", "DeliveryCount": "11" }),
        json!({ "MessageId": "r-1", "DeliveryCount": 11 }),
        json!({ "messageid": "r-1", "deliverycount": "\"11\"" }),
    ] {
        let message = message(binary("{}", metadata)).await;
        assert_eq!((message.message_id.as_deref(), message.delivery_count), (Some("r-1"), Some(11)));
    }
}

#[tokio::test]
async fn what_a_sender_writes_over_the_metadata_spoils_nothing() {
    let long = "x".repeat(4000);
    for (metadata, id, count) in [
        (json!({ "MessageId": { "a": 1 }, "DeliveryCount": { "b": [] } }), None, None),
        (json!({ "MessageId": 7, "DeliveryCount": -1 }), None, None),
        (json!({ "MessageId": "", "DeliveryCount": "99999999999" }), None, None),
        (
            json!({ "MessageId": "a\nERROR b\u{202e}", "DeliveryCount": true }),
            Some("a?ERROR?b?".to_owned()),
            None,
        ),
        (json!({ "MessageId": long, "DeliveryCount": 1.5 }), Some("x".repeat(128)), None),
        (json!({ "RetryContext": { "RetryCount": 1 }, "sys": null }), None, None),
        (json!([]), None, None),
        (Value::Null, None, None),
    ] {
        let message = message(binary("{}", metadata)).await;
        assert_eq!((message.message_id, message.delivery_count), (id, count));
        assert_eq!(message.body, b"{}");
    }
    let bare = format!(r#"{{"Data":{{"message":"{}"}}}}"#, base64::encode("{}"));
    assert_eq!(message(bare).await.body, b"{}");
}

#[tokio::test]
async fn of_a_key_that_stands_twice_the_last_counts() {
    let twice = r#"{"Data":{"message":"YQ=="},"Data":{"message":"Yg==","message":"Yw=="},"Metadata":1,"Metadata":{"MessageId":"x","MessageId":"y"}}"#;
    let message = message(twice).await;
    assert_eq!((message.body.as_slice(), message.message_id.as_deref()), (&b"c"[..], Some("y")));
}

#[tokio::test]
async fn a_message_of_300_kib_reaches_the_function_even_if_the_host_repeats_all_of_it_escaped() {
    let inner = "\"".repeat(150 * 1024);
    let request = json!({ "a": inner }).to_string();
    let metadata = json!({ "a": json!(inner).to_string() });
    assert_eq!(message(binary(&request, metadata)).await.body.len(), request.len());
}

#[tokio::test]
async fn what_is_larger_than_any_message_is_told_and_not_delivered_again() {
    let app = App::start().await;
    app.post("Reconcile", binary(vec![b'x'; MESSAGE_BODY_BYTES_MAX], json!({})))
        .await
        .told("larger than 2097152 bytes");
    assert!(app.seen().is_empty());
}

#[tokio::test]
async fn a_batch_of_one_is_that_message_and_of_more_none_gets_lost() {
    let texts = [json!(["YQ=="]), json!(r#"["YQ=="]"#)];
    for one in texts {
        assert_eq!(message(body(one, json!({}))).await.body, b"a");
    }
    let app = App::start().await;
    app.post("Reconcile", body(r#"["YQ==","Yg=="]"#, json!({}))).await.failed(500, "fault");
    assert!(app.seen().is_empty());
}

#[tokio::test]
async fn a_body_without_a_message_is_told() {
    let app = App::start().await;
    for (body, why) in [
        ("{", "not JSON"),
        ("{}", "Data: expected an object, found nothing"),
        (r#"{"Data":[]}"#, "Data: expected an object, found an array"),
        (r#"{"Data":{"Message":"YQ=="}}"#, "expected the trigger's value, found nothing"),
    ] {
        app.post("Reconcile", body).await.told(why);
    }
    assert!(app.seen().is_empty());
}

#[tokio::test]
async fn a_messages_content_is_in_no_debug_output() {
    let message = message(binary("s3cret", json!({ "MessageId": "m" }))).await;
    assert_eq!(
        format!("{message:?}"),
        r#"QueueMessage { bytes: 6, message_id: Some("m"), delivery_count: None }"#
    );
}
