//! Which queue is peeked into, or which queue's dead letters.

use std::fmt;

use crate::queue::Queue;

/// A queue, or its dead letters: what was delivered too often or put there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueuePath {
    /// Which queue.
    pub queue: Queue,
    /// Its dead letters, not itself.
    pub dead_letters: bool,
}

impl QueuePath {
    /// The queue itself.
    #[must_use]
    pub fn of(queue: Queue) -> Self {
        Self { queue, dead_letters: false }
    }

    /// The queue's dead letters.
    #[must_use]
    pub fn dead_letters_of(queue: Queue) -> Self {
        Self { queue, dead_letters: true }
    }
}

impl fmt::Display for QueuePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let dead_letters = if self.dead_letters { "/$deadletterqueue" } else { "" };
        write!(f, "{}{dead_letters}", self.queue)
    }
}
