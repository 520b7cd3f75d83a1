//! JSON text, taken apart one level at a time.

use std::fmt;

use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::handshake::ids::shown;

/// The fields of an object as they are written: in their order, and also those that stand twice. Where the text breaks
/// off, those before.
pub(super) fn fields(text: &[u8]) -> Vec<(String, &RawValue)> {
    let mut fields = Vec::new();
    let reading = serde_json::Deserializer::from_slice(text).deserialize_map(Fields(&mut fields));
    // An error takes nothing from what came before it.
    drop(reading);
    fields
}

struct Fields<'a, 'de>(&'a mut Vec<(String, &'de RawValue)>);

impl<'de> Visitor<'de> for Fields<'_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(field) = map.next_entry()? {
            self.0.push(field);
        }
        Ok(())
    }
}

/// What a value is, in the words of a message.
pub(super) fn kind(value: &RawValue) -> &'static str {
    match value.get().as_bytes() {
        [b'{', ..] => "an object",
        [b'[', ..] => "an array",
        [b'"', ..] => "a string",
        [b't' | b'f', ..] => "a boolean",
        [b'n', ..] => "null",
        _ => "a number",
    }
}

/// A value as a message shows it: a number or a text itself, of any other what it is.
pub(super) fn told(value: &RawValue) -> String {
    match kind(value) {
        "a number" => shown(value.get()),
        "a string" => {
            format!("`{}`", shown(&serde_json::from_str::<String>(value.get()).unwrap_or_default()))
        }
        other => other.to_owned(),
    }
}
