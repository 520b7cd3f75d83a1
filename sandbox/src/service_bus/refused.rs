//! What a namespace refuses.

/// What a namespace of the premium tier takes unless it is set higher.
pub(crate) const LARGEST_MESSAGE: usize = 1 << 20;

/// Why the namespace does not do what was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// There is no such queue.
    #[error("The messaging entity '{0}' could not be found.")]
    NoSuchQueue(String),
    /// Nothing is sent to a dead-letter queue.
    #[error("Messages cannot be sent to '{0}': it is a dead-letter queue.")]
    DeadLetterQueue(String),
    /// The message is too large.
    #[error("The message is {0} bytes, {LARGEST_MESSAGE} are taken.")]
    TooLarge(usize),
    /// The message id is too long.
    #[error("The message id is longer than 128 characters.")]
    MessageId,
}

/// The lock is not there: it ran out, the message was settled, or the broker was restarted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "The lock supplied is invalid. Either the lock expired, or the message has already been removed from the queue."
)]
pub struct LockLost;
