//! What follows where our half goes beyond what is agreed.

use std::time::Duration;

use super::outcome::{is_changing, peering, removal};
use super::{Look, Outcome};
use crate::handshake::agreements::{Agreements, Ends};
use crate::handshake::consent::{Breach, Mend, OurHalf};
use crate::handshake::decision::{Row, Verdict};
use crate::handshake::halves::{Network, PeeringHalf};
use crate::handshake::ids::HandshakeId;
use crate::handshake::observation::{HalfState, Seen};
use crate::handshake::pair::{HalfId, Pair};
use crate::handshake::phase::Phase;
use crate::handshake::reason::Reason;
use crate::handshake::record::Record;
use crate::handshake::removal::may_be_removed;
use crate::handshake::step::Step;

/// Judges our half by what it routes and allows and by what is agreed now, whatever theirs is: `None` if there is none,
/// or if the agreements cover it. One that is being written is judged afterwards. One that is Disconnected routes nothing;
/// what it did route before anybody could see it is told, where that went too far and the half goes anyway.
#[must_use]
pub fn beyond(
    ends: &Ends,
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
    ends: &'a Ends,
    network: &'a Network,
    half: &'a PeeringHalf,
    record: Option<&'a Record>,
) -> OurHalf<'a> {
    let id = HandshakeId::of_peering(&ends.ours, &ends.theirs);
    let made = Record::made(record, &id, &HalfId::Peering(half.id.clone()));
    OurHalf { ends, network, half, made, agreed: record.and_then(|record| record.agreed.as_ref()) }
}

impl Look<'_> {
    pub(super) fn is_covered(&self, ours: Seen<'_>) -> bool {
        let Seen::Present(network, half) = ours else { return false };
        is_judged(half) && beyond(self.ends, network, self.record, self.agreements).is_none()
    }

    /// What follows where our half goes beyond what is agreed.
    pub(super) fn goes_beyond(&self, network: &Network, half: &PeeringHalf) -> Option<Outcome> {
        let Breach { reasons, mend } = beyond(self.ends, network, self.record, self.agreements)?;
        if self.wants_gone() && self.may_remove(half).is_ok() {
            return None;
        }
        let Some(mend) = mend else {
            return Some((Row::Beyond, Verdict::Rest { phase: Phase::Refused, reasons, again: None }));
        };
        if is_changing(network) {
            let again = Some(Duration::from_secs(5));
            return Some((Row::Beyond, Verdict::Rest { phase: Phase::Refused, reasons, again }));
        }
        let (row, write) = match mend {
            Mend::Narrow(flags) => {
                let (id, remote) = (half.id.clone(), half.remote.clone());
                (Row::NarrowOurs, peering(Step::RewriteOurs, id, remote, flags).over(Some(half)))
            }
            Mend::Remove => (Row::UndoOurs, removal(Step::RemoveOurs, half)),
        };
        Some((row, Verdict::Undo { write, reasons }))
    }

    /// Whether a request may remove this half.
    pub(super) fn may_remove(&self, half: &PeeringHalf) -> Result<(), Reason> {
        let pair = Pair::Peering(self.ends.clone());
        may_be_removed(&HalfId::Peering(half.id.clone()), &pair, self.record, self.agreements)
    }

    pub(super) fn made(&self, half: &PeeringHalf) -> bool {
        let id = HandshakeId::of_peering(&self.ends.ours, &self.ends.theirs);
        Record::made(self.record, &id, &HalfId::Peering(half.id.clone()))
    }
}
