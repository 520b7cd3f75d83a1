//! The work queue: items on their way to `Reconcile`.
//!
//! # Guarantees
//! - An item that was sent is received at least once, not before it is due.
//! - The same item has the same message id, however often it is sent.
//!
//! # Caveats
//! Nothing keeps two items about one thing apart on their way. Whoever receives them tells from the ledger whether there
//! is still something to do: see [`claim`].

use std::sync::Arc;

use time::OffsetDateTime;

use super::backoff::SCHEDULED_AHEAD;
use super::error::ReconcileError;
use super::work_item::WorkItem;
use crate::ledger::{CauseKind, Next, Stored};
use crate::queue::{Message, Queue, Queues};

/// The largest number of items that are sent at a time.
const BATCH: usize = 100;
/// An item that was to be received and was not for this long counts as lost: another one may be sent.
pub(super) const ITEM_HOLDS: time::Duration = time::Duration::minutes(10);

/// The queue `reconcile`.
#[derive(Clone)]
pub struct WorkQueue {
    queues: Arc<dyn Queues>,
}

/// What is to be done about a received item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Claim {
    /// Reconcile.
    Due,
    /// It was done before, and the one that was to follow may not have been sent: send that.
    Resend(Next),
    /// Nothing: what it is about has been read since, or another item has taken its place.
    Superseded,
}

impl WorkQueue {
    /// Items go to these queues.
    #[must_use]
    pub fn new(queues: Arc<dyn Queues>) -> Self {
        Self { queues }
    }

    /// Puts items into the queue.
    ///
    /// # Errors
    /// The queue failed; the same items can be sent again.
    pub async fn enqueue(&self, items: &[WorkItem]) -> Result<(), ReconcileError> {
        for batch in items.chunks(BATCH) {
            let messages: Result<Vec<Message>, _> = batch.iter().map(WorkItem::message).collect();
            self.queues.send(Queue::Reconcile, &messages.map_err(ReconcileError::Message)?).await?;
        }
        Ok(())
    }
}

/// What is to be done about an item, as the record of its handshake tells. `is_owed` says that an answer is owed.
///
/// The handshake waits for what was requeued, by its id. Anything else is done if the halves were read after it was
/// known, and what came of that is on record.
pub(super) fn claim(item: &WorkItem, stored: Option<&Stored>, is_owed: bool, now: OffsetDateTime) -> Claim {
    let Some(stored) = stored else { return Claim::Due };
    let next = stored.progress.next.as_ref();
    if let Some(next) = next.filter(|next| next.after == item.id) {
        return Claim::Resend(next.clone());
    }
    let is_read = stored.progress.read_at.is_some_and(|at| item.at <= at && at <= now);
    let is_done = match item.cause.kind {
        CauseKind::FollowUp => next.is_none_or(|next| next.item != item.id),
        CauseKind::Sweep => is_read || is_waited_for(stored, now),
        CauseKind::Event | CauseKind::Request => is_read,
    };
    if is_done && !is_owed { Claim::Superseded } else { Claim::Due }
}

/// Whether an item that the handshake waits for is on its way.
pub(super) fn is_waited_for(stored: &Stored, now: OffsetDateTime) -> bool {
    let holds = |next: &Next| next.due > now - ITEM_HOLDS && next.due <= now + SCHEDULED_AHEAD;
    stored.progress.next.as_ref().is_some_and(holds)
}
