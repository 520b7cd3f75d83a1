//! The ledger: what is known of every handshake, and how it came to that.
//!
//! # Guarantees
//! - A record changes by compare-and-swap only: whoever read an older version loses, and stops.
//! - A record and the line of history that explains its change are written together or not at all.
//! - A swap that returned is on disk.

mod sqlite;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use time::OffsetDateTime;

use crate::handshake::ids::HandshakeId;
use crate::handshake::pair::{HalfId, Resource};
use crate::handshake::phase::Phase;
use crate::handshake::record::Record;

pub use sqlite::SqliteLedger;

/// Where records live. Every call may block for the time of a small disk or network access.
#[async_trait]
pub trait Ledger: Send + Sync {
    /// The record of a handshake, if it is known.
    async fn load(&self, id: &HandshakeId) -> Result<Option<Stored>, LedgerError>;

    /// Writes a record in the place of the version that was read ([`Version::ABSENT`] for a new one), with the line
    /// of history that explains it.
    ///
    /// # Errors
    /// [`LedgerError::Conflict`] if somebody else wrote meanwhile; nothing is changed then.
    async fn swap(&self, record: &Record, read: Version, line: &Line) -> Result<Version, LedgerError>;

    /// The records of which this is a half, as last seen.
    async fn of_half(&self, half: &HalfId) -> Result<Vec<Stored>, LedgerError>;

    /// The records that have this resource at one end.
    async fn of_resource(&self, resource: &Resource) -> Result<Vec<Stored>, LedgerError>;

    /// Every record, or those in one phase, the longest unchanged first.
    async fn list(&self, phase: Option<Phase>) -> Result<Vec<Stored>, LedgerError>;

    /// How a handshake came to where it is, the oldest line first.
    async fn history(&self, id: &HandshakeId) -> Result<Vec<Line>, LedgerError>;
}

/// A record with the version that a swap must name.
#[derive(Clone, Debug, PartialEq)]
pub struct Stored {
    /// The record.
    pub record: Record,
    /// Its version.
    pub version: Version,
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
pub struct Line {
    /// When.
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    /// What happened, in a sentence.
    pub what: String,
    /// What made us look.
    pub cause: Cause,
}

/// What made us look at a handshake.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cause {
    /// Which kind of hint.
    pub kind: CauseKind,
    /// The event's or invocation's id.
    pub id: String,
}

/// The kinds of hints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CauseKind {
    /// An event of Event Grid.
    Event,
    /// A submitted request.
    Request,
    /// The timer.
    Sweep,
    /// An earlier pass wanted another look.
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
    /// The database failed.
    #[error("the ledger failed")]
    Database(#[from] rusqlite::Error),
    /// A row cannot be read as a record, or a record not be written as a row.
    #[error("a record in the ledger cannot be read or written")]
    Format(#[from] serde_json::Error),
}
