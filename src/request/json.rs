//! JSON from people and programs: bounded, and with nothing in it that two readers could take differently.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::RequestId;
use super::refusal::{BODY, BadRequest};
use crate::handshake::ids::shown;

/// The largest request, in bytes. A request with every network that an agreement could name stays below it.
pub const BYTES_MAX: usize = 64 * 1024;

/// How deep objects and arrays may lie in each other. A request needs 3.
pub const DEPTH_MAX: usize = 16;

/// A JSON value with every field that was written, in its order: also those that stand twice.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Node {
    Null,
    Bool(bool),
    Number(f64),
    Text(String),
    List(Vec<Self>),
    Object(Vec<(String, Self)>),
    /// An object or array below [`DEPTH_MAX`] others; what was in it is not kept.
    TooDeep,
}

/// Reads one document. What it returns holds no field twice and nothing too deep.
pub(super) fn read(body: &[u8]) -> Result<Vec<(String, Node)>, BadRequest> {
    if body.len() > BYTES_MAX {
        let rule = format!("is {} bytes long, and a request has at most {BYTES_MAX}", body.len());
        return Err(BadRequest::body(rule));
    }
    let text = std::str::from_utf8(body).map_err(|error| {
        BadRequest::body(format!("is not UTF-8 (from byte {} on)", error.valid_up_to() + 1))
    })?;
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let node = Reading { around: 0 }.deserialize(&mut deserializer);
    let node = node.and_then(|node| deserializer.end().map(|()| node));
    let node = node.map_err(|error| BadRequest::body(format!("is not JSON: {error}")))?;
    if let Some(bad) = first_fault(&node, &mut Vec::new()) {
        return Err(bad);
    }
    match node {
        Node::Object(fields) => Ok(fields),
        other => Err(BadRequest::body(format!("is {} where an object belongs", other.kind()))),
    }
}

/// The request's id, out of a document that may be bad in any other way. Two ids are none.
pub(super) fn id_of(body: &[u8]) -> Option<RequestId> {
    let mut seen = Vec::new();
    let reading = serde_json::Deserializer::from_slice(body).deserialize_map(Ids(&mut seen));
    // An error after the id takes nothing from it.
    drop(reading);
    match seen.as_slice() {
        [only] => only.clone(),
        _ => None,
    }
}

/// `flags.forwardedTraffic`, `members[1].network`, or `the body`.
pub(super) fn path<'a>(steps: impl Iterator<Item = &'a Step>) -> String {
    let mut path = String::new();
    for step in steps {
        match step {
            Step::Field(name) if name.is_empty() => path += "\"\"",
            Step::Field(name) if path.is_empty() => path += &shown(name),
            Step::Field(name) => path += &format!(".{}", shown(name)),
            Step::Item(index) => path += &format!("[{index}]"),
        }
    }
    if path.is_empty() { BODY.to_owned() } else { shown(&path) }
}

/// One step of a path into a document.
#[derive(Clone, Debug)]
pub(super) enum Step {
    Field(String),
    Item(usize),
}

impl Node {
    /// What it is, in the words of a message.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::Number(_) => "a number",
            Self::Text(_) => "a string",
            Self::List(_) => "an array",
            Self::Object(_) => "an object",
            Self::TooDeep => "nested too deep",
        }
    }
}

fn first_fault(node: &Node, steps: &mut Vec<Step>) -> Option<BadRequest> {
    match node {
        Node::TooDeep => {
            let rule = format!("nests deeper than {DEPTH_MAX} levels");
            Some(BadRequest::new(path(steps.iter()), rule))
        }
        Node::List(items) => items
            .iter()
            .enumerate()
            .find_map(|(index, item)| within(steps, Step::Item(index), |steps| first_fault(item, steps))),
        Node::Object(fields) => {
            let mut names = std::collections::HashSet::new();
            fields.iter().find_map(|(name, value)| {
                let again = !names.insert(name);
                within(steps, Step::Field(name.clone()), |steps| {
                    if !again {
                        return first_fault(value, steps);
                    }
                    let rule = "stands twice in one object, so that nobody can say which one counts";
                    Some(BadRequest::new(path(steps.iter()), rule).fixed_by("take one of them out"))
                })
            })
        }
        Node::Null | Node::Bool(_) | Node::Number(_) | Node::Text(_) => None,
    }
}

fn within<T>(steps: &mut Vec<Step>, step: Step, look: impl FnOnce(&mut Vec<Step>) -> T) -> T {
    steps.push(step);
    let found = look(steps);
    steps.pop();
    found
}

/// Reads a value that lies in so many objects and arrays.
struct Reading {
    around: usize,
}

impl Reading {
    fn inner(&self) -> Self {
        Self { around: self.around + 1 }
    }
}

impl<'de> DeserializeSeed<'de> for Reading {
    type Value = Node;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Reading {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Node, E> {
        Ok(Node::Bool(value))
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "JSON numbers are doubles to most readers; no field needs more"
    )]
    fn visit_u64<E>(self, value: u64) -> Result<Node, E> {
        Ok(Node::Number(value as f64))
    }

    #[expect(clippy::cast_precision_loss, reason = "as above")]
    fn visit_i64<E>(self, value: i64) -> Result<Node, E> {
        Ok(Node::Number(value as f64))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Node, E> {
        Ok(Node::Number(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Node, E> {
        Ok(Node::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Node, A::Error> {
        // What is ignored is skipped without recursion, however deep it is.
        if self.around == DEPTH_MAX {
            while items.next_element::<IgnoredAny>()?.is_some() {}
            return Ok(Node::TooDeep);
        }
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(self.inner())? {
            list.push(item);
        }
        Ok(Node::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Node, A::Error> {
        if self.around == DEPTH_MAX {
            while fields.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
            return Ok(Node::TooDeep);
        }
        let mut object = Vec::new();
        while let Some(name) = fields.next_key::<String>()? {
            object.push((name, fields.next_value_seed(self.inner())?));
        }
        Ok(Node::Object(object))
    }
}

/// Collects what stands as `id` in an object.
struct Ids<'a>(&'a mut Vec<Option<RequestId>>);

impl<'de> Visitor<'de> for Ids<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<(), A::Error> {
        while let Some(name) = fields.next_key::<String>()? {
            if name == "id" {
                let value = fields.next_value_seed(Reading { around: DEPTH_MAX })?;
                self.0.push(if let Node::Text(text) = value { text.parse().ok() } else { None });
            } else {
                fields.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }
}
