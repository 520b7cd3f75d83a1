//! The queues: what is to be looked at, asked for and told goes through them.
//!
//! # Guarantees
//! - A send that returned is in the queue. One that failed may be there all the same: whoever sends a message again
//!   gives it the same [`MessageId`].
//! - Nothing is buffered: who sends waits until the queue has taken it.

pub mod service_bus;

use std::fmt;
use std::str::FromStr;

use async_trait::async_trait;
use thiserror::Error;
use time::OffsetDateTime;

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
    /// Hints: handshakes to look at.
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

/// A message to be sent. The body is JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The same message sent twice has the same id.
    pub id: MessageId,
    /// What the message is, for whoever looks into the queue: `subject` in AMQP, `Label` in older tools.
    pub subject: String,
    /// What it answers.
    pub correlation: Option<String>,
    /// Before this time nobody receives it.
    pub not_before: Option<OffsetDateTime>,
    /// JSON, in UTF-8.
    pub body: Vec<u8>,
}

/// A message's id: 1 to 128 characters, which is what Service Bus takes.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MessageId(String);

impl MessageId {
    /// The longest id that Service Bus takes, in characters.
    pub(crate) const LENGTH_MAX: usize = 128;

    /// The id; what is too long for Service Bus is cut.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(text.chars().take(Self::LENGTH_MAX).collect())
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
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
