//! The pair of two networks that were read, and what follows for it from an agreement.

use super::Outcome;
use super::outcome::{at_work, peering, refuse, rest, write};
use crate::handshake::admission::Case;
use crate::handshake::agreements::{OnRemoval, Reach};
use crate::handshake::decision::{Row, Verdict};
use crate::handshake::halves::{Network, PeeringHalf};
use crate::handshake::ids::{HandshakeId, Name};
use crate::handshake::phase::Phase;
use crate::handshake::reason::Reason;
use crate::handshake::step::{Side, Step};
use crate::handshake::tell;

/// Both networks were read; this is the pair in them.
pub(super) struct Pair<'a> {
    pub(super) ours: &'a Network,
    pub(super) theirs: &'a Network,
    pub(super) our_half: Option<&'a PeeringHalf>,
    pub(super) their_half: Option<&'a PeeringHalf>,
    pub(super) case: Result<Case<'a>, Vec<Reason>>,
}

impl Pair<'_> {
    pub(super) fn consent(&self) -> Result<&Case<'_>, Vec<Reason>> {
        let case = self.case.as_ref().map_err(Clone::clone)?;
        case.admit().map(|()| case)
    }

    pub(super) fn with_consent(&self, then: impl FnOnce(&Case<'_>) -> Outcome) -> Outcome {
        match self.consent() {
            Ok(case) => then(case),
            Err(reasons) => refuse(Row::Refuse, reasons),
        }
    }

    pub(super) fn reach(&self) -> Reach {
        self.case.as_ref().map_or(Reach::Ours, |case| case.agreement.reach)
    }

    pub(super) fn on_removal(&self) -> Option<OnRemoval> {
        self.case.as_ref().ok().map(|case| case.agreement.on_removal)
    }

    pub(super) fn answer_theirs(&self, case: &Case<'_>, step: Step) -> Outcome {
        let name = self.our_half.map_or_else(|| self.new_name(), |half| half.id.name.clone());
        let (half, remote) = (self.ours.id.peering(name), self.theirs.id.clone());
        let write = peering(step, half, remote, case.flags(Side::Ours)).over(self.our_half);
        (Row::AnswerTheirs, Verdict::Write(write))
    }

    pub(super) fn create_theirs(&self, case: &Case<'_>) -> Outcome {
        let (half, remote) = (self.theirs.id.peering(self.new_name()), self.ours.id.clone());
        let write = peering(Step::CreateTheirs, half, remote, case.flags(Side::Theirs));
        (Row::AnswerOurs, Verdict::Write(write))
    }

    /// Both are connected and in sync. What is not covered by an agreement was made by people, and is left to them.
    pub(super) fn settled(&self) -> Outcome {
        let narrowed = self.case.as_ref().ok().zip(self.our_half).and_then(|(case, half)| {
            let flags = case.within_agreement(half.flags);
            (flags != half.flags).then(|| {
                peering(Step::RewriteOurs, half.id.clone(), half.remote.clone(), flags).over(Some(half))
            })
        });
        match narrowed {
            Some(write) => (Row::NarrowOurs, Verdict::Write(write)),
            None => rest(Row::Connected, Phase::Connected, tell::connected(self.their_half, self.our_half)),
        }
    }

    pub(super) fn write_ours(&self, row: Row, step: Step) -> Outcome {
        self.our_half.map_or_else(at_work, |half| write(row, step, half))
    }

    pub(super) fn write_theirs(&self, row: Row, step: Step) -> Outcome {
        self.their_half.map_or_else(at_work, |half| write(row, step, half))
    }

    pub(super) fn new_name(&self) -> Name {
        Name::of_half(&HandshakeId::of_peering(&self.ours.id, &self.theirs.id))
    }
}
