//! Which hints are waiting in the queue, so that they are not piled up.

use std::fmt;

use time::{Duration, OffsetDateTime};

/// A message that was to be received and was not for this long counts as lost: another one may be sent.
pub const TICKET_HOLDS: Duration = Duration::minutes(10);

/// No message is scheduled further ahead than this, a second of difference between clocks included. What says that it is
/// to be received later was written by a clock that was wrong, or by somebody else, and keeps no other message out.
pub const TICKET_AHEAD: Duration = Duration::seconds(301);

/// What a hint is about. At most one message for each key is waiting at a time, or two where the later one was sent first;
/// of these only the earlier one is acted on.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct HintKey(String);

impl HintKey {
    /// The key of what has this text. Resource ids are compared without regard to case.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(text.to_ascii_lowercase())
    }

    /// The key as text.
    #[must_use]
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for HintKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One message about a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ticket {
    /// The message's id.
    pub id: String,
    /// When it is to be received.
    pub due: OffsetDateTime,
}

/// How soon a message is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Urgency {
    /// Something has changed: a message that comes later does not do.
    Due,
    /// To be sure: any message that waits will do, so that a wait which Azure asked for is kept.
    Patient,
}
