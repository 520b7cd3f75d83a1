//! The queues in Azure Service Bus, over AMQP 1.0.
//!
//! # Guarantees
//! - Nothing is opened, read or contacted before the first use; then one connection is kept, with one link for each
//!   queue that is sent to. A link or connection that the other side ends, as Service Bus does after ten idle minutes,
//!   is made anew without a word.
//! - A send returns once Service Bus has taken every message. What may pass by itself is tried again a few times within
//!   a bound; then the error says what stood in the way.
//! - No more than `IN_FLIGHT_MAX` sends are under way; others wait for their turn.
//! - Keys and tokens stand in no error and in no log.

mod address;
mod client;
mod connection;
mod decode;
mod encode;
mod error;
mod failure;
mod inbox;
mod path;
mod peek;
mod rpc;
mod tls;
mod tokens;

pub(crate) use self::address::Identity;
pub use self::address::{AddressProblem, ServiceBusAddress};
pub use self::client::{ServiceBus, ServiceBusSettings};
pub use self::decode::Peeked;
pub use self::error::PeekError;
pub use self::inbox::{Inbox, LockedMessage};
pub use self::path::QueuePath;
pub(crate) use self::peek::PEEKED_MAX;
