//! What follows where our half goes beyond what is agreed.

use std::time::Duration;

use super::outcome::{is_changing, peering, removal};
use super::table::{Outcome, Table};
use crate::handshake::agreements::Agreements;
use crate::handshake::decision::Verdict;
use crate::handshake::ids::HandshakeId;
use crate::handshake::phase::Phase;
use crate::handshake::read::Read;
use crate::handshake::reason::Reason;
use crate::handshake::record::Record;
use crate::handshake::removal::may_be_removed;
use crate::handshake::resource_id::ResourceId;
use crate::handshake::step::Step;
use crate::kinds::peering::consent::{Breach, Mend, OurHalf, objection};
use crate::kinds::peering::ends::PeeringEnds;
use crate::kinds::peering::halves::{Network, PeeringHalf};
use crate::kinds::peering::observation::{End, HalfState};
use crate::kinds::peering::rows;

/// Judges our half by what it routes and allows and by what is agreed now, whatever theirs is: `None` if there is none,
/// or if the agreements cover it. One that is being written is judged afterwards. One that is Disconnected routes nothing;
/// what it did route before anybody could see it is told, where that went too far and the half goes anyway.
#[must_use]
pub(in crate::kinds::peering) fn beyond(
    ends: &PeeringEnds,
    ours: &Network,
    record: Option<&Record>,
    agreements: &Agreements,
) -> Option<Breach> {
    let half = ours.half_towards(&ends.theirs)?;
    let breach = our_half(ends, ours, half, record).beyond(agreements)?;
    let has_routed = || breach.mend == Some(Mend::Remove) && breach.is_exceeded();
    match HalfState::of(Some(half)) {
        HalfState::Changing => None,
        HalfState::Disconnected => has_routed().then_some(breach),
        HalfState::Absent
        | HalfState::Failed
        | HalfState::Initiated
        | HalfState::Connected(_)
        | HalfState::Unknown => Some(breach),
    }
}

fn is_judged(half: &PeeringHalf) -> bool {
    !matches!(HalfState::of(Some(half)), HalfState::Changing | HalfState::Disconnected)
}

fn our_half<'a>(
    ends: &'a PeeringEnds,
    network: &'a Network,
    half: &'a PeeringHalf,
    record: Option<&'a Record>,
) -> OurHalf<'a> {
    let id = HandshakeId::of_peering(&ends.ours, &ends.theirs);
    let made = Record::made(record, &id, &ResourceId::of(&half.id));
    OurHalf { ends, network, half, made, agreed: record.and_then(|record| record.agreed.as_ref()) }
}

impl Table<'_> {
    pub(super) fn is_covered(&self, ours: End<'_>) -> bool {
        let Read::Found((network, Some(half))) = ours else { return false };
        is_judged(half) && beyond(self.ends, network, self.record, self.agreements).is_none()
    }

    /// What follows where our half goes beyond what is agreed.
    pub(super) fn goes_beyond(&self, network: &Network, half: &PeeringHalf) -> Option<Outcome> {
        let Breach { reasons, mend } = beyond(self.ends, network, self.record, self.agreements)?;
        if self.wants_gone() && self.may_remove(half).is_ok() {
            return None;
        }
        let Some(mend) = mend else {
            return Some((
                rows::BEYOND,
                Verdict::Rest { phase: Phase::Refused, reasons, requeue_after: None },
            ));
        };
        if is_changing(network) {
            let requeue_after = Some(Duration::from_secs(5));
            return Some((rows::BEYOND, Verdict::Rest { phase: Phase::Refused, reasons, requeue_after }));
        }
        let (row, write) = match mend {
            Mend::Narrow(flags) => {
                let (id, remote) = (half.id.clone(), half.remote.clone());
                (rows::NARROW_OURS, peering(Step::RewriteOurs, id, remote, flags, Some(half)))
            }
            Mend::Remove => (rows::UNDO_OURS, removal(Step::RemoveOurs, half)),
        };
        Some((row, Verdict::Undo { write, reasons }))
    }

    /// Whether a request may remove this half.
    pub(super) fn may_remove(&self, half: &PeeringHalf) -> Result<(), Reason> {
        let objection = objection(self.ends, self.agreements);
        may_be_removed(&ResourceId::of(&half.id), &self.ends.pair(), self.record, objection)
    }

    pub(super) fn made(&self, half: &PeeringHalf) -> bool {
        let id = HandshakeId::of_peering(&self.ends.ours, &self.ends.theirs);
        Record::made(self.record, &id, &ResourceId::of(&half.id))
    }
}
