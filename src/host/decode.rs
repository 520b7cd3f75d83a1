//! Raw bodies to typed trigger data, as the Functions host really writes them: an object stays an object, anything else
//! is serialised into a text, a text into a text in a text.

use std::collections::BTreeMap;

use axum::http::Method;
use serde_json::Value;

use super::invocation::{HttpRequest, JsonObject, Timer, TriggerData, TriggerType};
use super::json::{Unusable, decoded, parse};
use super::message;
use super::reply::Fault;

/// What a body held.
pub(super) struct Decoded {
    pub(super) data: TriggerData,
    /// Parts that can never work, beside others that can.
    pub(super) unusable: Vec<Unusable>,
}

/// Reads `{"Data": {binding: value}, "Metadata": …}`. The metadata is dropped.
pub(super) fn trigger_data(trigger: TriggerType, body: &[u8]) -> Result<Decoded, Fault> {
    match trigger {
        TriggerType::EventGrid => Ok(events(value(trigger, body)?, &place(trigger))?),
        TriggerType::Timer => {
            let info = object(value(trigger, body)?, &place(trigger))?;
            Ok(Decoded::whole(TriggerData::Timer(timer(&info))))
        }
        TriggerType::Http => {
            let request = object(value(trigger, body)?, &place(trigger))?;
            Ok(Decoded::whole(TriggerData::Http(http_request(request)?)))
        }
        TriggerType::ServiceBus => Ok(Decoded::whole(TriggerData::Message(message::read(body)?))),
    }
}

impl Decoded {
    fn whole(data: TriggerData) -> Self {
        Self { data, unusable: Vec::new() }
    }
}

fn place(trigger: TriggerType) -> String {
    format!("Data.{}", trigger.binding())
}

fn value(trigger: TriggerType, body: &[u8]) -> Result<Value, Unusable> {
    let mut data =
        member(object(parse(body)?, "the body")?, "Data").and_then(|data| object(decoded(data)?, "Data"))?;
    let Some(value) = data.remove(trigger.binding()) else {
        return Err(Unusable::shape(place(trigger), "the trigger's value", None));
    };
    decoded(value)
}

/// One event or an array of them. The good ones of an array are done even if others are not: a failure would bring all
/// of them again, and so would the next one.
fn events(value: Value, place: &str) -> Result<Decoded, Unusable> {
    let Value::Array(values) = value else {
        return Ok(Decoded::whole(TriggerData::Events(vec![event(value, place)?])));
    };
    let (mut events, mut unusable) = (Vec::with_capacity(values.len()), Vec::new());
    for (index, value) in values.into_iter().enumerate() {
        match decoded(value).and_then(|value| event(value, &format!("{place}[{index}]"))) {
            Ok(event) => events.push(event),
            Err(part) => unusable.push(part),
        }
    }
    match (events.is_empty(), unusable.pop()) {
        (true, Some(last)) => Err(last),
        (true, None) => Err(Unusable::shape(place, "at least one event", Some(&Value::Array(Vec::new())))),
        (false, last) => {
            unusable.extend(last);
            Ok(Decoded { data: TriggerData::Events(events), unusable })
        }
    }
}

/// Event Grid's own `data` comes as a text in some deliveries (CloudEvents with a text payload).
fn event(value: Value, place: &str) -> Result<JsonObject, Unusable> {
    let mut event = object(value, place)?;
    if let Some(data) = event.get_mut("data") {
        *data = decoded(data.take())?;
    }
    Ok(event)
}

/// A tick is a tick: nothing in it is needed, and so nothing in it can spoil it.
fn timer(value: &JsonObject) -> Timer {
    Timer { is_past_due: value.get("IsPastDue").and_then(Value::as_bool).unwrap_or(false) }
}

fn http_request(mut request: JsonObject) -> Result<HttpRequest, Unusable> {
    let method = match request.get("Method") {
        Some(Value::String(name)) => Method::from_bytes(name.as_bytes()).ok(),
        _ => None,
    };
    let Some(method) = method else {
        return Err(Unusable::shape("Data.req.Method", "an HTTP method", request.get("Method")));
    };
    let mut query = texts(request.remove("Query"), "Data.req.Query")?;
    query.retain(|name, _| !name.eq_ignore_ascii_case("code"));
    let params = texts(request.remove("Params"), "Data.req.Params")?;
    let body = match request.remove("Body") {
        None | Some(Value::Null) => None,
        Some(Value::String(text)) => Some(text),
        Some(value) => Some(value.to_string()),
    };
    Ok(HttpRequest { method, query, params, body })
}

/// An object of texts; numbers and booleans count as their text, because a route constraint such as `{n:int}` makes
/// them so, and null as not there.
fn texts(value: Option<Value>, place: &str) -> Result<BTreeMap<String, String>, Unusable> {
    let members = match value {
        None | Some(Value::Null) => return Ok(BTreeMap::new()),
        Some(value) => object(value, place)?,
    };
    let text = |(name, value)| match value {
        Value::Null => None,
        Value::String(text) => Some(Ok((name, text))),
        Value::Number(_) | Value::Bool(_) => Some(Ok((name, value.to_string()))),
        Value::Array(_) | Value::Object(_) => {
            Some(Err(Unusable::shape(format!("{place}, a member"), "a text", Some(&value))))
        }
    };
    members.into_iter().filter_map(text).collect()
}

fn object(value: Value, place: &str) -> Result<JsonObject, Unusable> {
    match value {
        Value::Object(members) => Ok(members),
        other => Err(Unusable::shape(place, "an object", Some(&other))),
    }
}

fn member(mut object: JsonObject, name: &'static str) -> Result<Value, Unusable> {
    object.remove(name).ok_or_else(|| Unusable::shape(name, "an object", None))
}
