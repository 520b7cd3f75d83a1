//! The embedded ledger: one SQLite file, which other processes may read at any time.

mod file;
mod freshness;
mod hints;
mod records;
mod requests;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use rusqlite::Connection;
use time::OffsetDateTime;

use self::file::{Access, Durability};
use super::{
    Change, HintKey, Ledger, LedgerError, Line, Outcome, Request, Stored, SweepNote, Ticket, Urgency, Version,
};
use crate::handshake::ids::HandshakeId;
use crate::handshake::pair::{HalfId, Resource};
use crate::handshake::phase::Phase;
use crate::handshake::request_queue::RequestKey;

/// A ledger in one SQLite file. It is opened on first use, so that a cold start does not wait for the disk.
///
/// Calls run on the caller's thread: a row is small and a commit takes a few milliseconds, which is less than handing
/// it to another thread and, under a virtual clock, keeps time still meanwhile.
pub struct SqliteLedger {
    path: PathBuf,
    access: Access,
    connection: Mutex<Option<Connection>>,
    /// Does not wait for the disk. What is written here may be undone by a failure of power, though not by the end of the
    /// process, until something is written over the other connection.
    hasty: Mutex<Option<Connection>>,
}

impl SqliteLedger {
    /// The ledger in this file, which is made if it does not exist.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self::with_access(path.into(), Access::ReadWrite)
    }

    /// The ledger in this file, for looking only; a file that does not exist is an error.
    #[must_use]
    pub fn reading(path: impl Into<PathBuf>) -> Self {
        Self::with_access(path.into(), Access::ReadOnly)
    }

    fn with_access(path: PathBuf, access: Access) -> Self {
        Self { path, access, connection: Mutex::default(), hasty: Mutex::default() }
    }

    fn with<T>(
        &self,
        work: impl FnOnce(&mut Connection) -> Result<T, LedgerError>,
    ) -> Result<T, LedgerError> {
        self.over(&self.connection, Durability::Power, work)
    }

    fn hastily<T>(
        &self,
        work: impl FnOnce(&mut Connection) -> Result<T, LedgerError>,
    ) -> Result<T, LedgerError> {
        self.over(&self.hasty, Durability::Process, work)
    }

    fn over<T>(
        &self,
        connection: &Mutex<Option<Connection>>,
        durability: Durability,
        work: impl FnOnce(&mut Connection) -> Result<T, LedgerError>,
    ) -> Result<T, LedgerError> {
        let mut guard: MutexGuard<'_, Option<Connection>> =
            connection.lock().unwrap_or_else(PoisonError::into_inner);
        let connection = match guard.take() {
            Some(connection) => connection,
            None => file::open(&self.path, self.access, durability)?,
        };
        work(guard.insert(connection))
    }
}

#[async_trait]
impl Ledger for SqliteLedger {
    async fn load(&self, id: &HandshakeId) -> Result<Option<Stored>, LedgerError> {
        self.with(|connection| records::load(connection, id))
    }

    async fn commit(&self, change: &Change<'_>, read: Version) -> Result<Version, LedgerError> {
        self.with(|connection| records::commit(connection, change, read))
    }

    async fn of_half(&self, half: &HalfId) -> Result<Vec<Stored>, LedgerError> {
        self.with(|connection| records::of_half(connection, half))
    }

    async fn of_resource(&self, resource: &Resource) -> Result<Vec<Stored>, LedgerError> {
        self.with(|connection| records::of_resource(connection, resource))
    }

    async fn list(&self, phase: Option<Phase>) -> Result<Vec<Stored>, LedgerError> {
        self.with(|connection| records::list(connection, phase))
    }

    async fn history(&self, id: &HandshakeId) -> Result<Vec<Line>, LedgerError> {
        self.with(|connection| records::history(connection, id))
    }

    async fn announce(
        &self,
        key: &HintKey,
        ticket: &Ticket,
        urgency: Urgency,
        now: OffsetDateTime,
    ) -> Result<bool, LedgerError> {
        self.with(|connection| hints::announce(connection, key, ticket, urgency, now))
    }

    async fn announced(&self, key: &HintKey, ticket: &Ticket) -> Result<(), LedgerError> {
        self.hastily(|connection| hints::announced(connection, key, ticket))
    }

    async fn take(&self, key: &HintKey, ticket: &Ticket) -> Result<bool, LedgerError> {
        self.hastily(|connection| hints::take(connection, key, ticket))
    }

    async fn rest(&self, key: &HintKey, now: OffsetDateTime) -> Result<(), LedgerError> {
        self.hastily(|connection| hints::rest(connection, key, now))
    }

    async fn request(&self, id: &RequestKey) -> Result<Option<Request>, LedgerError> {
        self.with(|connection| requests::load(connection, id))
    }

    async fn note(&self, request: Option<&Request>, outcomes: &[Outcome]) -> Result<(), LedgerError> {
        self.with(|connection| requests::note(connection, request, outcomes))
    }

    async fn untold(&self, most: usize) -> Result<Vec<Outcome>, LedgerError> {
        self.with(|connection| requests::untold(connection, most))
    }

    async fn told(&self, outcomes: &[Outcome]) -> Result<(), LedgerError> {
        self.hastily(|connection| requests::told(connection, outcomes))
    }

    async fn check(&self, ids: &[HandshakeId], at: OffsetDateTime) -> Result<(), LedgerError> {
        self.hastily(|connection| freshness::check(connection, ids, at))
    }

    async fn checks(&self) -> Result<BTreeMap<HandshakeId, OffsetDateTime>, LedgerError> {
        self.with(|connection| freshness::checks(connection))
    }

    async fn note_sweep(&self, note: &SweepNote) -> Result<(), LedgerError> {
        self.hastily(|connection| freshness::note_sweep(connection, note))
    }

    async fn last_sweep(&self) -> Result<Option<SweepNote>, LedgerError> {
        self.with(|connection| freshness::last_sweep(connection))
    }
}

fn microseconds(at: OffsetDateTime) -> i64 {
    at.unix_timestamp() * 1_000_000 + i64::from(at.microsecond())
}

/// Ids are looked up as Azure compares them: without regard to case.
fn key(id: &impl ToString) -> String {
    id.to_string().to_ascii_lowercase()
}
