//! Time for everything in the sandbox.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use time::OffsetDateTime;
use tokio::time::Instant;

/// A wall clock that moves with tokio's time.
///
/// It remembers a starting moment and adds what has elapsed on [`tokio::time::Instant`]. Under a paused runtime that time
/// is virtual: it moves when the test advances it or when every task sleeps.
#[derive(Clone, Debug)]
pub struct Clock {
    start: OffsetDateTime,
    origin: Instant,
    /// In milliseconds.
    stepped: Arc<AtomicI64>,
}

impl Clock {
    /// Starts at the machine's present time.
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's clock")]
    pub fn system() -> Self {
        Self::starting_at(OffsetDateTime::now_utc())
    }

    /// Starts at `start`, whatever the machine's clock says.
    #[expect(clippy::disallowed_methods, reason = "the one place that reads tokio's clock")]
    pub fn starting_at(start: OffsetDateTime) -> Self {
        Self { start, origin: Instant::now(), stepped: Arc::default() }
    }

    /// The present time, UTC.
    pub fn now(&self) -> OffsetDateTime {
        let stepped = time::Duration::milliseconds(self.stepped.load(Ordering::Relaxed));
        self.start + self.origin.elapsed() + stepped
    }

    /// Sets this clock and its clones forward or back.
    pub fn step(&self, by: time::Duration) {
        self.stepped.fetch_add(i64::try_from(by.whole_milliseconds()).unwrap_or(i64::MAX), Ordering::Relaxed);
    }
}
