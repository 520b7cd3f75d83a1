//! The work queue: items on their way to `Reconcile`.
//!
//! # Guarantees
//! - An item that was sent is received at least once, not before it is due.
//! - The same item has the same message id, however often it is sent.
//!
//! # Caveats
//! Nothing keeps two items about one thing apart on their way. Whoever receives them sees in the ledger whether there
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

/// What is to be done about an item, by the record of its handshake. `is_owed` says that an answer is owed.
///
/// The handshake waits for what was requeued, by its id. Anything else is done if the halves were read after it was
/// known, and what came of that is on record.
pub(super) fn claim(item: &WorkItem, stored: Option<&Stored>, is_owed: bool, now: OffsetDateTime) -> Claim {
    let Some(stored) = stored else { return Claim::Due };
    let next = stored.progress.next.as_ref();
    if let Some(next) = next.filter(|next| next.after == item.id) {
        return Claim::Resend(next.clone());
    }
    let is_read = stored.progress.read_at.is_some_and(|at| item.at < at && at <= now);
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

#[cfg(test)]
mod tests {
    use time::Duration;
    use time::macros::datetime;

    use super::*;
    use crate::handshake::ids::TenantId;
    use crate::handshake::record::Record;
    use crate::kinds::Kinds;
    use crate::ledger::{Cause, Progress, Version};
    use crate::reconcile::Trigger;

    const NOW: OffsetDateTime = datetime!(2026-03-01 12:00 UTC);

    fn seconds(count: i64) -> OffsetDateTime {
        NOW + Duration::seconds(count)
    }

    fn trigger() -> Trigger {
        Trigger::at(&stored(Progress::default()).record.pair())
    }

    /// An item that was made so many seconds from now, for this reason.
    fn item(kind: CauseKind, at: i64) -> WorkItem {
        WorkItem::new(trigger(), Cause { kind, id: format!("{at}") }, seconds(at))
    }

    /// What is requeued after this item, so many seconds from now.
    fn after(parent: &WorkItem, due: i64) -> WorkItem {
        WorkItem::requeued(trigger(), &parent.id, NOW, seconds(due))
    }

    fn stored(progress: Progress) -> Stored {
        let network = |name: &str| {
            let group = "/subscriptions/dec492d3-4f4e-493b-aa47-7bdf2f96a6fc/resourceGroups/rg";
            format!("{group}/providers/Microsoft.Network/virtualNetworks/{name}").parse().unwrap()
        };
        let nobody = TenantId::from(uuid::Uuid::nil());
        let kinds = Kinds::built_in();
        let pair = kinds.iter().find_map(|kind| kind.pair(&network("a"), &network("b"), nobody)).unwrap();
        Stored { record: Record::new(&pair, nobody, NOW), version: Version::ABSENT.next(), progress }
    }

    fn read(at: i64, next: Option<&WorkItem>) -> Stored {
        let next = next.and_then(WorkItem::expected);
        stored(Progress { read_at: Some(seconds(at)), checked_at: None, next })
    }

    fn claimed(item: &WorkItem, stored: &Stored) -> Claim {
        claim(item, Some(stored), false, NOW)
    }

    #[test]
    fn what_no_record_is_about_and_what_was_never_read_is_due() {
        for kind in [CauseKind::Event, CauseKind::Request, CauseKind::Sweep, CauseKind::FollowUp] {
            assert_eq!(claim(&item(kind, 0), None, false, NOW), Claim::Due);
        }
        for kind in [CauseKind::Event, CauseKind::Request, CauseKind::Sweep] {
            assert_eq!(claimed(&item(kind, 0), &stored(Progress::default())), Claim::Due);
        }
    }

    #[test]
    fn one_read_serves_everything_that_was_known_before_it_and_nothing_that_came_later() {
        for kind in [CauseKind::Event, CauseKind::Request, CauseKind::Sweep] {
            for (known, read_at, expected) in
                [(-9, -5, Claim::Superseded), (-5, -5, Claim::Due), (-4, -5, Claim::Due)]
            {
                assert_eq!(claimed(&item(kind, known), &read(read_at, None)), expected, "{kind:?}");
            }
        }
    }

    #[test]
    fn a_read_of_a_time_to_come_serves_nothing() {
        assert_eq!(claimed(&item(CauseKind::Event, -9), &read(60, None)), Claim::Due);
    }

    #[test]
    fn an_answer_that_is_owed_is_given_whatever_was_read() {
        let item = item(CauseKind::Request, -9);
        assert_eq!(claim(&item, Some(&read(-5, None)), true, NOW), Claim::Due);
    }

    #[test]
    fn of_what_was_requeued_only_the_last_is_due() {
        let first = after(&item(CauseKind::Event, -60), 0);
        let second = after(&item(CauseKind::Event, -30), 0);
        let waiting = read(-30, Some(&second));
        assert_eq!(claimed(&second, &waiting), Claim::Due);
        assert_eq!(claimed(&first, &waiting), Claim::Superseded);
        assert_eq!(claimed(&second, &read(-9, None)), Claim::Superseded, "the handshake rests");
    }

    #[test]
    fn an_item_that_comes_again_sends_what_was_to_follow_it_and_reads_nothing() {
        for kind in [CauseKind::Event, CauseKind::Request, CauseKind::Sweep, CauseKind::FollowUp] {
            let item = item(kind, -60);
            let next = after(&item, 30);
            let expected = Claim::Resend(next.expected().unwrap());
            assert_eq!(
                claimed(&item, &read(-30, Some(&next))),
                expected,
                "its sender may have been cut short"
            );
        }
    }

    #[test]
    fn the_sweep_does_not_break_into_a_wait_unless_its_item_is_lost_or_cannot_be() {
        let parent = item(CauseKind::Event, -900);
        let (longest, holds) = (SCHEDULED_AHEAD.whole_seconds(), ITEM_HOLDS.whole_seconds());
        for (due, expected) in [
            (longest, Claim::Superseded),
            (longest + 1, Claim::Due),
            (0, Claim::Superseded),
            (1 - holds, Claim::Superseded),
            (-holds, Claim::Due),
        ] {
            let waiting = read(-900, Some(&after(&parent, due)));
            assert_eq!(claimed(&item(CauseKind::Sweep, 0), &waiting), expected, "due in {due} s");
            assert_eq!(claimed(&item(CauseKind::Event, 0), &waiting), Claim::Due, "something has changed");
        }
    }

    #[test]
    fn the_same_item_has_one_id_and_what_follows_it_another() {
        let event = item(CauseKind::Event, 0);
        assert_eq!(item(CauseKind::Event, 0).id, event.id);
        assert_ne!(item(CauseKind::Sweep, 0).id, event.id);
        assert_eq!(event.put_off(NOW, std::time::Duration::from_secs(2)).id, event.id);
        assert_eq!(after(&event, 5).id, after(&event, 9).id);
        assert_ne!(after(&event, 5).id, event.id);
    }
}
