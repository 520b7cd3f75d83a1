//! `StatusSweep`: the timer's look at everything that events may have missed.

use super::SWEEP_BOUND;
use crate::arm::Deadline;
use crate::host::{Fault, InvocationId, Reply};
use crate::ledger::{Cause, CauseKind};
use crate::reconcile::Reconciler;

pub(super) async fn run(reconciler: &Reconciler, invocation: &InvocationId) -> Result<Reply, Fault> {
    let until = Deadline::after(&reconciler.clock, SWEEP_BOUND);
    // Every tick has notices of its own, even where the host gives no id.
    let id = format!("{invocation} {}", reconciler.clock.now().unix_timestamp());
    let cause = Cause { kind: CauseKind::Sweep, id };
    let swept = reconciler.sweep(&cause, until).await.map_err(Fault::ours)?;
    for trouble in &swept.troubles {
        tracing::warn!("{trouble}");
    }
    let summary = format!(
        "looked at {} handshakes, {} need a pass; told {} outcomes",
        swept.seen, swept.noticed, swept.told
    );
    Ok(swept.troubles.into_iter().fold(Reply::done().log(summary), Reply::log))
}
