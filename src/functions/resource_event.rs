//! `ResourceEvent`: somebody wrote or deleted a resource. The passes are made in place, within a bound; what needs
//! longer is left to the sweep.

use super::event::UnverifiedEvent;
use super::{EVENT_BOUND, line, told};
use crate::arm::Deadline;
use crate::host::{Fault, JsonObject, Reply};
use crate::ledger::{Cause, CauseKind};
use crate::reconcile::Reconciler;

pub(super) async fn run(reconciler: &Reconciler, events: Vec<JsonObject>) -> Result<Reply, Fault> {
    let until = Deadline::after(&reconciler.clock, EVENT_BOUND);
    let mut reply = Reply::done();
    for event in events.into_iter().map(UnverifiedEvent::new) {
        let Some(hint) = event.hint(reconciler.home, &reconciler.agreements) else { continue };
        let cause = Cause { kind: CauseKind::Event, id: event.id() };
        match reconciler.follow(&hint, &cause, until).await {
            Ok(followed) => {
                if let Some(reason) = &followed.unreadable {
                    tracing::warn!(event = %cause.id, fix = reason.fix.as_deref(), "{reason}");
                }
                let unreadable = followed.unreadable.iter().map(ToString::to_string);
                reply = followed.reports.iter().map(line).chain(unreadable).fold(reply, Reply::log);
            }
            Err(error) => {
                tracing::warn!(event = %cause.id, %error, "an event could not be followed");
                reply = reply.log(told(error)?);
            }
        }
    }
    Ok(reply)
}
