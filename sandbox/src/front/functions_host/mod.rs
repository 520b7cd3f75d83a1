//! A local Azure Functions host for one function app with a custom handler.
//!
//! It starts the handler as the real host does, invokes it with the same bytes, and answers on the real host's addresses. What the
//! real host does was taken from its source (azure-functions-host) and from captures in its issue tracker; where the published
//! samples say something else, the source wins.

mod app;
mod app_error;
mod binding;
mod event_grid;
mod expand;
mod function;
mod handler_process;
mod host;
mod host_json;
mod http_trigger;
mod invocation;
mod keys;
mod loopback;
mod message;
mod namespace;
mod output;
mod queues;
mod reply;
mod routes;
mod schedule;
mod server;
mod shared;
mod supervisor;
mod timers;
mod web;
mod worker;

pub use app::App;
pub use app_error::AppError;
pub use function::Function;
pub use handler_process::WorkerError;
pub use host::{FunctionsHost, HostError, HostOptions};
pub use keys::HostKeys;
pub(super) use loopback::{LoopbackError, loopback_client};
pub use namespace::Namespace;
