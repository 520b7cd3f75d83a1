//! The verdicts that the rows of the table are made of.

use std::time::Duration;

use super::table::Outcome;
use crate::handshake::decision::{Row, Verdict};
use crate::handshake::phase::Phase;
use crate::handshake::reason::Reason;
use crate::handshake::resource_id::ResourceId;
use crate::handshake::step::Step;
use crate::kinds::network_manager::body::ManagementBody;
use crate::kinds::network_manager::rows;

/// The removal of our half, with why the handshake is closed after it.
pub(super) fn remove(row: Row, half: &ResourceId, why: Reason) -> Outcome {
    (row, Verdict::Write(ManagementBody::Removal(half.clone()).by(Step::RemoveOurs).gone(why)))
}

pub(super) fn rest(row: Row, phase: Phase, reason: Reason) -> Outcome {
    (row, Verdict::Rest { phase, reasons: vec![reason], requeue_after: None })
}

/// The flip takes a second or three: to be read again soon.
pub(super) fn soon(row: Row, reason: Reason) -> Outcome {
    soon_in(row, Phase::Waiting, reason)
}

pub(super) fn soon_in(row: Row, phase: Phase, reason: Reason) -> Outcome {
    (row, Verdict::Rest { phase, reasons: vec![reason], requeue_after: Some(Duration::from_secs(1)) })
}

pub(super) fn refuse(reasons: Vec<Reason>) -> Outcome {
    (rows::REFUSE, Verdict::Rest { phase: Phase::Refused, reasons, requeue_after: None })
}
