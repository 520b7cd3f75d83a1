//! The host's own addresses.

use std::sync::Arc;

use axum::{
    Router,
    extract::{DefaultBodyLimit, Path, Request, State},
    response::{IntoResponse, Response},
    routing::{any, get, post},
    serve::ListenerExt,
};
use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode, Uri};
use serde::Deserialize;
use serde_json::Value;
use tokio::net::TcpListener;

use super::{
    event_grid,
    function::{Function, HttpTrigger, Trigger},
    http_trigger::{HttpCall, response, trigger_data},
    invocation::{self, TriggerData},
    message,
    shared::{InvocationError, Shared},
    web::{host_is_down, key, refused},
};

/// Far more than anything sent here; the real host takes 100 MB.
const BODY_LIMIT: usize = 4 * 1024 * 1024;

/// Serves until the host stops.
pub(super) async fn serve(shared: Arc<Shared>, listener: TcpListener) {
    let stopped = shared.clone();
    let router = Router::new()
        .route("/", get(|| async { StatusCode::OK }))
        .route("/runtime/webhooks/{extension}", any(event_grid::webhook))
        .route("/admin/functions/{name}", post(start_function))
        .fallback(http_function)
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .with_state(shared);
    let listener = listener.tap_io(|stream| {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "TCP_NODELAY is not to be had");
        }
    });
    let server = axum::serve(listener, router).with_graceful_shutdown(async move { stopped.stopped().await });
    if let Err(error) = server.await {
        tracing::error!(%error, "the Functions host's server failed");
    }
}

#[derive(Deserialize)]
struct ManualInvocation {
    #[serde(default)]
    input: Option<String>,
}

/// `POST /admin/functions/F`: starts the function at once and does not wait for it.
async fn start_function(
    State(shared): State<Arc<Shared>>,
    Path(name): Path<String>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if !shared.keys.open_admin(key(&uri, &headers).as_deref()) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let Some(function) = shared.app.function(&name).cloned() else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let input = match serde_json::from_slice::<ManualInvocation>(&body) {
        Ok(manual) => manual.input.unwrap_or_default(),
        Err(error) => return refused(&format!("the body is not {{\"input\":\"…\"}}: {error}")),
    };
    let trigger = match manual_trigger(&shared, &function, &input) {
        Ok(trigger) => trigger,
        Err(message) => return refused(&message),
    };
    tokio::spawn(async move {
        // The outcome is logged by the invocation.
        let _ = shared.invoke(&function, trigger).await;
    });
    StatusCode::ACCEPTED.into_response()
}

fn manual_trigger(shared: &Shared, function: &Function, input: &str) -> Result<TriggerData, String> {
    match &function.trigger {
        Trigger::Timer(timer) => Ok(invocation::timer(None, timer.schedule.next_after(shared.clock.now()))),
        Trigger::EventGrid => match serde_json::from_str(input) {
            Ok(event @ Value::Object(_)) => Ok(invocation::event_grid(event)),
            Ok(_) => Err("`input` holds no event: it is not an object".to_owned()),
            Err(error) => Err(format!("`input` holds no event: {error}")),
        },
        Trigger::ServiceBus(trigger) => Ok(message::manual(input, trigger.binary)),
        Trigger::Http(_) => Err(format!("{} is an HTTP function: call its own address", function.name)),
    }
}

/// Everything else is an HTTP function or nothing.
async fn http_function(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let Some((function, trigger, parameters)) = find(&shared, &parts.method, parts.uri.path()) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    if !shared.keys.open_http(trigger.auth_level, key(&parts.uri, &parts.headers).as_deref()) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let Ok(body) = axum::body::to_bytes(body, BODY_LIMIT).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let call = HttpCall {
        method: &parts.method,
        uri: &parts.uri,
        headers: &parts.headers,
        body: &body,
        parameters: &parameters,
        level: trigger.auth_level,
    };
    match shared.invoke(function, trigger_data(&call)).await {
        Ok(outputs) => {
            let output = function.http_output.as_deref().and_then(|name| outputs.take(name));
            response(output).unwrap_or_else(|message| {
                tracing::error!(
                    app = shared.name,
                    function = function.name,
                    message,
                    "no response can be made"
                );
                StatusCode::INTERNAL_SERVER_ERROR.into_response()
            })
        }
        Err(InvocationError::Down) => host_is_down(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

type Match<'a> = (&'a Function, &'a HttpTrigger, Vec<(String, String)>);

/// The function whose route and methods fit, the most literal route first.
fn find<'a>(shared: &'a Shared, method: &Method, path: &str) -> Option<Match<'a>> {
    let path = path.strip_prefix('/').unwrap_or(path);
    let path = match shared.app.route_prefix.as_str() {
        "" => path,
        prefix => {
            let (first, rest) = path.split_at_checked(prefix.len())?;
            if !first.eq_ignore_ascii_case(prefix) || !(rest.is_empty() || rest.starts_with('/')) {
                return None;
            }
            rest
        }
    };
    let fitting = shared.app.functions.values().filter_map(|function| {
        let Trigger::Http(trigger) = &function.trigger else { return None };
        let allowed =
            trigger.methods.is_empty() || trigger.methods.iter().any(|allowed| allowed == method.as_str());
        Some((function, trigger, trigger.route.matches(path).filter(|_| allowed)?))
    });
    fitting.min_by(|(_, one, _), (_, other, _)| one.route.cmp(&other.route))
}
