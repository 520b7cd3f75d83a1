//! What became of a request, as far as it is known.

use serde::Deserialize;
use serde_json::Value;

use crate::handshake::ids::HandshakeId;
use crate::handshake::phase::Phase;
use crate::public::PublicReason;
use crate::request::Action;

/// What became of a request.
#[derive(Debug)]
pub(super) enum RequestEnd {
    /// It is in the queue. Nobody waited for more.
    Sent,
    /// An outcome came.
    Outcome(OutcomeMessage),
    /// None came, but the ledger knows how it ended: somebody else received the message.
    Ledger(HandshakeId, Phase, Option<PublicReason>),
    /// The time is over.
    Open(Open),
}

/// An outcome message, as far as it is read.
#[derive(Debug, Deserialize)]
pub(super) struct OutcomeMessage {
    pub(super) id: Option<HandshakeId>,
    pub(super) phase: Phase,
    pub(super) reason: Option<OutcomeReason>,
    /// All of it.
    #[serde(skip)]
    pub(super) body: Value,
}

/// The reason in an outcome. Its code may be one of a later version.
#[derive(Debug, Deserialize)]
pub(super) struct OutcomeReason {
    pub(super) message: String,
    pub(super) fix: Option<String>,
}

/// What a request that did not end in time waits for.
#[derive(Debug)]
pub(super) enum Open {
    /// There is no ledger to read.
    Unknown,
    /// The app has not received it.
    NotReceived,
    /// Which handshake it is about is still to be found out.
    NotPlaced,
    /// It was refused, and somebody else received the outcome.
    Refused,
    /// A handshake has it.
    Placed(HandshakeId, Phase, Option<PublicReason>),
}

impl RequestEnd {
    /// Whether it is what was asked for; a request that nobody waits for is, once it is sent.
    pub(super) fn is_as_asked(&self, action: &Action) -> bool {
        match self {
            Self::Sent => true,
            Self::Outcome(OutcomeMessage { phase, .. }) | Self::Ledger(_, phase, _) => *phase == goal(action),
            Self::Open(_) => false,
        }
    }
}

/// Where a handshake stands when what was asked for is done.
fn goal(action: &Action) -> Phase {
    match action {
        Action::Connect(_) | Action::Recheck { .. } => Phase::Connected,
        Action::Disconnect { .. } => Phase::Closed,
    }
}
