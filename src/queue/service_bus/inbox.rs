//! Receiving with a lock, for commands. The app itself receives nothing: the Functions host does.

use std::sync::Arc;
use std::time::Duration;

use fe2o3_amqp::Receiver;
use fe2o3_amqp::link::delivery::DeliveryInfo;
use fe2o3_amqp::types::messaging::{Body, Modified};
use fe2o3_amqp::types::primitives::Value;

use super::client::ServiceBus;
use super::connection::Connection;
use super::decode::Peeked;
use super::error::{PeekError, queue_error};
use super::failure::BusFailure;
use super::path::QueuePath;
use super::tokens::Tokens;
use crate::clock::Clock;
use crate::queue::QueueError;

/// A message that is locked for us until it is settled or its lock ends.
#[derive(Debug)]
pub struct LockedMessage {
    /// The message.
    pub message: Peeked,
    delivery: DeliveryInfo,
}

/// Receives from one queue or its dead letters, one message at a time.
pub struct Inbox {
    path: QueuePath,
    receiver: Receiver,
    credit: bool,
    // The receiver lives on it.
    connection: Arc<Connection>,
    tokens: Arc<Tokens>,
    clock: Clock,
}

impl ServiceBus {
    /// Begins to receive from a path.
    ///
    /// # Errors
    /// [`PeekError`].
    pub async fn inbox(&self, path: QueuePath) -> Result<Inbox, PeekError> {
        let opened = self.tried(|connection: Arc<Connection>| async move {
            let entity = path.to_string();
            let attaching = connection.receiver(&entity);
            let receiver = connection.authorized(&entity, &self.tokens, &self.clock, attaching).await?;
            Ok((receiver, connection))
        });
        let (receiver, connection) = opened.await.map_err(|failure| self.peek_error(path, &failure))?;
        let (tokens, clock) = (self.tokens.clone(), self.clock);
        Ok(Inbox { path, receiver, credit: false, connection, tokens, clock })
    }
}

impl Inbox {
    /// The next message, or none if none comes within `wait`.
    ///
    /// # Errors
    /// [`QueueError`]; another inbox is needed then.
    pub async fn receive(&mut self, wait: Duration) -> Result<Option<LockedMessage>, QueueError> {
        let entity = self.path.to_string();
        let authorized = self.connection.authorize(&entity, &self.tokens, &self.clock).await;
        authorized.map_err(|failure| queue_error(self.path.queue, &failure))?;
        if !self.credit {
            // One at a time: its lock runs from when it leaves the queue.
            self.receiver.set_credit(1).await.map_err(|_| self.ended())?;
            self.credit = true;
        }
        let received = match tokio::time::timeout(wait, self.receiver.recv::<Body<Value>>()).await {
            Err(_) => return Ok(None),
            Ok(received) => received.map_err(|failure| queue_error(self.path.queue, &failure.into()))?,
        };
        self.credit = false;
        let (delivery, message) = received.into_parts();
        Ok(Some(LockedMessage { message: Peeked::of(message), delivery }))
    }

    /// Done with it: it leaves the queue.
    ///
    /// # Errors
    /// [`QueueError`]; the message comes again then.
    pub async fn complete(&self, received: LockedMessage) -> Result<(), QueueError> {
        self.receiver.accept(received.delivery).await.map_err(|_| self.ended())
    }

    /// Puts it back; that counts as a delivery.
    ///
    /// # Errors
    /// [`QueueError`]; the message comes back when its lock ends.
    pub async fn abandon(&self, received: LockedMessage) -> Result<(), QueueError> {
        let modified =
            Modified { delivery_failed: Some(true), undeliverable_here: None, message_annotations: None };
        self.receiver.modify(received.delivery, modified).await.map_err(|_| self.ended())
    }

    /// Ends it. What was settled before has arrived on return; what was not comes back when its lock ends.
    ///
    /// # Errors
    /// [`QueueError`]: whether what was settled last has arrived is not known.
    pub async fn close(self) -> Result<(), QueueError> {
        let Self { path, receiver, .. } = self;
        receiver.close().await.map_err(|failure| queue_error(path.queue, &failure.into()))
    }

    fn ended(&self) -> QueueError {
        queue_error(self.path.queue, &BusFailure::LinkEnded(format!("the link to {} has ended", self.path)))
    }
}
