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

use std::sync::Arc;
use std::time::Duration;

use time::OffsetDateTime;

use super::budget::{EventBudget, Payer};
use super::error::ReconcileError;
use super::reconciliation::Reconciliation;
use crate::arm::{Deadline, ResourceManager};
use crate::clock::Clock;
use crate::handshake::agreements::Agreements;
use crate::handshake::decision::Verdict;
use crate::handshake::ids::{HandshakeId, TenantId};
use crate::handshake::pair::Pair;
use crate::handshake::phase::Phase;
use crate::handshake::reason::Reason;
use crate::handshake::record::Record;
use crate::kinds::{Kind, Kinds, Observer, Prefetched};
use crate::ledger::{Cause, Ledger, Stored};

/// What a write takes besides the reads before it: itself, a poll, and both halves once more.
const WRITE_CALLS: u32 = 4;

/// Reconciles handshakes. Everything it needs comes in; nothing about a handshake lives in it.
pub struct Reconciler {
    /// The tenant that we live in.
    pub home: TenantId,
    /// The kinds that there are.
    pub kinds: Kinds,
    /// What our tenant consents to.
    pub agreements: Arc<Agreements>,
    /// Azure.
    pub resource_manager: ResourceManager,
    /// What is known.
    pub ledger: Arc<dyn Ledger>,
    /// What events may cost.
    pub events: EventBudget,
    /// The time.
    pub clock: Clock,
}

/// Why, since when and until when something is reconciled.
#[derive(Clone, Copy, Debug)]
pub struct Task<'a> {
    /// Why.
    pub cause: &'a Cause,
    /// The work item's id.
    pub item: &'a str,
    /// From when on it was read: no later than anything that was prefetched.
    pub began: OffsetDateTime,
    /// No call goes on for longer.
    pub until: Deadline,
    /// An event asked for it, and this is whose budget it goes to.
    pub payer: Option<Payer>,
}

/// How a reconciliation ended.
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
        /// When it is to be reconciled again.
        requeue_after: Option<Duration>,
        /// What is to be told, which is in the ledger.
        outcomes: Vec<crate::ledger::Outcome>,
    },
    /// Another one holds the handshake, or Azure asked for a pause: nothing was read.
    Held {
        /// Until when at most, where that is known.
        until: Option<OffsetDateTime>,
    },
    /// There is no such handshake: neither a half nor a record.
    Nothing,
}

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
            Verdict::LookTwice(after) => return reconciliation.look_twice(after).await,
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

    pub(super) fn observer(&self) -> Observer<'_> {
        Observer { home: self.home, agreements: &self.agreements, resource_manager: &self.resource_manager }
    }

    pub(super) fn kind(&self, pair: &Pair) -> Result<&dyn Kind, ReconcileError> {
        self.kinds.named(pair.kind()).ok_or_else(|| ReconcileError::UnknownKind(pair.kind().clone()))
    }
}
