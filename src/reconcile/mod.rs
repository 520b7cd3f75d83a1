//! The pass: one look at one handshake, and at most one write.
//!
//! ```text
//! load record -> observe both halves -> decide -> record the intent -> write -> read back -> record the outcome
//!                                             \-> nothing to do, wait, refuse, …
//! ```
//!
//! # Guarantees
//! - No write to Azure before its intent is on record, and never two passes that write for one handshake at a time:
//!   the intent is a compare-and-swap, and holds the handshake for at most [`LEASE`].
//! - A pass may be repeated, interrupted at any `.await` or run by both tenants at once: what it writes is derived from
//!   what is seen, so the next pass ends in the same place.
//! - An outcome that is not known is read back, never assumed.
//!
//! # Caveats
//! A pass believes nothing but what it reads. It does not wait for the other tenant, nor for an operation that takes more
//! than a few seconds: a notice in the queue brings the next look, after a gap that grows.

mod act;
mod budget;
mod conclude;
mod events;
mod hints;
mod meant;
mod notice;
mod observe;
mod outcomes;
mod refusals;
mod requests;
mod send;
mod sweep;

use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;
use time::OffsetDateTime;
use tokio::sync::Mutex;
use uuid::Uuid;

use crate::arm::{ArmError, Deadline, ResourceManager};
use crate::clock::Clock;
use crate::handshake::agreements::Agreements;
use crate::handshake::decision::{Decision, Row, Verdict};
use crate::handshake::ids::{HandshakeId, TenantId};
use crate::handshake::pair::Pair;
use crate::handshake::phase::{IllegalMove, Phase};
use crate::handshake::reason::{Code, Reason};
use crate::handshake::record::{Intent, LEASE, Record};
use crate::handshake::step::Write;
use crate::ledger::{Cause, Change, Ledger, LedgerError, Line, Outcome, Stored, Version};
use crate::queue::{QueueError, Queues};

pub use act::Acted;
pub use budget::{Bill, EventBudget, EventLimits, Payer};
pub use events::Heard;
pub use hints::{Hint, Looked};
pub use notice::{NoNotice, Notice};
pub use observe::{Eyes, Known};
pub use requests::Received;
pub use sweep::Swept;

/// Makes passes. Everything it needs comes in; nothing about a handshake lives in it.
pub struct Reconciler {
    /// The tenant that we live in.
    pub home: TenantId,
    /// What our tenant consents to.
    pub agreements: Arc<Agreements>,
    /// Azure.
    pub resource_manager: ResourceManager,
    /// What is known.
    pub ledger: Arc<dyn Ledger>,
    /// Where notices and outcomes go.
    pub queues: Arc<dyn Queues>,
    /// What events may cost.
    pub events: EventBudget,
    /// Held while outcomes are told.
    pub telling: Mutex<()>,
    /// The time.
    pub clock: Clock,
}

/// How a pass ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Report {
    /// The record says where the handshake stands.
    Settled {
        /// Which handshake.
        id: HandshakeId,
        /// Where it stands.
        phase: Phase,
        /// Why.
        reasons: Vec<Reason>,
        /// When another look is worth it.
        again: Option<Duration>,
    },
    /// Another pass holds the handshake, or Azure asked for a pause: nothing was looked at.
    Held {
        /// Until when at most, where that is known.
        until: Option<OffsetDateTime>,
    },
    /// There is no such handshake: neither a half nor a record.
    Nothing,
}

