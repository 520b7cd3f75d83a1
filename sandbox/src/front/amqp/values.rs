//! Values of AMQP and those of the namespace.

use bytes::Bytes;
use fe2o3_amqp_types::messaging::MessageId;
use fe2o3_amqp_types::primitives::SimpleValue;
use serde_amqp::Value as Amqp;
use serde_amqp::primitives::{Binary, Dec32, Dec64, Dec128, OrderedMap, Symbol, Timestamp, Uuid as AmqpUuid};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::service_bus::Value;

/// An application property as it is kept; `None` for a described value, which Service Bus does not take either.
pub(super) fn property(value: SimpleValue) -> Option<Value> {
    Some(match value {
        SimpleValue::Null => Value::Null,
        SimpleValue::Bool(value) => Value::Bool(value),
        SimpleValue::Ubyte(value) => Value::Ubyte(value),
        SimpleValue::Ushort(value) => Value::Ushort(value),
        SimpleValue::Uint(value) => Value::Uint(value),
        SimpleValue::Ulong(value) => Value::Ulong(value),
        SimpleValue::Byte(value) => Value::Byte(value),
        SimpleValue::Short(value) => Value::Short(value),
        SimpleValue::Int(value) => Value::Int(value),
        SimpleValue::Long(value) => Value::Long(value),
        SimpleValue::Float(value) => Value::Float(value.into_inner()),
        SimpleValue::Double(value) => Value::Double(value.into_inner()),
        SimpleValue::Decimal32(value) => Value::Decimal32(value.into_inner()),
        SimpleValue::Decimal64(value) => Value::Decimal64(value.into_inner()),
        SimpleValue::Decimal128(value) => Value::Decimal128(value.into_inner()),
        SimpleValue::Char(value) => Value::Char(value),
        SimpleValue::Timestamp(value) => Value::Timestamp(value.milliseconds()),
        SimpleValue::Uuid(value) => Value::Uuid(Uuid::from_bytes(value.into_inner())),
        SimpleValue::Binary(value) => Value::Binary(Bytes::from(value.into_vec())),
        SimpleValue::String(value) => Value::String(value),
        SimpleValue::Symbol(value) => Value::Symbol(value.into_inner()),
        SimpleValue::Described(_) => return None,
    })
}

/// The same, the other way.
pub(super) fn simple(value: &Value) -> SimpleValue {
    match value {
        Value::Null => SimpleValue::Null,
        Value::Bool(value) => SimpleValue::Bool(*value),
        Value::Ubyte(value) => SimpleValue::Ubyte(*value),
        Value::Ushort(value) => SimpleValue::Ushort(*value),
        Value::Uint(value) => SimpleValue::Uint(*value),
        Value::Ulong(value) => SimpleValue::Ulong(*value),
        Value::Byte(value) => SimpleValue::Byte(*value),
        Value::Short(value) => SimpleValue::Short(*value),
        Value::Int(value) => SimpleValue::Int(*value),
        Value::Long(value) => SimpleValue::Long(*value),
        Value::Float(value) => SimpleValue::Float((*value).into()),
        Value::Double(value) => SimpleValue::Double((*value).into()),
        Value::Decimal32(value) => SimpleValue::Decimal32(Dec32::from(*value)),
        Value::Decimal64(value) => SimpleValue::Decimal64(Dec64::from(*value)),
        Value::Decimal128(value) => SimpleValue::Decimal128(Dec128::from(*value)),
        Value::Char(value) => SimpleValue::Char(*value),
        Value::Timestamp(value) => SimpleValue::Timestamp(Timestamp::from_milliseconds(*value)),
        Value::Uuid(value) => SimpleValue::Uuid(AmqpUuid::from(*value.as_bytes())),
        Value::Binary(value) => SimpleValue::Binary(Binary::from(value.to_vec())),
        Value::String(value) => SimpleValue::String(value.clone()),
        Value::Symbol(value) => SimpleValue::Symbol(Symbol::from(value.as_str())),
    }
}

/// An id as Service Bus's clients show it: as text, whatever its type.
pub(super) fn id_text(id: MessageId) -> String {
    match id {
        MessageId::String(text) => text,
        MessageId::Ulong(number) => number.to_string(),
        MessageId::Uuid(uuid) => Uuid::from_bytes(uuid.into_inner()).to_string(),
        MessageId::Binary(bytes) => bytes.iter().map(|byte| format!("{byte:02x}")).collect(),
    }
}

/// AMQP counts milliseconds since 1970.
pub(super) fn timestamp(at: OffsetDateTime) -> Timestamp {
    Timestamp::from_milliseconds(i64::try_from(at.unix_timestamp_nanos() / 1_000_000).unwrap_or(i64::MAX))
}

/// `None` for a time that no calendar has.
pub(super) fn time(timestamp: &Timestamp) -> Option<OffsetDateTime> {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(timestamp.milliseconds()) * 1_000_000).ok()
}

/// The entry of a map whose keys may be strings or symbols.
pub(super) fn entry<'a>(map: &'a Amqp, name: &str) -> Option<&'a Amqp> {
    let Amqp::Map(map) = map else { return None };
    map.iter().find(|(key, _)| text(key) == Some(name)).map(|(_, value)| value)
}

/// A string or a symbol.
pub(super) fn text(value: &Amqp) -> Option<&str> {
    match value {
        Amqp::String(text) => Some(text),
        Amqp::Symbol(symbol) => Some(symbol.as_str()),
        _ => None,
    }
}

/// Any integer.
pub(super) fn integer(value: &Amqp) -> Option<i64> {
    match value {
        Amqp::Ubyte(number) => Some(i64::from(*number)),
        Amqp::Ushort(number) => Some(i64::from(*number)),
        Amqp::Uint(number) => Some(i64::from(*number)),
        Amqp::Ulong(number) => i64::try_from(*number).ok(),
        Amqp::Byte(number) => Some(i64::from(*number)),
        Amqp::Short(number) => Some(i64::from(*number)),
        Amqp::Int(number) => Some(i64::from(*number)),
        Amqp::Long(number) => Some(*number),
        _ => None,
    }
}

/// The elements of an array or a list.
pub(super) fn elements(value: &Amqp) -> Option<&[Amqp]> {
    match value {
        Amqp::Array(array) => Some(&array.0),
        Amqp::List(list) => Some(list),
        _ => None,
    }
}

/// A map with strings as keys.
pub(super) fn map<const N: usize>(entries: [(&str, Amqp); N]) -> Amqp {
    let mut map = OrderedMap::new();
    for (name, value) in entries {
        map.insert(Amqp::String(name.to_owned()), value);
    }
    Amqp::Map(map)
}
