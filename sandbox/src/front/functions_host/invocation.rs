//! What the host sends to a handler: `{"Data":{…},"Metadata":{…}}`.

use serde_json::{Map, Value, json};
use time::{OffsetDateTime, format_description::BorrowedFormatItem, macros::format_description};

/// .NET's round-trip format of a UTC `DateTime`.
const UTC: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:7]Z");

/// The trigger's value and the binding data that comes with it, not yet encoded.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct TriggerData {
    pub(super) value: Value,
    /// The value was bytes and is their base64 text, which is sent as it is.
    pub(super) binary: bool,
    pub(super) metadata: Map<String, Value>,
    /// Binding data that was times and is their text, which is sent as it is.
    pub(super) times: Map<String, Value>,
}

/// An Event Grid trigger's value is the event itself (either schema); its `data` comes again as metadata.
pub(super) fn event_grid(event: Value) -> TriggerData {
    let data = event.get("data").cloned().unwrap_or(Value::Null);
    TriggerData {
        value: event,
        metadata: Map::from_iter([("data".to_owned(), data)]),
        ..TriggerData::default()
    }
}

/// A timer trigger's value. `last` is the run before this one, `next` the one after it.
pub(super) fn timer(last: Option<OffsetDateTime>, next: Option<OffsetDateTime>) -> TriggerData {
    let time = |instant: Option<OffsetDateTime>| match instant.and_then(|instant| instant.format(UTC).ok()) {
        Some(text) => text,
        None => "0001-01-01T00:00:00".to_owned(),
    };
    let status = json!({ "Last": time(last), "LastUpdated": time(last), "Next": time(next) });
    let value = json!({ "Schedule": { "AdjustForDST": true }, "ScheduleStatus": status, "IsPastDue": false });
    TriggerData { value, ..TriggerData::default() }
}

/// The binding data that every invocation has.
pub(super) fn system_data(function: &str, now: OffsetDateTime, guid: &str) -> Value {
    json!({ "MethodName": function, "UtcNow": now.format(UTC).unwrap_or_default(), "RandGuid": guid })
}

/// The body of the invocation of a function whose trigger is bound as `binding`.
///
/// The real host drops metadata without a value and metadata named after a trigger, and encodes everything that is not an object a second time.
pub(super) fn body(binding: &str, trigger: TriggerData, system: Value) -> Value {
    let named_after_a_trigger = |name: &str| name.to_ascii_lowercase().ends_with("trigger");
    let mut metadata: Map<String, Value> = trigger
        .metadata
        .into_iter()
        .filter(|(name, value)| !value.is_null() && !named_after_a_trigger(name))
        .map(|(name, value)| (name, encoded(value)))
        .chain(trigger.times)
        .collect();
    metadata.insert("sys".to_owned(), system);
    let value = if trigger.binary { trigger.value } else { encoded(trigger.value) };
    json!({ "Data": { binding: value }, "Metadata": metadata })
}

/// `JObject.FromObject(value)` where that works, else `JsonConvert.SerializeObject(value)` as a string.
fn encoded(value: Value) -> Value {
    match value {
        Value::Object(_) => value,
        other => Value::String(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    #[test]
    fn an_object_is_sent_as_it_is_and_everything_else_is_encoded_a_second_time() {
        assert_eq!(encoded(json!({"a": [1]})), json!({"a": [1]}));
        assert_eq!(encoded(json!("abc")), json!("\"abc\""));
        assert_eq!(encoded(json!(3)), json!("3"));
        assert_eq!(encoded(json!(true)), json!("true"));
        assert_eq!(encoded(json!([1, "x"])), json!("[1,\"x\"]"));
    }

    #[test]
    fn metadata_named_after_a_trigger_or_without_a_value_is_dropped() {
        let metadata = json!({"QueueTrigger": "q", "timertrigger": {}, "data": null, "id": "a"});
        let Value::Object(metadata) = metadata else { panic!("not an object") };
        let sent = body(
            "event",
            TriggerData { value: json!({}), metadata, ..TriggerData::default() },
            json!({"MethodName": "F"}),
        );
        assert_eq!(
            sent,
            json!({"Data": {"event": {}}, "Metadata": {"id": "\"a\"", "sys": {"MethodName": "F"}}})
        );
    }

    #[test]
    fn an_events_data_is_its_metadata() {
        let event = json!({"id": "1", "data": {"x": 1}});
        let trigger = event_grid(event.clone());
        assert_eq!(trigger.value, event);
        assert_eq!(Value::Object(trigger.metadata), json!({"data": {"x": 1}}));
    }

    #[test]
    fn times_are_written_as_dot_net_writes_them() {
        let system = system_data("F", datetime!(2026-01-02 03:04:05.5 UTC), "g");
        assert_eq!(system["UtcNow"], "2026-01-02T03:04:05.5000000Z");
        let first = timer(None, Some(datetime!(2026-01-02 03:05 UTC)));
        assert_eq!(first.value["ScheduleStatus"]["Last"], "0001-01-01T00:00:00");
        assert_eq!(first.value["ScheduleStatus"]["Next"], "2026-01-02T03:05:00.0000000Z");
        assert_eq!(first.value["IsPastDue"], false);
    }
}
