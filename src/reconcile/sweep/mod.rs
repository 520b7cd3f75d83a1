//! The sweep: finds what events missed, and what raises none.
//!
//! It lists what the agreements name, decides on what the lists show, and sends a notice only where that differs from the
//! record and none is waiting. A quiet world costs the lists and nothing else.

mod management;
mod peering;

use std::collections::BTreeMap;

use time::OffsetDateTime;

use self::management::ListedConnections;
use self::peering::ListedNetworks;
use super::outcomes::is_owed;
use super::{Hint, Notice, ReconcileError, Reconciler};
use crate::arm::{ArmError, Class, Deadline};
use crate::handshake::agreements::Agreements;
use crate::handshake::decision::Verdict;
use crate::handshake::grants;
use crate::handshake::halves::Denial;
use crate::handshake::ids::HandshakeId;
use crate::handshake::pair::{Pair, State};
use crate::handshake::phase::Phase;
use crate::handshake::reason::Reason;
use crate::handshake::record::Record;
use crate::handshake::view::View;
use crate::ledger::{Cause, SweepNote, Trouble, Urgency};

/// What is on record and not in the lists is read so often, to be sure of it.
const READ_AGAIN: time::Duration = time::Duration::minutes(10);

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
    pub troubles: Vec<Trouble>,
    /// There was something to list, and not one list could be had.
    pub blind: bool,
}

/// How many lists were asked for, how many could be had, and what kept us from the others.
#[derive(Default)]
struct Attempts {
    asked: usize,
    had: usize,
    troubles: Vec<Trouble>,
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
    Ours {
        /// How ours stands.
        state: Option<State>,
        /// Why it goes beyond what is agreed, if it does.
        beyond: Vec<Reason>,
        /// Theirs would have been in the lists, if it were there and we might see it.
        sought: bool,
    },
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
        let mut attempts = Attempts::default();
        let networks = self.list_networks(until, &mut attempts).await;
        let connections = self.list_connections(until, &mut attempts).await;
        let listed = Listed { networks, connections };
        let looked_at = self.clock.now();
        let Attempts { asked, had, troubles } = attempts;
        let mut swept = Swept { troubles, blind: asked > 0 && had == 0, ..Swept::default() };
        let (mut notices, mut checked) = (Vec::new(), Vec::new());
        let before = self.ledger.checked().await?;
        for candidate in self.candidates(&listed).await? {
            swept.seen += 1;
            let shown = listed.shown(&candidate, &self.agreements);
            if candidate.record.is_some() && shown.is_whole(&candidate.pair) {
                checked.push(candidate.pair.id());
            }
            let checked_at = before.get(&candidate.pair.id()).copied();
            if !self.is_settled(&candidate, shown, checked_at) {
                notices.push(Notice::new(Hint::at(&candidate.pair), cause.clone()));
            }
        }
        self.ledger.note_checked(&checked, looked_at).await?;
        swept.noticed = self.announce(&notices, None, Urgency::Patient).await?;
        self.note(&swept).await?;
        self.tell_spent();
        swept.told = self.tell().await?;
        Ok(swept)
    }

    /// Leaves what the sweep could do for whoever asks how fresh the ledger is.
    async fn note(&self, swept: &Swept) -> Result<(), ReconcileError> {
        let at = self.clock.now();
        let before = if swept.blind { self.ledger.last_sweep().await? } else { None };
        let Swept { seen, noticed, troubles, .. } = swept.clone();
        let looked_at = before.map_or(at, |before| before.looked_at.min(at));
        let note = SweepNote { at, seen, noticed, troubles, looked_at };
        Ok(self.ledger.note_sweep(&note.bounded()).await?)
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
    fn is_settled(&self, candidate: &Candidate, shown: Shown, checked_at: Option<OffsetDateTime>) -> bool {
        let Some(record) = &candidate.record else { return false };
        if record.held(self.clock.now()).is_some() {
            return true;
        }
        if is_owed(record, record.phase) {
            return false;
        }
        let is_due = |checked_at: Option<OffsetDateTime>| {
            checked_at.is_none_or(|at| (self.clock.now() - at).abs() >= READ_AGAIN)
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
            Shown::Ours { state, beyond, sought } => {
                // Gone, or out of sight: only a read can tell.
                let read_again = sought && is_due(checked_at);
                let consents = if beyond.is_empty() {
                    !record.reasons.iter().any(|reason| reason.code.is_breach())
                } else {
                    record.reasons == beyond
                };
                record.phase.is_final() && state == record.ours.state && consents && !read_again
            }
            // What is known not to be agreed to, and is in no list for that reason, is not read every minute.
            Shown::Nothing => {
                record.phase == Phase::Refused && !self.is_covered(&candidate.pair) && !is_due(checked_at)
            }
            Shown::Unknown => record.phase.is_final(),
        }
    }

    fn is_covered(&self, pair: &Pair) -> bool {
        match pair {
            Pair::Peering(ends) => self.agreements.covering(ends).is_some(),
            Pair::Management(ends) => self.agreements.covering_management(ends).is_some(),
        }
    }

    /// What kept a list from us, and what mends it.
    fn trouble(&self, what: &str, error: &ArmError) -> Trouble {
        match error.class() {
            Class::Denied(denial) => self.denied(&denial),
            _ => Trouble { message: format!("{what} could not be listed: {error}"), fix: None },
        }
    }

    fn denied(&self, denial: &Denial) -> Trouble {
        let Reason { message, fix, .. } = grants::access_missing(denial, &self.agreements);
        Trouble { message, fix }
    }
}

impl Listed {
    fn shown(&self, candidate: &Candidate, agreements: &Agreements) -> Shown {
        let record = candidate.record.as_ref();
        match &candidate.pair {
            Pair::Peering(ends) => self.networks.shown(ends, record, agreements),
            Pair::Management(ends) => self.connections.shown(ends, record, agreements),
        }
    }
}

impl Shown {
    /// Whether the lists tell how both halves stand. That their network is not listed may mean that it is gone, or that
    /// we may not see it.
    fn is_whole(&self, pair: &Pair) -> bool {
        match (self, pair) {
            (Self::Whole(view), _) => view.is_whole(),
            (Self::Ours { .. }, Pair::Management(_)) => true,
            (Self::Ours { .. }, Pair::Peering(_)) | (Self::Nothing | Self::Unknown, _) => false,
        }
    }
}
