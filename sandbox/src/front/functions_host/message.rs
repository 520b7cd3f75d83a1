//! Service Bus triggers: a message as the handler sees it.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Map, Number, Value as Json, json};
use time::{OffsetDateTime, format_description::BorrowedFormatItem, macros::format_description};

use super::invocation::TriggerData;
use crate::service_bus::{Locked, Message, Value};

/// The host makes text of a time and reads it again, which costs it the fractions of a second.
const WHOLE_SECONDS: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]");
/// Without a time to live, .NET's last moment.
const NEVER: &str = "9999-12-31T23:59:59";

/// The message's body, and as binding data what the Service Bus extension (version 5) binds.
///
/// Where the body is the text of a JSON object, its properties that are no arrays come as binding data, too, in the place of the
/// message's own where they have the same name: the real host does that, and so whoever writes the body writes the metadata.
pub(super) fn message(locked: &Locked, binary: bool) -> TriggerData {
    let message = &*locked.message;
    let properties: Map<String, Json> =
        message.application_properties.iter().map(|(name, value)| (name.clone(), json_of(value))).collect();
    let mut data = body(message, binary);
    for (name, value) in [
        ("DeliveryCount", json!(locked.delivery_count)),
        ("DeadLetterSource", json!(locked.dead_letter_source)),
        ("LockToken", json!(locked.lock_token.to_string())),
        ("MessageId", json!(message.message_id)),
        ("ContentType", json!(message.content_type)),
        ("ReplyTo", json!(message.reply_to)),
        ("SequenceNumber", json!(locked.sequence_number)),
        ("To", json!(message.to)),
        ("Subject", json!(message.subject)),
        ("Label", json!(message.subject)),
        ("CorrelationId", json!(message.correlation_id)),
        ("SessionId", json!(message.session_id)),
        ("ReplyToSessionId", json!(message.reply_to_session_id)),
        ("PartitionKey", json!(message.partition_key)),
        ("ApplicationProperties", Json::Object(properties.clone())),
        ("UserProperties", Json::Object(properties)),
        // Objects of the host's own; what is in them is not known from captures.
        ("MessageReceiver", json!({})),
        ("MessageActions", json!({})),
        ("ReceiveActions", json!({})),
        ("Client", json!({})),
    ] {
        data.metadata.insert(name.to_owned(), value);
    }
    let enqueued = locked.enqueued_time.format(WHOLE_SECONDS).unwrap_or_default();
    for (name, time) in [
        ("EnqueuedTimeUtc", enqueued.clone()),
        ("EnqueuedTime", format!("{enqueued}+00:00")),
        ("ExpiresAtUtc", NEVER.to_owned()),
        ("ExpiresAt", format!("{NEVER}+00:00")),
    ] {
        data.times.insert(name.to_owned(), Json::String(time));
    }
    overwrite(&mut data);
    data
}

/// A manual start: there is a body and no message.
pub(super) fn manual(input: &str, binary: bool) -> TriggerData {
    let message = Message { body: input.to_owned().into(), ..Message::default() };
    let mut data = body(&message, binary);
    overwrite(&mut data);
    data
}

fn body(message: &Message, binary: bool) -> TriggerData {
    let text = if binary {
        STANDARD.encode(&message.body)
    } else {
        String::from_utf8_lossy(&message.body).into_owned()
    };
    TriggerData { value: Json::String(text), binary, ..TriggerData::default() }
}

/// Puts the properties of a JSON object over the binding data, whose names have no case and keep their first spelling.
fn overwrite(data: &mut TriggerData) {
    let Json::String(text) = &data.value else { return };
    let Some(Json::Object(body)) = (!data.binary).then(|| serde_json::from_str(text).ok()).flatten() else {
        return;
    };
    for (name, value) in body {
        if value.is_array() {
            continue;
        }
        let is_it = |known: &&String| known.eq_ignore_ascii_case(&name);
        let known = data.metadata.keys().chain(data.times.keys()).find(is_it).cloned();
        let name = known.unwrap_or(name);
        data.times.remove(&name);
        data.metadata.insert(name, value);
    }
}