/// Why a pass could not be made. The record is as it was, or says `completing`.
#[derive(Debug, Error)]
pub enum ReconcileError {
    /// Azure could not be read.
    #[error("Azure could not be read")]
    Azure(#[from] ArmError),
    /// The ledger failed; a lost swap is no failure, but ends the pass.
    #[error("the ledger could not be read or written")]
    Ledger(#[from] LedgerError),
    /// The queue failed.
    #[error("the queue could not be written to")]
    Queue(#[from] QueueError),
    /// A defect in this program.
    #[error(transparent)]
    Defect(#[from] IllegalMove),
    /// A defect in this program: what it made has no JSON.
    #[error("a message cannot be written as JSON: this is a defect in peerpact")]
    Notice(#[source] serde_json::Error),
}

/// What a look takes at most where nothing is written, and what a write takes besides: itself, a poll, and both halves
/// once more.
const LOOK_CALLS: u32 = 2;
const WRITE_CALLS: u32 = 4;

/// How long Azure may take over one thing. After that it is for people to look into.
const PATIENCE: time::Duration = time::Duration::hours(1);

impl Reconciler {
    /// Makes one pass. `known` spares reads of what was read just now.
    ///
    /// # Errors
    /// [`ReconcileError`]; the handshake is looked at again by the sweep.
    pub async fn pass(
        &self,
        pair: &Pair,
        known: Known,
        cause: &Cause,
        until: Deadline,
    ) -> Result<Report, ReconcileError> {
        let stored = self.ledger.load(&pair.id()).await?;
        if let Some(until) = stored.as_ref().and_then(|stored| stored.record.held(self.clock.now())) {
            return Ok(Report::Held { until: Some(until) });
        }
        let record = stored.as_ref().map(|stored| &stored.record);
        let payer = known.payer;
        let view = self.eyes().observe(pair, record, known, until).await?;
        let now = self.clock.now();
        let decision = view.decide(record, &self.agreements, now);
        let mut pass = match stored {
            Some(stored) => Pass::resume(self, cause, stored),
            None if decision.row == Row::Closed => return Ok(Report::Nothing),
            None => Pass::begin(self, cause, Record::new(pair, self.home, now)),
        };
        if view.is_whole() {
            self.ledger.note_checked(std::slice::from_ref(&pass.record.id), now).await?;
        }
        pass.record.see(&view, now);
        pass.note(&decision);
        let write = match decision.verdict {
            Verdict::LookTwice(after) => return pass.look_twice(after).await,
            Verdict::Rest { phase, reasons, again } => return pass.settle(phase, reasons, again).await,
            Verdict::Undo { write, reasons } => {
                pass.tell_breach(reasons).await?;
                write
            }
            Verdict::Write(write) => write,
        };
        payer.into_iter().for_each(|payer| self.events.charge(payer, WRITE_CALLS));
        let correlation = pass.intend(&write, decision.row).await?;
        let sent = self.send(pair.partner(), &write, correlation, until).await;
        pass.conclude(&view, decision.row, &write, sent, until).await
    }

    fn eyes(&self) -> Eyes<'_> {
        Eyes { home: self.home, agreements: &self.agreements, resource_manager: &self.resource_manager }
    }
}

/// A pass under way: the record as it is to be written, and what it was when it was read.
struct Pass<'a> {
    reconciler: &'a Reconciler,
    cause: &'a Cause,
    record: Record,
    before: Option<Record>,
    version: Version,
    /// Why our half is being taken down or cut down, if it is: told along with whatever keeps that from being done.
    breach: Vec<Reason>,
}

impl<'a> Pass<'a> {
    fn begin(reconciler: &'a Reconciler, cause: &'a Cause, record: Record) -> Self {
        Self { reconciler, cause, record, before: None, version: Version::ABSENT, breach: Vec::new() }
    }

    fn resume(reconciler: &'a Reconciler, cause: &'a Cause, stored: Stored) -> Self {
        let Stored { record, version } = stored;
        Self { reconciler, cause, before: Some(record.clone()), record, version, breach: Vec::new() }
    }

    /// Keeps what a decision found out, whatever follows from it.
    fn note(&mut self, decision: &Decision) {
        self.record.agreement.clone_from(&decision.agreement);
        if decision.agreed.is_some() {
            self.record.agreed.clone_from(&decision.agreed);
            self.record.undone = None;
        }
        if let Verdict::Undo { reasons, .. } = &decision.verdict {
            self.record.undone = reasons.first().cloned();
        }
        let now = self.reconciler.clock.now();
        let seen = self.record.end_seen_at.filter(|at| *at <= now).unwrap_or(now);
        self.record.end_seen_at = matches!(decision.verdict, Verdict::LookTwice(_)).then_some(seen);
        // Where only theirs is missing, our half is there as a request wants it, whoever made it.
        if decision.row == Row::WaitForTheirs {
            self.record.opened();
        }
    }

    /// Records that one look found nothing left, and tells nobody: the handshake stays what it was until another says so.
    async fn look_twice(mut self, after: Duration) -> Result<Report, ReconcileError> {
        self.record.held_until = None;
        if self.before.as_ref() != Some(&self.record) {
            let line = self.line("was not found; another look has to say the same".to_owned());
            self.write(&line, &[]).await?;
        }
        let Record { id, phase, reasons, .. } = self.record;
        Ok(Report::Settled { id, phase, reasons, again: Some(after) })
    }

    /// Records and tells that our half goes beyond what is agreed, before anything is done about it: whatever happens to
    /// this pass, it is known.
    async fn tell_breach(&mut self, reasons: Vec<Reason>) -> Result<(), ReconcileError> {
        self.breach.clone_from(&reasons);
        let known = self.record.phase == Phase::Refused && self.record.reasons == reasons;
        if !known {
            self.record.settle(Phase::Refused, reasons, self.reconciler.clock.now())?;
            self.swap(told(Phase::Refused, &self.record.reasons)).await?;
        }
        Ok(())
    }

    /// Puts on record what is about to be sent, and holds the handshake.
    async fn intend(&mut self, write: &Write, row: Row) -> Result<Uuid, ReconcileError> {
        let now = self.reconciler.clock.now();
        let named = format!("{} {} {}", self.record.id, self.reconciler.home, self.version.next().number());
        let correlation = Uuid::new_v5(&Uuid::NAMESPACE_OID, named.as_bytes());
        let (step, target) = (write.step, write.target());
        self.record.settle(Phase::Completing, self.breach.clone(), now)?;
        self.record.intent = Some(Intent { step, target: target.clone(), correlation, at: now });
        self.record.held_until = Some(now + LEASE);
        self.record.mended += u8::from(matches!(row, Row::MendOurs | Row::MendTheirs));
        self.swap(format!("is about to {step}: {target}")).await?;
        Ok(correlation)
    }

    /// Records where the handshake stands, if that is anything new, and what is to be told of it.
    async fn settle(
        mut self,
        phase: Phase,
        reasons: Vec<Reason>,
        again: Option<Duration>,
    ) -> Result<Report, ReconcileError> {
        let now = self.reconciler.clock.now();
        let (phase, reasons, again) = paced(&mut self.record, phase, reasons, again, now);
        self.record.settle(phase, reasons, now)?;
        self.record.held_until = None;
        if self.before.as_ref() != Some(&self.record) || outcomes::is_owed(&self.record, phase) {
            self.swap(told(phase, &self.record.reasons)).await?;
        }
        Ok(Report::Settled { id: self.record.id, phase, reasons: self.record.reasons, again })
    }

    /// Writes the record, a line of its history, and the outcomes that it owes.
    async fn swap(&mut self, what: String) -> Result<(), ReconcileError> {
        let line = self.line(what);
        let outcomes = self.outcomes(&line).await?;
        self.write(&line, &outcomes).await
    }

    fn line(&mut self, what: String) -> Line {
        let now = self.reconciler.clock.now();
        self.record.updated_at = now;
        Line { at: now, what, cause: self.cause.clone() }
    }

    async fn write(&mut self, line: &Line, outcomes: &[Outcome]) -> Result<(), ReconcileError> {
        tracing::info!(handshake = %self.record.id, phase = %self.record.phase, "{}", line.what);
        let change = Change { record: &self.record, line, request: None, outcomes };
        self.version = self.reconciler.ledger.commit(&change, self.version).await?;
        self.before = Some(self.record.clone());
        Ok(())
    }
}

/// Looks that bring nothing new are further and further apart: as far as the first one was ago, but never sooner than
/// Azure asked for. In the end it is blocked.
fn paced(
    record: &mut Record,
    phase: Phase,
    reasons: Vec<Reason>,
    again: Option<Duration>,
    now: OffsetDateTime,
) -> (Phase, Vec<Reason>, Option<Duration>) {
    let Some(soonest) = again else {
        record.looking_since = None;
        return (phase, reasons, None);
    };
    let since = *record.looking_since.get_or_insert(now);
    let waited = now - since;
    if waited <= PATIENCE {
        let grown = Duration::try_from(waited).unwrap_or_default().min(act::LONGEST_GAP);
        return (phase, reasons, Some(soonest.max(grown)));
    }
    match phase {
        Phase::Waiting | Phase::Completing => (Phase::Blocked, vec![overdue(since, &reasons)], None),
        Phase::Connected | Phase::Refused | Phase::Blocked | Phase::Broken | Phase::Closed => {
            (phase, reasons, None)
        }
    }
}

fn overdue(since: OffsetDateTime, reasons: &[Reason]) -> Reason {
    let what = told(Phase::Waiting, reasons);
    let since = since.replace_nanosecond(0).unwrap_or(since);
    let message = format!("this has not changed since {since}, for longer than an hour: {what}");
    let fix = "look into the activity log of the resource group for what Azure is doing, then run \
               `peerpact request recheck`; an event or a sweep that shows a change goes on by itself";
    Reason::new(Code::Overdue, message).fixed_by(fix)
}

fn told(phase: Phase, reasons: &[Reason]) -> String {
    let reasons: Vec<&str> = reasons.iter().map(|reason| reason.message.as_str()).collect();
    if reasons.is_empty() { phase.to_string() } else { format!("{phase}: {}", reasons.join("; ")) }
}
