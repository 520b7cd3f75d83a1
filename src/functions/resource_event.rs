//! `ResourceEvent` and `RelayedResourceEvent`: somebody wrote or deleted a resource. Whatever there is to look at goes into
//! the queue, so that nothing depends on how long this invocation lives.

use std::time::Duration;

use serde_json::Value;

use super::event::UnverifiedEvent;
use super::hold::{EVENT_HELD, MESSAGE_HELD, held};
use crate::host::{Fault, JsonObject, QueueMessage, Reply};
use crate::ledger::{Cause, CauseKind};
use crate::reconcile::Reconciler;

pub(super) async fn run(reconciler: &Reconciler, events: Vec<JsonObject>) -> Result<Reply, Fault> {
    heard(reconciler, events, EVENT_HELD).await
}

async fn heard(reconciler: &Reconciler, events: Vec<JsonObject>, most: Duration) -> Result<Reply, Fault> {
    let mut hints = Vec::new();
    for event in events.into_iter().map(UnverifiedEvent::new) {
        if let Some(hint) = event.hint(reconciler.home, &reconciler.agreements) {
            hints.push((hint, Cause { kind: CauseKind::Event, id: event.id() }));
        }
    }
    let hear = || reconciler.hear(hints.clone());
    let heard = held(reconciler.clock, most, hear).await.map_err(Fault::ours)?;
    let reply = Reply::done().log(format!("{} of {} hints were new", heard.sent, heard.hints));
    Ok(match heard.left {
        0 => reply,
        left => reply.log(format!("{left} are left to the sweep: their budget of this minute is spent")),
    })
}

/// The same, for an event that came by queue: one a message, or an array of them.
pub(super) async fn relayed(reconciler: &Reconciler, message: &QueueMessage) -> Result<Reply, Fault> {
    let events = match message.json() {
        Ok(Value::Object(event)) => vec![event],
        Ok(Value::Array(events)) => events.into_iter().filter_map(object).collect(),
        Ok(_) => return Ok(useless("it is neither an event nor a list of events")),
        Err(error) => return Ok(useless(&error.to_string())),
    };
    heard(reconciler, events, MESSAGE_HELD).await
}

fn object(value: Value) -> Option<JsonObject> {
    match value {
        Value::Object(event) => Some(event),
        _ => None,
    }
}

/// Who writes into this queue is the partner's Event Grid: what is no event is lost on us, and would be tomorrow.
fn useless(why: &str) -> Reply {
    tracing::warn!(why, "a message in the queue `resource-events` is no event; it is dropped");
    Reply::done().log(format!("this message is no event: {why}"))
}
