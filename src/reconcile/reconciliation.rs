//! Reconciling one handshake: at most one write.
//!
//! ```text
//! load record -> read both halves -> decide -> record the intent -> write -> read back -> record the outcome
//!                                          \-> nothing to do, wait, refuse, …
//! ```
//!
//! # Guarantees
//! - No write to Azure before its intent is on record, and never two that write for one handshake at a time: the intent is
//!   a compare-and-swap, and holds the handshake for at most [`LEASE`](crate::handshake::record::LEASE).
//! - It may be repeated, interrupted at any `.await` or run by both tenants at once: what it writes is derived from what is
//!   seen, so the next one ends in the same place.
//! - An outcome that is not known is read back, never assumed.
//!
//! # Caveats
//! It believes nothing but what it reads. It does not wait for the other tenant, nor for an operation that takes more than
//! a few seconds: an item in the work queue brings the next one, after a gap that grows.

use std::time::Duration;

use super::backoff::{LONGEST_GAP, paced, sentence};
use super::error::ReconcileError;
use super::outbox::outcomes;
use super::reconciler::{Reconciler, Report, Task};
use super::trigger::Trigger;
use super::work_item::WorkItem;
use crate::handshake::decision::{Decision, Verdict};
use crate::handshake::pair::Pair;
use crate::handshake::phase::Phase;
use crate::handshake::reason::Reason;
use crate::handshake::record::Record;
use crate::kinds::{Kind, Prefetched, View};
use crate::ledger::{Change, Line, Next, Outcome, Progress, Stored, Version};
use crate::public::Handshake;

/// An outcome carries the last lines of the history only: a message has a bounded size, a history does not.
const LINES_TOLD: usize = 20;

/// What a write takes besides the reads before it: itself, a poll, and both halves once more.
const WRITE_CALLS: u32 = 4;

impl Reconciler {
    /// Reconciles a handshake that stands in the ledger so, or not at all. `prefetched` spares reads of what was read just
    /// now.
    ///
    /// # Errors
    /// [`ReconcileError`]; the sweep comes back to the handshake.
    pub async fn reconcile(
        &self,
        pair: &Pair,
        stored: Option<Stored>,
        prefetched: Prefetched,
        task: &Task<'_>,
    ) -> Result<Report, ReconcileError> {
        if let Some(until) = stored.as_ref().and_then(|stored| stored.record.held(self.clock.now())) {
            return Ok(Report::Held { until: Some(until) });
        }
        let kind = self.kind(pair)?;
        let record = stored.as_ref().map(|stored| &stored.record);
        let view = kind.read(&self.observer(), pair, record, prefetched, task.until).await?;
        let now = self.clock.now();
        let decision = view.decide(record, &self.agreements, now);
        let seen = view.halves();
        let is_over = matches!(decision.verdict, Verdict::Rest { phase: Phase::Closed, .. }) && !seen.any();
        let mut reconciliation = match stored {
            Some(stored) => Reconciliation::resume(self, kind, task, stored),
            None if is_over => return Ok(Report::Nothing),
            None => Reconciliation::begin(self, kind, task, Record::new(pair, self.home, now)),
        };
        reconciliation.see(&*view, &decision);
        let write = match decision.verdict {
            Verdict::Confirm(after) => return reconciliation.confirm(after).await,
            Verdict::Rest { phase, reasons, requeue_after } => {
                return reconciliation.settle(phase, reasons, requeue_after).await;
            }
            Verdict::Undo { write, reasons } => {
                reconciliation.record_breach(reasons).await?;
                write
            }
            Verdict::Write(write) => write,
        };
        task.payer.into_iter().for_each(|payer| self.events.charge(payer, WRITE_CALLS));
        reconciliation.write(&*view, &write).await
    }
}

