//! From JSON text to a type, with the path to whatever is wrong.

use std::collections::HashSet;
use std::fmt::Display;

use serde::de::value::{MapAccessDeserializer, MapDeserializer, SeqDeserializer};
use serde::de::{
    Deserialize, Deserializer, Error, Expected, IgnoredAny, IntoDeserializer, Unexpected, Visitor,
};
use serde::forward_to_deserialize_any;
use serde::{Serialize, Serializer};
use serde_json::Value;
use serde_json::value::RawValue;
use serde_path_to_error::Segment;

use super::bad_request::{BODY, BadRequest};
use super::ids::shown;
use super::json::{self, kind};

/// How deep objects and arrays may lie in each other. A request needs 3.
pub const DEPTH_MAX: usize = 16;

/// Refuses a document of which nothing else can be trusted: with a field that stands twice, or nested too deep.
pub(crate) fn check(document: &RawValue) -> Result<(), BadRequest> {
    read::<IgnoredAny>(Written { value: document, around: 0 }).map(drop)
}

/// The fields of the document's outermost object, as they are written.
pub struct Fields<'de>(pub(crate) Vec<(String, &'de RawValue)>);

impl<'de> Fields<'de> {
    /// Reads them as a type, all of them.
    ///
    /// # Errors
    /// The first field that is wrong, by its path, and its rule.
    pub fn read<T: Deserialize<'de>>(self) -> Result<T, BadRequest> {
        let fields = self.0.into_iter().map(|(name, value)| (name, Written { value, around: 1 }));
        read(MapAccessDeserializer::new(MapDeserializer::new(fields)))
    }
}

/// The version of the shape of a request: 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestVersion;

impl RequestVersion {
    pub(crate) const NUMBER: u8 = 1;
}

impl Serialize for RequestVersion {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u8(Self::NUMBER)
    }
}

impl<'de> Deserialize<'de> for RequestVersion {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = f64::deserialize(deserializer)?;
        if number == f64::from(Self::NUMBER) { Ok(Self) } else { Err(D::Error::custom("another version")) }
    }
}

fn read<'de, T: Deserialize<'de>>(from: impl Deserializer<'de, Error = BadRequest>) -> Result<T, BadRequest> {
    serde_path_to_error::deserialize(from).map_err(|error| {
        let mut path = String::new();
        for segment in error.path() {
            match segment {
                Segment::Map { key } => step_into(&mut path, key),
                Segment::Seq { index } => path += &format!("[{index}]"),
                Segment::Enum { .. } | Segment::Unknown => {}
            }
        }
        let bad = error.into_inner();
        if bad.field != BODY {
            step_into(&mut path, &bad.field);
        }
        BadRequest { field: if path.is_empty() { bad.field } else { shown(&path) }, ..bad }
    })
}

fn step_into(path: &mut String, name: &str) {
    if !path.is_empty() {
        path.push('.');
    }
    *path += if name.is_empty() { "\"\"" } else { name };
}

/// Until its path is put before it, the field is one of the object in which it is wrong, or that object itself.
impl Error for BadRequest {
    fn custom<T: Display>(problem: T) -> Self {
        Self::body(format!("is not taken: {problem}"))
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        let found = match found {
            Unexpected::Bool(_) => "a boolean",
            Unexpected::Unsigned(_) | Unexpected::Signed(_) | Unexpected::Float(_) => "a number",
            Unexpected::Str(_) => "a string",
            Unexpected::Seq => "an array",
            Unexpected::Map => "an object",
            _ => "null",
        };
        let expected = expected.to_string().replace("a sequence", "an array");
        Self::body(format!("is {found} where {expected} belongs"))
    }

    fn unknown_field(_: &str, known: &'static [&'static str]) -> Self {
        Self::body(format!("is not known here; there are {}", known.join(", ")))
    }

    fn missing_field(name: &'static str) -> Self {
        Self::new(name, "is missing")
    }
}

/// A value as it is written.
#[derive(Clone, Copy)]
struct Written<'de> {
    value: &'de RawValue,
    /// How many objects and arrays it lies in.
    around: usize,
}

impl<'de> Written<'de> {
    fn is_nested(self) -> bool {
        self.value.get().starts_with(['{', '['])
    }

    fn inner(self, value: &'de RawValue) -> Self {
        Self { value, around: self.around + 1 }
    }
}

impl<'de> IntoDeserializer<'de, BadRequest> for Written<'de> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> Deserializer<'de> for Written<'de> {
    type Error = BadRequest;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, BadRequest> {
        let text = self.value.get();
        if self.is_nested() && self.around == DEPTH_MAX {
            return Err(BadRequest::body(format!("nests deeper than {DEPTH_MAX} levels")));
        }
        if text.starts_with('{') {
            let fields = json::fields(text.as_bytes());
            let mut names = HashSet::new();
            if let Some((name, _)) = fields.iter().find(|(name, _)| !names.insert(name.as_str())) {
                let rule = "stands twice in one object, so that nobody can say which one counts";
                return Err(BadRequest::new(name, rule).fixed_by("take one of them out"));
            }
            let fields = fields.into_iter().map(|(name, value)| (name, self.inner(value)));
            return visitor.visit_map(MapDeserializer::new(fields));
        }
        if text.starts_with('[') {
            let items: Vec<&RawValue> = serde_json::from_str(text).map_err(BadRequest::custom)?;
            return visitor.visit_seq(SeqDeserializer::new(items.into_iter().map(|item| self.inner(item))));
        }
        match serde_json::from_str(text).map_err(BadRequest::custom)? {
            Value::Bool(value) => visitor.visit_bool(value),
            Value::Number(number) => match (number.as_u64(), number.as_i64()) {
                (Some(number), _) => visitor.visit_u64(number),
                (None, Some(number)) => visitor.visit_i64(number),
                (None, None) => visitor.visit_f64(number.as_f64().unwrap_or(f64::NAN)),
            },
            Value::String(text) => visitor.visit_string(text),
            Value::Null | Value::Array(_) | Value::Object(_) => visitor.visit_unit(),
        }
    }

    /// Derived visitors also take an array for a struct, field by field; a request does not.
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, BadRequest> {
        match kind(self.value) {
            "an object" => self.deserialize_any(visitor),
            other => Err(BadRequest::body(format!("is {other} where an object belongs"))),
        }
    }

    /// What is optional may be left out; `null` is not a way to leave it out.
    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, BadRequest> {
        visitor.visit_some(self)
    }

    /// Whether a number or a text can be read is for whoever reads it.
    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, BadRequest> {
        if self.is_nested() { self.deserialize_any(visitor) } else { visitor.visit_unit() }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct
        newtype_struct seq tuple tuple_struct map enum identifier
    }
}
