//! How long until something is reconciled again.

use std::time::Duration;

use time::OffsetDateTime;

use crate::handshake::phase::Phase;
use crate::handshake::reason::{Code, Reason};
use crate::handshake::record::{PAUSE_MAX, Record};

/// It is worth it this soon when Azure does not say.
pub(super) const SOON: Duration = Duration::from_secs(2);
/// No gap is longer, whatever Azure asks for: the sweep comes more often.
pub(super) const LONGEST_GAP: Duration = Duration::from_secs(300);
/// No item is scheduled further ahead than this, a second of difference between clocks included. What says that it is to
/// be received later was written by a clock that was wrong, or by somebody else.
pub(super) const SCHEDULED_AHEAD: time::Duration = time::Duration::seconds(301);
/// The first of the gaps between attempts to do what could not be done at all; each is twice the one before.
const FIRST_GAP: Duration = Duration::from_secs(2);
/// After so many attempts, some forty minutes, an item is given up; the sweep goes on.
pub(super) const ATTEMPTS: u32 = 16;
/// How long Azure may take over one thing. After that it is for people to look into.
const PATIENCE: time::Duration = time::Duration::hours(1);

const _: () = assert!(
    LONGEST_GAP.as_secs() < SCHEDULED_AHEAD.whole_seconds().unsigned_abs()
        && LONGEST_GAP.as_secs() == PAUSE_MAX.whole_seconds().unsigned_abs(),
    "what is scheduled and what is put on record has to be believed"
);

/// The gap after so many attempts.
pub(super) fn gap(attempt: u32) -> Duration {
    FIRST_GAP.saturating_mul(1 << attempt.min(10))
}

/// Reconciliations that bring nothing new are further and further apart: as far as the first one was ago, but never sooner
/// than Azure asked for. In the end the handshake is blocked.
pub(super) fn paced(
    record: &mut Record,
    phase: Phase,
    reasons: Vec<Reason>,
    requeue_after: Option<Duration>,
    now: OffsetDateTime,
) -> (Phase, Vec<Reason>, Option<Duration>) {
    let Some(soonest) = requeue_after else {
        record.looking_since = None;
        return (phase, reasons, None);
    };
    let since = *record.looking_since.get_or_insert(now);
    let waited = now - since;
    if waited <= PATIENCE {
        let grown = Duration::try_from(waited).unwrap_or_default().min(LONGEST_GAP);
        return (phase, reasons, Some(soonest.max(grown)));
    }
    match phase {
        Phase::Waiting | Phase::Completing => (Phase::Blocked, vec![overdue(since, &reasons)], None),
        Phase::Connected | Phase::Refused | Phase::Blocked | Phase::Broken | Phase::Closed => {
            (phase, reasons, None)
        }
    }
}

fn overdue(since: OffsetDateTime, reasons: &[Reason]) -> Reason {
    let what = sentence(Phase::Waiting, reasons);
    let since = since.replace_nanosecond(0).unwrap_or(since);
    let message = format!("this has not changed since {since}, for longer than an hour: {what}");
    let fix = "look into the activity log of the resource group for what Azure is doing, then run \
               `peerpact request recheck`; an event or a sweep that shows a change goes on by itself";
    Reason::new(Code::Overdue, message).fixed_by(fix)
}

/// A phase and its reasons, in a sentence.
pub(super) fn sentence(phase: Phase, reasons: &[Reason]) -> String {
    let reasons: Vec<&str> = reasons.iter().map(|reason| reason.message.as_str()).collect();
    if reasons.is_empty() { phase.to_string() } else { format!("{phase}: {}", reasons.join("; ")) }
}
