//! What reconciles, what it is asked for and what it reports. How it does that is in [`reconciliation`](super::reconciliation).

use std::sync::Arc;
use std::time::Duration;

use time::OffsetDateTime;

use super::budget::{EventBudget, Payer};
use super::error::ReconcileError;
use crate::arm::{Deadline, ResourceManager};
use crate::clock::Clock;
use crate::handshake::agreements::Agreements;
use crate::handshake::ids::{HandshakeId, TenantId};
use crate::handshake::pair::Pair;
use crate::handshake::phase::Phase;
use crate::handshake::reason::Reason;
use crate::kinds::{Kind, Kinds, Observer};
use crate::ledger::{Cause, Ledger};

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
        /// What is to be sent, which is in the ledger.
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
    pub(super) fn observer(&self) -> Observer<'_> {
        Observer { home: self.home, agreements: &self.agreements, resource_manager: &self.resource_manager }
    }

    pub(super) fn kind(&self, pair: &Pair) -> Result<&dyn Kind, ReconcileError> {
        self.kinds.named(pair.kind()).ok_or_else(|| ReconcileError::UnknownKind(pair.kind().clone()))
    }
}
