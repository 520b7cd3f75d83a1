//! The only place that reads clocks.

use time::OffsetDateTime;
use tokio::time::Instant;

/// The time, handed to whoever needs it. Clones agree with each other.
///
/// It is a wall-clock start plus the runtime's monotonic time since: it never jumps back, and under a paused tokio
/// runtime it is virtual and moves only when that runtime's time does.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    start: OffsetDateTime,
    started: Instant,
}

impl Clock {
    /// A clock that starts at the machine's time, in UTC.
    #[expect(clippy::disallowed_methods, reason = "the one reading of the wall clock")]
    pub fn system() -> Self {
        Self::starting_at(OffsetDateTime::now_utc())
    }

    /// A clock that shows `start` now.
    #[expect(
        clippy::disallowed_methods,
        reason = "the zero point of elapsed time; virtual under a paused runtime"
    )]
    pub fn starting_at(start: OffsetDateTime) -> Self {
        Self { start, started: Instant::now() }
    }

    /// The time now.
    pub fn now(&self) -> OffsetDateTime {
        self.start + self.started.elapsed()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use time::macros::datetime;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn under_a_paused_runtime_only_the_runtime_moves_it() {
        let clock = Clock::starting_at(datetime!(2026-01-02 03:04:05 UTC));
        assert_eq!(clock.now(), datetime!(2026-01-02 03:04:05 UTC));
        tokio::time::advance(Duration::from_secs(3600)).await;
        assert_eq!(clock.now(), datetime!(2026-01-02 04:04:05 UTC));
    }

    #[tokio::test(start_paused = true)]
    async fn clones_agree() {
        let clock = Clock::system();
        tokio::time::advance(Duration::from_secs(7)).await;
        assert_eq!(clock.clone().now(), clock.now());
    }
}
