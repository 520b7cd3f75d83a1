//! The custom-handler protocol of Azure Functions: an invocation comes in as `POST /{function}`, its outcome goes out.
//!
//! This layer knows nothing of handshakes. What the functions do is behind [`Functions`].
//!
//! # Guarantees
//! - Whatever the body holds, the process lives on: size and depth are bounded before anything is built from it, and a
//!   panic inside a function is that invocation's failure only.
//! - A body that can never work is logged, told to the host in `Logs` and answered 200, because the host would deliver
//!   a failed one again for a whole day. Only a [`Fault::Ours`], or a panic, is answered 500.
//! - A 200 always carries `application/json` and at least `{}`: the host takes an empty one for an invocation that never
//!   ended, and waits for its timeout.
//! - An invocation runs to its end even if the host hangs up meanwhile.
//! - A caller that is slow, or idle, holds up nobody for long: heads and bodies have their time ([`HEAD_MAX`],
//!   [`BODY_MAX`]), bodies their room ([`BODIES_BYTES_MAX`]), requests their turn, [`CONNECTIONS_MAX`] at a time, and of
//!   idle connections beyond as many the longest idle ones are closed.
//! - A client that keeps its connections loses no request by that: while others wait an answer says that its connection
//!   ends, and what is closed without one was idle for ten seconds, unless the process stops or is out of handles.

mod body;
mod connection;
mod connections;
mod decode;
mod invocation;
mod json;
mod message;
mod reply;
mod serve;

use std::sync::Arc;

use async_trait::async_trait;
use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::Response;
use tokio::sync::{Semaphore, watch};
use tracing::Instrument;

pub use self::body::{BODIES_BYTES_MAX, BODY_MAX};
use self::body::{Failure, Whole};
pub use self::connection::HEAD_MAX;
pub use self::connections::CONNECTIONS_MAX;
use self::decode::Decoded;
pub use self::invocation::{
    FunctionName, HttpRequest, Invocation, InvocationId, JsonObject, QueueMessage, Timer, Trigger,
    TriggerData,
};
pub use self::json::{BODY_BYTES_MAX, DEPTH_MAX, MESSAGE_BODY_BYTES_MAX, Unusable};
pub use self::reply::{Fault, HttpReply, Reply};
pub use self::serve::{GRACE, HostError, listen, run, serve, stop_signal};

/// What an app's functions do; the host layer calls it for each invocation.
#[async_trait]
pub trait Functions: Send + Sync + 'static {
    /// What starts this function, or `None` if there is no such function (the host is then told 404).
    ///
    /// It says how the body is to be read, and has to be the same as in the function's `function.json`.
    fn trigger(&self, function: &FunctionName) -> Option<Trigger>;

    /// Runs one invocation of a function for which [`Functions::trigger`] gave a trigger.
    ///
    /// # Errors
    /// [`Fault::Unusable`] when the same body would fail every time, [`Fault::Ours`] when another try may go well.
    async fn invoke(&self, invocation: Invocation) -> Result<Reply, Fault>;
}

/// The whole protocol as a service, without a socket. [`serve`] is the same one on a listener.
pub fn router(functions: Arc<dyn Functions>) -> Router {
    let (_, running) = watch::channel(());
    Router::new().fallback(answer).with_state(Host::new(functions, running))
}

#[derive(Clone)]
struct Host {
    functions: Arc<dyn Functions>,
    /// Each running invocation holds a clone, so that who holds the sender can wait for all of them.
    running: watch::Receiver<()>,
    /// For the bytes of bodies.
    room: Arc<Semaphore>,
}

async fn answer(State(host): State<Host>, request: Request) -> Response {
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
    fn new(functions: Arc<dyn Functions>, running: watch::Receiver<()>) -> Self {
        Self { functions, running, room: Arc::new(Semaphore::new(BODIES_BYTES_MAX)) }
    }

    async fn invoke(self, function: FunctionName, trigger: Trigger, request: Request) -> Response {
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
                tracing::warn!(reason = %unusable, "this invocation can never work; it is told and not tried again");
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
        trigger: Trigger,
        id: InvocationId,
        request: Request,
    ) -> Result<Reply, Failure> {
        let body = body::read(request.into_body(), trigger.body_bytes_max(), &self.room).await?;
        Ok(self.run(function, trigger, id, body).await?)
    }

    async fn run(
        self,
        function: FunctionName,
        trigger: Trigger,
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
