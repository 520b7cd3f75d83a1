//! Until when something may take.

use std::time::Duration;

use time::OffsetDateTime;

use crate::clock::Clock;

/// A point in time after which no call starts and no wait lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deadline(OffsetDateTime);

impl Deadline {
    /// At this point of the clock.
    #[must_use]
    pub fn at(point: OffsetDateTime) -> Self {
        Self(point)
    }

    /// `span` from now.
    #[must_use]
    pub fn after(clock: &Clock, span: Duration) -> Self {
        Self(clock.now() + span)
    }

    /// What is left until then; zero once it has passed.
    #[must_use]
    pub fn remaining(self, clock: &Clock) -> Duration {
        (self.0 - clock.now()).try_into().unwrap_or(Duration::ZERO)
    }
}
