//! Answers, before they become HTTP responses.

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Response, StatusCode};
use serde_json::Value;

/// A status, headers and a JSON body.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    headers: Vec<(&'static str, String)>,
    body: Option<Value>,
}

impl Reply {
    pub(crate) fn json(status: StatusCode, body: Value) -> Self {
        Self { status, headers: Vec::new(), body: Some(body) }
    }

    pub(crate) fn ok(body: Value) -> Self {
        Self::json(StatusCode::OK, body)
    }

    pub(crate) fn empty(status: StatusCode) -> Self {
        Self { status, headers: Vec::new(), body: None }
    }

    #[must_use]
    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    #[must_use]
    pub(crate) fn with_body(mut self, body: Value) -> Self {
        self.body = Some(body);
        self
    }

    /// The body's entity tag as a header too, as the network provider does on reads.
    #[must_use]
    pub(crate) fn with_etag(self) -> Self {
        let etag = self.body.as_ref().and_then(|body| body["etag"].as_str()).map(str::to_owned);
        match etag {
            Some(etag) => self.header("etag", etag),
            None => self,
        }
    }

    pub(crate) fn into_response(self) -> Response<Bytes> {
        let bytes = self.body.as_ref().map(|body| Bytes::from(body.to_string()));
        let json = bytes.is_some();
        let mut response = Response::new(bytes.unwrap_or_default());
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        if json {
            headers.insert("content-type", HeaderValue::from_static("application/json; charset=utf-8"));
        }
        for (name, value) in self.headers {
            // A value that no header can carry came from the caller; leaving it out is what a gateway does.
            if let Ok(value) = HeaderValue::from_str(&value) {
                headers.insert(HeaderName::from_static(name), value);
            }
        }
        response
    }
}
