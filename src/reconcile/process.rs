//! Processing a work item: one reconciliation for each handshake that it is about, and then items for whatever has to be
//! reconciled again. Nothing here waits: what takes time comes back through the queue.

use std::time::Duration;

use time::OffsetDateTime;

use super::backoff::{ATTEMPTS, LONGEST_GAP, gap};
use super::budget::Bill;
use super::controller::Controller;
use super::error::ReconcileError;
use super::reconciler::{Report, Task};
use super::reconciliation::is_owed;
use super::requests::Reads;
use super::trigger::Trigger;
use super::work_item::WorkItem;
use super::work_queue::{Claim, claim};
use crate::arm::{ArmError, Class, Deadline};
use crate::handshake::pair::Pair;
use crate::handshake::reason::Reason;
use crate::handshake::resource_id::ResourceId;
use crate::kinds::{Prefetched, Resolved, grants};
use crate::ledger::{LedgerError, Stored};

/// What a reconciliation takes at most where nothing is written.
const READ_CALLS: u32 = 2;

/// What came of a work item.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Processed {
    /// The reconciliations that were made.
    pub reconciled: Vec<Reconciled>,
    /// What the item is about has been read since it was known, or another item has taken its place.
    pub superseded: bool,
    /// What kept us from finding out which handshake is meant, or from reading it.
    pub troubles: Vec<Reason>,
    /// Why nothing, or not everything, could be read: it is tried again, or left to the sweep.
    pub put_off: Option<String>,
}

/// A reconciliation that was made.
#[derive(Clone, Debug, PartialEq)]
pub struct Reconciled {
    /// What was reconciled.
    pub pair: Pair,
    /// How it ended.
    pub report: Report,
}

/// An item under way.
struct Work<'a> {
    item: &'a WorkItem,
    began: OffsetDateTime,
    until: Deadline,
    bill: Option<Bill>,
    processed: Processed,
    /// Something was not read, since the event's budget is spent.
    unpaid: bool,
    /// The same item comes again.
    is_put_off: bool,
}

impl Controller {
    /// Processes an item, and sends what is pending. Whatever has to be reconciled again is in the queue on return, so
    /// that the item itself is done.
    ///
    /// # Errors
    /// The ledger or the queue failed, or this program has a defect: the item has to be delivered again.
    pub async fn process(&self, item: &WorkItem, until: Deadline) -> Result<Processed, ReconcileError> {
        let now = self.reconciler.clock.now();
        let item = &item.as_believed(now);
        if let Some(later) = item.early(now) {
            self.work_queue.enqueue(&[later]).await?;
            let why = "Service Bus delivered this before it was due by our clock".to_owned();
            return Ok(Processed { put_off: Some(why), ..Processed::default() });
        }
        let processed = Processed::default();
        let mut work =
            Work { item, began: now, until, bill: None, processed, unpaid: false, is_put_off: false };
        match self.resolve(&mut work).await {
            Ok(()) => {}
            Err(ReconcileError::Azure(error)) => {
                self.put_off(&mut work, wait_asked_for(&error)).await?;
                work.processed.put_off = Some(error.to_string());
            }
            Err(error) => return Err(error),
        }
        let mut processed = work.processed;
        processed.superseded &= processed.reconciled.is_empty() && processed.put_off.is_none();
        if work.unpaid {
            let why =
                "left to the sweep: events about these resources have spent their budget of this minute";
            processed.put_off = Some(why.to_owned());
        }
        if let Err(error) = self.outbox.send().await {
            tracing::warn!(%error, "outcomes could not be sent; the next item or sweep sends them");
        }
        Ok(processed)
    }

