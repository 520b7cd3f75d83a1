//! Consent to management, judged on what is: whether our tenant agrees now to the half that it has.

use time::OffsetDateTime;

use super::outcome::{refuse, remove, rest};
use super::table::{Outcome, Table};
use crate::handshake::agreements::{Adopt, Agreements, Remedy};
use crate::handshake::decision::Verdict;
use crate::handshake::phase::Phase;
use crate::handshake::read::Read;
use crate::handshake::reason::{Code, Reason};
use crate::handshake::record::Record;
use crate::handshake::removal::may_be_removed;
use crate::handshake::resource_id::ResourceId;
use crate::handshake::step::Step;
use crate::kinds::network_manager::body::ManagementBody;
use crate::kinds::network_manager::ends::ManagementEnds;
use crate::kinds::network_manager::halves::ConnectionState;
use crate::kinds::network_manager::observation::ManagementObservation;
use crate::kinds::network_manager::{messages, rows};

/// What the agreements say against a pair whatever its halves are: a `[[deny]]`, or that none covers it.
pub(in crate::kinds::network_manager) fn objection(
    ends: &ManagementEnds,
    agreements: &Agreements,
) -> Option<Reason> {
    let denied = agreements.denied_scope(ends).map(|rule| {
        let message = format!("a [[deny]] names a network in {}: {}", ends.scope, rule.reason);
        Reason::new(Code::DeniedByName, message).fixed_by("take the [[deny]] out")
    });
    let uncovered = || agreements.covering_management(ends).is_none();
    denied.or_else(|| uncovered().then(|| messages::no_agreement(ends, agreements)))
}

/// Every reason why our half, where it can be seen, is not covered by what is agreed now; none if it is.
#[must_use]
pub(in crate::kinds::network_manager) fn beyond(
    ends: &ManagementEnds,
    observation: &ManagementObservation,
    record: Option<&Record>,
    agreements: &Agreements,
) -> Vec<Reason> {
    let covering = agreements.covering_management(ends);
    let table = Table { ends, record, agreements, covering, observation, now: OffsetDateTime::UNIX_EPOCH };
    table.our_half().map_or_else(Vec::new, |(half, _)| table.refusals(half))
}

impl Table<'_> {
    /// Ours is gone and theirs is left. If we took ours down, that is why, as long as it is not agreed to again.
    pub(super) fn ours_gone(&self, theirs: &ResourceId) -> Outcome {
        let reasons = self.objections();
        match self.record.and_then(|record| record.undone.as_ref()).filter(|_| !reasons.is_empty()) {
            Some(why) => refuse([vec![why.clone()], reasons].concat()),
            None => rest(rows::OURS_GONE, Phase::Broken, messages::ours_removed(self.ends, theirs)),
        }
    }

    /// Our half where it may take or give hold of something, now or as soon as theirs is there.
    pub(super) fn our_half(&self) -> Option<(ResourceId, ConnectionState)> {
        use ConnectionState::{Connected, Pending, Unknown};
        match self.observation.at(self.ends.seat)? {
            Read::Found((id, state @ (Connected | Pending | Unknown), _)) => Some((id, state)),
            Read::Found(_) | Read::Absent | Read::Denied(_) => None,
        }
    }

    /// Every reason against a half of this pair.
    pub(super) fn objections(&self) -> Vec<Reason> {
        let denied =
            self.agreements.denied_scope(self.ends).map(|rule| messages::denied(self.ends, &rule.reason));
        let uncovered = self.covering.is_none().then(|| messages::no_agreement(self.ends, self.agreements));
        denied.into_iter().chain(uncovered).collect()
    }

    /// Every reason against our half as it stands.
    pub(super) fn refusals(&self, half: ResourceId) -> Vec<Reason> {
        let mut reasons = self.objections();
        let agreed = self.record.and_then(|record| record.agreed.as_ref());
        if !reasons.is_empty() && (agreed.is_some() || self.made_by_us(&half)) {
            reasons.insert(0, messages::withdrawn(&half, agreed, self.withdrawal_is_mended(&half)));
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
            return Some((
                rows::BEYOND,
                Verdict::Rest { phase: Phase::Refused, reasons, requeue_after: None },
            ));
        }
        let write = ManagementBody::Removal(half).by(Step::RemoveOurs);
        Some((rows::UNDO_OURS, Verdict::Undo { write, reasons }))
    }

    fn withdrawal_is_mended(&self, half: &ResourceId) -> bool {
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
    fn may_remove(&self, half: &ResourceId) -> Result<(), Reason> {
        may_be_removed(half, &self.ends.pair(), self.record, objection(self.ends, self.agreements))
    }

    pub(super) fn disconnect(&self, half: &ResourceId) -> Outcome {
        match self.may_remove(half) {
            Ok(()) => remove(rows::DISCONNECT, half, messages::removed_on_request(half)),
            Err(reason) => refuse(vec![reason]),
        }
    }

    /// Whether the agreement names just this manager: only then is ours made on the word of an event, or else whoever
    /// can send events would decide how many connections we write.
    pub(super) fn is_spelt_out(&self) -> bool {
        self.covering.is_some_and(|(_, agreement)| agreement.manager.literal().is_some())
    }
}
