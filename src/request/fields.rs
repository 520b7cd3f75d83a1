//! From a value to a type, with the path to whatever is wrong.

use std::fmt::{self, Display};

use serde::de::{
    DeserializeSeed, Deserializer, Error, Expected, IntoDeserializer, MapAccess, SeqAccess, Unexpected,
    Visitor,
};
use serde::forward_to_deserialize_any;

use super::json::{Node, Step};
use crate::handshake::ids::shown;

/// What is wrong, and where.
#[derive(Debug)]
pub(super) struct Wrong {
    /// From the inside out.
    steps: Vec<Step>,
    pub(super) rule: String,
}

impl Wrong {
    fn new(rule: impl Into<String>) -> Self {
        Self { steps: Vec::new(), rule: rule.into() }
    }

    fn at(mut self, step: Step) -> Self {
        self.steps.push(step);
        self
    }

    /// Where it is.
    pub(super) fn field(&self) -> String {
        super::json::path(self.steps.iter().rev())
    }
}

impl Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.rule)
    }
}

impl std::error::Error for Wrong {}

impl Error for Wrong {
    fn custom<T: Display>(problem: T) -> Self {
        Self::new(format!("is not taken: {problem}"))
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        let found = match found {
            Unexpected::Bool(_) => "a boolean",
            Unexpected::Unsigned(_) | Unexpected::Signed(_) | Unexpected::Float(_) => "a number",
            Unexpected::Char(_) | Unexpected::Str(_) => "a string",
            Unexpected::Unit | Unexpected::Option => "null",
            Unexpected::Seq => "an array",
            _ => "an object",
        };
        let expected = match expected.to_string().as_str() {
            "a sequence" => "an array".to_owned(),
            expected => expected.to_owned(),
        };
        Self::new(format!("is {found} where {expected} belongs"))
    }

    fn unknown_field(name: &str, known: &'static [&'static str]) -> Self {
        let rule = format!("is not known here; there are {}", known.join(", "));
        Self::new(rule).at(Step::Field(name.to_owned()))
    }

    fn missing_field(name: &'static str) -> Self {
        Self::new("is missing").at(Step::Field(name.to_owned()))
    }
}

/// A value of which no field stands twice.
pub(super) struct Value(pub(super) Node);

impl<'de> IntoDeserializer<'de, Wrong> for Value {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> Deserializer<'de> for Value {
    type Error = Wrong;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        match self.0 {
            Node::Null | Node::TooDeep => visitor.visit_unit(),
            Node::Bool(value) => visitor.visit_bool(value),
            Node::Number(value) => visitor.visit_f64(value),
            Node::Text(text) => visitor.visit_string(text),
            Node::List(items) => visitor.visit_seq(Items(items.into_iter().enumerate())),
            Node::Object(fields) => visitor.visit_map(Fields { rest: fields.into_iter(), current: None }),
        }
    }

    /// Derived visitors also take an array for a struct, field by field; a request does not.
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Wrong> {
        match self.0 {
            Node::Object(_) => self.deserialize_any(visitor),
            other => Err(Wrong::new(format!("is {} where an object belongs", other.kind()))),
        }
    }

    /// What is optional may be left out; `null` is not a way to leave it out.
    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        visitor.visit_some(self)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct
        newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

struct Items(std::iter::Enumerate<std::vec::IntoIter<Node>>);

impl<'de> SeqAccess<'de> for Items {
    type Error = Wrong;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Wrong> {
        let Some((index, item)) = self.0.next() else { return Ok(None) };
        seed.deserialize(Value(item)).map(Some).map_err(|wrong| wrong.at(Step::Item(index)))
    }
}

struct Fields {
    rest: std::vec::IntoIter<(String, Node)>,
    current: Option<(String, Node)>,
}

impl<'de> MapAccess<'de> for Fields {
    type Error = Wrong;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Wrong> {
        let Some((name, value)) = self.rest.next() else { return Ok(None) };
        let key = seed.deserialize(Value(Node::Text(name.clone())))?;
        self.current = Some((name, value));
        Ok(Some(key))
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Wrong> {
        let Some((name, value)) = self.current.take() else {
            return Err(Wrong::new("has a value without a name"));
        };
        seed.deserialize(Value(value)).map_err(|wrong| wrong.at(Step::Field(name)))
    }
}

/// A number or a text as a message shows it.
pub(super) fn told(node: &Node) -> String {
    match node {
        Node::Number(number) => number.to_string(),
        Node::Text(text) => format!("`{}`", shown(text)),
        Node::Bool(_) | Node::Null | Node::List(_) | Node::Object(_) | Node::TooDeep => {
            node.kind().to_owned()
        }
    }
}
