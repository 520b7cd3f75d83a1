//! The port: what is asked of a ledger, and what is written to it and read from it.

use async_trait::async_trait;
use time::OffsetDateTime;

use super::error::LedgerError;
use super::history::Line;
use super::progress::Progress;
use super::requests::{Outcome, RequestEntry};
use super::sweep_note::SweepNote;
use crate::handshake::ids::HandshakeId;
use crate::handshake::phase::Phase;
use crate::handshake::record::Record;
use crate::handshake::request_queue::RequestKey;
use crate::handshake::resource_id::ResourceId;

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
    async fn request(&self, id: &RequestKey) -> Result<Option<RequestEntry>, LedgerError>;

    /// The requests that were received before this time and of which it is still to be found out which handshake they are
    /// about, at most so many, the oldest first.
    async fn pending_requests(
        &self,
        before: OffsetDateTime,
        most: usize,
    ) -> Result<Vec<RequestKey>, LedgerError>;

    /// Notes a request that no record names, with the outcomes that answer it, in the place of what was noted
    /// under this id.
    async fn note(&self, request: Option<&RequestEntry>, outcomes: &[Outcome]) -> Result<(), LedgerError>;

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
    /// outcome that is still to be sent, and lines of history other than the [`LINES_KEPT`] latest of each record. Records
    /// stay.
    async fn prune(&self, before: OffsetDateTime) -> Result<bool, LedgerError>;
}

/// So many lines of a handshake's history are kept however old they are.
pub const LINES_KEPT: u32 = 50;

/// What is written together.
#[derive(Clone, Copy, Debug)]
pub struct Change<'a> {
    /// The record as it is to be.
    pub record: &'a Record,
    /// What explains the change.
    pub line: &'a Line,
    /// The request that the record names from now on.
    pub request: Option<&'a RequestEntry>,
    /// What is to be sent.
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
pub struct Version(pub(super) u32);

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
