//! Time comes in through a [`Clock`], so that the same code runs under a virtual one.

use time::OffsetDateTime;
use tokio::time::Instant;

/// A wall clock that advances with tokio's time: under a paused runtime it is virtual.
#[derive(Clone, Debug)]
pub struct Clock {
    start: OffsetDateTime,
    origin: Instant,
}

impl Clock {
    /// Starts at the machine's present time.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's clock")]
    pub fn system() -> Self {
        Self::starting_at(OffsetDateTime::now_utc())
    }

    /// Starts at `start`, whatever the machine's clock says.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the one place that reads tokio's clock")]
    pub fn starting_at(start: OffsetDateTime) -> Self {
        Self { start, origin: Instant::now() }
    }

    /// The present time.
    #[must_use]
    pub fn now(&self) -> OffsetDateTime {
        self.start + self.origin.elapsed()
    }
}
