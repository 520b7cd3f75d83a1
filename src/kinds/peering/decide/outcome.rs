//! The verdicts that the rows of the table are made of.

use std::time::Duration;

use super::table::Outcome;
use crate::handshake::decision::{Row, Verdict};
use crate::handshake::ids::VirtualNetworkId;
use crate::handshake::phase::Phase;
use crate::handshake::provisioning::Provisioning;
use crate::handshake::reason::Reason;
use crate::handshake::step::Step;
use crate::handshake::write::Write;
use crate::kinds::peering::body::PeeringBody;
use crate::kinds::peering::flags::PeeringFlags;
use crate::kinds::peering::halves::{Network, PeeringHalf};
use crate::kinds::peering::ids::PeeringId;
use crate::kinds::peering::{messages, rows};

pub(super) fn peering(
    step: Step,
    id: PeeringId,
    remote: VirtualNetworkId,
    flags: PeeringFlags,
    over: Option<&PeeringHalf>,
) -> Write {
    PeeringBody::written(id, remote, flags, over).by(step)
}

/// A write that keeps a half's own name, remote network and flags.
pub(super) fn write(row: Row, step: Step, half: &PeeringHalf) -> Outcome {
    let write = peering(step, half.id.clone(), half.remote.clone(), half.flags, Some(half));
    (row, Verdict::Write(write))
}

/// The removal of our half, with why the handshake is closed after it.
pub(super) fn remove_ours(row: Row, half: &PeeringHalf, why: Reason) -> Outcome {
    (row, Verdict::Write(removal(Step::RemoveOurs, half).gone(why)))
}

pub(super) fn removal(step: Step, half: &PeeringHalf) -> Write {
    PeeringBody::Removal(half.id.clone()).by(step)
}

/// The same, as the one more write that a failed half is given.
pub(super) fn mending((row, verdict): Outcome) -> Outcome {
    match verdict {
        Verdict::Write(write) => (row, Verdict::Write(write.mending())),
        other => (row, other),
    }
}

pub(super) fn rest(row: Row, phase: Phase, reason: Reason) -> Outcome {
    (row, Verdict::Rest { phase, reasons: vec![reason], requeue_after: None })
}

/// Rests, and another read within seconds is worth it.
pub(super) fn soon(row: Row, phase: Phase, reason: Reason) -> Outcome {
    (row, Verdict::Rest { phase, reasons: vec![reason], requeue_after: Some(Duration::from_secs(5)) })
}

pub(super) fn at_work() -> Outcome {
    soon(rows::AZURE_AT_WORK, Phase::Waiting, messages::azure_at_work())
}

pub(super) fn refuse(row: Row, reasons: Vec<Reason>) -> Outcome {
    (row, Verdict::Rest { phase: Phase::Refused, reasons, requeue_after: None })
}

pub(super) fn unreadable(reasons: Vec<Reason>) -> Outcome {
    (rows::UNREADABLE, Verdict::Rest { phase: Phase::Blocked, reasons, requeue_after: None })
}

pub(super) fn half_failed(half: Option<&PeeringHalf>) -> Outcome {
    rest(rows::HALF_FAILED, Phase::Blocked, messages::half_failed(half))
}

pub(super) fn is_changing(network: &Network) -> bool {
    matches!(network.provisioning, Provisioning::Updating | Provisioning::Deleting)
}
