//! The sweep: finds what events missed, and what raises none.
//!
//! It lists what the agreements name, decides on what the lists show, and sends a work item only where that differs from
//! the record and none is on its way. A quiet world costs the lists and nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::PoisonError;

use time::OffsetDateTime;

use super::controller::Controller;
use super::error::ReconcileError;
use super::reconciliation::is_owed;
use super::trigger::Trigger;
use super::work_item::WorkItem;
use super::work_queue::{ITEM_HOLDS, is_waited_for};
use crate::arm::Deadline;
use crate::handshake::decision::Verdict;
use crate::handshake::ids::HandshakeId;
use crate::handshake::pair::Pair;
use crate::handshake::phase::Phase;
use crate::handshake::trouble::Trouble;
use crate::kinds::{Attempts, Listed, Shown};
use crate::ledger::{Cause, Progress, Stored, SweepNote};

/// What is on record and not in the lists is read so often, to be sure of it.
const READ_AGAIN: time::Duration = time::Duration::minutes(10);

/// A request whose handshake is not found within this time has lost its item, or its item was given up.
const REQUEST_LOST: time::Duration = time::Duration::hours(1);
/// So many lost requests are sent again at a time.
const LOST_MAX: usize = 100;

/// What a sweep did.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Swept {
    /// How many handshakes were compared with the lists.
    pub seen: usize,
    /// How many of them are to be reconciled, and no item on its way will bring that.
    pub enqueued: usize,
    /// How many outcomes were pending and are sent.
    pub sent: usize,
    /// What could not be read, and why.
    pub troubles: Vec<Trouble>,
    /// There was something to list, and not one list could be had.
    pub blind: bool,
}

/// A pair to compare, with its record if it has one.
struct Candidate {
    pair: Pair,
    stored: Option<Stored>,
}

impl Controller {
    /// Compares every record that is not closed with everything of our own that belongs to a handshake, and with the
    /// partner's halves that the agreements name and we may read. Outcomes that are still pending are sent.
    ///
    /// # Errors
    /// The ledger or the queue failed. Trouble with one place is reported in [`Swept::troubles`], and the rest is done.
    pub async fn sweep(&self, cause: &Cause, until: Deadline) -> Result<Swept, ReconcileError> {
        let reconciler = &self.reconciler;
        let (began, observer) = (reconciler.clock.now(), reconciler.observer());
        let mut attempts = Attempts::default();
        let mut listed = Vec::new();
        for kind in reconciler.kinds.iter() {
            listed.push((kind.name(), kind.list(&observer, until, &mut attempts).await));
        }
        let Attempts { asked, had, troubles } = attempts;
        let mut swept = Swept { troubles, blind: asked > 0 && had == 0, ..Swept::default() };
        let (mut items, mut sent, mut compared) = (Vec::new(), Vec::new(), Vec::new());
        let now = reconciler.clock.now();
        for candidate in self.candidates(&listed).await? {
            swept.seen += 1;
            let list = listed.iter().find(|(kind, _)| kind == candidate.pair.kind());
            let record = candidate.stored.as_ref().map(|stored| &stored.record);
            let shown = list.map_or(Shown::Nothing, |(_, list)| {
                list.shown(&candidate.pair, record, &reconciler.agreements)
            });
            if candidate.stored.is_some() && shown.is_whole() {
                compared.push(candidate.pair.id());
            }
            if !self.is_settled(&candidate, shown) && !self.is_sent(&candidate, now) {
                items.push(WorkItem::new(Trigger::at(&candidate.pair), cause.clone(), now));
                sent.push((candidate.pair.id(), now));
            }
        }
        self.work_queue.enqueue(&items).await?;
        self.swept.lock().unwrap_or_else(PoisonError::into_inner).extend(sent);
        swept.enqueued = items.len();
        let progress = Progress { checked_at: Some(began), ..Progress::default() };
        reconciler.ledger.note_progress(&compared, &progress, now).await?;
        self.note(&swept).await?;
        reconciler.report_spent();
        swept.sent = self.outbox.send_all().await?;
        Ok(swept)
    }

    /// Sends items anew for requests that have waited for theirs for too long: it was taken out of the queue, or the queue
    /// was left behind. Returns how many.
    ///
    /// # Errors
    /// The ledger or the queue failed.
    pub async fn send_lost_requests(&self, cause: &Cause) -> Result<usize, ReconcileError> {
        let now = self.reconciler.clock.now();
        let lost = self.reconciler.ledger.pending_requests(now - REQUEST_LOST, LOST_MAX).await?;
        let item = |key| WorkItem::new(Trigger::Request(key), cause.clone(), now);
        let items: Vec<WorkItem> = lost.into_iter().map(item).collect();
        self.work_queue.enqueue(&items).await?;
        Ok(items.len())
    }

