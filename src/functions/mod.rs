//! The functions of the app, one file each: decode, call, encode.

mod connection_request;
mod event;
mod handshakes;
mod health;
mod reconcile;
mod resource_event;
mod status_sweep;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use crate::handshake::request_queue::RequestQueue;
use crate::host::{Fault, FunctionName, Functions, Invocation, Reply, Trigger, TriggerData};
use crate::reconcile::Reconciler;

/// How long `Reconcile` takes over a pass at most. It waits for nothing; this is for a slow network.
pub const PASS_BOUND: Duration = Duration::from_secs(30);
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
            "RelayedResourceEvent" | "Reconcile" => Some(Trigger::ServiceBus),
            "StatusSweep" => Some(Trigger::Timer),
            "Handshakes" | "Health" => Some(Trigger::Http),
            name => RequestQueue::of_function(name).map(|_| Trigger::ServiceBus),
        }
    }

    async fn invoke(&self, invocation: Invocation) -> Result<Reply, Fault> {
        match invocation.data {
            TriggerData::Events(events) => resource_event::run(&self.reconciler, events).await,
            TriggerData::Timer(_) => status_sweep::run(&self.reconciler, &invocation.id).await,
            TriggerData::Http(_) if invocation.function.as_str() == "Health" => {
                health::run(&self.reconciler).await
            }
            TriggerData::Http(request) => handshakes::run(&*self.reconciler.ledger, &request).await,
            TriggerData::Message(message) => {
                let name = invocation.function.as_str();
                match RequestQueue::of_function(name) {
                    Some(queue) => connection_request::run(&self.reconciler, &queue, &message).await,
                    None if name == "Reconcile" => reconcile::run(&self.reconciler, &message).await,
                    None => resource_event::relayed(&self.reconciler, &message).await,
                }
            }
        }
    }
}
