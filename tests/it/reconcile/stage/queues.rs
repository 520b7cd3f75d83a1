//! The app's queues: through the gate into the sandbox's Service Bus, and back as the Functions host feeds them.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use peerpact::queue::{Message, Queue, QueueError, Queues};
use peerpact_sandbox::{Broker, service_bus};

use super::gate::Gate;
use super::points::{Away, SendFault};

/// What the app sends into.
pub(crate) struct WatchedQueues {
    pub(crate) broker: Broker,
    pub(crate) gate: Arc<Gate>,
}

#[async_trait]
impl Queues for WatchedQueues {
    async fn send(&self, queue: Queue, messages: &[Message]) -> Result<(), QueueError> {
        if messages.is_empty() {
            return Ok(());
        }
        let unreachable = || QueueError::Unreachable { queue, problem: "placed by the test".to_owned() };
        if self.gate.what_is_away() == Some(Away::Queues) {
            return Err(unreachable());
        }
        match self.gate.at_send().await {
            None => self.forward(queue, messages),
            Some(SendFault::CrashBefore) => self.gate.crash().await,
            Some(SendFault::CrashAfter) => {
                self.forward(queue, messages)?;
                self.gate.crash().await
            }
            Some(SendFault::Fails) => Err(unreachable()),
            Some(SendFault::FailsAfterCommit) => {
                self.forward(queue, messages)?;
                Err(unreachable())
            }
        }
    }
}

impl WatchedQueues {
    fn forward(&self, queue: Queue, messages: &[Message]) -> Result<(), QueueError> {
        for message in messages {
            let sent = self.broker.send(queue.name(), envelope(message));
            sent.map_err(|refused| QueueError::Refused { queue, problem: refused.to_string() })?;
        }
        Ok(())
    }
}

/// A message as it stands in the queue.
pub(crate) fn envelope(message: &Message) -> service_bus::Message {
    service_bus::Message {
        message_id: Some(message.id.to_string()),
        subject: Some(message.subject.clone()),
        correlation_id: message.correlation.clone(),
        content_type: Some("application/json".to_owned()),
        scheduled_enqueue_time: message.not_before,
        body: Bytes::from(message.body.clone()),
        ..service_bus::Message::default()
    }
}