/// One under way: the record as it is to be written, and what it was when it was read.
pub(super) struct Reconciliation<'a> {
    pub(super) reconciler: &'a Reconciler,
    pub(super) kind: &'a dyn Kind,
    pub(super) task: &'a Task<'a>,
    pub(super) record: Record,
    before: Option<Record>,
    pub(super) version: Version,
    /// The lines of its history that are known: all of them, where it was new.
    lines: Option<Vec<Line>>,
    is_whole: bool,
    outcomes: Vec<Outcome>,
    /// Why our half is being taken down or cut down, if it is: reported along with whatever keeps that from being done.
    pub(super) breach: Vec<Reason>,
}

impl<'a> Reconciliation<'a> {
    pub(super) fn begin(
        reconciler: &'a Reconciler,
        kind: &'a dyn Kind,
        task: &'a Task<'a>,
        record: Record,
    ) -> Self {
        Self {
            reconciler,
            kind,
            task,
            record,
            before: None,
            version: Version::ABSENT,
            lines: Some(Vec::new()),
            is_whole: false,
            outcomes: Vec::new(),
            breach: Vec::new(),
        }
    }

    pub(super) fn resume(
        reconciler: &'a Reconciler,
        kind: &'a dyn Kind,
        task: &'a Task<'a>,
        stored: Stored,
    ) -> Self {
        let Stored { record, version, .. } = stored;
        let before = Some(record.clone());
        Self { before, version, lines: None, ..Self::begin(reconciler, kind, task, record) }
    }

    /// Keeps what was seen, and what the decision on it found out, whatever follows from it.
    pub(super) fn see(&mut self, view: &dyn View, decision: &Decision) {
        let now = self.reconciler.clock.now();
        self.is_whole = view.is_whole();
        self.record.see(&view.halves(), now);
        self.record.agreement.clone_from(&decision.agreement);
        if decision.agreed.is_some() {
            self.record.agreed.clone_from(&decision.agreed);
            self.record.undone = None;
        }
        if let Verdict::Undo { reasons, .. } = &decision.verdict {
            self.record.undone = reasons.first().cloned();
        }
        let seen = self.record.end_seen_at.filter(|at| *at <= now).unwrap_or(now);
        self.record.end_seen_at = matches!(decision.verdict, Verdict::Confirm(_)).then_some(seen);
        if decision.opened && matches!(decision.verdict, Verdict::Rest { .. }) {
            self.record.opened();
        }
    }

    /// Records that one read found nothing left, and sends nothing: the handshake stays what it was until another says so.
    pub(super) async fn confirm(mut self, after: Duration) -> Result<Report, ReconcileError> {
        self.record.held_until = None;
        let what = "was not found; another read has to say the same".to_owned();
        self.end(what, Some(after), false).await?;
        let Record { id, phase, reasons, .. } = self.record;
        Ok(Report::Settled { id, phase, reasons, requeue_after: Some(after), outcomes: self.outcomes })
    }

    /// Records, with its outcome, that our half goes beyond what is agreed, before anything is done about it: whatever happens to
    /// this reconciliation, it is known.
    pub(super) async fn record_breach(&mut self, reasons: Vec<Reason>) -> Result<(), ReconcileError> {
        self.breach.clone_from(&reasons);
        let known = self.record.phase == Phase::Refused && self.record.reasons == reasons;
        if !known {
            self.record.settle(Phase::Refused, reasons, self.reconciler.clock.now())?;
            self.swap(sentence(Phase::Refused, &self.record.reasons), None).await?;
        }
        Ok(())
    }

    /// Records where the handshake stands, if that is anything new, and what is to be sent about it.
    pub(super) async fn settle(
        mut self,
        phase: Phase,
        reasons: Vec<Reason>,
        requeue_after: Option<Duration>,
    ) -> Result<Report, ReconcileError> {
        let now = self.reconciler.clock.now();
        let (phase, reasons, requeue_after) = paced(&mut self.record, phase, reasons, requeue_after, now);
        self.record.settle(phase, reasons, now)?;
        self.record.held_until = None;
        let what = sentence(phase, &self.record.reasons);
        self.end(what, requeue_after, true).await?;
        Ok(Report::Settled {
            id: self.record.id,
            phase,
            reasons: self.record.reasons,
            requeue_after,
            outcomes: self.outcomes,
        })
    }

