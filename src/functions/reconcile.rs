//! `Reconcile`: one reconciliation for each handshake that a work item is about.

use std::time::Duration;

use super::hold::{MESSAGE_HELD, held};
use crate::arm::Deadline;
use crate::host::{Fault, QueueMessage, Reply};
use crate::reconcile::{Controller, Processed, Report, WorkItem};

/// How long `Reconcile` takes over an item at most. It waits for nothing; this is for a slow network.
pub const RECONCILE_BOUND: Duration = Duration::from_secs(30);

/// A message that is no work item is a defect, ours or that of whoever put it there: it fails, and so ends among the dead
/// letters, where it can be examined.
pub(super) async fn run(controller: &Controller, message: &QueueMessage) -> Result<Reply, Fault> {
    let item = WorkItem::read(&message.body).map_err(Fault::ours)?;
    let clock = controller.reconciler.clock;
    let process = || controller.process(&item, Deadline::after(&clock, RECONCILE_BOUND));
    let processed = held(clock, MESSAGE_HELD, process).await.map_err(Fault::ours)?;
    for trouble in &processed.troubles {
        tracing::warn!(item = %item.id, fix = trouble.fix.as_deref(), "{trouble}");
    }
    Ok(lines(&processed).into_iter().fold(Reply::done(), Reply::log))
}

fn lines(processed: &Processed) -> Vec<String> {
    if processed.superseded {
        return vec![
            "what this is about has been read since, or another item has taken its place".to_owned(),
        ];
    }
    let lines = processed.reconciled.iter().map(|reconciled| line(&reconciled.report));
    let troubles = processed.troubles.iter().map(ToString::to_string);
    let put_off = processed.put_off.iter().map(|why| format!("put off: {why}"));
    lines.chain(troubles).chain(put_off).collect()
}

/// What a reconciliation came to, as a line in the app's log.
fn line(report: &Report) -> String {
    match report {
        Report::Settled { id, phase, reasons, .. } => {
            let reasons: Vec<&str> = reasons.iter().map(|reason| reason.message.as_str()).collect();
            format!("handshake {id} is {phase}: {}", reasons.join("; "))
        }
        Report::Held { .. } => "the handshake is held now; it is reconciled later".to_owned(),
        Report::Nothing => "there is no such handshake".to_owned(),
    }
}
