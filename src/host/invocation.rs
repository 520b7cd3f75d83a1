//! What the Functions host asks for, as types.

use std::collections::BTreeMap;
use std::fmt;

use axum::http::Method;
use serde_json::{Map, Value};

use super::json::{self, Unusable};

/// A JSON object.
pub type JsonObject = Map<String, Value>;

/// One call of one function.
#[derive(Debug)]
pub struct Invocation {
    /// The host's id of this call. A redelivery has another one: it is for logs, not for recognising duplicates.
    pub id: InvocationId,
    /// Which function is called.
    pub function: FunctionName,
    /// What started it. The body's `Metadata` is not handed on, but for what is shown of a queue's message: for some
    /// triggers the host merges the sender's own keys over its own there, so that nothing in it can be believed.
    pub data: TriggerData,
}

/// What starts a function, as declared by the first binding of its `function.json`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TriggerType {
    /// `eventGridTrigger`, named `event`.
    EventGrid,
    /// `timerTrigger`, named `timer`.
    Timer,
    /// `httpTrigger`, named `req`, with an `http` output named `res`.
    Http,
    /// `serviceBusTrigger` of a queue, one message at a time, named `message`.
    ServiceBus,
}

impl TriggerType {
    /// The binding's name in `function.json`, under which the value stands in the body's `Data`.
    pub fn binding(self) -> &'static str {
        match self {
            Self::EventGrid => "event",
            Self::Timer => "timer",
            Self::Http => "req",
            Self::ServiceBus => "message",
        }
    }

    /// The binding's type in `function.json`.
    pub fn kind(self) -> &'static str {
        match self {
            Self::EventGrid => "eventGridTrigger",
            Self::Timer => "timerTrigger",
            Self::Http => "httpTrigger",
            Self::ServiceBus => "serviceBusTrigger",
        }
    }

    /// The largest body of such an invocation, in bytes.
    pub(crate) fn body_bytes_max(self) -> usize {
        match self {
            Self::EventGrid | Self::Timer | Self::Http => json::BODY_BYTES_MAX,
            Self::ServiceBus => json::MESSAGE_BODY_BYTES_MAX,
        }
    }
}

/// The value of the trigger's binding, decoded. It shows its content in no `Debug` output: events carry claims of
/// people, requests carry what somebody typed.
pub enum TriggerData {
    /// Events of Event Grid in either schema, at least one. What they say is unproved.
    Events(Vec<JsonObject>),
    /// A tick.
    Timer(Timer),
    /// A request that the host has authenticated by its key.
    Http(HttpRequest),
    /// A message of a queue. Nothing of it is proved.
    Message(QueueMessage),
}

impl fmt::Debug for TriggerData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Events(events) => write!(f, "Events({})", events.len()),
            Self::Timer(timer) => timer.fmt(f),
            Self::Http(request) => request.fmt(f),
            Self::Message(message) => message.fmt(f),
        }
    }
}

/// A message that Service Bus delivered.
pub struct QueueMessage {
    /// The body as the sender wrote it: any bytes at all.
    pub body: Vec<u8>,
    /// The message's id as the host's metadata has it, for logs and records only: a sender can overwrite it there. At
    /// most `ID_LENGTH_MAX` visible ASCII characters; others are shown as `?`.
    pub message_id: Option<String>,
    /// The how-manieth delivery this is as the host's metadata has it, for logs and records only.
    pub delivery_count: Option<u32>,
}

impl QueueMessage {
    /// The longest id that is kept, in characters, which is also the longest that Service Bus takes.
    pub(crate) const ID_LENGTH_MAX: usize = 128;

    /// The body as JSON, within the same bounds as every other JSON here.
    ///
    /// # Errors
    /// [`Unusable`] if it is not JSON, or nests too deep.
    pub(crate) fn json(&self) -> Result<Value, Unusable> {
        json::parse(&self.body)
    }
}

impl fmt::Debug for QueueMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("QueueMessage")
            .field("bytes", &self.body.len())
            .field("message_id", &self.message_id)
            .field("delivery_count", &self.delivery_count)
            .finish()
    }
}

/// A timer's tick.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timer {
    /// The tick comes later than the schedule says. False if the host does not say.
    pub is_past_due: bool,
}

/// A request to an HTTP function. The function's key is not in it: neither headers nor the address are handed on, and
/// `code` is taken out of the query.
pub struct HttpRequest {
    /// The request's method.
    pub method: Method,
    /// The query's parameters, without `code`.
    pub query: BTreeMap<String, String>,
    /// The parts of the route in braces that the request has.
    pub params: BTreeMap<String, String>,
    /// The body as the caller sent it, if it sent one.
    pub body: Option<String>,
}

impl HttpRequest {
    /// The body as JSON, within the same bounds as every other JSON here.
    ///
    /// # Errors
    /// [`Unusable`] if there is no body, or it is not JSON, or nests too deep.
    pub fn json(&self) -> Result<Value, Unusable> {
        json::parse(self.body.as_deref().unwrap_or_default().as_bytes())
    }
}

impl fmt::Debug for HttpRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpRequest").field("method", &self.method).finish_non_exhaustive()
    }
}

/// A function's name: a letter, then up to 127 letters, digits, `_` and `-`, compared exactly.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FunctionName(String);

impl FunctionName {
    const LENGTH_MAX: usize = 128;

    /// The name, if it is one that a function can have.
    pub fn parse(name: &str) -> Option<Self> {
        let lead = name.starts_with(|c: char| c.is_ascii_alphabetic());
        let rest = name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'));
        (lead && rest && name.len() <= Self::LENGTH_MAX).then(|| Self(name.to_owned()))
    }

    /// The name as text, to match on.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for FunctionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The host's id of one invocation, from its header: 1 to 64 letters, digits, `-`, `_` and `.`; `none` if the header
/// is missing or holds anything else, because an id is written into logs and records as it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct InvocationId(String);

impl InvocationId {
    const LENGTH_MAX: usize = 64;

    /// The id, if the text is fit to be one.
    pub fn parse(text: &str) -> Option<Self> {
        let fit = text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'));
        (fit && (1..=Self::LENGTH_MAX).contains(&text.len())).then(|| Self(text.to_owned()))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for InvocationId {
    fn default() -> Self {
        Self("none".to_owned())
    }
}

impl fmt::Display for InvocationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