    /// Writes the record, if it has changed or owes an answer, and in any case when it was read and what it waits for.
    async fn end(
        &mut self,
        what: String,
        requeue_after: Option<Duration>,
        sends: bool,
    ) -> Result<(), ReconcileError> {
        let progress = self.progress(requeue_after);
        let is_owed = sends && is_owed(&self.record);
        if self.before.as_ref() == Some(&self.record) && !is_owed {
            let (id, now) = (&self.record.id, self.reconciler.clock.now());
            return Ok(self
                .reconciler
                .ledger
                .note_progress(std::slice::from_ref(id), &progress, now)
                .await?);
        }
        if sends {
            return self.swap(what, Some(&progress)).await;
        }
        let line = self.line(what);
        self.commit(line, &[], Some(&progress)).await
    }

    fn progress(&self, requeue_after: Option<Duration>) -> Progress {
        let began = self.task.began;
        Progress {
            read_at: Some(began),
            checked_at: self.is_whole.then_some(began),
            next: requeue_after.and_then(|after| self.requeued(after)),
        }
    }

    fn requeued(&self, after: Duration) -> Option<Next> {
        let now = self.reconciler.clock.now();
        let trigger = Trigger::at(&self.record.pair());
        WorkItem::requeued(trigger, self.task.item, now, now + after.min(LONGEST_GAP)).expected()
    }

    /// Writes the record, a line of its history, and the outcomes that it owes.
    pub(super) async fn swap(
        &mut self,
        what: String,
        progress: Option<&Progress>,
    ) -> Result<(), ReconcileError> {
        let line = self.line(what);
        let outcomes = self.owed(&line).await?;
        self.commit(line, &outcomes, progress).await?;
        self.outcomes.extend(outcomes);
        Ok(())
    }

    fn line(&mut self, what: String) -> Line {
        let now = self.reconciler.clock.now();
        self.record.updated_at = now;
        Line { at: now, what, cause: self.task.cause.clone() }
    }

    async fn commit(
        &mut self,
        line: Line,
        outcomes: &[Outcome],
        progress: Option<&Progress>,
    ) -> Result<(), ReconcileError> {
        tracing::info!(handshake = %self.record.id, phase = %self.record.phase, "{}", line.what);
        let change = Change { record: &self.record, line: &line, request: None, outcomes, progress };
        self.version = self.reconciler.ledger.commit(&change, self.version).await?;
        self.before = Some(self.record.clone());
        if let Some(lines) = &mut self.lines {
            lines.push(line);
        }
        Ok(())
    }

    /// What is to be sent once `self.record` is written with this line: that it reached a final phase, or stands in one
    /// that somebody asked about.
    async fn owed(&mut self, line: &Line) -> Result<Vec<Outcome>, ReconcileError> {
        let reached = self.before.as_ref().is_none_or(|before| before.phase != self.record.phase);
        if !self.record.phase.is_final() || (!reached && self.record.asked.is_empty()) {
            return Ok(Vec::new());
        }
        let asked = std::mem::take(&mut self.record.asked);
        let mut history = match &self.lines {
            Some(lines) => lines.clone(),
            None => self.reconciler.ledger.history(&self.record.id).await?,
        };
        history.push(line.clone());
        history.drain(..history.len().saturating_sub(LINES_TOLD));
        let shown = Handshake { checked_at: Some(line.at), ..Handshake::new(self.record.clone(), history) };
        outcomes(&format!("{}-{}", self.record.id, self.version.next().number()), &self.record, &shown, asked)
    }
}

/// Whether a record owes an outcome: somebody asked, and it stands in a final phase.
pub(super) fn is_owed(record: &Record) -> bool {
    record.phase.is_final() && !record.asked.is_empty()
}
