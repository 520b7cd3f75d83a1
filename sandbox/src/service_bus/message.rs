//! Messages, as senders give them and as receivers see them.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use time::OffsetDateTime;
use uuid::Uuid;

/// A message to be sent.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Message {
    /// The sender's id, by which duplicates are found. At most 128 characters.
    pub message_id: Option<String>,
    /// What the message is; `Label` in older tools.
    pub subject: Option<String>,
    /// What it answers.
    pub correlation_id: Option<String>,
    /// The media type of the body.
    pub content_type: Option<String>,
    /// Where it is meant to go, for the sender's own use.
    pub to: Option<String>,
    /// Where an answer is wanted.
    pub reply_to: Option<String>,
    /// The session. It is kept and shown, but no queue here has sessions.
    pub session_id: Option<String>,
    /// The session that an answer belongs to.
    pub reply_to_session_id: Option<String>,
    /// Kept and shown; the queues here are not partitioned.
    pub partition_key: Option<String>,
    /// What else the sender wants to say.
    pub application_properties: BTreeMap<String, Value>,
    /// Before this time nobody receives it.
    pub scheduled_enqueue_time: Option<OffsetDateTime>,
    /// What it says.
    pub body: Bytes,
    /// How the body goes on the wire.
    pub body_type: BodyType,
}

/// The section of an AMQP message that holds the body.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BodyType {
    /// `Data`, what Service Bus's own clients send.
    #[default]
    Data,
    /// `AmqpValue` with a string.
    Text,
    /// `AmqpValue` with a binary.
    Binary,
}

/// The value of an application property: every simple type that AMQP has for one.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the names are those of AMQP's types")]
pub enum Value {
    Null,
    Bool(bool),
    Ubyte(u8),
    Ushort(u16),
    Uint(u32),
    Ulong(u64),
    Byte(i8),
    Short(i16),
    Int(i32),
    Long(i64),
    Float(f32),
    Double(f64),
    Decimal32([u8; 4]),
    Decimal64([u8; 8]),
    Decimal128([u8; 16]),
    Char(char),
    /// Milliseconds since 1970.
    Timestamp(i64),
    Uuid(Uuid),
    Binary(Bytes),
    String(String),
    Symbol(String),
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::String(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::String(text)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Long(number)
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

/// A message that one receiver holds under a lock.
#[derive(Clone, Debug, PartialEq)]
pub struct Locked {
    /// The message.
    pub message: Arc<Message>,
    /// Settles it.
    pub lock_token: Uuid,
    /// Its place in the queue.
    pub sequence_number: i64,
    /// How often it was delivered, this time included: 1 for the first.
    pub delivery_count: u32,
    /// When it came into the queue.
    pub enqueued_time: OffsetDateTime,
    /// When somebody else may have it.
    pub locked_until: OffsetDateTime,
    /// In a dead-letter queue, the queue that it comes from.
    pub dead_letter_source: Option<String>,
}

/// A message that was looked at without taking it.
#[derive(Clone, Debug, PartialEq)]
pub struct Peeked {
    /// The message.
    pub message: Arc<Message>,
    /// Its place in the queue.
    pub sequence_number: i64,
    /// How often it was delivered so far.
    pub delivery_count: u32,
    /// When it came, or for a scheduled one will come, into the queue.
    pub enqueued_time: OffsetDateTime,
    /// Whether it waits for its time. Azure shows a locked message as active, too.
    pub scheduled: bool,
    /// In a dead-letter queue, the queue that it comes from.
    pub dead_letter_source: Option<String>,
}

impl Message {
    /// How much of the limit the message takes: its body and every text of it, in bytes.
    pub(super) fn size(&self) -> usize {
        let texts = [
            &self.message_id,
            &self.subject,
            &self.correlation_id,
            &self.content_type,
            &self.to,
            &self.reply_to,
            &self.session_id,
            &self.reply_to_session_id,
            &self.partition_key,
        ];
        let texts: usize = texts.into_iter().flatten().map(String::len).sum();
        let properties: usize =
            self.application_properties.iter().map(|(name, value)| name.len() + value.size()).sum();
        self.body.len() + texts + properties
    }
}

impl Value {
    fn size(&self) -> usize {
        match self {
            Self::String(text) | Self::Symbol(text) => text.len(),
            Self::Binary(bytes) => bytes.len(),
            _ => 16,
        }
    }
}
