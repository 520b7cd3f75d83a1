//! The rows for what a request asks for, which come before the table.

use std::time::Duration;

use super::outcome::{peering, write};
use super::pair::Pair;
use super::{Look, Outcome, REMOVAL_AWAITED};
use crate::handshake::agreements::Reach;
use crate::handshake::decision::{Row, Verdict};
use crate::handshake::halves::{PeeringHalf, PeeringState};
use crate::handshake::observation::HalfState;
use crate::handshake::pair::State;
use crate::handshake::phase::Phase;
use crate::handshake::record::Record;
use crate::handshake::step::{Side, Step};
use crate::handshake::tell;
use crate::handshake::wish::AskedFlags;

impl Look<'_> {
    pub(super) fn wants_gone(&self) -> bool {
        self.record.and_then(Record::wants_gone).is_some()
    }

    pub(super) fn wants_ours_gone(&self, half: &PeeringHalf) -> bool {
        let asked = self.record.and_then(Record::wants_gone) == Some(Side::Ours);
        asked && HalfState::of(Some(half)) != HalfState::Changing
    }

    /// The half that a request names goes, whatever its state; what is left then is the partner's to remove, and is
    /// waited for within bounds.
    pub(super) fn disconnect(&self, pair: &Pair<'_>, side: Side) -> Option<Outcome> {
        let half = match side {
            Side::Ours => pair.our_half,
            Side::Theirs => pair.their_half.filter(|_| pair.reach() == Reach::Both),
        };
        if let Some(half) = half {
            return Some(write(Row::Disconnect, Step::removal(side), half));
        }
        let (left, other) = match side {
            Side::Ours => (pair.their_half?, Side::Theirs),
            Side::Theirs => (pair.our_half?, Side::Ours),
        };
        if other == Side::Ours || pair.reach() == Reach::Both {
            return Some(write(Row::Disconnect, Step::removal(other), left));
        }
        let since = self.record.and_then(|record| record.stand_since(None, Some(State::Peering(left.state))));
        let waited = since.map_or(time::Duration::ZERO, |since| self.now - since);
        (waited <= REMOVAL_AWAITED && left.state == PeeringState::Disconnected).then(|| {
            let reason = tell::awaiting_their_removal(self.ends, left);
            let again = Some(Duration::from_secs(5));
            (Row::WaitForTheirRemoval, Verdict::Rest { phase: Phase::Waiting, reasons: vec![reason], again })
        })
    }
}

impl Pair<'_> {
    /// Our half as a request asks for it, where the table would not write it or would leave it as it is.
    pub(super) fn open(&self, theirs: HalfState, ours: HalfState, asked: &AskedFlags) -> Option<Outcome> {
        use HalfState::{Absent, Connected, Disconnected, Initiated};
        let step = match (theirs, ours) {
            (Absent | Initiated, Absent) => Step::CreateOurs,
            (Absent | Initiated, Disconnected) => Step::RewriteOurs,
            (Absent, Initiated) | (Connected(_), Connected(_)) => {
                let case = self.case.as_ref().ok()?;
                let half = self.our_half?;
                if !asked.differs(half.flags) || case.asked_flags(asked) == half.flags {
                    return None;
                }
                Step::RewriteOurs
            }
            _ => return None,
        };
        Some(self.with_consent(|case| {
            let name = self.our_half.map_or_else(|| self.new_name(), |half| half.id.name.clone());
            let (half, remote) = (self.ours.id.peering(name), self.theirs.id.clone());
            let write = peering(step, half, remote, case.asked_flags(asked)).over(self.our_half);
            (Row::OpenOurs, Verdict::Write(write))
        }))
    }
}
