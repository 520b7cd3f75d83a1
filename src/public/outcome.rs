//! How handshakes and requests ended, as messages in the queue of outcomes have it.

use serde::Serialize;
use time::OffsetDateTime;

use super::handshake::{Handshake, PublicReason};
use crate::handshake::phase::Phase;
use crate::handshake::reason::Reason;
use crate::handshake::request_id::RequestId;
use crate::handshake::request_queue::RequestQueue;

/// How a handshake ended, as the queue of outcomes has it.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Told"))]
pub struct PublicOutcome<'a> {
    /// The handshake.
    #[serde(flatten)]
    pub handshake: &'a Handshake,
    /// The request that this answers.
    pub request: Option<&'a RequestId>,
    /// The queue that the request came by; left out for `connection-requests`. An id is one among those of its queue.
    #[serde(skip_serializing_if = "is_default")]
    pub queue: Option<&'a RequestQueue>,
}

/// A request that was refused before any handshake took it up: in the shape of a handshake of which nothing is known.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Unplaced<'a> {
    id: (),
    kind: (),
    phase: Phase,
    reason: PublicReason,
    reasons: [&'a Reason; 1],
    ours: (),
    theirs: (),
    agreement: (),
    opened_at: (),
    #[serde(with = "time::serde::rfc3339")]
    #[cfg_attr(test, schemars(with = "crate::schemas::Moment"))]
    updated_at: OffsetDateTime,
    connected_at: (),
    checked_at: (),
    history: [(); 0],
    request: Option<&'a RequestId>,
    /// The queue that the request came by; left out for `connection-requests`. An id is one among those of its queue.
    #[serde(skip_serializing_if = "is_default")]
    queue: Option<&'a RequestQueue>,
}

impl<'a> Unplaced<'a> {
    /// A refusal for this reason of what came by this queue.
    #[must_use]
    pub fn new(
        reason: &'a Reason,
        queue: &'a RequestQueue,
        request: Option<&'a RequestId>,
        now: OffsetDateTime,
    ) -> Self {
        let Reason { code, message, fix } = reason.clone();
        Self {
            id: (),
            kind: (),
            phase: Phase::Refused,
            reason: PublicReason { code, message, fix },
            reasons: [reason],
            ours: (),
            theirs: (),
            agreement: (),
            opened_at: (),
            updated_at: now,
            connected_at: (),
            checked_at: (),
            history: [],
            request,
            queue: Some(queue),
        }
    }
}

fn is_default(queue: &Option<&RequestQueue>) -> bool {
    queue.is_none_or(RequestQueue::is_default)
}