    /// Finds the handshakes that an item is about, and reconciles each.
    ///
    /// A trigger about a subscription or management group that no agreement names costs no call.
    async fn resolve(&self, work: &mut Work<'_>) -> Result<(), ReconcileError> {
        match &work.item.trigger {
            Trigger::Half { half, written, .. } => self.resolve_half(half, *written, work).await,
            Trigger::Resource(resource) => self.resolve_resource(resource, work).await,
            Trigger::Handshake { ours, theirs } => self.resolve_pair(ours, theirs, work).await,
            Trigger::Request(id) => self.resolve_request(id, Reads::First(work.until)).await,
            Trigger::RequestAgain(id) => self.resolve_request(id, Reads::Second(work.until)).await,
        }
    }

    /// The agreements say whose the two ends are; where they do not any more, the record does.
    async fn resolve_pair(
        &self,
        ours: &ResourceId,
        theirs: &ResourceId,
        work: &mut Work<'_>,
    ) -> Result<(), ReconcileError> {
        let (reconciler, thorough) =
            (&self.reconciler, Prefetched { thorough: true, ..Prefetched::default() });
        if let Some(pair) = reconciler.kinds.pair(ours, theirs, &reconciler.agreements) {
            let stored = reconciler.ledger.load(&pair.id()).await?;
            return self.reconcile(pair, stored, thorough, work).await;
        }
        let known = reconciler.ledger.of_resource(ours).await?.into_iter();
        match known.map(|stored| (stored.record.pair(), stored)).find(|(pair, _)| pair.theirs() == theirs) {
            Some((pair, stored)) => self.reconcile(pair, Some(stored), thorough, work).await,
            None => Ok(()),
        }
    }

    async fn resolve_resource(
        &self,
        resource: &ResourceId,
        work: &mut Work<'_>,
    ) -> Result<(), ReconcileError> {
        let reconciler = &self.reconciler;
        let mut touched = reconciler.on_record(&work.item.trigger).await?;
        work.bill = reconciler.bill(&work.item.trigger, &touched);
        for kind in reconciler.kinds.iter() {
            for end in kind.concerned(resource, &reconciler.agreements) {
                touched.extend(reconciler.ledger.of_resource(&end).await?);
            }
        }
        for stored in touched {
            let thorough = Prefetched { thorough: true, ..Prefetched::default() };
            self.reconcile(stored.record.pair(), Some(stored), thorough, work).await?;
        }
        Ok(())
    }

    async fn resolve_half(
        &self,
        half: &ResourceId,
        written: bool,
        work: &mut Work<'_>,
    ) -> Result<(), ReconcileError> {
        let reconciler = &self.reconciler;
        let known = reconciler.on_record(&work.item.trigger).await?;
        work.bill = reconciler.bill(&work.item.trigger, &known);
        if reconciler.is_echo(&work.item.trigger, &known) {
            return Ok(());
        }
        let is_known = !known.is_empty();
        for stored in known {
            let prefetched = Prefetched { announced: written, ..Prefetched::default() };
            self.reconcile(stored.record.pair(), Some(stored), prefetched, work).await?;
        }
        // A half on record may have been removed and made again under the same name, towards another resource.
        if is_known && !(written && self.has_moved(half, work).await?) {
            return Ok(());
        }
        // It may be made up.
        if !reconciler.pays(work.bill.map(|bill| Bill { known: false, ..bill }), 1) {
            work.unpaid = true;
            return Ok(());
        }
        let Some(kind) = reconciler.kinds.of_half(half) else { return Ok(()) };
        match kind.resolve(&reconciler.observer(), half, written, work.until).await? {
            Resolved::Pairs(pairs) => {
                for (pair, prefetched) in pairs {
                    let stored = reconciler.ledger.load(&pair.id()).await?;
                    self.reconcile(pair, stored, prefetched, work).await?;
                }
            }
            Resolved::Unreadable(denial) => {
                work.processed.troubles.push(grants::access_missing(&denial, &reconciler.agreements));
            }
        }
        Ok(())
    }

    /// Whether a half that was just reconciled is not where its record had it. What was not read says nothing.
    async fn has_moved(&self, half: &ResourceId, work: &Work<'_>) -> Result<bool, LedgerError> {
        if work.processed.reconciled.is_empty() {
            return Ok(false);
        }
        let known = self.reconciler.ledger.of_half(half).await?;
        Ok(!known.iter().any(|stored| stored.record.shows(half)))
    }