    /// Leaves what the sweep could do for whoever asks how fresh the ledger is.
    async fn note(&self, swept: &Swept) -> Result<(), ReconcileError> {
        let (at, ledger) = (self.reconciler.clock.now(), &self.reconciler.ledger);
        let before = if swept.blind { ledger.last_sweep().await? } else { None };
        let Swept { seen, enqueued, troubles, .. } = swept.clone();
        let listed_at = before.map_or(at, |before| before.listed_at.min(at));
        let note = SweepNote { at, seen, noticed: enqueued, troubles, listed_at };
        Ok(ledger.note_sweep(&note.bounded()).await?)
    }

    /// Records first, the longest unchanged before the others, so that nobody waits for ever behind a crowd.
    async fn candidates(&self, listed: &Lists) -> Result<Vec<Candidate>, ReconcileError> {
        let mut closed: BTreeMap<HandshakeId, Stored> = BTreeMap::new();
        let mut candidates: Vec<Candidate> = Vec::new();
        for stored in self.reconciler.ledger.list(None).await? {
            if self.reconciler.kinds.named(&stored.record.kind).is_none() {
                tracing::error!(handshake = %stored.record.id, "the kind of a record is not known to this version");
            } else if stored.record.phase == Phase::Closed {
                closed.insert(stored.record.id.clone(), stored);
            } else {
                candidates.push(Candidate { pair: stored.record.pair(), stored: Some(stored) });
            }
        }
        let mut known: BTreeSet<HandshakeId> =
            candidates.iter().map(|candidate| candidate.pair.id()).collect();
        for pair in listed.iter().flat_map(|(_, list)| list.pairs(&self.reconciler.agreements)) {
            if known.insert(pair.id()) {
                let stored = closed.remove(&pair.id());
                candidates.push(Candidate { pair, stored });
            }
        }
        Ok(candidates)
    }

    /// Whether the lists say what the record says, or an item is on its way, so that there is nothing to reconcile.
    fn is_settled(&self, candidate: &Candidate, shown: Shown) -> bool {
        let now = self.reconciler.clock.now();
        let Some(stored) = &candidate.stored else { return false };
        let record = &stored.record;
        if record.held(now).is_some() || is_waited_for(stored, now) {
            return true;
        }
        if is_owed(record) {
            return false;
        }
        let is_due = || stored.progress.checked_at.is_none_or(|at| (now - at).abs() >= READ_AGAIN);
        match shown {
            Shown::Whole(view) => match view.decide(Some(record), &self.reconciler.agreements, now).verdict {
                Verdict::Write(_) | Verdict::Undo { .. } | Verdict::Confirm(_) => false,
                Verdict::Rest { phase, reasons, .. } => {
                    phase == record.phase && (phase == Phase::Closed || reasons == record.reasons)
                }
            },
            Shown::Ours { state, beyond, sought, .. } => {
                // Gone, or out of sight: only a read can say.
                let read_again = sought && is_due();
                let consents = if beyond.is_empty() {
                    !record.reasons.iter().any(|reason| reason.code.is_breach())
                } else {
                    record.reasons == beyond
                };
                record.phase.is_final() && state == record.ours.state && consents && !read_again
            }
            // What is known not to be agreed to, and is in no list for that reason, is not read every minute.
            Shown::Nothing => {
                record.phase == Phase::Refused && !self.is_covered(&candidate.pair) && !is_due()
            }
            Shown::Unknown => record.phase.is_final(),
        }
    }

    fn is_covered(&self, pair: &Pair) -> bool {
        let kind = self.reconciler.kinds.named(pair.kind());
        kind.is_some_and(|kind| kind.is_covered(pair, &self.reconciler.agreements))
    }

    /// Whether an earlier sweep has sent an item about the same that is still to be received. One that was not received
    /// for long counts as lost.
    fn is_sent(&self, candidate: &Candidate, now: OffsetDateTime) -> bool {
        let read_at = candidate.stored.as_ref().and_then(|stored| stored.progress.read_at);
        let mut swept = self.swept.lock().unwrap_or_else(PoisonError::into_inner);
        swept.retain(|_, sent| *sent > now - ITEM_HOLDS && *sent <= now);
        swept.get(&candidate.pair.id()).is_some_and(|sent| read_at.is_none_or(|read| read < *sent))
    }
}

/// The lists of each kind.
type Lists = [(crate::handshake::kind_name::KindName, Box<dyn Listed>)];
