//! Requests to a queue's `$management`: renew locks, peek, schedule, take back what is scheduled.

use bytes::Bytes;
use serde_amqp::Value as Amqp;
use serde_amqp::primitives::{Array, Binary};
use uuid::Uuid;

use super::message::{Sent, peeked, read_for_queue};
use super::values::{elements, entry, integer, map, timestamp};
use crate::service_bus::{Broker, LockLost, Refused, Value};

/// What is answered: a status, a description, an error's condition, a body.
pub(super) struct ManagementAnswer {
    status: i32,
    description: String,
    condition: Option<&'static str>,
    pub(super) body: Amqp,
}

impl ManagementAnswer {
    fn ok(body: Amqp) -> Self {
        Self { status: 200, description: "OK".to_owned(), condition: None, body }
    }

    fn failed(status: i32, condition: &'static str, description: impl ToString) -> Self {
        Self { status, description: description.to_string(), condition: Some(condition), body: map([]) }
    }

    /// The outcome as application properties. Here they are in camel case, unlike those of `$cbs`.
    pub(super) fn outcome(&self) -> Vec<(&'static str, Value)> {
        let mut outcome = vec![
            ("statusCode", Value::Int(self.status)),
            ("statusDescription", Value::String(self.description.clone())),
        ];
        outcome.extend(self.condition.map(|name| ("errorCondition", Value::Symbol(name.to_owned()))));
        outcome
    }
}

/// Messages that one peek shows at most, which is Azure's limit, too.
const MOST_PEEKED: usize = 250;
/// A peek ends before its answer is larger than a message may be.
const LARGEST_ANSWER: usize = 1 << 20;

/// Deals with one request about a queue or a dead-letter queue.
pub(super) fn manage(broker: &Broker, entity: &str, request: &Sent) -> ManagementAnswer {
    let operation = match request.message.application_properties.get("operation") {
        Some(Value::String(operation) | Value::Symbol(operation)) => operation.as_str(),
        _ => "",
    };
    let body = request.value.as_ref().unwrap_or(&Amqp::Null);
    let answer = match operation {
        "com.microsoft:renew-lock" => renew(broker, body),
        "com.microsoft:peek-message" => peek(broker, entity, body),
        "com.microsoft:schedule-message" => schedule(broker, entity, body),
        "com.microsoft:cancel-scheduled-message" => cancel(broker, entity, body),
        other => {
            let other: String = other.chars().take(100).collect();
            let description = format!("The operation '{other}' is not supported here.");
            Err(ManagementAnswer::failed(501, "amqp:not-implemented", description))
        }
    };
    answer.unwrap_or_else(|failure| failure)
}

fn renew(broker: &Broker, body: &Amqp) -> Result<ManagementAnswer, ManagementAnswer> {
    let tokens =
        field(body, "lock-tokens").and_then(|tokens| elements(tokens).ok_or_else(|| wrong("lock-tokens")))?;
    let mut expirations = Vec::with_capacity(tokens.len());
    for token in tokens {
        let Amqp::Uuid(token) = token else { return Err(wrong("lock-tokens")) };
        let until = broker.renew(Uuid::from_bytes(*token.as_inner()));
        let until = until
            .map_err(|LockLost| ManagementAnswer::failed(410, "com.microsoft:message-lock-lost", LockLost))?;
        expirations.push(Amqp::Timestamp(timestamp(until)));
    }
    Ok(ManagementAnswer::ok(map([("expirations", Amqp::Array(Array(expirations)))])))
}

fn peek(broker: &Broker, entity: &str, body: &Amqp) -> Result<ManagementAnswer, ManagementAnswer> {
    let number = |name| field(body, name).and_then(|value| integer(value).ok_or_else(|| wrong(name)));
    let from = number("from-sequence-number")?;
    let most = usize::try_from(number("message-count")?).map_err(|_| wrong("message-count"))?;
    let found = broker.peek(entity, from, most.min(MOST_PEEKED)).map_err(|refused| refusal(&refused))?;
    let mut room = LARGEST_ANSWER;
    let mut messages = Vec::with_capacity(found.len());
    for one in &found {
        let encoded =
            peeked(one).map_err(|error| ManagementAnswer::failed(500, "amqp:internal-error", error))?;
        // The first one is shown whatever its size.
        if encoded.len() > room && !messages.is_empty() {
            break;
        }
        room = room.saturating_sub(encoded.len());
        messages.push(map([("message", Amqp::Binary(Binary::from(encoded)))]));
    }
    if messages.is_empty() {
        return Ok(ManagementAnswer { status: 204, ..ManagementAnswer::ok(map([])) });
    }
    Ok(ManagementAnswer::ok(map([("messages", Amqp::List(messages))])))
}

fn schedule(broker: &Broker, entity: &str, body: &Amqp) -> Result<ManagementAnswer, ManagementAnswer> {
    let entries =
        field(body, "messages").and_then(|entries| elements(entries).ok_or_else(|| wrong("messages")))?;
    let mut messages = Vec::with_capacity(entries.len());
    for one in entries {
        let Some(Amqp::Binary(encoded)) = entry(one, "message") else { return Err(wrong("message")) };
        let read = read_for_queue(&Bytes::copy_from_slice(encoded), 0);
        messages.extend(read.map_err(|error| ManagementAnswer::failed(400, "amqp:decode-error", error))?);
    }
    let numbers: Result<Vec<Amqp>, Refused> =
        messages.into_iter().map(|message| broker.send(entity, message).map(Amqp::Long)).collect();
    let numbers = numbers.map_err(|refused| refusal(&refused))?;
    Ok(ManagementAnswer::ok(map([("sequence-numbers", Amqp::Array(Array(numbers)))])))
}

fn cancel(broker: &Broker, entity: &str, body: &Amqp) -> Result<ManagementAnswer, ManagementAnswer> {
    let numbers = field(body, "sequence-numbers")
        .and_then(|numbers| elements(numbers).ok_or_else(|| wrong("sequence-numbers")))?;
    for number in numbers {
        let number = integer(number).ok_or_else(|| wrong("sequence-numbers"))?;
        if !broker.cancel_scheduled(entity, number).map_err(|refused| refusal(&refused))? {
            let description = format!("There is no scheduled message with the sequence number {number}.");
            return Err(ManagementAnswer::failed(404, "com.microsoft:message-not-found", description));
        }
    }
    Ok(ManagementAnswer::ok(map([])))
}

fn field<'a>(body: &'a Amqp, name: &str) -> Result<&'a Amqp, ManagementAnswer> {
    entry(body, name).ok_or_else(|| wrong(name))
}

fn wrong(field: &str) -> ManagementAnswer {
    ManagementAnswer::failed(400, "amqp:invalid-field", format!("'{field}' is missing or of the wrong type."))
}

fn refusal(refused: &Refused) -> ManagementAnswer {
    match refused {
        Refused::NoSuchQueue(_) => ManagementAnswer::failed(404, "amqp:not-found", refused),
        Refused::TooLarge(_) => ManagementAnswer::failed(413, "amqp:link:message-size-exceeded", refused),
        Refused::DeadLetterQueue(_) | Refused::MessageId => {
            ManagementAnswer::failed(400, "amqp:not-allowed", refused)
        }
    }
}
