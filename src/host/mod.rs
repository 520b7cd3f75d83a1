//! The custom-handler protocol of Azure Functions: an invocation comes in as `POST /{function}`, its outcome goes out.
//!
//! This layer knows nothing of handshakes. What the functions do is behind [`Functions`].
//!
//! # Guarantees
//! - Whatever the body holds, the process lives on: size and depth are bounded before anything is built from it, and a
//!   panic inside a function is that invocation's failure only.
//! - A body that can never work is logged, reported to the host in `Logs` and answered 200, because the host would deliver
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
mod functions;
mod invocation;
mod json;
mod message;
mod reply;
mod serve;
mod service;

pub use self::body::{BODIES_BYTES_MAX, BODY_MAX};
pub use self::connection::HEAD_MAX;
pub use self::connections::CONNECTIONS_MAX;
pub use self::functions::Functions;
pub use self::invocation::{
    FunctionName, HttpRequest, Invocation, InvocationId, JsonObject, QueueMessage, Timer, TriggerData,
    TriggerType,
};
pub use self::json::{BODY_BYTES_MAX, DEPTH_MAX, MESSAGE_BODY_BYTES_MAX, Unusable};
pub use self::reply::{Fault, HttpReply, Reply};
pub use self::serve::{GRACE, HostError, listen, run, serve, stop_signal};
pub use self::service::router;
