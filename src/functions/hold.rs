//! Holding on to an invocation while something is away that heals.
//!
//! The Functions host gives a message that failed back at once, and Service Bus buries it after ten deliveries. So what
//! fails because the ledger or the queue is away is tried again here, and fails only if that goes on: ten deliveries
//! then take longer than an hour.

use std::time::Duration;

use crate::clock::Clock;
use crate::ledger::LedgerError;
use crate::reconcile::ReconcileError;

/// How long a message is held on to. The host's `functionTimeout`, after which it restarts this process, is ten minutes,
/// and a try may take more than one.
pub const MESSAGE_HELD: Duration = Duration::from_secs(480);
/// How long an event of Event Grid is held on to: it repeats one that failed for a day, and waits 30 s for an answer.
pub const EVENT_HELD: Duration = Duration::from_secs(20);

/// The first of the gaps between tries; each is twice the one before.
const FIRST_GAP: Duration = Duration::from_secs(1);
/// No gap is longer.
const LONGEST_GAP: Duration = Duration::from_secs(30);

/// Tries until it works, fails for good, or would be tried later than `most` after the first try. Tries must be
/// repeatable as a whole.
pub(super) async fn held<T, F>(
    clock: Clock,
    most: Duration,
    mut attempt: impl FnMut() -> F + Send,
) -> Result<T, ReconcileError>
where
    F: Future<Output = Result<T, ReconcileError>> + Send,
{
    let until = clock.instant() + most;
    let mut gap = FIRST_GAP;
    loop {
        match attempt().await {
            Err(error) if heals(&error) && clock.instant() + gap <= until => {
                tracing::warn!(%error, cause = cause(&error), gap_s = gap.as_secs(), "this is tried again");
                tokio::time::sleep(gap).await;
                gap = (gap * 2).min(LONGEST_GAP);
            }
            outcome => return outcome,
        }
    }
}

/// Whether it may work later although nothing is changed in the message or in this program.
fn heals(error: &ReconcileError) -> bool {
    match error {
        ReconcileError::Ledger(
            LedgerError::Conflict(_)
            | LedgerError::Open { .. }
            | LedgerError::Locked { .. }
            | LedgerError::Slow { .. }
            | LedgerError::Database(_),
        )
        | ReconcileError::Queue(_)
        | ReconcileError::Azure(_) => true,
        ReconcileError::Ledger(LedgerError::Ended | LedgerError::Format(_))
        | ReconcileError::Defect(_)
        | ReconcileError::Message(_)
        | ReconcileError::UnknownKind(_) => false,
    }
}

fn cause(error: &ReconcileError) -> Option<String> {
    std::error::Error::source(error).map(ToString::to_string)
}
