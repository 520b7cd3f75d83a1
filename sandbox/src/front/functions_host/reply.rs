//! What a handler answers, read as the real host reads it.

use base64::{
    Engine,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Map, Value};

/// What became of an invocation that the handler answered.
#[derive(Debug, PartialEq)]
pub(super) enum HandlerReply {
    /// It succeeded.
    Done(Outputs),
    /// A reply without a value. The real host has no branch for it and so never completes the invocation.
    Silent,
}

/// The values of the output bindings.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Outputs {
    named: Vec<(String, OutputValue)>,
    returned: Option<OutputValue>,
}

/// One value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum OutputValue {
    Json(Value),
    Bytes(Bytes),
}

/// Why a reply makes its invocation fail.
#[derive(Debug, thiserror::Error)]
pub(super) enum ReplyError {
    #[error("the handler answered {0}")]
    Status(u16),
    #[error("the handler's answer has the media type `{0}`, not JSON")]
    MediaType(String),
    #[error("the handler's answer is not an invocation result")]
    Json(#[source] serde_json::Error),
}

#[derive(Deserialize)]
struct ResultJson {
    #[serde(rename = "Outputs", alias = "outputs")]
    outputs: Option<Map<String, Value>>,
    #[serde(rename = "Logs", alias = "logs")]
    logs: Option<Vec<String>>,
    #[serde(rename = "ReturnValue", alias = "returnValue")]
    return_value: Option<Value>,
}

impl HandlerReply {
    /// Reads a reply. Of a reply that is not a success nothing but the status counts: its body, outputs and logs are lost.
    pub(super) fn read(status: u16, media_type: &str, body: &[u8]) -> Result<Self, ReplyError> {
        if !(200..300).contains(&status) {
            return Err(ReplyError::Status(status));
        }
        if body.is_empty() {
            return Ok(Self::Silent);
        }
        let essence = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        if essence != "application/json" && essence != "text/json" {
            return Err(ReplyError::MediaType(media_type.to_owned()));
        }
        let Some(result) = serde_json::from_slice::<Option<ResultJson>>(body).map_err(ReplyError::Json)?
        else {
            return Ok(Self::Silent);
        };
        for line in result.logs.unwrap_or_default() {
            tracing::info!(target: "handler", "{line}");
        }
        let named = result.outputs.unwrap_or_default().into_iter().filter(|(_, value)| !value.is_null());
        Ok(Self::Done(Outputs {
            named: named.map(|(name, value)| (name, OutputValue::of(value))).collect(),
            returned: result.return_value.map(OutputValue::of),
        }))
    }
}

impl Outputs {
    /// The value of the output binding `name`, where `$return` is the return value.
    pub(super) fn take(self, name: &str) -> Option<OutputValue> {
        if name == "$return" {
            return self.returned;
        }
        self.named.into_iter().find(|(key, _)| key == name).map(|(_, value)| value)
    }
}

impl OutputValue {
    /// The real host tries to decode every string as base64 and keeps the text only where that fails: `abcd` becomes three bytes.
    fn of(value: Value) -> Self {
        if let Value::String(text) = &value
            && let Some(bytes) = base64_as_dot_net_reads_it(text)
        {
            return Self::Bytes(bytes.into());
        }
        Self::Json(value)
    }
}

/// `Convert.FromBase64String`: white space is skipped, padding is required, left-over bits are ignored.
fn base64_as_dot_net_reads_it(text: &str) -> Option<Vec<u8>> {
    let config = GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::RequireCanonical);
    let dense: String = text.chars().filter(|c| !matches!(c, ' ' | '\t' | '\r' | '\n')).collect();
    GeneralPurpose::new(&STANDARD, config).decode(dense).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const JSON: &str = "application/json; charset=utf-8";

    fn output(body: Value, name: &str) -> Option<OutputValue> {
        match HandlerReply::read(200, JSON, body.to_string().as_bytes()).unwrap() {
            HandlerReply::Done(outputs) => outputs.take(name),
            HandlerReply::Silent => None,
        }
    }

    #[test]
    fn an_empty_object_and_unknown_keys_are_a_success() {
        for body in ["{}", r#"{"other":1}"#, r#"{"Outputs":null,"Logs":null,"ReturnValue":null}"#] {
            assert_eq!(
                HandlerReply::read(200, JSON, body.as_bytes()).unwrap(),
                HandlerReply::Done(Outputs::default())
            );
        }
    }

    #[test]
    fn no_body_and_null_never_complete() {
        assert_eq!(HandlerReply::read(204, "", b"").unwrap(), HandlerReply::Silent);
        assert_eq!(HandlerReply::read(200, "text/plain", b"").unwrap(), HandlerReply::Silent);
        assert_eq!(HandlerReply::read(200, JSON, b"null").unwrap(), HandlerReply::Silent);
    }

    #[test]
    fn another_status_media_type_or_shape_fails() {
        assert!(matches!(HandlerReply::read(500, JSON, b"{}"), Err(ReplyError::Status(500))));
        assert!(matches!(HandlerReply::read(404, JSON, b""), Err(ReplyError::Status(404))));
        assert!(matches!(HandlerReply::read(200, "text/plain", b"{}"), Err(ReplyError::MediaType(_))));
        assert!(matches!(HandlerReply::read(200, "", b"{}"), Err(ReplyError::MediaType(_))));
        for body in ["{", "[]", "1", r#"{"Outputs":[]}"#, r#"{"Logs":"x"}"#] {
            assert!(
                matches!(HandlerReply::read(200, JSON, body.as_bytes()), Err(ReplyError::Json(_))),
                "{body} was taken"
            );
        }
    }

    #[test]
    fn a_string_that_happens_to_be_base64_is_decoded() {
        let outputs =
            json!({"Outputs": {"a": "abcd", "b": "a b\ncd", "c": "abc", "d": {"body": "abcd"}, "e": "YR=="}});
        let bytes = |bytes: &'static [u8]| Some(OutputValue::Bytes(Bytes::from_static(bytes)));
        assert_eq!(output(outputs.clone(), "a"), bytes(&[0x69, 0xb7, 0x1d]));
        assert_eq!(output(outputs.clone(), "b"), bytes(&[0x69, 0xb7, 0x1d]));
        assert_eq!(output(outputs.clone(), "c"), Some(OutputValue::Json(json!("abc"))));
        assert_eq!(output(outputs.clone(), "d"), Some(OutputValue::Json(json!({"body": "abcd"}))));
        assert_eq!(output(outputs, "e"), bytes(b"a"));
    }

    #[test]
    fn the_return_value_is_the_output_named_return() {
        assert_eq!(
            output(json!({"ReturnValue": {"status": 201}}), "$return"),
            Some(OutputValue::Json(json!({"status": 201})))
        );
        assert_eq!(output(json!({"ReturnValue": 1}), "res"), None);
    }
}
