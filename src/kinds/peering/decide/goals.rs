//! The rows for what a request wants, which come before the table.

use std::time::Duration;

use super::networks::Networks;
use super::outcome::{refuse, removal, remove_ours};
use super::table::{Outcome, Table};
use crate::handshake::decision::Verdict;
use crate::handshake::phase::Phase;
use crate::handshake::record::Record;
use crate::handshake::step::{Side, Step};
use crate::kinds::peering::agreement::Reach;
use crate::kinds::peering::consent::is_denied;
use crate::kinds::peering::flags::AskedFlags;
use crate::kinds::peering::halves::{PeeringHalf, PeeringState};
use crate::kinds::peering::observation::HalfState;
use crate::kinds::peering::{messages, rows};

/// A peering that was removed on request is reported as broken when theirs is left after this long.
pub const REMOVAL_AWAITED: time::Duration = time::Duration::minutes(10);

impl Table<'_> {
    pub(super) fn wants_gone(&self) -> bool {
        self.record.and_then(Record::wants_gone).is_some()
    }

    pub(super) fn wants_ours_gone(&self, half: &PeeringHalf) -> bool {
        let asked = self.record.and_then(Record::wants_gone) == Some(Side::Ours);
        asked && HalfState::of(Some(half)) != HalfState::Changing && self.may_remove(half).is_ok()
    }

    /// The half that a request names goes, whatever its state; what is left then is the partner's to remove, and is
    /// waited for within bounds.
    pub(super) fn disconnect(&self, pair: &Networks<'_>, side: Side) -> Option<Outcome> {
        let theirs_may_go = pair.reach() == Reach::Both && !is_denied(self.agreements, self.ends);
        let half = match side {
            Side::Ours => pair.our_half,
            Side::Theirs => pair.their_half.filter(|_| theirs_may_go),
        };
        if let Some(half) = half {
            return Some(self.disconnect_half(side, half));
        }
        let (left, other) = match side {
            Side::Ours => (pair.their_half?, Side::Theirs),
            Side::Theirs => (pair.our_half?, Side::Ours),
        };
        if other == Side::Ours || theirs_may_go {
            return Some(self.disconnect_half(other, left));
        }
        let since = self.record.and_then(|record| record.stand_since(None, Some(&left.state.to_string())));
        let waited = since.map_or(time::Duration::ZERO, |since| self.now - since);
        (waited <= REMOVAL_AWAITED && left.state == PeeringState::Disconnected).then(|| {
            let reason = messages::awaiting_their_removal(self.ends, left);
            let requeue_after = Some(Duration::from_secs(5));
            (
                rows::WAIT_FOR_THEIR_REMOVAL,
                Verdict::Rest { phase: Phase::Waiting, reasons: vec![reason], requeue_after },
            )
        })
    }

    /// A request removes what an agreement covers or what we made, and nothing else.
    fn disconnect_half(&self, side: Side, half: &PeeringHalf) -> Outcome {
        match (self.may_remove(half), side) {
            (Ok(()), Side::Ours) => remove_ours(rows::DISCONNECT, half, messages::removed_on_request(half)),
            (Ok(()), Side::Theirs) => (rows::DISCONNECT, Verdict::Write(removal(Step::RemoveTheirs, half))),
            (Err(reason), _) => refuse(rows::REFUSE, vec![reason]),
        }
    }
}

impl Networks<'_> {
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
        Some(self.with_consent(|case| self.put_ours(rows::OPEN_OURS, step, case.asked_flags(asked))))
    }
}
