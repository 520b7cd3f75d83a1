//! Consent to management, judged on what is: whether our tenant agrees now to the half that it has.

use time::OffsetDateTime;

use super::{Look, Outcome, refuse, remove, rest};
use crate::handshake::agreements::{Adopt, Agreements, Remedy};
use crate::handshake::decision::{Row, Verdict};
use crate::handshake::management::ends::ManagementEnds;
use crate::handshake::management::halves::ConnectionState;
use crate::handshake::management::observation::{EndSeen, ManagementObservation};
use crate::handshake::management::tell;
use crate::handshake::pair::{HalfId, Pair, Target};
use crate::handshake::phase::Phase;
use crate::handshake::reason::Reason;
use crate::handshake::record::Record;
use crate::handshake::removal::may_be_removed;
use crate::handshake::step::{Body, Step, Write};

/// Every reason why our half, where it can be seen, is not covered by what is agreed now; none if it is.
#[must_use]
pub fn beyond(
    ends: &ManagementEnds,
    observation: &ManagementObservation,
    record: Option<&Record>,
    agreements: &Agreements,
) -> Vec<Reason> {
    let covering = agreements.covering_management(ends);
    let look = Look { ends, record, agreements, covering, observation, now: OffsetDateTime::UNIX_EPOCH };
    look.our_half().map_or_else(Vec::new, |(half, _)| look.refusals(half))
}

impl Look<'_> {
    /// Ours is gone and theirs is left. If we took ours down, that is why, as long as it is not agreed to again.
    pub(super) fn ours_gone(&self, theirs: &HalfId) -> Outcome {
        let reasons = self.objections();
        match self.record.and_then(|record| record.undone.as_ref()).filter(|_| !reasons.is_empty()) {
            Some(why) => refuse([vec![why.clone()], reasons].concat()),
            None => rest(Row::OursGone, Phase::Broken, tell::ours_removed(self.ends, theirs)),
        }
    }

    /// Our half where it may take or give hold of something, now or as soon as theirs is there.
    pub(super) fn our_half(&self) -> Option<(HalfId, ConnectionState)> {
        use ConnectionState::{Connected, Pending, Unknown};
        match self.observation.at(self.ends.seat)? {
            EndSeen::Present(id, state @ (Connected | Pending | Unknown), _) => Some((id, state)),
            EndSeen::Present(..) | EndSeen::Absent | EndSeen::Denied(_) => None,
        }
    }

    /// Every reason against a half of this pair.
    pub(super) fn objections(&self) -> Vec<Reason> {
        let denied =
            self.agreements.denied_scope(self.ends).map(|rule| tell::denied(self.ends, &rule.reason));
        let uncovered = self.covering.is_none().then(|| tell::no_agreement(self.ends, self.agreements));
        denied.into_iter().chain(uncovered).collect()
    }

    /// Every reason against our half as it stands.
    pub(super) fn refusals(&self, half: HalfId) -> Vec<Reason> {
        let mut reasons = self.objections();
        let agreed = self.record.and_then(|record| record.agreed.as_ref());
        if !reasons.is_empty() && (agreed.is_some() || self.made_by_us(&half)) {
            reasons.insert(0, tell::withdrawn(&half, agreed, self.withdrawal_is_mended(&half)));
        }
        reasons
    }

    /// Our half is judged by what is agreed now, whatever theirs is.
    pub(super) fn goes_beyond(&self) -> Option<Outcome> {
        let (half, _) = self.our_half()?;
        let reasons = self.refusals(half.clone());
        if reasons.is_empty() || (self.wants_gone() && self.may_remove(&half).is_ok()) {
            return None;
        }
        if !self.withdrawal_is_mended(&half) {
            return Some((Row::Beyond, Verdict::Rest { phase: Phase::Refused, reasons, again: None }));
        }
        let write = Write { step: Step::RemoveOurs, body: Body::Removal(Target::Half(half)) };
        Some((Row::UndoOurs, Verdict::Undo { write, reasons }))
    }

    fn withdrawal_is_mended(&self, half: &HalfId) -> bool {
        let named = || {
            let agreed = self.record?.agreed.as_ref()?;
            self.agreements.labelled_management(self.ends.partner, &agreed.agreement)
        };
        let policy = self.covering.map(|(_, agreement)| agreement).or_else(named);
        let agreed_before =
            self.made_by_us(half) || self.record.is_some_and(|record| record.agreed.is_some());
        policy.is_some_and(|policy| policy.on_withdrawal == Remedy::Remove)
            && agreed_before
            && (self.made_by_us(half) || self.is_adopted())
    }

    /// Whether an agreement that covers it lets us remove what people made.
    pub(super) fn is_adopted(&self) -> bool {
        let managed = self.covering.is_some_and(|(_, agreement)| agreement.adopt == Adopt::Manage);
        managed && self.agreements.denied_scope(self.ends).is_none()
    }

    /// Whether a request may remove this half.
    fn may_remove(&self, half: &HalfId) -> Result<(), Reason> {
        may_be_removed(half, &Pair::Management(self.ends.clone()), self.record, self.agreements)
    }

    pub(super) fn disconnect(&self, half: &HalfId) -> Outcome {
        match self.may_remove(half) {
            Ok(()) => remove(Row::Disconnect, half),
            Err(reason) => refuse(vec![reason]),
        }
    }

    /// Whether the agreement names just this manager: only then is ours made on the word of an event, or else whoever
    /// can send events would decide how many connections we write.
    pub(super) fn is_spelt_out(&self) -> bool {
        self.covering.is_some_and(|(_, agreement)| agreement.manager.literal().is_some())
    }
}
