//! `/runtime/webhooks/EventGrid`: the webhook of the Event Grid extension.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, State},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode, Uri, header::ALLOW};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::{
    function::Function,
    invocation,
    shared::{InvocationError, Shared},
    web::{host_is_down, key, query_value, refused},
};

/// One request to the webhook: a subscription's validation, events, or the end of a subscription.
pub(super) async fn webhook(
    State(shared): State<Arc<Shared>>,
    Path(extension): Path<String>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if !extension.eq_ignore_ascii_case("EventGrid") {
        return StatusCode::NOT_FOUND.into_response();
    }
    if !shared.keys.open_event_grid(key(&uri, &headers).as_deref()) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let name = query_value(&uri, "functionName").unwrap_or_default();
    let function = shared.app.function(&name).filter(|function| function.takes_events()).cloned();
    let Some(function) = function else {
        return (StatusCode::NOT_FOUND, format!("cannot find function: '{name}'")).into_response();
    };
    if method == Method::OPTIONS {
        return cloud_events_consent(&headers);
    }
    if method != Method::POST {
        return StatusCode::METHOD_NOT_ALLOWED.into_response();
    }
    let kind = headers.get("aeg-event-type").and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if kind.eq_ignore_ascii_case("SubscriptionValidation") {
        validation(&body)
    } else if kind.eq_ignore_ascii_case("Notification") {
        notification(shared, function, &body).await
    } else if kind.eq_ignore_ascii_case("Unsubscribe") {
        StatusCode::ACCEPTED.into_response()
    } else {
        StatusCode::BAD_REQUEST.into_response()
    }
}

/// The consent of the CloudEvents webhook specification: any origin that asks, at any rate.
fn cloud_events_consent(headers: &HeaderMap) -> Response {
    let Some(origin) = headers.get("WebHook-Request-Origin") else {
        return refused("there is no WebHook-Request-Origin");
    };
    let mut response = StatusCode::OK.into_response();
    let answer = response.headers_mut();
    answer.insert("WebHook-Allowed-Origin", origin.clone());
    if let Some(rate) = headers.get("WebHook-Request-Rate") {
        answer.insert("WebHook-Allowed-Rate", rate.clone());
    }
    answer.insert(ALLOW, http::HeaderValue::from_static("POST"));
    response
}

/// In the Event Grid schema an array, in CloudEvents one object whose `data` may be JSON in a string.
fn validation(body: &[u8]) -> Response {
    let event = match serde_json::from_slice(body) {
        Ok(Value::Array(events)) => events.into_iter().next().unwrap_or(Value::Null),
        Ok(event) => event,
        Err(error) => return refused(&format!("the body is not JSON: {error}")),
    };
    let data = match event.get("data") {
        Some(Value::String(text)) => serde_json::from_str(text).unwrap_or(Value::Null),
        Some(data) => data.clone(),
        None => Value::Null,
    };
    match data.get("validationCode").and_then(Value::as_str) {
        Some(code) => Json(json!({ "validationResponse": code })).into_response(),
        None => refused("data.validationCode is missing"),
    }
}

/// Invokes the function for every event at once. Any failure makes the whole delivery fail, so that Event Grid sends all of it again.
async fn notification(shared: Arc<Shared>, function: Function, body: &[u8]) -> Response {
    let events = match serde_json::from_slice(body) {
        Ok(Value::Array(events)) => events,
        Ok(event @ Value::Object(_)) => vec![event],
        Ok(_) => return refused("the body is neither an array of events nor an event"),
        Err(error) => return refused(&format!("the body is not JSON: {error}")),
    };
    let function = Arc::new(function);
    let mut invocations = JoinSet::new();
    for event in events {
        let (shared, function) = (shared.clone(), function.clone());
        invocations.spawn(async move { shared.invoke(&function, invocation::event_grid(event)).await });
    }
    let mut failure = None;
    while let Some(outcome) = invocations.join_next().await {
        match outcome {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => failure = Some(error),
            Err(_) => failure = Some(InvocationError::Down),
        }
    }
    match failure {
        None => StatusCode::ACCEPTED.into_response(),
        Some(InvocationError::Down) => host_is_down(),
        Some(error) => {
            let message = format!("Exception while executing function: {}: {error}", function.name);
            (StatusCode::INTERNAL_SERVER_ERROR, message).into_response()
        }
    }
}
