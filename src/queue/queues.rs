//! The queues of a tenant, and sending to one of them.

use std::fmt;
use std::str::FromStr;

use async_trait::async_trait;
use thiserror::Error;

use super::message::Message;

/// Where messages go. Clones of one connection behind it are its own business.
#[async_trait]
pub trait Queues: Send + Sync {
    /// Sends messages to one queue, in as few transfers as they fit into; all of them are in the queue on return.
    ///
    /// # Errors
    /// [`QueueError`]; some of the messages may be in the queue.
    async fn send(&self, queue: Queue, messages: &[Message]) -> Result<(), QueueError>;
}

/// The queues of a tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Queue {
    /// Events that the partner's Event Grid delivers to us.
    ResourceEvents,
    /// What people and programs ask for.
    ConnectionRequests,
    /// Work items: handshakes to reconcile.
    Reconcile,
    /// How handshakes ended.
    ConnectionOutcomes,
}

impl Queue {
    /// Every queue.
    pub(crate) const ALL: [Self; 4] =
        [Self::ResourceEvents, Self::ConnectionRequests, Self::Reconcile, Self::ConnectionOutcomes];

    /// The name in Service Bus.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::ResourceEvents => "resource-events",
            Self::ConnectionRequests => "connection-requests",
            Self::Reconcile => "reconcile",
            Self::ConnectionOutcomes => "connection-outcomes",
        }
    }
}

impl FromStr for Queue {
    type Err = UnknownQueue;

    fn from_str(name: &str) -> Result<Self, UnknownQueue> {
        Self::ALL.into_iter().find(|queue| queue.name() == name).ok_or(UnknownQueue)
    }
}

/// A name that is none of our queues'.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("must be one of {}", Queue::ALL.map(Queue::name).join(", "))]
pub struct UnknownQueue;

impl fmt::Display for Queue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Why a message could not be sent.
#[derive(Debug, Error)]
pub enum QueueError {
    /// Service Bus could not be reached, or dropped us; another try may go well.
    #[error("the queue {queue} could not be reached: {problem}")]
    Unreachable {
        /// Which queue.
        queue: Queue,
        /// What happened.
        problem: String,
    },
    /// Service Bus refused: a right or the queue is missing, or the message is too large.
    #[error("the queue {queue} refused: {problem}")]
    Refused {
        /// Which queue.
        queue: Queue,
        /// What it said.
        problem: String,
    },
}
