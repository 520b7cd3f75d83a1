//! The verdicts that the rows of the table are made of.

use std::time::Duration;

use super::Outcome;
use crate::handshake::decision::{Row, Verdict};
use crate::handshake::halves::{AsRead, Network, PeeringFlags, PeeringHalf, Provisioning};
use crate::handshake::ids::{PeeringId, VirtualNetworkId};
use crate::handshake::pair::{HalfId, Target};
use crate::handshake::phase::Phase;
use crate::handshake::reason::Reason;
use crate::handshake::step::{Body, Step, Write};
use crate::handshake::tell;

pub(super) fn peering(step: Step, id: PeeringId, remote: VirtualNetworkId, flags: PeeringFlags) -> Write {
    Write { step, body: Body::Peering { id, remote, flags, over: AsRead::default() } }
}

/// A write that keeps a half's own name, remote network and flags.
fn again(step: Step, half: &PeeringHalf) -> Write {
    peering(step, half.id.clone(), half.remote.clone(), half.flags).over(Some(half))
}

pub(super) fn write(row: Row, step: Step, half: &PeeringHalf) -> Outcome {
    let write = match step {
        Step::RemoveOurs | Step::RemoveTheirs => removal(step, half),
        _ => again(step, half),
    };
    (row, Verdict::Write(write))
}

pub(super) fn removal(step: Step, half: &PeeringHalf) -> Write {
    Write { step, body: Body::Removal(Target::Half(HalfId::Peering(half.id.clone()))) }
}

pub(super) fn rest(row: Row, phase: Phase, reason: Reason) -> Outcome {
    (row, Verdict::Rest { phase, reasons: vec![reason], again: None })
}

/// Rests, and a look within seconds is worth it.
pub(super) fn soon(row: Row, phase: Phase, reason: Reason) -> Outcome {
    (row, Verdict::Rest { phase, reasons: vec![reason], again: Some(Duration::from_secs(5)) })
}

pub(super) fn at_work() -> Outcome {
    soon(Row::AzureAtWork, Phase::Waiting, tell::azure_at_work())
}

pub(super) fn refuse(row: Row, reasons: Vec<Reason>) -> Outcome {
    (row, Verdict::Rest { phase: Phase::Refused, reasons, again: None })
}

pub(super) fn unreadable(reasons: Vec<Reason>) -> Outcome {
    (Row::Unreadable, Verdict::Rest { phase: Phase::Blocked, reasons, again: None })
}

pub(super) fn half_failed(half: Option<&PeeringHalf>) -> Outcome {
    rest(Row::HalfFailed, Phase::Blocked, tell::half_failed(half))
}

pub(super) fn is_changing(network: &Network) -> bool {
    matches!(network.provisioning, Provisioning::Updating | Provisioning::Deleting)
}
