//! The sweep: finds what events missed, and what raises none.
//!
//! It lists what the agreements name, decides on what the lists show, and sends a notice only where that differs from the
//! record and none is waiting. A quiet world costs the lists and nothing else.

mod management;
mod peering;

use std::collections::BTreeMap;

use self::management::ListedConnections;
use self::peering::ListedNetworks;
use super::outcomes::is_owed;
use super::{Hint, Notice, ReconcileError, Reconciler};
use crate::arm::{ArmError, Class, Deadline};
use crate::handshake::decision::Verdict;
use crate::handshake::grants;
use crate::handshake::ids::HandshakeId;
use crate::handshake::pair::{Pair, State};
use crate::handshake::phase::Phase;
use crate::handshake::reason::Reason;
use crate::handshake::record::Record;
use crate::handshake::view::View;
use crate::ledger::{Cause, Urgency};

/// What a sweep did.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Swept {
    /// How many handshakes were looked at in the lists.
    pub seen: usize,
    /// How many of them need a pass that no notice in the queue will bring.
    pub noticed: usize,
    /// How many outcomes had not been told before.
    pub told: usize,
    /// What could not be looked at, and why.
    pub troubles: Vec<String>,
}

/// A pair to look at, with its record if it has one.
struct Candidate {
    pair: Pair,
    record: Option<Record>,
}

/// What the lists show.
struct Listed {
    networks: ListedNetworks,
    connections: ListedConnections,
}

/// How a list compares with a record.
enum Shown {
    /// Both halves, as if they had been read.
    Whole(Box<View>),
    /// Only ours; Azure shows on it what becomes of theirs. The reasons say why it goes beyond what is agreed, if it does.
    Ours(Option<State>, Vec<Reason>),
    /// Not ours: that takes a read of its own.
    Nothing,
    /// Our own list could not be had.
    Unknown,
}

impl Reconciler {
    /// Compares every record that is not closed with everything of our own that belongs to a handshake, and with the
    /// partner's halves that the agreements name and we may read. Outcomes that were left untold are told.
    ///
    /// # Errors
    /// The ledger or the queue failed. Trouble with one place is told in [`Swept::troubles`], and the rest is done.
    pub async fn sweep(&self, cause: &Cause, until: Deadline) -> Result<Swept, ReconcileError> {
        let mut swept = Swept::default();
        let networks = self.list_networks(until, &mut swept.troubles).await;
        let connections = self.list_connections(until, &mut swept.troubles).await;
        let listed = Listed { networks, connections };
        let mut notices = Vec::new();
        for candidate in self.candidates(&listed).await? {
            swept.seen += 1;
            if !self.is_settled(&candidate, &listed) {
                notices.push(Notice::new(Hint::at(&candidate.pair), cause.clone()));
            }
        }
        swept.noticed = self.announce(&notices, None, Urgency::Patient).await?;
        swept.told = self.tell().await?;
        Ok(swept)
    }

    /// Records first, the longest unchanged before the others, so that nobody waits for ever behind a crowd.
    async fn candidates(&self, listed: &Listed) -> Result<Vec<Candidate>, ReconcileError> {
        let mut closed: BTreeMap<HandshakeId, Record> = BTreeMap::new();
        let mut candidates: Vec<Candidate> = Vec::new();
        for stored in self.ledger.list(None).await? {
            let record = stored.record;
            match record.pair() {
                Some(pair) if record.phase != Phase::Closed => {
                    candidates.push(Candidate { pair, record: Some(record) });
                }
                Some(_) => {
                    closed.insert(record.id.clone(), record);
                }
                None => tracing::error!(handshake = %record.id, "a record names two ends that make no pair"),
            }
        }
        let mut known: std::collections::BTreeSet<HandshakeId> =
            candidates.iter().map(|candidate| candidate.pair.id()).collect();
        let networks = listed.networks.pairs(&self.agreements).map(Pair::Peering);
        let connections = listed.connections.pairs(&self.agreements).map(Pair::Management);
        for pair in networks.chain(connections) {
            if known.insert(pair.id()) {
                let record = closed.remove(&pair.id());
                candidates.push(Candidate { pair, record });
            }
        }
        Ok(candidates)
    }

    /// Whether the lists say what the record says, so that no pass is needed.
    fn is_settled(&self, candidate: &Candidate, listed: &Listed) -> bool {
        let Candidate { pair, record } = candidate;
        let Some(record) = record else { return false };
        if record.held(self.clock.now()).is_some() {
            return true;
        }
        if is_owed(record, record.phase) {
            return false;
        }
        let shown = match pair {
            Pair::Peering(ends) => listed.networks.shown(ends, record, &self.agreements),
            Pair::Management(ends) => listed.connections.shown(ends, record, &self.agreements),
        };
        match shown {
            Shown::Whole(view) => {
                match view.decide(Some(record), &self.agreements, self.clock.now()).verdict {
                    Verdict::Write(_) | Verdict::Undo { .. } | Verdict::LookTwice(_) => false,
                    Verdict::Rest { phase, reasons, .. } => {
                        phase == record.phase && reasons == record.reasons
                    }
                }
            }
            Shown::Ours(state, beyond) => {
                let consents = if beyond.is_empty() {
                    !record.reasons.iter().any(|reason| reason.code.is_breach())
                } else {
                    record.reasons == beyond
                };
                record.phase.is_final() && state == record.ours.state && consents
            }
            Shown::Nothing => false,
            Shown::Unknown => record.phase.is_final(),
        }
    }

    /// What kept a list from us, as a sentence.
    fn trouble(&self, what: &str, error: &ArmError) -> String {
        match error.class() {
            Class::Denied(denial) => grants::access_missing(&denial, &self.agreements).message,
            _ => format!("{what} could not be listed: {error}"),
        }
    }
}
