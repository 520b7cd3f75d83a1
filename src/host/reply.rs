//! What the Functions host is answered.

use std::error::Error;

use axum::body::Body;
use axum::http::header::{ALLOW, CONNECTION, CONTENT_TYPE};
use axum::http::{HeaderValue, Response, StatusCode};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::invocation::{JsonObject, TriggerType};
use super::json::Unusable;

/// How many parts of an invocation that can never work are named to the host; the rest is counted.
const TOLD_MAX: usize = 20;

/// An invocation that went well: lines for the host's log and values for output bindings. Empty is a good answer.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Reply {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    logs: Vec<String>,
    #[serde(skip_serializing_if = "Map::is_empty")]
    outputs: JsonObject,
}

impl Reply {
    /// Done, and nothing to say.
    pub fn done() -> Self {
        Self::default()
    }

    /// Adds a line that the host writes into the app's log. No secret, nothing personal.
    #[must_use]
    pub fn log(mut self, line: impl Into<String>) -> Self {
        self.logs.push(line.into());
        self
    }

    /// Sets the value of an output binding. A bare text becomes `{"value": text}`: the host decodes every bare text
    /// that happens to be base64, such as `abcd`, without a word (its `HttpScriptInvocationResultExtensions`).
    #[must_use]
    pub fn output(mut self, binding: impl Into<String>, value: Value) -> Self {
        self.outputs.insert(binding.into(), wrapped(value));
        self
    }

    /// What an HTTP function's caller is answered.
    pub fn http(reply: HttpReply) -> Self {
        Self::default().output(HttpReply::BINDING, reply.into_output())
    }

    /// The good answer to what can never work: reported, and for a caller who waits, 400.
    pub(super) fn refusing(trigger: TriggerType, unusable: &Unusable) -> Self {
        let reply = match trigger {
            TriggerType::EventGrid | TriggerType::Timer | TriggerType::ServiceBus => Self::default(),
            TriggerType::Http => Self::http(HttpReply::error(
                StatusCode::BAD_REQUEST,
                "badRequest",
                &format!("the request cannot be read: {unusable}"),
            )),
        };
        reply.log(format!("refused, this can never work: {unusable}"))
    }

    /// The same reply, with the parts that can never work in its log.
    pub(super) fn telling(mut self, unusable: &[Unusable]) -> Self {
        let named = unusable.iter().take(TOLD_MAX);
        self.logs.extend(named.map(|part| format!("refused in part, this can never work: {part}")));
        if unusable.len() > TOLD_MAX {
            self.logs.push(format!("refused in part: {} more", unusable.len() - TOLD_MAX));
        }
        self
    }

    pub(super) fn into_response(self) -> Response<Body> {
        match serde_json::to_vec(&self) {
            Ok(bytes) => respond(StatusCode::OK, bytes),
            Err(_) => error(StatusCode::INTERNAL_SERVER_ERROR, "fault", "the reply could not be written"),
        }
    }
}

/// What the caller of an HTTP function is answered: a status, JSON, and headers.
#[derive(Debug)]
pub struct HttpReply {
    status: StatusCode,
    body: String,
    headers: Map<String, Value>,
}

impl HttpReply {
    /// The name of the `http` output in `function.json`.
    pub const BINDING: &str = "res";

    /// Answers with JSON.
    ///
    /// # Errors
    /// [`Fault::Ours`] if the value cannot be written as JSON.
    pub fn json<T: Serialize + ?Sized>(status: StatusCode, body: &T) -> Result<Self, Fault> {
        Ok(Self::text(status, serde_json::to_string(body).map_err(Fault::ours)?))
    }

    /// Answers `{"error":{"code","message"}}`.
    pub(crate) fn error(status: StatusCode, code: &str, message: &str) -> Self {
        Self::text(status, error_body(code, message).to_string())
    }

    /// Adds a header, in the place of one of the same name.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.insert(name.to_ascii_lowercase(), Value::from(value));
        self
    }

    fn text(status: StatusCode, body: String) -> Self {
        Self { status, body, headers: Map::new() }.header("content-type", "application/json; charset=utf-8")
    }

    /// The status stands there under both names, because some versions of the host fail the invocation if one of
    /// `statusCode`, `status`, `body` and `headers` is missing (its `HttpOutputBindingResponse`). The body is a text:
    /// inside an object the host reads what looks like a date as one, and writes it differently.
    fn into_output(self) -> Value {
        let status = self.status.as_u16();
        json!({ "statusCode": status, "status": status, "body": self.body, "headers": self.headers })
    }
}

/// An invocation that did not go well.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// It would fail every time: reported and answered 200, so that the host does not deliver it again.
    #[error(transparent)]
    Unusable(#[from] Unusable),
    /// Our own failure: answered 500, so that the host delivers it again. The error and its sources are logged and
    /// must hold no secret.
    #[error(transparent)]
    Ours(Box<dyn Error + Send + Sync>),
}

impl Fault {
    /// A failure of our own.
    pub fn ours(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Ours(error.into())
    }
}

/// An error and its sources in one line.
pub(super) fn chain(error: &(dyn Error + 'static)) -> String {
    let sources = std::iter::successors(Some(error), |error| (*error).source());
    sources.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

pub(super) fn ready() -> Response<Body> {
    respond(StatusCode::OK, br#"{"status":"ready"}"#.to_vec())
}

pub(super) fn method_not_allowed(allowed: &'static str) -> Response<Body> {
    let mut response =
        error(StatusCode::METHOD_NOT_ALLOWED, "methodNotAllowed", "this address has other methods");
    response.headers_mut().insert(ALLOW, HeaderValue::from_static(allowed));
    response
}

/// Whatever of the body may still come is not read any more, so that the connection ends too.
pub(super) fn too_slow() -> Response<Body> {
    let mut response = error(StatusCode::REQUEST_TIMEOUT, "timeout", "the body did not come in time");
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    response
}

pub(super) fn error(status: StatusCode, code: &str, message: &str) -> Response<Body> {
    respond(status, error_body(code, message).to_string().into_bytes())
}

fn error_body(code: &str, message: &str) -> Value {
    json!({ "error": { "code": code, "message": message } })
}

fn respond(status: StatusCode, body: Vec<u8>) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

fn wrapped(value: Value) -> Value {
    match value {
        Value::String(text) => json!({ "value": text }),
        other => other,
    }
}
