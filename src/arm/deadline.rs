//! Until when something may take.

use std::time::Duration;

use tokio::time::Instant;

use crate::clock::Clock;

/// A point in elapsed time after which no call starts and no wait lasts. No step of the wall clock moves it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deadline(Instant);

impl Deadline {
    /// `span` from now.
    #[must_use]
    pub fn after(clock: &Clock, span: Duration) -> Self {
        Self(clock.instant() + span)
    }

    /// What is left until then; zero once it has passed.
    #[must_use]
    pub fn remaining(self, clock: &Clock) -> Duration {
        self.0.saturating_duration_since(clock.instant())
    }
}
