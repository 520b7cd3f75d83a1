//! The functions of the app, one file each: decode, call, encode.

mod event;
mod handshakes;
mod resource_event;
mod status_sweep;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use crate::host::{Fault, FunctionName, Functions, Invocation, Reply, Trigger, TriggerData};
use crate::reconcile::{ReconcileError, Reconciler, Report};

/// How long `ResourceEvent` looks at what an event names. Event Grid waits 30 s for an answer.
pub const EVENT_BOUND: Duration = Duration::from_secs(20);
/// How long `StatusSweep` goes on; the Functions host stops a function after 5 minutes.
pub const SWEEP_BOUND: Duration = Duration::from_secs(240);

/// The app behind the custom-handler protocol.
pub struct App {
    reconciler: Arc<Reconciler>,
}

impl App {
    /// The app that makes its passes with this reconciler.
    #[must_use]
    pub fn new(reconciler: Arc<Reconciler>) -> Self {
        Self { reconciler }
    }
}

#[async_trait]
impl Functions for App {
    fn trigger(&self, function: &FunctionName) -> Option<Trigger> {
        match function.as_str() {
            "ResourceEvent" => Some(Trigger::EventGrid),
            "StatusSweep" => Some(Trigger::Timer),
            "Handshakes" => Some(Trigger::Http),
            _ => None,
        }
    }

    async fn invoke(&self, invocation: Invocation) -> Result<Reply, Fault> {
        match invocation.data {
            TriggerData::Events(events) => resource_event::run(&self.reconciler, events).await,
            TriggerData::Timer(_) => status_sweep::run(&self.reconciler, &invocation.id).await,
            TriggerData::Http(request) => handshakes::run(&*self.reconciler.ledger, &request).await,
            TriggerData::Message(_) => Err(Fault::ours("no function of this app takes messages")),
        }
    }
}

/// What a pass came to, as a line in the app's log.
fn line(report: &Report) -> String {
    match report {
        Report::Settled { id, phase, reasons, .. } => {
            let reasons: Vec<&str> = reasons.iter().map(|reason| reason.message.as_str()).collect();
            format!("handshake {id} is {phase}: {}", reasons.join("; "))
        }
        Report::Held => "another pass holds the handshake; the sweep looks at it again".to_owned(),
        Report::Nothing => "there is no such handshake".to_owned(),
    }
}

/// Azure's troubles pass, and the sweep looks again: only our own are failures of the invocation.
fn told(error: ReconcileError) -> Result<String, Fault> {
    match error {
        ReconcileError::Azure(error) => {
            Ok(format!("Azure could not be read, the sweep looks again: {error}"))
        }
        ReconcileError::Ledger(_) | ReconcileError::Defect(_) => Err(Fault::ours(error)),
    }
}
