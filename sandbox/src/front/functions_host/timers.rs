//! Timer triggers: each runs by its schedule, one run at a time.

use std::{sync::Arc, time::Duration};

use time::OffsetDateTime;
use tokio::time::sleep;

use super::{
    function::{Function, TimerTrigger},
    invocation,
    shared::Shared,
};

/// Runs a timer function until the host stops. A run that takes longer than the schedule's step makes the next one late, not parallel.
pub(super) async fn run(shared: Arc<Shared>, function: Function, timer: TimerTrigger) {
    tokio::select! {
        () = run_for_ever(&shared, &function, &timer) => {}
        () = shared.stopped() => {}
    }
}

async fn run_for_ever(shared: &Shared, function: &Function, timer: &TimerTrigger) {
    let mut last = None;
    if timer.run_on_startup {
        last = Some(run_once(shared, function, timer, last).await);
    }
    // A schedule without a next time (31 February) is over, as it is for the real host.
    while let Some(next) = timer.schedule.next_after(shared.clock.now()) {
        sleep_until(shared, next).await;
        last = Some(run_once(shared, function, timer, last).await);
    }
}

async fn run_once(
    shared: &Shared,
    function: &Function,
    timer: &TimerTrigger,
    last: Option<OffsetDateTime>,
) -> OffsetDateTime {
    let now = shared.clock.now();
    // The outcome is logged by the invocation; a timer that failed simply runs again when it is due.
    let _ = shared.invoke(function, invocation::timer(last, timer.schedule.next_after(now))).await;
    now
}

async fn sleep_until(shared: &Shared, instant: OffsetDateTime) {
    loop {
        let left = instant - shared.clock.now();
        let Ok(left) = Duration::try_from(left) else { return };
        if left.is_zero() {
            return;
        }
        sleep(left).await;
    }
}
