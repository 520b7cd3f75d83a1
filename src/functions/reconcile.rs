//! `Reconcile`: one pass for what a notice names.

use super::PASS_BOUND;
use super::hold::{MESSAGE_HELD, held};
use crate::arm::Deadline;
use crate::host::{Fault, QueueMessage, Reply};
use crate::reconcile::{Acted, Notice, Reconciler, Report};

/// A message that is no notice is a defect, ours or that of whoever put it there: it fails, and so ends among the dead
/// letters, where it can be looked at.
pub(super) async fn run(reconciler: &Reconciler, message: &QueueMessage) -> Result<Reply, Fault> {
    let notice = Notice::read(&message.body).map_err(Fault::ours)?;
    let act = || reconciler.act(&notice, Deadline::after(&reconciler.clock, PASS_BOUND));
    let acted = held(reconciler.clock, MESSAGE_HELD, act).await.map_err(Fault::ours)?;
    for trouble in &acted.troubles {
        tracing::warn!(ticket = %notice.ticket, fix = trouble.fix.as_deref(), "{trouble}");
    }
    Ok(told(&acted).into_iter().fold(Reply::done(), Reply::log))
}

fn told(acted: &Acted) -> Vec<String> {
    if acted.superseded {
        return vec!["another notice has taken the place of this one".to_owned()];
    }
    let looks = acted.looks.iter().map(|looked| line(&looked.report));
    let troubles = acted.troubles.iter().map(ToString::to_string);
    let put_off = acted.put_off.iter().map(|why| format!("put off: {why}"));
    looks.chain(troubles).chain(put_off).collect()
}

/// What a pass came to, as a line in the app's log.
fn line(report: &Report) -> String {
    match report {
        Report::Settled { id, phase, reasons, .. } => {
            let reasons: Vec<&str> = reasons.iter().map(|reason| reason.message.as_str()).collect();
            format!("handshake {id} is {phase}: {}", reasons.join("; "))
        }
        Report::Held { .. } => "nobody is to look at the handshake now; it is looked at again".to_owned(),
        Report::Nothing => "there is no such handshake".to_owned(),
    }
}