    /// One reconciliation, whose record was perhaps changed meanwhile by somebody else: what they do not see yet, the next
    /// does.
    async fn reconcile(
        &self,
        pair: Pair,
        stored: Option<Stored>,
        prefetched: Prefetched,
        work: &mut Work<'_>,
    ) -> Result<(), ReconcileError> {
        let reconciler = &self.reconciler;
        let owed = stored.as_ref().is_some_and(|stored| is_owed(&stored.record));
        match claim(work.item, stored.as_ref(), owed, reconciler.clock.now()) {
            Claim::Due => {}
            Claim::Resend(next) => {
                work.processed.superseded = true;
                return self.requeue(&pair, work.item, next.due).await;
            }
            Claim::Superseded => {
                work.processed.superseded = true;
                return Ok(());
            }
        }
        let bill = work.bill.map(|bill| Bill { known: bill.known || prefetched.read.is_some(), ..bill });
        if !reconciler.pays(bill, READ_CALLS) {
            work.unpaid = true;
            return Ok(());
        }
        let task = Task {
            cause: &work.item.cause,
            item: &work.item.id,
            began: work.began,
            until: work.until,
            payer: bill.map(|bill| bill.payer),
        };
        let mut report = match reconciler.reconcile(&pair, stored, prefetched, &task).await {
            Err(ReconcileError::Ledger(LedgerError::Conflict(_))) => Report::Held { until: None },
            other => other?,
        };
        self.follow_up(&pair, &mut report, work).await?;
        work.processed.reconciled.push(Reconciled { pair, report });
        Ok(())
    }

    /// Has reconciled again what is to be, and sends what is pending.
    async fn follow_up(
        &self,
        pair: &Pair,
        report: &mut Report,
        work: &mut Work<'_>,
    ) -> Result<(), ReconcileError> {
        let now = self.reconciler.clock.now();
        match report {
            Report::Settled { requeue_after, outcomes, .. } => {
                self.outbox.add(std::mem::take(outcomes)).await;
                match requeue_after {
                    Some(after) => self.requeue(pair, work.item, now + (*after).min(LONGEST_GAP)).await,
                    None => Ok(()),
                }
            }
            Report::Held { until } => {
                let left = until.map(|until| Duration::try_from(until - now).unwrap_or_default());
                self.put_off(work, left).await
            }
            Report::Nothing => Ok(()),
        }
    }

    /// Sends the item that the handshake waits for after this one.
    async fn requeue(
        &self,
        pair: &Pair,
        parent: &WorkItem,
        due: OffsetDateTime,
    ) -> Result<(), ReconcileError> {
        let now = self.reconciler.clock.now();
        let next = WorkItem::requeued(Trigger::at(pair), &parent.id, now, due);
        self.work_queue.enqueue(&[next]).await
    }

    /// The same item again, later: once, however many of its handshakes want it.
    async fn put_off(&self, work: &mut Work<'_>, asked: Option<Duration>) -> Result<(), ReconcileError> {
        let item = work.item;
        if std::mem::replace(&mut work.is_put_off, true) {
            return Ok(());
        }
        if item.attempt >= ATTEMPTS {
            tracing::error!(item = %item.trigger.key(), "given up after {ATTEMPTS} attempts; the sweep goes on");
            return Ok(());
        }
        let after = gap(item.attempt).max(asked.unwrap_or_default()).min(LONGEST_GAP);
        let later = item.put_off(self.reconciler.clock.now(), after);
        self.work_queue.enqueue(&[later]).await
    }
}

fn wait_asked_for(error: &ArmError) -> Option<Duration> {
    match error.class() {
        Class::Throttled { after } | Class::Busy { after } | Class::Unavailable { after } => after,
        Class::Denied(_) | Class::Refused(_) | Class::NotFound | Class::Malformed => None,
    }
}
