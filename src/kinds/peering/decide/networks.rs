//! The two networks of a pair, both read, and what follows for them from an agreement.

use super::outcome::{at_work, peering, refuse, rest, write};
use super::table::Outcome;
use crate::handshake::agreements::OnRemoval;
use crate::handshake::decision::{Row, Verdict};
use crate::handshake::ids::{HandshakeId, Name};
use crate::handshake::phase::Phase;
use crate::handshake::reason::Reason;
use crate::handshake::step::{Side, Step};
use crate::kinds::peering::admission::Case;
use crate::kinds::peering::agreement::Reach;
use crate::kinds::peering::flags::PeeringFlags;
use crate::kinds::peering::halves::{Network, PeeringHalf};
use crate::kinds::peering::{messages, rows};

/// Both networks were read; this is the pair in them.
pub(super) struct Networks<'a> {
    pub(super) ours: &'a Network,
    pub(super) theirs: &'a Network,
    pub(super) our_half: Option<&'a PeeringHalf>,
    pub(super) their_half: Option<&'a PeeringHalf>,
    /// We made our half, or an agreement lets us manage what people made.
    pub(super) ours_is_managed: bool,
    pub(super) theirs_is_managed: bool,
    pub(super) case: Result<Case<'a>, Vec<Reason>>,
}

impl Networks<'_> {
    pub(super) fn consent(&self) -> Result<&Case<'_>, Vec<Reason>> {
        let case = self.case.as_ref().map_err(Clone::clone)?;
        case.admit().map(|()| case)
    }

    pub(super) fn with_consent(&self, then: impl FnOnce(&Case<'_>) -> Outcome) -> Outcome {
        match self.consent() {
            Ok(case) => then(case),
            Err(reasons) => refuse(rows::REFUSE, reasons),
        }
    }

    pub(super) fn reach(&self) -> Reach {
        self.case.as_ref().map_or(Reach::Ours, |case| case.agreement.reach)
    }

    pub(super) fn on_removal(&self) -> Option<OnRemoval> {
        self.case.as_ref().ok().map(|case| case.agreement.on_removal)
    }

    /// What follows if our half is ours to write; what people made is theirs.
    pub(super) fn managed_ours(&self, then: impl FnOnce() -> Outcome) -> Outcome {
        match self.our_half.filter(|_| !self.ours_is_managed) {
            Some(half) => rest(rows::LEFT_TO_PEOPLE, Phase::Blocked, messages::left_to_people(half)),
            None => then(),
        }
    }

    pub(super) fn answer_theirs(&self, case: &Case<'_>, step: Step) -> Outcome {
        self.put_ours(rows::ANSWER_THEIRS, step, case.flags(Side::Ours))
    }

    /// Writes our half: the one that is there, or a new one.
    pub(super) fn put_ours(&self, row: Row, step: Step, flags: PeeringFlags) -> Outcome {
        self.put(row, step, self.ours, self.theirs, self.our_half, flags)
    }

    pub(super) fn create_theirs(&self, case: &Case<'_>) -> Outcome {
        let flags = case.flags(Side::Theirs);
        self.put(rows::ANSWER_OURS, Step::CreateTheirs, self.theirs, self.ours, None, flags)
    }

    fn put(
        &self,
        row: Row,
        step: Step,
        holder: &Network,
        remote: &Network,
        stands: Option<&PeeringHalf>,
        flags: PeeringFlags,
    ) -> Outcome {
        let name = stands.map(|half| half.id.name.clone());
        let Some(name) = name.or_else(|| self.new_name(holder)) else {
            return rest(rows::NAME_TAKEN, Phase::Blocked, messages::names_taken(&holder.id));
        };
        let write = peering(step, holder.id.peering(name), remote.id.clone(), flags, stands);
        (row, Verdict::Write(write))
    }

    /// Both are connected and in sync, and ours routes nothing that is not agreed. Connected, unless they have grown.
    pub(super) fn settled(&self) -> Outcome {
        match self.case.as_ref().map_err(Clone::clone).and_then(Case::still_agreed) {
            Ok(()) => {
                rest(rows::CONNECTED, Phase::Connected, messages::connected(self.their_half, self.our_half))
            }
            Err(reasons) => refuse(rows::REFUSE_WIDENING, reasons),
        }
    }

    pub(super) fn write_ours(&self, row: Row, step: Step) -> Outcome {
        self.our_half.map_or_else(at_work, |half| write(row, step, half))
    }

    pub(super) fn write_theirs(&self, row: Row, step: Step) -> Outcome {
        self.their_half.map_or_else(at_work, |half| write(row, step, half))
    }

    /// The first of our names that no other half in the network has: Azure would take a PUT for a change of that one.
    fn new_name(&self, holder: &Network) -> Option<Name> {
        let handshake = HandshakeId::of_peering(&self.ours.id, &self.theirs.id);
        let is_free = |name: &Name| !holder.peerings.iter().any(|half| half.id.name == *name);
        Name::of_halves(&handshake).into_iter().find(is_free)
    }
}
