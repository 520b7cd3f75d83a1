//! A local Azure Functions host for one function app with a custom handler.
//!
//! It starts the handler as the real host does, invokes it with the same bytes, and answers on the real host's addresses. What the
//! real host does was taken from its source (azure-functions-host) and from captures in its issue tracker; where the published
//! samples say something else, the source wins.

mod app;
mod binding;
mod event_grid;
mod expand;
mod host;
mod host_json;
mod http_trigger;
mod invocation;
mod keys;
mod message;
mod namespace;
mod output;
mod queues;
mod reply;
mod routes;
mod schedule;
mod server;
mod timers;
mod worker;

pub use app::{App, AppError, AuthLevel, Function, HttpTrigger, ServiceBusTrigger, TimerTrigger, Trigger};
pub use host::{FunctionsHost, HostError, HostOptions};
pub use host_json::ServiceBusOptions;
pub use keys::HostKeys;
pub use namespace::Namespace;
pub use routes::{Route, RouteError};
pub use schedule::{Schedule, ScheduleError};
pub use worker::WorkerError;
