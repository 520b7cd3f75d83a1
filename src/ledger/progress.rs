//! How far the reconciliation of a handshake is: kept beside its record, since it changes where the record does not.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

/// When the halves of a handshake were read, and what it waits for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// When they were last read for a reconciliation that has ended: no later than its first read.
    pub read_at: Option<OffsetDateTime>,
    /// When they were last observed with success, be it in lists.
    pub checked_at: Option<OffsetDateTime>,
    /// The work item that it waits for.
    pub next: Option<Next>,
}

/// A work item that a handshake waits for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Next {
    /// The item's id.
    pub item: String,
    /// When it is to be received.
    #[serde(with = "time::serde::rfc3339")]
    pub due: OffsetDateTime,
    /// The item that it follows.
    pub after: String,
}
