//! `/sandbox`: the history of calls, faults, dead letters, and what Azure does for reasons of its own. There is no authentication: only this machine reaches it.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, header::CONTENT_TYPE};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{Azure, Broker, FaultPlan, Tenant, service_bus::Depth};

/// Answers a request whose path is `/sandbox` or below.
///
/// | request | answer |
/// |---|---|
/// | `GET /sandbox/calls?since=N` | 200, an array of the calls with a `sequence` above N (default 0), oldest first |
/// | `POST /sandbox/faults` | 204; the plan in the body replaces the one before |
/// | `DELETE /sandbox/faults` | 204; there are no faults any more |
/// | `POST /sandbox/reject` | 204; the half of a network manager's connection with the id in the body, `{"id": "…"}`, is Rejected |
/// | `GET /sandbox/deadletters` | 200, an array of the events that Event Grid gave up on |
/// | `GET /sandbox/service-bus` | 200, by tenant and queue how many messages are `active`, `scheduled`, `locked`, `deadLettered` |
/// | `POST /sandbox/service-bus/{tenant}/restart` | 204; the tenant's connections and locks are lost, its messages are kept |
/// | `POST /sandbox/service-bus/{tenant}/drop` | 204; the tenant's connections are cut |
///
/// Anything else, and the id of no half, is 404, and a query or body that cannot be used 400, both with `{"error":{"code","message"}}` where the message names the field.
pub fn control(azure: &Azure, request: &Request<Bytes>) -> Response<Bytes> {
    match (request.method(), request.uri().path()) {
        (&Method::GET, "/sandbox/calls") => calls(azure, request.uri().query().unwrap_or_default()),
        (&Method::POST, "/sandbox/faults") => set_faults(azure, request.body()),
        (&Method::POST, "/sandbox/reject") => reject(azure, request.body()),
        (&Method::DELETE, "/sandbox/faults") => {
            azure.clear_faults();
            no_content()
        }
        (&Method::GET, "/sandbox/deadletters") => json(StatusCode::OK, &azure.dead_letters()),
        (&Method::GET, "/sandbox/service-bus") => json(StatusCode::OK, &depths(azure)),
        (method, path) => disturb(azure, method, path).unwrap_or_else(|| {
            error(StatusCode::NOT_FOUND, "NotFound", &format!("there is no {method} {path}"))
        }),
    }
}

fn depths(azure: &Azure) -> BTreeMap<&'static str, BTreeMap<&'static str, Depth>> {
    let depths = |tenant: Tenant| {
        let broker = azure.service_bus(tenant);
        Broker::queues().filter_map(|queue| Some((queue, broker.depth(queue).ok()?))).collect()
    };
    Tenant::ALL.into_iter().map(|tenant| (tenant.name(), depths(tenant))).collect()
}

/// Restarts a tenant's Service Bus or cuts its connections; `None` if the request is another.
fn disturb(azure: &Azure, method: &Method, path: &str) -> Option<Response<Bytes>> {
    let (name, what) = path.strip_prefix("/sandbox/service-bus/")?.split_once('/')?;
    let tenant = Tenant::ALL.into_iter().find(|tenant| tenant.name() == name)?;
    let broker = azure.service_bus(tenant);
    match (method, what) {
        (&Method::POST, "restart") => broker.restart(),
        (&Method::POST, "drop") => broker.drop_connections(),
        _ => return None,
    }
    Some(no_content())
}

fn calls(azure: &Azure, query: &str) -> Response<Bytes> {
    let since =
        form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "since").map(|(_, value)| value);
    match since.as_deref().unwrap_or("0").parse() {
        Ok(sequence) => json(StatusCode::OK, &azure.calls_since(sequence)),
        Err(_) => error(StatusCode::BAD_REQUEST, "BadRequest", "`since` is no sequence number"),
    }
}

fn set_faults(azure: &Azure, body: &[u8]) -> Response<Bytes> {
    let mut body = serde_json::Deserializer::from_slice(body);
    match serde_path_to_error::deserialize::<_, FaultPlan>(&mut body) {
        Ok(plan) => match plan.check() {
            Ok(()) => {
                azure.set_faults(plan);
                no_content()
            }
            Err(wrong) => error(StatusCode::BAD_REQUEST, "BadRequest", &wrong.to_string()),
        },
        Err(wrong) => {
            let message = format!("`{}`: {}", wrong.path(), wrong.inner());
            error(StatusCode::BAD_REQUEST, "BadRequest", &message)
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rejection {
    id: String,
}

fn reject(azure: &Azure, body: &[u8]) -> Response<Bytes> {
    match serde_json::from_slice::<Rejection>(body) {
        Ok(Rejection { id }) if azure.reject(&id) => no_content(),
        Ok(Rejection { id }) => {
            error(StatusCode::NOT_FOUND, "NotFound", &format!("there is no half of a connection at {id}"))
        }
        Err(wrong) => error(StatusCode::BAD_REQUEST, "BadRequest", &wrong.to_string()),
    }
}

fn error(status: StatusCode, code: &str, message: &str) -> Response<Bytes> {
    json(status, &json!({ "error": { "code": code, "message": message } }))
}

fn no_content() -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = StatusCode::NO_CONTENT;
    response
}

fn json(status: StatusCode, value: &impl Serialize) -> Response<Bytes> {
    let mut response = match serde_json::to_vec(value) {
        Ok(body) => Response::new(Bytes::from(body)),
        Err(failure) => Response::new(Bytes::from(json!({ "error": failure.to_string() }).to_string())),
    };
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
    response
}
