//! From what came of a write to where the handshake stands.

use std::time::Duration;

use super::act::LONGEST_GAP;
use super::send::Sent;
use super::{Known, Pass, ReconcileError, Report};
use crate::arm::{AzureFailure, Class, Deadline, Ended, WriteError};
use crate::handshake::decision::{Row, Verdict};
use crate::handshake::grants;
use crate::handshake::pair::Target;
use crate::handshake::phase::Phase;
use crate::handshake::reason::{Code, Reason};
use crate::handshake::record::Refusal;
use crate::handshake::step::{Step, Write};
use crate::handshake::view::View;

/// Another look is worth it this soon when Azure does not say.
const SOON: Duration = Duration::from_secs(2);

impl Pass<'_> {
    /// Records the outcome of a write. `before` is what was seen when it was decided on.
    pub(super) async fn conclude(
        mut self,
        before: &View,
        row: Row,
        write: &Write,
        sent: Sent,
        until: Deadline,
    ) -> Result<Report, ReconcileError> {
        // Where nothing was heard, nothing may have been done: then it is made at the next look, or seen.
        if matches!(write.step, Step::CreateOurs | Step::RewriteOurs | Step::SyncOurs)
            && matches!(sent, Ok(Ended::Succeeded | Ended::StillRunning { .. }))
        {
            self.record.opened();
        }
        self.note_made(write, &sent);
        match sent {
            Ok(Ended::Succeeded) => self.read_back(before, row, write, None, until).await,
            Ok(Ended::StillRunning { after }) => {
                let message = format!("Azure is still at work: {} {}", write.step, write.target());
                let reasons = self.why(Reason::new(Code::AwaitingAzure, message));
                let again = after.unwrap_or(SOON).clamp(SOON, LONGEST_GAP);
                self.settle(Phase::Completing, reasons, Some(again)).await
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
                self.read_back(before, row, write, Some(unknown), until).await
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
    /// in the same pass: if one is due, the next pass makes it.
    async fn read_back(
        mut self,
        before: &View,
        row: Row,
        write: &Write,
        unknown: Option<Reason>,
        until: Deadline,
    ) -> Result<Report, ReconcileError> {
        let eyes = self.reconciler.eyes();
        let known = Known { thorough: row == Row::Members, ..Known::default() };
        let view = match eyes.observe(&before.pair(), Some(&self.record), known, until).await {
            Ok(view) => view,
            Err(error) => {
                let message = format!("{} was sent, and could not be read back: {error}", write.step);
                let reasons = self.why(unknown.unwrap_or_else(|| Reason::new(Code::OutcomeUnknown, message)));
                return self.settle(Phase::Completing, reasons, Some(SOON)).await;
            }
        };
        let now = self.reconciler.clock.now();
        self.record.see(&view, now);
        let decision = view.decide(Some(&self.record), &self.reconciler.agreements, now);
        self.note(&decision);
        match decision.verdict {
            Verdict::LookTwice(after) => self.look_twice(after).await,
            Verdict::Rest { phase: Phase::Closed, .. } if row == Row::UndoOurs => {
                let reasons = self.breach.clone();
                self.settle(Phase::Refused, reasons, None).await
            }
            Verdict::Rest { phase: Phase::Closed, .. } if write.step == Step::RemoveOurs => {
                self.settle(Phase::Closed, vec![removed(row, write)], None).await
            }
            // It is told at once, and undone by the next pass.
            Verdict::Undo { reasons, .. } => self.settle(Phase::Refused, reasons, Some(SOON)).await,
            Verdict::Rest { phase, reasons, again } => self.settle(phase, reasons, again).await,
            Verdict::Write(next) => {
                let message = format!("next, {} is due: {}", next.step, next.target());
                let reason = unknown.unwrap_or_else(|| Reason::new(Code::AwaitingAzure, message));
                self.settle(Phase::Completing, vec![reason], Some(SOON)).await
            }
        }
    }

    fn note_made(&mut self, write: &Write, sent: &Sent) {
        let made = matches!(write.step, Step::CreateOurs | Step::CreateTheirs)
            && matches!(sent, Ok(Ended::Succeeded | Ended::StillRunning { .. }));
        if let (true, Target::Half(half)) = (made, write.target()) {
            self.record.note_made(write.step.side(), half);
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
        let message = format!("Azure could not take this now: {} {}: {why}", write.step, write.target());
        let again = after.unwrap_or(SOON).clamp(SOON, LONGEST_GAP);
        self.record.not_before = after.map(|_| self.reconciler.clock.now() + again);
        let reasons = self.why(Reason::new(Code::AzureBusy, message));
        self.settle(Phase::Waiting, reasons, Some(again)).await
    }

    async fn refused_by_azure(
        mut self,
        before: &View,
        write: &Write,
        failure: &AzureFailure,
    ) -> Result<Report, ReconcileError> {
        let at = self.reconciler.clock.now();
        self.record.refusal = Some(Refusal { fingerprint: before.fingerprint(), at });
        let message = format!("Azure refused to {}, {}: {failure}", write.step, write.target());
        let reason = Reason::new(Code::AzureRefused, message)
            .fixed_by("mend what Azure names; the next event or sweep tries again");
        let reasons = self.why(reason);
        self.settle(Phase::Blocked, reasons, None).await
    }
}

/// Why a handshake is closed after our half was removed.
fn removed(row: Row, write: &Write) -> Reason {
    let target = write.target();
    if row == Row::TakeBack {
        let message = format!("{target} found no counterpart in time and was taken back");
        return Reason::new(Code::NoCounterpart, message);
    }
    if row == Row::Disconnect {
        return Reason::new(Code::Closed, format!("{target} was removed on request"));
    }
    Reason::new(Code::Closed, format!("the partner's half was removed, and {target} with it"))
}
