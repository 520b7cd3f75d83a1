//! Invocations of Service Bus triggers.
//!
//! Such a body is taken apart without building it: the host lays the message's own members out in the metadata, so that
//! whoever can write to the queue decides how deep and how strange that gets. The message itself is a text there, and
//! whether it is any good is for the function to say, because somebody may wait for the answer.

use std::collections::BTreeMap;

use azure_core::base64;
use serde_json::value::RawValue;

use super::invocation::QueueMessage;
use super::json::Unusable;
use super::reply::Fault;

const BINDING: &str = "Data.message";

type Members<'a> = BTreeMap<String, &'a RawValue>;

/// Reads `{"Data": {"message": …}, "Metadata": …}`.
pub(super) fn read(body: &[u8]) -> Result<QueueMessage, Fault> {
    let envelope: Members<'_> = serde_json::from_slice(body).map_err(Unusable::NotJson)?;
    let data = envelope.get("Data").copied().ok_or_else(|| Unusable::shape("Data", "an object", None))?;
    let Some(data) = members(data) else {
        return Err(
            Unusable::shape("Data", "an object", serde_json::from_str(data.get()).ok().as_ref()).into()
        );
    };
    let Some(value) = data.get("message") else {
        return Err(Unusable::shape(BINDING, "the trigger's value", None).into());
    };
    let metadata = envelope.get("Metadata").and_then(|metadata| members(metadata)).unwrap_or_default();
    Ok(QueueMessage {
        body: content(value)?,
        message_id: find(&metadata, "MessageId").and_then(message_id),
        delivery_count: find(&metadata, "DeliveryCount").and_then(count),
    })
}

/// The message's bytes, however the host was told to hand them over: `dataType` binary makes base64 of them; without it
/// the text is serialised into a text in a text, which then begins with a quotation mark, as base64 never does. What is
/// neither is the message as it stands.
fn content(value: &RawValue) -> Result<Vec<u8>, Fault> {
    let Ok(text) = serde_json::from_str::<String>(value.get()) else {
        return match serde_json::from_str::<Vec<&RawValue>>(value.get()) {
            Ok(batch) => only(&batch),
            Err(_) => Ok(value.get().as_bytes().to_vec()),
        };
    };
    if let Ok(inner) = serde_json::from_str::<String>(&text) {
        return Ok(inner.into_bytes());
    }
    // A batch is an array of texts; an array of anything else is a message that happens to be one.
    if let Ok(batch) = serde_json::from_str::<Vec<&RawValue>>(&text)
        && batch.iter().all(|one| one.get().starts_with('"'))
    {
        return only(&batch);
    }
    Ok(base64::decode(&text).unwrap_or_else(|_| text.into_bytes()))
}

/// A batch is not what our functions are declared with. Of several messages none may get lost, so they go back.
fn only(batch: &[&RawValue]) -> Result<Vec<u8>, Fault> {
    let [one] = batch else {
        return Err(Fault::ours(format!(
            "the host delivers {} messages at once: the function's binding needs \"cardinality\": \"one\"",
            batch.len()
        )));
    };
    let Ok(text) = serde_json::from_str::<String>(one.get()) else {
        return Ok(one.get().as_bytes().to_vec());
    };
    Ok(base64::decode(&text).unwrap_or_else(|_| text.into_bytes()))
}

/// The host's dictionary knows no case, so that a sender's member may have renamed the key.
fn find<'a>(metadata: &Members<'a>, key: &str) -> Option<&'a RawValue> {
    let exact = metadata.get(key);
    exact
        .or_else(|| metadata.iter().find(|(name, _)| name.eq_ignore_ascii_case(key)).map(|(_, value)| value))
        .copied()
}

fn members(value: &RawValue) -> Option<Members<'_>> {
    serde_json::from_str(value.get()).ok()
}

/// A text, or a text in a text, as far as it can be written into a log.
fn message_id(value: &RawValue) -> Option<String> {
    let text: String = serde_json::from_str(value.get()).ok()?;
    let text = serde_json::from_str(&text).unwrap_or(text);
    let shown = text.chars().take(QueueMessage::ID_LENGTH_MAX);
    let shown: String = shown.map(|c| if c.is_ascii_graphic() { c } else { '?' }).collect();
    (!shown.is_empty()).then_some(shown)
}

fn count(value: &RawValue) -> Option<u32> {
    value.get().trim_matches(|c| matches!(c, '"' | '\\')).parse().ok()
}
