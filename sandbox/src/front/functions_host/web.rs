//! What the host's addresses have alike: where keys stand, and two answers.

use axum::{
    Json,
    body::Body,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, StatusCode, Uri};

/// The key of a request: `code` in the query or the header `x-functions-key`.
pub(super) fn key(uri: &Uri, headers: &HeaderMap) -> Option<String> {
    let header = headers.get("x-functions-key").and_then(|key| key.to_str().ok()).map(str::to_owned);
    header.or_else(|| query_value(uri, "code"))
}

/// The first value of a query parameter, whose name is compared in any case as ASP.NET does.
pub(super) fn query_value(uri: &Uri, name: &str) -> Option<String> {
    let mut query = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
    query.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.into_owned())
}

pub(super) fn refused(message: &str) -> Response {
    (StatusCode::BAD_REQUEST, Json(serde_json::json!({ "error": message }))).into_response()
}

pub(super) fn host_is_down() -> Response {
    (StatusCode::SERVICE_UNAVAILABLE, Body::from("Function host is not running.")).into_response()
}
