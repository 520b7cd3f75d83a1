//! `StatusSweep`: the timer's comparison of everything that events may have missed.

use std::time::Duration;

use crate::arm::Deadline;
use crate::handshake::trouble::Trouble;
use crate::host::{Fault, InvocationId, Reply};
use crate::ledger::{Cause, CauseKind};
use crate::reconcile::Controller;

/// How long `StatusSweep` goes on; the Functions host restarts us where a function takes longer than 10 minutes.
const SWEEP_BOUND: Duration = Duration::from_secs(240);

/// Every tick has work items of its own, even where the host gives no id.
pub(super) fn cause(controller: &Controller, invocation: &InvocationId) -> Cause {
    let id = format!("{invocation} {}", controller.reconciler.clock.now().unix_timestamp());
    Cause { kind: CauseKind::Sweep, id }
}

pub(super) async fn run(controller: &Controller, cause: &Cause) -> Result<Reply, Fault> {
    let until = Deadline::after(&controller.reconciler.clock, SWEEP_BOUND);
    let swept = controller.sweep(cause, until).await.map_err(Fault::ours)?;
    for trouble in &swept.troubles {
        tracing::warn!(fix = trouble.fix.as_deref(), "{trouble}");
    }
    if swept.blind {
        return Err(Fault::ours(Blind::of(&swept.troubles)));
    }
    let summary = format!(
        "compared {} handshakes, {} are to be reconciled; sent {} outcomes",
        swept.seen, swept.enqueued, swept.sent
    );
    let troubles = swept.troubles.iter().map(ToString::to_string);
    Ok(troubles.fold(Reply::done().log(summary), Reply::log))
}

/// Not one list could be had, so that nothing is known to be as it is on record.
#[derive(Debug, thiserror::Error)]
#[error("nothing could be read: {why}; fix: {fix}")]
struct Blind {
    why: String,
    fix: String,
}

impl Blind {
    fn of(troubles: &[Trouble]) -> Self {
        let why = troubles.first().map_or_else(
            || "our application may see none of what the agreements name".to_owned(),
            |trouble| match troubles.len() - 1 {
                0 => trouble.message.clone(),
                more => format!("{}, and {more} more", trouble.message),
            },
        );
        let fix = troubles.iter().find_map(|trouble| trouble.fix.clone());
        let fix = fix.unwrap_or_else(|| {
            "wait if Azure is out of order; else check the app's network and its settings for Azure"
                .to_owned()
        });
        Self { why, fix }
    }
}
