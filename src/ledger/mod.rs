//! The ledger: what is known of every handshake and how it came to that, what it waits for, what was asked for, and what
//! has still to be told.
//!
//! # Guarantees
//! - A record changes by compare-and-swap only: whoever read an older version loses, and stops.
//! - A record, the line of history that explains its change, the request that it answers to and the outcomes that it
//!   gives rise to are written together or not at all.
//! - A write that returned is on disk, where its loss would cost anything but time. A failure of power may undo that halves
//!   were read or that an outcome was sent: then they are read once more, or it is sent once more under the same id.
//! - Nobody but the caller of a call waits for it: neither a lock nor a slow disk holds up anything else.

mod freshness;
mod progress;
mod requests;
mod sqlite;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use time::OffsetDateTime;

use crate::handshake::ids::HandshakeId;
use crate::handshake::phase::Phase;
use crate::handshake::record::Record;
use crate::handshake::request_queue::RequestKey;
use crate::handshake::resource_id::ResourceId;

pub use freshness::SweepNote;
pub use progress::{Next, Progress};
pub use requests::{Outcome, Request, Standing};
pub use sqlite::SqliteLedger;

/// So many lines of a handshake's history are kept however old they are.
pub const LINES_KEPT: u32 = 50;

/// Where all of it lives. A call takes the time of a small disk or network access, or ends in an error within half a
/// minute; it never blocks its thread. A call whose future is dropped is carried out whole or not at all.
#[async_trait]
pub trait Ledger: Send + Sync {
    /// The record of a handshake, if it is known.
    async fn load(&self, id: &HandshakeId) -> Result<Option<Stored>, LedgerError>;

    /// Writes a change in the place of the version that was read ([`Version::ABSENT`] for a new record).
    ///
    /// # Errors
    /// [`LedgerError::Conflict`] if somebody else wrote meanwhile, or the request's id was given to another request;
    /// nothing is changed then.
    async fn commit(&self, change: &Change<'_>, read: Version) -> Result<Version, LedgerError>;

    /// [`Ledger::commit`] of a record and its line alone.
    ///
    /// # Errors
    /// As there.
    async fn swap(&self, record: &Record, read: Version, line: &Line) -> Result<Version, LedgerError> {
        self.commit(&Change { record, line, request: None, outcomes: &[], progress: None }, read).await
    }

    /// The records of which this is a half, as last seen.
    async fn of_half(&self, half: &ResourceId) -> Result<Vec<Stored>, LedgerError>;

    /// The records that have this resource at one end.
    async fn of_resource(&self, resource: &ResourceId) -> Result<Vec<Stored>, LedgerError>;

    /// Every record that can be read, or those in one phase, the longest unchanged first. What cannot be read is logged.
    async fn list(&self, phase: Option<Phase>) -> Result<Vec<Stored>, LedgerError>;

    /// How a handshake came to where it is, the oldest line first.
    async fn history(&self, id: &HandshakeId) -> Result<Vec<Line>, LedgerError>;

    /// A request that was received before.
    async fn request(&self, id: &RequestKey) -> Result<Option<Request>, LedgerError>;

    /// Notes a request that no handshake has taken up, with the outcomes that answer it, in the place of what was noted
    /// under this id.
    async fn note(&self, request: Option<&Request>, outcomes: &[Outcome]) -> Result<(), LedgerError>;

    /// Outcomes that have still to be sent, at most so many, the oldest first.
    async fn pending(&self, most: usize) -> Result<Vec<Outcome>, LedgerError>;

    /// Notes that these outcomes were sent.
    async fn sent(&self, outcomes: &[Outcome]) -> Result<(), LedgerError>;

    /// Notes when the halves of these handshakes were read, or compared with lists, and what they wait for. It is no change
    /// of their records. What was read before what is noted already changes nothing, unless that is still to come.
    async fn note_progress(
        &self,
        ids: &[HandshakeId],
        progress: &Progress,
        now: OffsetDateTime,
    ) -> Result<(), LedgerError>;

    /// Notes what a sweep could do, in the place of what the one before it could.
    async fn note_sweep(&self, note: &SweepNote) -> Result<(), LedgerError>;

    /// What the last sweep could do.
    async fn last_sweep(&self) -> Result<Option<SweepNote>, LedgerError>;

    /// Forgets what was over before this time, a bounded number of rows a call; `true` if there may be more.
    ///
    /// That is requests noted before that are neither pending nor named by a record or by an
    /// outcome that is still to be told, and lines of history other than the [`LINES_KEPT`] latest of each record. Records
    /// stay.
    async fn prune(&self, before: OffsetDateTime) -> Result<bool, LedgerError>;
}

/// What is written together.
#[derive(Clone, Copy, Debug)]
pub struct Change<'a> {
    /// The record as it is to be.
    pub record: &'a Record,
    /// What explains the change.
    pub line: &'a Line,
    /// The request that the record has taken up.
    pub request: Option<&'a Request>,
    /// What is to be told.
    pub outcomes: &'a [Outcome],
    /// When the halves were read for it, and what the handshake waits for now; `None` leaves that as it is.
    pub progress: Option<&'a Progress>,
}

/// A record with the version that a swap must name.
#[derive(Clone, Debug, PartialEq)]
pub struct Stored {
    /// The record.
    pub record: Record,
    /// Its version.
    pub version: Version,
    /// When its halves were read, and what it waits for.
    pub progress: Progress,
}

/// Counts the swaps of one record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version(u32);

impl Version {
    /// There is no record yet.
    pub const ABSENT: Self = Self(0);

    /// The version that a swap of this one makes.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }

    /// The number.
    #[must_use]
    pub fn number(self) -> u32 {
        self.0
    }
}

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

/// Why the ledger could not do what it was asked.
#[derive(Debug, Error)]
pub enum LedgerError {
    /// Somebody else wrote the record since it was read.
    #[error("the record of handshake {0} was changed by somebody else meanwhile")]
    Conflict(HandshakeId),
    /// The file cannot be opened, or is of a version that this program does not know.
    #[error("the ledger {path} cannot be opened: {problem}")]
    Open {
        /// The file.
        path: String,
        /// What is wrong.
        problem: String,
    },
    /// Another process, or another connection of this one, writes and does not end.
    #[error("the ledger {path} is locked by another process: end that one if this goes on")]
    Locked {
        /// The file.
        path: String,
    },
    /// The file did not answer in time; what was asked for may still be carried out.
    #[error("the ledger {path} does not answer: its disk is slow, or another process holds a lock on it")]
    Slow {
        /// The file.
        path: String,
    },
    /// This process ends, and nothing was done.
    #[error("the ledger was not asked any more, because this process ends")]
    Ended,
    /// The database failed.
    #[error("the ledger failed")]
    Database(#[from] rusqlite::Error),
    /// A row cannot be read as a record, or a record not be written as a row.
    #[error("a record in the ledger cannot be read or written")]
    Format(#[from] serde_json::Error),
}
