//! `StatusSweep`: the timer's look at everything that events may have missed.

use super::{SWEEP_BOUND, line};
use crate::arm::Deadline;
use crate::host::{Fault, InvocationId, Reply};
use crate::ledger::{Cause, CauseKind};
use crate::reconcile::Reconciler;

pub(super) async fn run(reconciler: &Reconciler, invocation: &InvocationId) -> Result<Reply, Fault> {
    let until = Deadline::after(&reconciler.clock, SWEEP_BOUND);
    let cause = Cause { kind: CauseKind::Sweep, id: invocation.to_string() };
    let swept = reconciler.sweep(&cause, until).await.map_err(Fault::ours)?;
    for trouble in &swept.troubles {
        tracing::warn!("{trouble}");
    }
    let summary = format!("looked at {} handshakes, {} needed a pass", swept.seen, swept.reports.len());
    let lines = swept.reports.iter().map(line).chain(swept.troubles);
    Ok(lines.fold(Reply::done().log(summary), Reply::log))
}
