//! What a record makes of a decision, the same for every kind: a write that Azure refused is not sent again for a while,
//! and nothing is over on the word of one read.

use std::time::Duration;

use time::OffsetDateTime;

use super::decision::{Decision, Row, Verdict};
use super::phase::Phase;
use super::reason::Code;
use super::record::Record;

/// A write that Azure refused is not sent again for this long while nothing changes.
pub const REFUSAL_HOLDS: time::Duration = time::Duration::hours(1);
/// Two reads that say that a handshake is over are at least this far apart: Azure may answer one of them 404 for a
/// network that is there.
pub const SECOND_LOOK: Duration = Duration::from_secs(5);

/// Azure refused this very write a short while ago, and nothing has changed.
pub const HOLD_REFUSAL: Row = Row::new("HoldRefusal");

/// As far as one read can say it is over: another one has to say the same.
pub const END_UNCONFIRMED: Row = Row::new("EndUnconfirmed");

/// Azure's rules are about what was seen, so a refused write is the same refusal until something else is seen.
#[must_use]
pub fn hold_refusal(
    decision: Decision,
    fingerprint: impl FnOnce() -> String,
    record: Option<&Record>,
    now: OffsetDateTime,
) -> Decision {
    let Some((record, refusal)) = record.and_then(|record| Some((record, record.refusal.as_ref()?))) else {
        return decision;
    };
    let same = (now - refusal.at).abs() < REFUSAL_HOLDS && refusal.fingerprint == fingerprint();
    match (&decision.verdict, same && record.reasons.iter().any(|reason| reason.code == Code::AzureRefused)) {
        (Verdict::Write(_) | Verdict::Undo { .. }, true) => {
            let verdict =
                Verdict::Rest { phase: Phase::Blocked, reasons: record.reasons.clone(), requeue_after: None };
            Decision { row: HOLD_REFUSAL, verdict, ..decision }
        }
        (Verdict::Write(_) | Verdict::Undo { .. } | Verdict::Confirm(_) | Verdict::Rest { .. }, _) => {
            decision
        }
    }
}

/// Nothing that had begun is closed by one read, but for what we have just removed ourselves: the record stays as it is
/// until another read says the same.
#[must_use]
pub fn confirm_end(decision: Decision, record: Option<&Record>, now: OffsetDateTime) -> Decision {
    let ends = matches!(decision.verdict, Verdict::Rest { phase: Phase::Closed, .. });
    let open =
        |record: &&Record| record.phase != Phase::Closed && record.has_begun() && !record.is_removing();
    let Some(record) = record.filter(|_| ends).filter(open) else { return decision };
    if record.end_seen_at.is_some_and(|at| now - at >= SECOND_LOOK) {
        return decision;
    }
    Decision { row: END_UNCONFIRMED, verdict: Verdict::Confirm(SECOND_LOOK), ..decision }
}
