//! A function and what starts it.

use serde::Deserialize;

use super::{routes::Route, schedule::Schedule};

/// One function.
#[derive(Debug, Clone)]
pub struct Function {
    /// The folder's name, which is also the path that the handler is called on.
    pub name: String,
    /// The name of the trigger binding: the key in `Data`.
    pub binding: String,
    /// What starts it.
    pub trigger: Trigger,
    /// The name of its `http` output binding.
    pub http_output: Option<String>,
}

/// What starts a function.
#[derive(Debug, Clone)]
pub enum Trigger {
    /// `eventGridTrigger`, one event an invocation.
    EventGrid,
    /// `timerTrigger`.
    Timer(TimerTrigger),
    /// `httpTrigger`.
    Http(HttpTrigger),
    /// `serviceBusTrigger` of a queue, one message an invocation.
    ServiceBus(ServiceBusTrigger),
}

/// A `serviceBusTrigger`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceBusTrigger {
    /// The queue or dead-letter queue, as the namespace spells it.
    pub queue: String,
    /// Whether the handler is sent the body's bytes as base64 (`dataType` `binary`) instead of its text.
    pub binary: bool,
}

/// A `timerTrigger`.
#[derive(Debug, Clone)]
pub struct TimerTrigger {
    /// When it fires.
    pub schedule: Schedule,
    /// Whether it also fires when the host starts.
    pub run_on_startup: bool,
}

/// An `httpTrigger`.
#[derive(Debug, Clone)]
pub struct HttpTrigger {
    /// Who may call it.
    pub auth_level: AuthLevel,
    /// The methods it answers, in upper case; empty is every method.
    pub methods: Vec<String>,
    /// Its route, without the prefix.
    pub route: Route,
}

/// Which key an HTTP function asks for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AuthLevel {
    /// None.
    Anonymous,
    /// A host key.
    #[default]
    Function,
    /// The master key.
    Admin,
}
