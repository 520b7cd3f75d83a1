//! The sweep: finds what events missed, and what raises none.
//!
//! It lists what the agreements name, decides on what the lists show, and makes a pass only where that differs from the
//! record. A quiet world costs the lists and nothing else.

mod management;
mod peering;

use std::collections::BTreeMap;
use std::time::Duration;

use self::management::ListedConnections;
use self::peering::ListedNetworks;
use super::observe::Known;
use super::{ReconcileError, Reconciler, Report};
use crate::arm::{ArmError, Class, Deadline};
use crate::handshake::decision::Verdict;
use crate::handshake::grants;
use crate::handshake::ids::HandshakeId;
use crate::handshake::pair::{Pair, State};
use crate::handshake::phase::Phase;
use crate::handshake::record::Record;
use crate::handshake::view::View;
use crate::ledger::{Cause, LedgerError};

/// One pass of the sweep takes no longer than this, so that a slow one does not keep the others waiting.
const PASS: Duration = Duration::from_secs(20);

/// What a sweep did.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Swept {
    /// How many handshakes were looked at in the lists.
    pub seen: usize,
    /// The passes that were made.
    pub reports: Vec<Report>,
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
    /// Only ours; Azure shows on it what becomes of theirs.
    Ours(Option<State>),
    /// Not ours: that takes a read of its own.
    Nothing,
    /// Our own list could not be had.
    Unknown,
}

impl Reconciler {
    /// Looks at every record that is not closed, at everything of our own that belongs to a handshake, and at the
    /// partner's halves that the agreements name and we may read.
    ///
    /// # Errors
    /// The ledger failed. Trouble with one place or one handshake is told in [`Swept::troubles`], and the rest is done.
    pub async fn sweep(&self, cause: &Cause, until: Deadline) -> Result<Swept, ReconcileError> {
        let mut swept = Swept::default();
        let networks = self.list_networks(until, &mut swept.troubles).await;
        let connections = self.list_connections(until, &mut swept.troubles).await;
        let listed = Listed { networks, connections };
        for candidate in self.candidates(&listed).await? {
            swept.seen += 1;
            if self.is_settled(&candidate, &listed) {
                continue;
            }
            let remaining = until.remaining(&self.clock);
            if remaining.is_zero() {
                swept.troubles.push("time is up; the next sweep goes on".to_owned());
                break;
            }
            let pass_until = Deadline::after(&self.clock, remaining.min(PASS));
            let known = Known { thorough: true, ..Known::default() };
            match self.pass(&candidate.pair, known, cause, pass_until).await {
                Ok(report) => swept.reports.push(report),
                Err(ReconcileError::Ledger(LedgerError::Conflict(_))) => swept.reports.push(Report::Held),
                Err(error @ ReconcileError::Azure(_)) => {
                    let (ours, theirs) = (candidate.pair.ours(), candidate.pair.theirs());
                    swept.troubles.push(format!("{ours} and {theirs}: {error}"));
                }
                Err(error @ (ReconcileError::Ledger(_) | ReconcileError::Defect(_))) => return Err(error),
            }
        }
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
        if record.is_held(self.clock.now()) {
            return true;
        }
        let shown = match pair {
            Pair::Peering(ends) => listed.networks.shown(ends),
            Pair::Management(ends) => listed.connections.shown(ends, &self.agreements),
        };
        match shown {
            Shown::Whole(view) => {
                match view.decide(Some(record), &self.agreements, self.clock.now()).verdict {
                    Verdict::Write(_) => false,
                    Verdict::Rest { phase, reasons, .. } => {
                        phase == record.phase && reasons == record.reasons
                    }
                }
            }
            Shown::Ours(state) => record.phase.is_final() && state == record.ours.state,
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
