//! Service Bus: one namespace for each tenant, with four queues and a dead-letter queue for each.
//!
//! It does not model topics, sessions, deferral, transactions, partitions and times to live.

mod broker;
mod duplicates;
mod message;
mod queue;
mod refused;
mod state;

pub use broker::Broker;
pub use message::{BodyType, Locked, Message, Peeked, Value};
pub use queue::Depth;
pub(crate) use refused::LARGEST_MESSAGE;
pub use refused::{LockLost, Refused};
