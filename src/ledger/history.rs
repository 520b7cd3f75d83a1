//! How a handshake came to where it is, a line for each change of its record.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

/// One line of a handshake's history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Line {
    /// When.
    #[serde(with = "time::serde::rfc3339")]
    #[cfg_attr(test, schemars(with = "crate::schemas::Moment"))]
    pub at: OffsetDateTime,
    /// What happened, in a sentence.
    pub what: String,
    /// What made us look.
    pub cause: Cause,
}

/// What made us look at a handshake.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Cause {
    /// Which kind of trigger.
    pub kind: CauseKind,
    /// The event's or invocation's id.
    pub id: String,
}

/// The kinds of triggers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum CauseKind {
    /// An event of Event Grid.
    Event,
    /// A submitted request.
    Request,
    /// The timer.
    Sweep,
    /// An earlier reconciliation wanted another.
    FollowUp,
}
