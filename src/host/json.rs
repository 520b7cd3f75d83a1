//! JSON from outside: bounded before it is built.

use serde_json::Value;

/// The largest body of an invocation, in bytes. Event Grid sends at most 1 MiB in one delivery.
pub const BODY_BYTES_MAX: usize = 1024 * 1024;

/// The largest body of an invocation by Service Bus, in bytes. A queue of the Standard tier takes messages of 256 KiB;
/// base64 and what the host repeats of the message in the metadata, escaped twice, can make five times as much of it.
pub const MESSAGE_BODY_BYTES_MAX: usize = 2 * 1024 * 1024;

/// How deep objects and arrays may lie in each other, in the body and again in each text that is decoded out of it.
pub const DEPTH_MAX: usize = 64;

/// How often a text that holds JSON is decoded again. The host serialises what is not an object as a text, and a text
/// as a text in a text.
const DECODED_AGAIN_MAX: usize = 2;

/// Why an invocation can never work, however often it is delivered. None of the content is in the message.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Unusable {
    /// The body has more than this many bytes.
    #[error("the body is larger than {0} bytes")]
    TooLarge(usize),
    /// Objects and arrays lie deeper in each other than [`DEPTH_MAX`].
    #[error("the JSON nests deeper than {DEPTH_MAX} levels")]
    TooDeep,
    /// Not JSON, or a number that no double can hold, or text that is not UTF-8.
    #[error("the text is not JSON: {0}")]
    NotJson(#[source] serde_json::Error),
    /// JSON of another shape than the trigger's.
    #[error("{place}: expected {expected}, found {found}")]
    Shape {
        /// Where, as a path from the body's root.
        place: String,
        /// What should be there.
        expected: &'static str,
        /// What is there: a kind of JSON value, or `nothing`.
        found: &'static str,
    },
    /// Right for the host, but nothing that the function can ever do something with. The text says why and is logged:
    /// it must hold no secret.
    #[error("{0}")]
    Content(String),
}

impl Unusable {
    pub(super) fn shape(place: impl Into<String>, expected: &'static str, found: Option<&Value>) -> Self {
        Self::Shape { place: place.into(), expected, found: found.map_or("nothing", kind) }
    }
}

/// Parses a text of any content without ever recursing deeper than [`DEPTH_MAX`].
///
/// Of a key that stands twice in one object the last one counts, as it does for the Functions host itself.
pub(super) fn parse(text: &[u8]) -> Result<Value, Unusable> {
    if depth(text) > DEPTH_MAX {
        return Err(Unusable::TooDeep);
    }
    serde_json::from_slice(text).map_err(Unusable::NotJson)
}

/// Decodes a text that holds JSON, and once more if a text with JSON was inside. Any other text stays what it is.
pub(super) fn decoded(mut value: Value) -> Result<Value, Unusable> {
    for _ in 0..DECODED_AGAIN_MAX {
        let Value::String(text) = &value else { break };
        value = match parse(text.as_bytes()) {
            Ok(inner) => inner,
            Err(Unusable::NotJson(_)) => break,
            Err(unusable) => return Err(unusable),
        };
    }
    Ok(value)
}

/// The deepest nesting of brackets outside of strings. Right for JSON, and never too small for a prefix that is JSON
/// as far as it goes, which is all that a parser can ever build.
fn depth(text: &[u8]) -> usize {
    let (mut open, mut deepest) = (0_usize, 0_usize);
    let (mut in_string, mut escaped) = (false, false);
    for byte in text {
        match (in_string, byte) {
            (true, _) if escaped => escaped = false,
            (true, b'\\') => escaped = true,
            (_, b'"') => in_string = !in_string,
            (false, b'{' | b'[') => {
                open += 1;
                deepest = deepest.max(open);
            }
            (false, b'}' | b']') => open = open.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nested(levels: usize) -> String {
        "[".repeat(levels) + &"]".repeat(levels)
    }

    #[test]
    fn brackets_in_strings_are_not_depth() {
        assert_eq!(depth(br#"{"a":"[[[[\"[[[","b":[{}]}"#), 3);
        assert_eq!(depth(br#"["\\",["\\\"["]]"#), 2);
    }

    #[test]
    fn sixty_four_levels_are_read_and_sixty_five_are_not() {
        assert!(parse(nested(DEPTH_MAX).as_bytes()).is_ok());
        assert!(matches!(parse(nested(DEPTH_MAX + 1).as_bytes()), Err(Unusable::TooDeep)));
    }

    #[test]
    fn closing_brackets_in_front_buy_no_depth() {
        let text = "]".repeat(1000) + &nested(DEPTH_MAX + 1);
        assert!(matches!(parse(text.as_bytes()), Err(Unusable::TooDeep)));
    }

    #[test]
    fn a_text_is_decoded_twice_and_not_a_third_time() {
        let thrice = Value::String(r#""\"\\\"a\\\"\"""#.to_owned());
        assert_eq!(decoded(thrice).unwrap(), Value::String(r#""a""#.to_owned()));
    }

    #[test]
    fn a_text_that_holds_no_json_stays_a_text() {
        assert_eq!(decoded(Value::String("hello".to_owned())).unwrap(), Value::String("hello".to_owned()));
    }

    #[test]
    fn a_text_that_holds_too_deep_json_is_refused() {
        assert!(matches!(decoded(Value::String(nested(10_000))), Err(Unusable::TooDeep)));
    }
}
