//! The functions of the app, one file each: decode, call, encode.

mod connection_request;
mod event;
mod handshakes;
mod health;
mod hold;
mod reconcile;
mod resource_event;
mod status_sweep;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::Mutex;
use tokio::time::Instant;

pub use self::hold::{EVENT_HELD, MESSAGE_HELD};
pub use self::reconcile::RECONCILE_BOUND;

use crate::handshake::request_queue::RequestQueue;
use crate::host::{Fault, FunctionName, Functions, Invocation, Reply, TriggerData, TriggerType};
use crate::ledger::Cause;
use crate::reconcile::{Controller, ReconcileError};

/// How often the ledger is searched for what can be forgotten, and for requests whose work item was lost.
const TIDYING_GAP: Duration = Duration::from_secs(3600);

/// The app behind the custom-handler protocol.
pub struct App {
    controller: Arc<Controller>,
    keep: time::Duration,
    /// When nothing was left to tidy.
    tidied: Mutex<Option<Instant>>,
}

impl App {
    /// The app around this controller that forgets what was over for as long as `keep`.
    #[must_use]
    pub fn new(controller: Arc<Controller>, keep: time::Duration) -> Self {
        Self { controller, keep, tidied: Mutex::default() }
    }

    /// Prunes the ledger, a piece at a time, and sends lost requests anew, unless there was nothing left to prune an hour
    /// ago.
    async fn tidy(&self, cause: &Cause) -> Result<(), ReconcileError> {
        let clock = self.controller.reconciler.clock;
        let now = clock.instant();
        let mut tidied = self.tidied.lock().await;
        if tidied.is_some_and(|at| now - at < TIDYING_GAP) {
            return Ok(());
        }
        let lost = self.controller.send_lost_requests(cause).await?;
        if lost > 0 {
            tracing::warn!(
                lost,
                "requests had waited in vain for longer than an hour, and were sent on again"
            );
        }
        if !self.controller.reconciler.ledger.prune(clock.now() - self.keep).await? {
            *tidied = Some(now);
        }
        Ok(())
    }
}

#[async_trait]
impl Functions for App {
    fn trigger(&self, function: &FunctionName) -> Option<TriggerType> {
        match function.as_str() {
            "ResourceEvent" => Some(TriggerType::EventGrid),
            "RelayedResourceEvent" | "Reconcile" => Some(TriggerType::ServiceBus),
            "StatusSweep" => Some(TriggerType::Timer),
            "Handshakes" | "Health" => Some(TriggerType::Http),
            name => RequestQueue::of_function(name).map(|_| TriggerType::ServiceBus),
        }
    }

    async fn invoke(&self, invocation: Invocation) -> Result<Reply, Fault> {
        match invocation.data {
            TriggerData::Events(events) => resource_event::run(&self.controller, events).await,
            TriggerData::Timer(_) => {
                let cause = status_sweep::cause(&self.controller, &invocation.id);
                let swept = status_sweep::run(&self.controller, &cause).await;
                if let Err(error) = self.tidy(&cause).await {
                    tracing::warn!(%error, "the ledger could not be tidied; a later sweep does it");
                }
                swept
            }
            TriggerData::Http(_) if invocation.function.as_str() == "Health" => {
                health::run(&self.controller).await
            }
            TriggerData::Http(request) => handshakes::run(&self.controller, &request).await,
            TriggerData::Message(message) => {
                let name = invocation.function.as_str();
                match RequestQueue::of_function(name) {
                    Some(queue) => connection_request::run(&self.controller, &queue, &message).await,
                    None if name == "Reconcile" => reconcile::run(&self.controller, &message).await,
                    None => resource_event::relayed(&self.controller, &message).await,
                }
            }
        }
    }
}