/// An application property as Newtonsoft writes it.
fn json_of(value: &Value) -> Json {
    let float = |number: f64| Number::from_f64(number).map_or(Json::Null, Json::Number);
    match value {
        Value::Null => Json::Null,
        Value::Bool(value) => json!(value),
        Value::Ubyte(value) => json!(value),
        Value::Ushort(value) => json!(value),
        Value::Uint(value) => json!(value),
        Value::Ulong(value) => json!(value),
        Value::Byte(value) => json!(value),
        Value::Short(value) => json!(value),
        Value::Int(value) => json!(value),
        Value::Long(value) => json!(value),
        Value::Float(value) => float(f64::from(*value)),
        Value::Double(value) => float(*value),
        Value::Decimal32(bytes) => json!(STANDARD.encode(bytes)),
        Value::Decimal64(bytes) => json!(STANDARD.encode(bytes)),
        Value::Decimal128(bytes) => json!(STANDARD.encode(bytes)),
        Value::Char(value) => json!(value),
        Value::Timestamp(milliseconds) => {
            let at = OffsetDateTime::from_unix_timestamp_nanos(i128::from(*milliseconds) * 1_000_000);
            json!(at.ok().and_then(|at| at.format(WHOLE_SECONDS).ok()).map(|text| format!("{text}Z")))
        }
        Value::Uuid(value) => json!(value.to_string()),
        Value::Binary(bytes) => json!(STANDARD.encode(bytes)),
        Value::String(text) | Value::Symbol(text) => json!(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::front::functions_host::invocation;
    use bytes::Bytes;
    use std::sync::Arc;
    use time::macros::datetime;
    use uuid::Uuid;

    fn locked(body: &'static [u8]) -> Locked {
        Locked {
            message: Arc::new(Message {
                message_id: Some("r-1".to_owned()),
                application_properties: [("n".to_owned(), Value::Int(7)), ("s".to_owned(), Value::from("x"))]
                    .into(),
                body: Bytes::from_static(body),
                ..Message::default()
            }),
            lock_token: Uuid::nil(),
            sequence_number: 41,
            delivery_count: 2,
            enqueued_time: datetime!(2026-01-02 03:04:05.678 UTC),
            locked_until: datetime!(2026-01-02 03:04:35.678 UTC),
            dead_letter_source: None,
        }
    }

    fn sent(body: &'static [u8], binary: bool) -> Json {
        invocation::body("message", message(&locked(body), binary), json!({ "MethodName": "F" }))
    }

    #[test]
    fn strings_are_encoded_twice_numbers_are_strings_and_times_lose_their_fractions() {
        let sent = sent(br#"{"a":1}"#, false);
        assert_eq!(sent["Data"]["message"], json!(r#""{\"a\":1}""#));
        let metadata = sent["Metadata"].as_object().unwrap();
        for (name, value) in [
            ("DeliveryCount", json!("2")),
            ("SequenceNumber", json!("41")),
            ("MessageId", json!("\"r-1\"")),
            ("LockToken", json!("\"00000000-0000-0000-0000-000000000000\"")),
            ("EnqueuedTimeUtc", json!("2026-01-02T03:04:05")),
            ("EnqueuedTime", json!("2026-01-02T03:04:05+00:00")),
            ("ExpiresAtUtc", json!("9999-12-31T23:59:59")),
            ("ApplicationProperties", json!({ "n": 7, "s": "x" })),
            ("UserProperties", json!({ "n": 7, "s": "x" })),
            ("sys", json!({ "MethodName": "F" })),
            ("a", json!("1")),
        ] {
            assert_eq!(metadata.get(name), Some(&value), "{name}");
        }
        for absent in ["ContentType", "Subject", "CorrelationId", "DeadLetterSource"] {
            assert!(!metadata.contains_key(absent), "{absent} has no value");
        }
    }

    #[test]
    fn a_body_overwrites_the_metadata_that_it_names_unless_it_is_binary() {
        let hostile =
            br#"{"MessageId":"mine","deliveryCount":99,"enqueuedtimeutc":"now","LIST":[1],"Deep":{"x":[1]}}"#;
        let text = sent(hostile, false);
        let metadata = text["Metadata"].as_object().unwrap();
        assert_eq!(metadata["MessageId"], "\"mine\"");
        assert_eq!((&metadata["DeliveryCount"], metadata.get("deliveryCount")), (&json!("99"), None));
        assert_eq!(metadata["EnqueuedTimeUtc"], "\"now\"");
        assert_eq!((metadata.get("LIST"), &metadata["Deep"]), (None, &json!({ "x": [1] })));
        let binary = sent(hostile, true);
        assert_eq!(binary["Data"]["message"], json!(STANDARD.encode(hostile)));
        assert_eq!(binary["Metadata"]["MessageId"], "\"r-1\"");
        assert_eq!(binary["Metadata"]["DeliveryCount"], "2");
    }

    #[test]
    fn a_body_that_is_no_json_object_leaves_the_metadata_alone() {
        for body in [&b"[1]"[..], b"{", b"\"MessageId\"", b"\xff\xfe"] {
            let sent = sent(body, false);
            assert_eq!(sent["Metadata"]["MessageId"], "\"r-1\"");
        }
    }
}
