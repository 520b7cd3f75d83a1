//! Writing: the intent on record, the write, and where it leaves the handshake.

use std::time::Duration;

use uuid::Uuid;

use super::backoff::{LONGEST_GAP, SOON};
use super::error::ReconcileError;
use super::reconciler::Report;
use super::reconciliation::Reconciliation;
use crate::arm::{Class, Ended, WriteError};
use crate::azure::AzureFailure;
use crate::handshake::decision::Verdict;
use crate::handshake::intent::{Intent, Refusal};
use crate::handshake::phase::Phase;
use crate::handshake::reason::{Code, Reason};
use crate::handshake::record::LEASE;
use crate::handshake::step::Step;
use crate::handshake::write::Write;
use crate::kinds::{Prefetched, View, grants};

/// What becomes of a write that was sent.
type Sent = Result<Ended, WriteError>;

impl Reconciliation<'_> {
    /// Puts the write on record, sends it, and records what came of it. `before` is what was seen when it was decided on.
    pub(super) async fn write(mut self, before: &dyn View, write: &Write) -> Result<Report, ReconcileError> {
        let correlation = self.intend(write).await?;
        let (observer, pair) = (self.reconciler.observer(), before.pair());
        let sent = self.kind.write(&observer, &pair, write, correlation, self.task.until).await;
        self.conclude(before, write, sent).await
    }

    /// Puts on record what is about to be sent, and holds the handshake.
    async fn intend(&mut self, write: &Write) -> Result<Uuid, ReconcileError> {
        let now = self.reconciler.clock.now();
        let named = format!("{} {} {}", self.record.id, self.reconciler.home, self.version.next().number());
        let correlation = Uuid::new_v5(&Uuid::NAMESPACE_OID, named.as_bytes());
        let (step, target) = (write.step, write.target.clone());
        let what = format!("is about to {step}: {target}");
        self.record.settle(Phase::Completing, self.breach.clone(), now)?;
        self.record.intent = Some(Intent { step, target, correlation, at: now });
        self.record.held_until = Some(now + LEASE);
        self.record.mended += u8::from(write.effects.mends);
        self.swap(what, None).await?;
        Ok(correlation)
    }

    /// Records the outcome of a write.
    async fn conclude(
        mut self,
        before: &dyn View,
        write: &Write,
        sent: Sent,
    ) -> Result<Report, ReconcileError> {
        // Where nothing was heard, nothing may have been done: then the next read shows it, or it is made.
        if matches!(write.step, Step::CreateOurs | Step::RewriteOurs | Step::SyncOurs)
            && matches!(sent, Ok(Ended::Succeeded | Ended::StillRunning { .. }))
        {
            self.record.opened();
        }
        self.note_made(write, &sent);
        match sent {
            Ok(Ended::Succeeded) => self.read_back(before, write, None).await,
            Ok(Ended::StillRunning { after }) => {
                let message = format!("Azure is still at work: {} {}", write.step, write.target);
                let reasons = self.why(Reason::new(Code::AwaitingAzure, message));
                let requeue_after = after.unwrap_or(SOON).clamp(SOON, LONGEST_GAP);
                self.settle(Phase::Completing, reasons, Some(requeue_after)).await
            }
            Ok(Ended::Failed(failure)) if failure.is_busy() => {
                self.busy(write, &failure.to_string(), None).await
            }
            Ok(Ended::Failed(failure)) => self.refused_by_azure(before, write, &failure).await,
            Err(WriteError::Unknown(error)) => {
                tracing::warn!(%error, "what became of a write is not known; it is read back");
                let message =
                    format!("it is not known whether Azure carried this out: {}: {error}", write.step);
                let unknown = Reason::new(Code::OutcomeUnknown, message);
                self.read_back(before, write, Some(unknown)).await
            }
            Err(WriteError::Rejected(error)) => match error.class() {
                Class::Denied(denial) => {
                    let reason = grants::access_missing(&denial, &self.reconciler.agreements);
                    let reasons = self.why(reason);
                    self.settle(Phase::Blocked, reasons, None).await
                }
                Class::Throttled { after } | Class::Busy { after } | Class::Unavailable { after } => {
                    self.busy(write, &error.to_string(), after).await
                }
                Class::Refused(failure) => self.refused_by_azure(before, write, &failure).await,
                Class::NotFound | Class::Malformed => self.busy(write, &error.to_string(), None).await,
            },
        }
    }

    /// Reads both halves, and lets the table say where that leaves the handshake. A write is never followed by another
    /// in the same reconciliation: if one is due, the next makes it.
    async fn read_back(
        mut self,
        before: &dyn View,
        write: &Write,
        unknown: Option<Reason>,
    ) -> Result<Report, ReconcileError> {
        let prefetched = Prefetched { thorough: write.effects.rereads_all, ..Prefetched::default() };
        let (observer, pair) = (self.reconciler.observer(), before.pair());
        let view =
            match self.kind.read(&observer, &pair, Some(&self.record), prefetched, self.task.until).await {
                Ok(view) => view,
                Err(error) => {
                    let message = format!("{} was sent, and could not be read back: {error}", write.step);
                    let reasons =
                        self.why(unknown.unwrap_or_else(|| Reason::new(Code::OutcomeUnknown, message)));
                    return self.settle(Phase::Completing, reasons, Some(SOON)).await;
                }
            };
        let now = self.reconciler.clock.now();
        self.record.see(&view.halves(), now);
        let decision = view.decide(Some(&self.record), &self.reconciler.agreements, now);
        self.see(&*view, &decision);
        let is_undone = write.step == Step::RemoveOurs && !self.breach.is_empty();
        match decision.verdict {
            Verdict::Confirm(after) => self.confirm(after).await,
            Verdict::Rest { phase: Phase::Closed, .. } if is_undone => {
                let reasons = self.breach.clone();
                self.settle(Phase::Refused, reasons, None).await
            }
            Verdict::Rest { phase: Phase::Closed, reasons, .. } => {
                let gone = write.effects.gone.clone().map(|gone| vec![gone]);
                self.settle(Phase::Closed, gone.unwrap_or(reasons), None).await
            }
            // It is reported at once, and undone by the next reconciliation.
            Verdict::Undo { reasons, .. } => self.settle(Phase::Refused, reasons, Some(SOON)).await,
            Verdict::Rest { phase, reasons, requeue_after } => {
                self.settle(phase, reasons, requeue_after).await
            }
            Verdict::Write(next) => {
                let message = format!("next, {} is due: {}", next.step, next.target);
                let reason = unknown.unwrap_or_else(|| Reason::new(Code::AwaitingAzure, message));
                self.settle(Phase::Completing, vec![reason], Some(SOON)).await
            }
        }
    }

    fn note_made(&mut self, write: &Write, sent: &Sent) {
        let made = matches!(write.step, Step::CreateOurs | Step::CreateTheirs)
            && matches!(sent, Ok(Ended::Succeeded | Ended::StillRunning { .. }));
        if made {
            self.record.note_made(write.step.side(), write.target.clone());
        }
    }

    /// Why a write was not carried out, after why it was to be.
    fn why(&self, reason: Reason) -> Vec<Reason> {
        self.breach.iter().cloned().chain([reason]).collect()
    }

    async fn busy(
        mut self,
        write: &Write,
        why: &str,
        after: Option<Duration>,
    ) -> Result<Report, ReconcileError> {
        let message = format!("Azure could not take this now: {} {}: {why}", write.step, write.target);
        let requeue_after = after.unwrap_or(SOON).clamp(SOON, LONGEST_GAP);
        self.record.not_before = after.map(|_| self.reconciler.clock.now() + requeue_after);
        let reasons = self.why(Reason::new(Code::AzureBusy, message));
        self.settle(Phase::Waiting, reasons, Some(requeue_after)).await
    }

    async fn refused_by_azure(
        mut self,
        before: &dyn View,
        write: &Write,
        failure: &AzureFailure,
    ) -> Result<Report, ReconcileError> {
        let at = self.reconciler.clock.now();
        self.record.refusal = Some(Refusal { fingerprint: before.fingerprint(), at });
        let message = format!("Azure refused to {}, {}: {failure}", write.step, write.target);
        let reason = Reason::new(Code::AzureRefused, message)
            .fixed_by("mend what Azure names; the next event or sweep tries again");
        let reasons = self.why(reason);
        self.settle(Phase::Blocked, reasons, None).await
    }
}
