//! From a request to its answer, without a socket.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::Response;
use tokio::sync::{Semaphore, watch};
use tracing::Instrument;

use super::body::{BODIES_BYTES_MAX, BODY_MAX, Failure, Whole};
use super::decode::Decoded;
use super::functions::Functions;
use super::invocation::{FunctionName, Invocation, InvocationId, TriggerType};
use super::reply::{Fault, Reply};
use super::{body, decode, reply};

/// The whole protocol as a service, without a socket. [`serve`](super::serve()) is the same one on a listener.
pub fn router(functions: Arc<dyn Functions>) -> Router {
    let (_, running) = watch::channel(());
    Router::new().fallback(answer).with_state(Host::new(functions, running))
}

#[derive(Clone)]
pub(super) struct Host {
    functions: Arc<dyn Functions>,
    /// Each running invocation holds a clone, so that who holds the sender can wait for all of them.
    running: watch::Receiver<()>,
    /// For the bytes of bodies.
    room: Arc<Semaphore>,
}

pub(super) async fn answer(State(host): State<Host>, request: Request) -> Response {
    let path = request.uri().path();
    if path == "/" {
        return match *request.method() {
            Method::GET | Method::HEAD => reply::ready(),
            _ => reply::method_not_allowed("GET, HEAD"),
        };
    }
    let known = path.strip_prefix('/').and_then(FunctionName::parse).and_then(|function| {
        let trigger = host.functions.trigger(&function)?;
        Some((function, trigger))
    });
    match known {
        None => reply::error(StatusCode::NOT_FOUND, "unknownFunction", "no function has this name"),
        Some(_) if request.method() != Method::POST => reply::method_not_allowed("POST"),
        Some((function, trigger)) => host.invoke(function, trigger, request).await,
    }
}

impl Host {
    pub(super) fn new(functions: Arc<dyn Functions>, running: watch::Receiver<()>) -> Self {
        Self { functions, running, room: Arc::new(Semaphore::new(BODIES_BYTES_MAX)) }
    }

    async fn invoke(self, function: FunctionName, trigger: TriggerType, request: Request) -> Response {
        let id = invocation_id(request.headers());
        let span = tracing::info_span!("invocation", function = %function, id = %id);
        let outcome = self.outcome(function, trigger, id, request).instrument(span.clone()).await;
        span.in_scope(|| match outcome {
            Ok(reply) => reply.into_response(),
            Err(Failure::Slow) => {
                tracing::warn!(seconds = BODY_MAX.as_secs(), "the body of this invocation did not come in time");
                reply::too_slow()
            }
            Err(Failure::Fault(Fault::Unusable(unusable))) => {
                tracing::warn!(reason = %unusable, "this invocation can never work; it is reported and not tried again");
                Reply::refusing(trigger, &unusable).into_response()
            }
            Err(Failure::Fault(Fault::Ours(error))) => {
                tracing::error!(error = %reply::chain(error.as_ref()), "the invocation failed");
                reply::error(
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "fault",
                    "the function failed; the log says why",
                )
            }
        })
    }

    async fn outcome(
        self,
        function: FunctionName,
        trigger: TriggerType,
        id: InvocationId,
        request: Request,
    ) -> Result<Reply, Failure> {
        let body = body::read(request.into_body(), trigger.body_bytes_max(), &self.room).await?;
        Ok(self.run(function, trigger, id, body).await?)
    }

    async fn run(
        self,
        function: FunctionName,
        trigger: TriggerType,
        id: InvocationId,
        body: Whole,
    ) -> Result<Reply, Fault> {
        let Decoded { data, unusable } = decode::trigger_data(trigger, &body.bytes)?;
        drop(body);
        for part in &unusable {
            tracing::warn!(reason = %part, "a part of this invocation can never work; the rest is done");
        }
        let Self { functions, running, .. } = self;
        // A task of its own: a panic ends it and nothing else, and it outlives the connection that asked for it.
        let task = async move {
            let _running = running;
            functions.invoke(Invocation { id, function, data }).await
        };
        let reply = tokio::spawn(task.in_current_span()).await.map_err(Fault::ours)??;
        Ok(reply.telling(&unusable))
    }
}

fn invocation_id(headers: &HeaderMap) -> InvocationId {
    let given = headers.get("x-azure-functions-invocationid").and_then(|value| value.to_str().ok());
    given.and_then(InvocationId::parse).unwrap_or_default()
}
