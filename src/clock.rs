//! The only place that reads clocks.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use time::OffsetDateTime;
use tokio::time::Instant;

/// The time, handed to whoever needs it. Copies agree with each other.
///
/// There are two readings. [`now`](Self::now) is the wall clock, for what is shown, recorded or told to others; it is set
/// right now and then, and jumps. [`instant`](Self::instant) only ever goes on, for how long something takes or may take.
#[derive(Clone, Copy, Debug)]
pub struct Clock(Wall);

#[derive(Clone, Copy, Debug)]
enum Wall {
    /// The machine's, read each time.
    Machine,
    /// A start and what has elapsed since, which under a paused tokio runtime is virtual; and the steps made, in
    /// milliseconds.
    Started { start: OffsetDateTime, at: Instant, stepped: &'static AtomicI64 },
}

impl Clock {
    /// The machine's clock, in UTC.
    #[must_use]
    pub fn system() -> Self {
        Self(Wall::Machine)
    }

    /// A clock that shows `start` now. Each is kept for the life of the process, so that copies share its steps.
    #[must_use]
    pub fn starting_at(start: OffsetDateTime) -> Self {
        let stepped = Box::leak(Box::new(AtomicI64::new(0)));
        Self(Wall::Started { start, at: instant(), stepped })
    }

    /// The wall time now.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the one reading of the wall clock")]
    pub fn now(&self) -> OffsetDateTime {
        match self.0 {
            Wall::Machine => OffsetDateTime::now_utc(),
            Wall::Started { start, at, stepped } => {
                let stepped = time::Duration::milliseconds(stepped.load(Ordering::Relaxed));
                start + at.elapsed() + stepped
            }
        }
    }

    /// A point of the time that elapses: no step of the wall clock moves it, and under a paused tokio runtime it moves
    /// only when that runtime's time does.
    #[must_use]
    pub fn instant(&self) -> Instant {
        instant()
    }

    /// Sets the wall time of this clock and its copies forward or back, as an administrator does. The machine's own is
    /// not ours to set, and stays as it is.
    pub fn step(&self, by: time::Duration) {
        if let Wall::Started { stepped, .. } = self.0 {
            let by = i64::try_from(by.whole_milliseconds()).unwrap_or(i64::MAX);
            stepped.fetch_add(by, Ordering::Relaxed);
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the one reading of elapsed time")]
fn instant() -> Instant {
    Instant::now()
}

/// How long something that was had at one moment may be used, by wall time and by elapsed time. Whichever of them calls
/// it old is right; so does a wall clock that shows less than it did then, since what it says of the end is no good.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Freshness {
    since: OffsetDateTime,
    begun: Instant,
    lasts: Duration,
}

impl Freshness {
    /// From now on for this long.
    #[must_use]
    pub(crate) fn new(clock: &Clock, lasts: Duration) -> Self {
        Self { since: clock.now(), begun: clock.instant(), lasts }
    }

    /// Whether it lasts still.
    #[must_use]
    pub(crate) fn holds(&self, clock: &Clock) -> bool {
        let by_wall = Duration::try_from(clock.now() - self.since);
        by_wall.is_ok_and(|passed| passed < self.lasts) && clock.instant() - self.begun < self.lasts
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    const START: OffsetDateTime = datetime!(2026-01-02 03:04:05 UTC);
    const HOUR: Duration = Duration::from_secs(3600);

    #[tokio::test(start_paused = true)]
    async fn under_a_paused_runtime_only_the_runtime_moves_it() {
        let clock = Clock::starting_at(START);
        assert_eq!(clock.now(), START);
        let begun = clock.instant();
        tokio::time::advance(HOUR).await;
        assert_eq!(clock.now(), datetime!(2026-01-02 04:04:05 UTC));
        assert_eq!(clock.instant() - begun, HOUR);
    }

    #[tokio::test(start_paused = true)]
    async fn copies_agree() {
        let clock = Clock::starting_at(START);
        let copy = clock;
        tokio::time::advance(Duration::from_secs(7)).await;
        clock.step(time::Duration::days(-1));
        assert_eq!(copy.now(), clock.now());
    }

    #[tokio::test(start_paused = true)]
    async fn a_step_moves_the_wall_time_and_nothing_else() {
        let clock = Clock::starting_at(START);
        let begun = clock.instant();
        for (step, shows) in
            [(time::Duration::DAY, datetime!(2026-01-03 03:04:05 UTC)), (-time::Duration::DAY, START)]
        {
            clock.step(step);
            assert_eq!(clock.now(), shows);
            assert_eq!(clock.instant(), begun);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_systems_clock_is_the_machines_and_not_a_start_with_what_elapsed_since() {
        let clock = Clock::system();
        let (shown, begun) = (clock.now(), clock.instant());
        tokio::time::advance(1000 * HOUR).await;
        assert!(clock.now() - shown < 999 * HOUR, "the machine's clock does not go by ours");
        assert_eq!(clock.instant() - begun, 1000 * HOUR);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_had_for_an_hour_is_old_by_whichever_time_says_so_first() {
        let clock = Clock::starting_at(START);
        let had = || Freshness::new(&clock, HOUR);
        let fresh = had();
        assert!(fresh.holds(&clock));
        tokio::time::advance(HOUR - Duration::from_secs(1)).await;
        assert!(fresh.holds(&clock));
        tokio::time::advance(Duration::from_secs(1)).await;
        assert!(!fresh.holds(&clock), "an hour has elapsed");
        for step in [time::Duration::HOUR, time::Duration::DAY, -time::Duration::HOUR, -time::Duration::DAY] {
            let fresh = had();
            clock.step(step);
            assert!(!fresh.holds(&clock), "the wall clock was set by {step}");
            assert!(had().holds(&clock), "and what is had afterwards is fresh");
        }
        let fresh = had();
        tokio::time::advance(HOUR).await;
        clock.step(-time::Duration::HOUR);
        assert!(!fresh.holds(&clock), "an hour has elapsed, whatever the wall clock says");
    }
}
