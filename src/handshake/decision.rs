//! What a kind's decision table answers.

use std::fmt;
use std::time::Duration;

use super::agreed::Agreed;
use super::phase::Phase;
use super::reason::Reason;
use super::write::Write;

/// What to do, and under which agreement, with everything that follows from it.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision {
    /// The row of the table, for people: nothing follows from it.
    pub row: Row,
    /// What is done.
    pub verdict: Verdict,
    /// The agreement that covers the pair, as `partner/name`.
    pub agreement: Option<String>,
    /// What is agreed now, where our half is within it or about to be written by it: to be kept on the record.
    pub agreed: Option<Agreed>,
    /// Only theirs is missing: our half is there as a request wants it, whoever made it.
    pub opened: bool,
}

/// What follows from a decision.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// Send this write, and read back.
    Write(Write),
    /// Our half goes beyond what is agreed: record it as `refused` for these reasons, and then send this write.
    Undo {
        /// What mends it.
        write: Write,
        /// Why; the first one says whether the partner went too far or we took our consent back.
        reasons: Vec<Reason>,
    },
    /// As far as one read can say it is over. Another one, no sooner than this, has to say the same: until then the
    /// record stays as it is, and nothing is sent.
    Confirm(Duration),
    /// Write nothing.
    Rest {
        /// Where the record stands.
        phase: Phase,
        /// Why.
        reasons: Vec<Reason>,
        /// When it is to be reconciled without a new trigger; the sweep compares every open record anyhow.
        requeue_after: Option<Duration>,
    },
}

impl Verdict {
    /// What is sent, if anything is.
    #[must_use]
    pub fn write(&self) -> Option<&Write> {
        match self {
            Self::Write(write) | Self::Undo { write, .. } => Some(write),
            Self::Confirm(_) | Self::Rest { .. } => None,
        }
    }
}

/// A row of a kind's table: every cell of the product of what can be seen of two halves has one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Row(&'static str);

impl Row {
    /// The row with this name.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Self(name)
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl fmt::Debug for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}
