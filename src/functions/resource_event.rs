//! `ResourceEvent` and `RelayedResourceEvent`: somebody wrote or deleted a resource. What is to be reconciled goes into
//! the queue, so that nothing depends on how long this invocation lives.

use std::time::Duration;

use serde_json::Value;

use super::event::UnverifiedEvent;
use super::hold::{EVENT_HELD, MESSAGE_HELD, held};
use crate::host::{Fault, JsonObject, QueueMessage, Reply};
use crate::ledger::{Cause, CauseKind};
use crate::reconcile::{Controller, Reconciler};

pub(super) async fn run(controller: &Controller, events: Vec<JsonObject>) -> Result<Reply, Fault> {
    accept(controller, events, EVENT_HELD).await
}

async fn accept(controller: &Controller, events: Vec<JsonObject>, most: Duration) -> Result<Reply, Fault> {
    let Reconciler { home, kinds, agreements, .. } = &controller.reconciler;
    let mut triggers = Vec::new();
    for event in events.into_iter().map(UnverifiedEvent::new) {
        if let Some(trigger) = event.trigger(*home, kinds, agreements) {
            triggers.push((trigger, Cause { kind: CauseKind::Event, id: event.id() }));
        }
    }
    let accept = || controller.accept(triggers.clone());
    let accepted = held(controller.reconciler.clock, most, accept).await.map_err(Fault::ours)?;
    let reply =
        Reply::done().log(format!("{} of {} triggers were enqueued", accepted.sent, accepted.triggers));
    Ok(match accepted.left {
        0 => reply,
        left => reply.log(format!("{left} are left to the sweep: their budget of this minute is spent")),
    })
}

/// The same, for an event that came by queue: one a message, or an array of them.
pub(super) async fn relayed(controller: &Controller, message: &QueueMessage) -> Result<Reply, Fault> {
    let events = match message.json() {
        Ok(Value::Object(event)) => vec![event],
        Ok(Value::Array(events)) => events.into_iter().filter_map(object).collect(),
        Ok(_) => return Ok(useless("it is neither an event nor a list of events")),
        Err(error) => return Ok(useless(&error.to_string())),
    };
    accept(controller, events, MESSAGE_HELD).await
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
