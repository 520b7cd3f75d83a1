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
//! A pass believes nothing but what it reads. It does not wait for the other tenant, nor for an operation that outlasts
//! its deadline: the next hint or sweep goes on from there.

mod conclude;
mod hints;
mod sweep;

use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;
use uuid::Uuid;

use crate::arm::{ArmError, Deadline, Ended, PeeringWrite, ResourceManager, WriteError};
use crate::clock::Clock;
use crate::handshake::agreements::{Agreements, Ends};
use crate::handshake::decide::decide;
use crate::handshake::decision::{Row, Verdict};
use crate::handshake::ids::{HandshakeId, TenantId};
use crate::handshake::observation::Observation;
use crate::handshake::phase::{IllegalMove, Phase};
use crate::handshake::reason::Reason;
use crate::handshake::record::{Intent, LEASE, Record};
use crate::handshake::step::{Request, Side, Write};
use crate::ledger::{Cause, Ledger, LedgerError, Line, Stored, Version};

pub use hints::{Followed, Hint};
pub use sweep::Swept;

/// What becomes of a write that was sent.
type Sent = Result<Ended, WriteError>;

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
        /// When another look is worth it; the sweep comes anyhow.
        again: Option<Duration>,
    },
    /// Another pass holds the handshake; look again when it is done.
    Held,
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
    /// A defect in this program.
    #[error(transparent)]
    Defect(#[from] IllegalMove),
}

impl Reconciler {
    /// Makes one pass. `seen` spares the first look when both networks were read just now.
    ///
    /// # Errors
    /// [`ReconcileError`]; the handshake is looked at again by the sweep.
    pub async fn pass(
        &self,
        ends: &Ends,
        seen: Option<Observation>,
        cause: &Cause,
        until: Deadline,
    ) -> Result<Report, ReconcileError> {
        let id = HandshakeId::of_peering(&ends.ours, &ends.theirs);
        let stored = self.ledger.load(&id).await?;
        if stored.as_ref().is_some_and(|stored| stored.record.is_held(self.clock.now())) {
            return Ok(Report::Held);
        }
        let observation = match seen {
            Some(observation) => observation,
            None => self.observe(ends, until).await?,
        };
        let now = self.clock.now();
        let record = stored.as_ref().map(|stored| &stored.record);
        let decision = decide(ends, &observation, record, &self.agreements, now);
        let mut pass = match stored {
            Some(stored) => Pass::resume(self, cause, stored),
            None if decision.row == Row::Closed => return Ok(Report::Nothing),
            None => Pass::begin(self, cause, Record::new(ends, self.home, now)),
        };
        pass.record.agreement.clone_from(&decision.agreement);
        pass.record.see(&observation);
        match decision.verdict {
            Verdict::Rest { phase, reasons, again } => pass.settle(phase, reasons, again).await,
            Verdict::Write(write) => {
                let correlation = pass.intend(&write, decision.row).await?;
                let sent = self.send(ends, &write, correlation, until).await;
                pass.conclude(ends, &observation, &write, sent, until).await
            }
        }
    }

    /// Reads both networks; see [`observe`].
    async fn observe(&self, ends: &Ends, until: Deadline) -> Result<Observation, ArmError> {
        observe(&self.resource_manager, self.home, ends, until).await
    }

    async fn send(&self, ends: &Ends, write: &Write, correlation: Uuid, until: Deadline) -> Sent {
        let (tenant, other) = match write.step.side() {
            Side::Ours => (self.home, ends.partner),
            Side::Theirs => (ends.partner, self.home),
        };
        let operation = match write.step.request() {
            Request::Delete => {
                self.resource_manager.delete_peering(tenant, &write.half, correlation, until).await?
            }
            request @ (Request::Put | Request::PutAndSync) => {
                let put = PeeringWrite {
                    tenant,
                    auxiliary: Some(other),
                    id: write.half.clone(),
                    remote: write.remote.clone(),
                    flags: write.flags,
                    sync: request == Request::PutAndSync,
                    correlation,
                };
                self.resource_manager.put_peering(&put, until).await?
            }
        };
        self.resource_manager.finish(operation, until).await.map_err(WriteError::Unknown)
    }
}

/// Reads both networks at once: two GETs, in which everything is that a decision needs.
///
/// # Errors
/// Azure could not be read; a network that is not there or not for us is an observation, not an error.
pub async fn observe(
    resource_manager: &ResourceManager,
    home: TenantId,
    ends: &Ends,
    until: Deadline,
) -> Result<Observation, ArmError> {
    let (ours, theirs) = tokio::join!(
        resource_manager.sight(home, &ends.ours, until),
        resource_manager.sight(ends.partner, &ends.theirs, until),
    );
    Ok(Observation { ours: ours?, theirs: theirs? })
}

/// A pass under way: the record as it is to be written, and what it was when it was read.
struct Pass<'a> {
    reconciler: &'a Reconciler,
    cause: &'a Cause,
    record: Record,
    before: Option<Record>,
    version: Version,
}

impl<'a> Pass<'a> {
    fn begin(reconciler: &'a Reconciler, cause: &'a Cause, record: Record) -> Self {
        Self { reconciler, cause, record, before: None, version: Version::ABSENT }
    }

    fn resume(reconciler: &'a Reconciler, cause: &'a Cause, stored: Stored) -> Self {
        let Stored { record, version } = stored;
        Self { reconciler, cause, before: Some(record.clone()), record, version }
    }

    /// Puts on record what is about to be sent, and holds the handshake.
    async fn intend(&mut self, write: &Write, row: Row) -> Result<Uuid, ReconcileError> {
        let now = self.reconciler.clock.now();
        let named = format!("{} {} {}", self.record.id, self.reconciler.home, self.version.next().number());
        let correlation = Uuid::new_v5(&Uuid::NAMESPACE_OID, named.as_bytes());
        let (step, half) = (write.step, write.half.clone());
        self.record.settle(Phase::Completing, Vec::new(), now)?;
        self.record.intent = Some(Intent { step, half, correlation, at: now });
        self.record.held_until = Some(now + LEASE);
        self.record.mended += u8::from(matches!(row, Row::MendOurs | Row::MendTheirs));
        self.swap(format!("is about to {step}: {}", write.half)).await?;
        Ok(correlation)
    }

    /// Records where the handshake stands, if that is anything new.
    async fn settle(
        mut self,
        phase: Phase,
        reasons: Vec<Reason>,
        again: Option<Duration>,
    ) -> Result<Report, ReconcileError> {
        self.record.settle(phase, reasons, self.reconciler.clock.now())?;
        self.record.held_until = None;
        if self.before.as_ref() != Some(&self.record) {
            self.swap(told(phase, &self.record.reasons)).await?;
        }
        Ok(Report::Settled { id: self.record.id, phase, reasons: self.record.reasons, again })
    }

    async fn swap(&mut self, what: String) -> Result<(), LedgerError> {
        let now = self.reconciler.clock.now();
        let line = Line { at: now, what, cause: self.cause.clone() };
        self.record.updated_at = now;
        tracing::info!(handshake = %self.record.id, phase = %self.record.phase, "{}", line.what);
        self.version = self.reconciler.ledger.swap(&self.record, self.version, &line).await?;
        self.before = Some(self.record.clone());
        Ok(())
    }
}

fn told(phase: Phase, reasons: &[Reason]) -> String {
    let reasons: Vec<&str> = reasons.iter().map(|reason| reason.message.as_str()).collect();
    if reasons.is_empty() { phase.to_string() } else { format!("{phase}: {}", reasons.join("; ")) }
}
