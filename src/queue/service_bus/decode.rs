//! Messages of a queue as an operator sees them.

use std::collections::BTreeMap;

use fe2o3_amqp::types::messaging::annotations::OwnedKey;
use fe2o3_amqp::types::messaging::message::DecodeIntoMessage;
use fe2o3_amqp::types::messaging::{Body, Message as AmqpMessage, MessageId, Properties};
use fe2o3_amqp::types::primitives::{SimpleValue, Timestamp, Value};
use serde_amqp::read::SliceReader;
use time::OffsetDateTime;

use crate::hex::hex;

/// A message that lies in a queue. Every text in it is somebody else's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Peeked {
    /// Its place in the queue; a scheduled message has another one until its time comes.
    pub sequence_number: i64,
    /// When it came into the queue.
    pub enqueued: Option<OffsetDateTime>,
    /// When it is to come into the queue.
    pub scheduled: Option<OffsetDateTime>,
    /// Its id.
    pub id: Option<String>,
    /// What it is.
    pub subject: Option<String>,
    /// What it answers.
    pub correlation: Option<String>,
    /// The media type of its body.
    pub content_type: Option<String>,
    /// The sender's own properties, and for a dead letter `DeadLetterReason` and `DeadLetterErrorDescription`.
    pub properties: BTreeMap<String, String>,
    /// How often it was delivered and not completed.
    pub delivery_count: u32,
    /// Its body's bytes.
    pub body: Vec<u8>,
}

impl Peeked {
    /// Decodes a whole message.
    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let message = Body::<Value>::decode_message_from_reader(SliceReader::new(bytes)).ok()?;
        Some(Self::of(message))
    }

    pub(super) fn of(message: AmqpMessage<Body<Value>>) -> Self {
        let properties = message.properties.unwrap_or_default();
        let annotations = message.message_annotations.map(|annotations| annotations.0).unwrap_or_default();
        let annotation = |name: &str| annotations.get(&OwnedKey::from(name));
        let time = |name: &str| match annotation(name) {
            Some(Value::Timestamp(time)) => moment(time),
            _ => None,
        };
        let Properties { message_id, subject, correlation_id, content_type, .. } = properties;
        let application = message.application_properties.unwrap_or_default();
        Self {
            sequence_number: match annotation("x-opt-sequence-number") {
                Some(Value::Long(number)) => *number,
                _ => 0,
            },
            enqueued: time("x-opt-enqueued-time"),
            scheduled: time("x-opt-scheduled-enqueue-time"),
            id: message_id.map(id),
            subject,
            correlation: correlation_id.map(id),
            content_type: content_type.map(|kind| kind.0),
            properties: application.0.into_iter().map(|(name, value)| (name, text(value))).collect(),
            delivery_count: message.header.map_or(0, |header| header.delivery_count),
            body: bytes(message.body),
        }
    }
}

fn bytes(body: Body<Value>) -> Vec<u8> {
    match body {
        Body::Data(sections) => {
            sections.into_inner().into_iter().flat_map(|section| section.0.into_vec()).collect()
        }
        // Some SDKs send a text as a value.
        Body::Value(value) => match value.0 {
            Value::String(text) => text.into_bytes(),
            Value::Binary(bytes) => bytes.into_vec(),
            other => format!("{other:?}").into_bytes(),
        },
        Body::Sequence(_) | Body::Empty => Vec::new(),
    }
}

fn id(id: MessageId) -> String {
    match id {
        MessageId::String(text) => text,
        MessageId::Ulong(number) => number.to_string(),
        MessageId::Uuid(uuid) => uuid::Uuid::from_bytes(uuid.into_inner()).to_string(),
        MessageId::Binary(bytes) => hex(&bytes),
    }
}

fn text(value: SimpleValue) -> String {
    match value {
        SimpleValue::Null => "null".to_owned(),
        SimpleValue::String(text) => text,
        SimpleValue::Symbol(symbol) => symbol.0,
        SimpleValue::Bool(value) => value.to_string(),
        SimpleValue::Ubyte(value) => value.to_string(),
        SimpleValue::Ushort(value) => value.to_string(),
        SimpleValue::Uint(value) => value.to_string(),
        SimpleValue::Ulong(value) => value.to_string(),
        SimpleValue::Byte(value) => value.to_string(),
        SimpleValue::Short(value) => value.to_string(),
        SimpleValue::Int(value) => value.to_string(),
        SimpleValue::Long(value) => value.to_string(),
        SimpleValue::Timestamp(time) => moment(&time).map_or_else(String::new, |time| time.to_string()),
        other => format!("{other:?}"),
    }
}

fn moment(time: &Timestamp) -> Option<OffsetDateTime> {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(time.milliseconds()) * 1_000_000).ok()
}
