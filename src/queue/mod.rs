//! The queues: what is to be reconciled, what is asked for and how it ended goes through them.
//!
//! # Guarantees
//! - A send that returned is in the queue. One that failed may be there all the same: whoever sends a message again
//!   gives it the same [`MessageId`].
//! - Nothing is buffered: who sends waits until the queue has taken it.

mod message;
mod queues;
pub mod service_bus;

pub use self::message::{Message, MessageId};
pub use self::queues::{Queue, QueueError, Queues, UnknownQueue};
