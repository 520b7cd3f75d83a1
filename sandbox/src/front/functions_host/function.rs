//! A function and what starts it.

use serde::Deserialize;

use super::{routes::Route, schedule::Schedule};

/// One function.
#[derive(Debug, Clone)]
pub struct Function {
    /// The folder's name, which is also the path that the handler is called on.
    pub name: String,
    /// The name of the trigger binding: the key in `Data`.
    pub(super) binding: String,
    /// What starts it.
    pub(super) trigger: Trigger,
    /// The name of its `http` output binding.
    pub(super) http_output: Option<String>,
}

impl Function {
    /// Whether Event Grid starts it.
    pub(crate) fn takes_events(&self) -> bool {
        matches!(self.trigger, Trigger::EventGrid)
    }
}

/// What starts a function.
#[derive(Debug, Clone)]
pub(super) enum Trigger {
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
pub(super) struct ServiceBusTrigger {
    /// The queue or dead-letter queue, as the namespace spells it.
    pub(super) queue: String,
    /// Whether the handler is sent the body's bytes as base64 (`dataType` `binary`) instead of its text.
    pub(super) binary: bool,
}

/// A `timerTrigger`.
#[derive(Debug, Clone)]
pub(super) struct TimerTrigger {
    /// When it fires.
    pub(super) schedule: Schedule,
    /// Whether it also fires when the host starts.
    pub(super) run_on_startup: bool,
}

/// An `httpTrigger`.
#[derive(Debug, Clone)]
pub(super) struct HttpTrigger {
    /// Who may call it.
    pub(super) auth_level: AuthLevel,
    /// The methods it answers, in upper case; empty is every method.
    pub(super) methods: Vec<String>,
    /// Its route, without the prefix.
    pub(super) route: Route,
}

/// Which key an HTTP function asks for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum AuthLevel {
    /// None.
    Anonymous,
    /// A host key.
    #[default]
    Function,
    /// The master key.
    Admin,
}
