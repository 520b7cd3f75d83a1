//! The embedded ledger: one SQLite file, which other processes may read at any time.

mod columns;
mod connection;
mod file;
mod progress;
mod prune;
mod records;
mod requests;
mod rights;
mod sweeps;

use std::path::PathBuf;

use async_trait::async_trait;
use rusqlite::Connection;
use time::OffsetDateTime;

use self::connection::Calls;
use self::file::{Access, Durability};
use super::error::LedgerError;
use super::history::Line;
use super::port::{Change, Ledger, Stored, Version};
use super::progress::Progress;
use super::requests::{Outcome, RequestEntry};
use super::sweep_note::SweepNote;
use crate::handshake::ids::HandshakeId;
use crate::handshake::phase::Phase;
use crate::handshake::request_queue::RequestKey;
use crate::handshake::resource_id::ResourceId;

/// A ledger in one SQLite file. It is opened on first use or by [`SqliteLedger::check`].
///
/// Calls run on threads of their own, so that a lock or a slow disk holds up nobody but who waits for it. They need a
/// runtime with time.
pub struct SqliteLedger {
    lasting: Calls,
    /// Does not wait for the disk. What is written here may be undone by a failure of power, though not by the end of the
    /// process, until something is written over the other connection.
    hasty: Calls,
}

impl SqliteLedger {
    /// The ledger in this file, which is made if it does not exist, for its owner's eyes only.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self::with_access(path.into(), Access::ReadWrite)
    }

    /// The ledger in this file, for reading only; a file that does not exist is an error.
    #[must_use]
    pub fn reading(path: impl Into<PathBuf>) -> Self {
        Self::with_access(path.into(), Access::ReadOnly)
    }

    fn with_access(path: PathBuf, access: Access) -> Self {
        Self {
            lasting: Calls::new(path.clone(), access, Durability::Power),
            hasty: Calls::new(path, access, Durability::Process),
        }
    }

    /// Opens the file, making it if need be, and writes to it once without changing what it holds. Blocks, so that it is
    /// not for a runtime's thread.
    ///
    /// # Errors
    /// [`LedgerError::Open`] if the file cannot be used, [`LedgerError::Locked`] if that cannot be known now.
    pub fn check(&self) -> Result<(), LedgerError> {
        self.lasting.check()
    }
}

#[async_trait]
impl Ledger for SqliteLedger {
    async fn load(&self, id: &HandshakeId) -> Result<Option<Stored>, LedgerError> {
        let id = id.clone();
        self.lasting.call(move |connection| records::load(connection, &id)).await
    }

    async fn commit(&self, change: &Change<'_>, read: Version) -> Result<Version, LedgerError> {
        let (record, line) = (change.record.clone(), change.line.clone());
        let (request, outcomes) = (change.request.cloned(), change.outcomes.to_vec());
        let progress = change.progress.cloned();
        let work = move |connection: &mut Connection| {
            let (request, progress) = (request.as_ref(), progress.as_ref());
            let change = Change { record: &record, line: &line, request, outcomes: &outcomes, progress };
            records::commit(connection, &change, read)
        };
        self.lasting.call(work).await
    }

    async fn of_half(&self, half: &ResourceId) -> Result<Vec<Stored>, LedgerError> {
        let half = half.clone();
        self.lasting.call(move |connection| records::of_half(connection, &half)).await
    }

    async fn of_resource(&self, resource: &ResourceId) -> Result<Vec<Stored>, LedgerError> {
        let resource = resource.clone();
        self.lasting.call(move |connection| records::of_resource(connection, &resource)).await
    }

    async fn list(&self, phase: Option<Phase>) -> Result<Vec<Stored>, LedgerError> {
        self.lasting.call(move |connection| records::list(connection, phase)).await
    }

    async fn history(&self, id: &HandshakeId) -> Result<Vec<Line>, LedgerError> {
        let id = id.clone();
        self.lasting.call(move |connection| records::history(connection, &id)).await
    }

    async fn request(&self, id: &RequestKey) -> Result<Option<RequestEntry>, LedgerError> {
        let id = id.clone();
        self.lasting.call(move |connection| requests::load(connection, &id)).await
    }

    async fn note(&self, request: Option<&RequestEntry>, outcomes: &[Outcome]) -> Result<(), LedgerError> {
        let (request, outcomes) = (request.cloned(), outcomes.to_vec());
        self.lasting.call(move |connection| requests::note(connection, request.as_ref(), &outcomes)).await
    }

    async fn pending_requests(
        &self,
        before: OffsetDateTime,
        most: usize,
    ) -> Result<Vec<RequestKey>, LedgerError> {
        self.lasting.call(move |connection| requests::pending_requests(connection, before, most)).await
    }

    async fn pending(&self, most: usize) -> Result<Vec<Outcome>, LedgerError> {
        self.lasting.call(move |connection| requests::pending(connection, most)).await
    }

    async fn sent(&self, outcomes: &[Outcome]) -> Result<(), LedgerError> {
        let outcomes = outcomes.to_vec();
        self.hasty.call(move |connection| requests::sent(connection, &outcomes)).await
    }

    async fn prune(&self, before: OffsetDateTime) -> Result<bool, LedgerError> {
        self.hasty.call(move |connection| prune::prune(connection, before)).await
    }

    async fn note_progress(
        &self,
        ids: &[HandshakeId],
        progress: &Progress,
        now: OffsetDateTime,
    ) -> Result<(), LedgerError> {
        let (ids, progress) = (ids.to_vec(), progress.clone());
        self.hasty.call(move |connection| progress::note(connection, &ids, &progress, now)).await
    }

    async fn note_sweep(&self, note: &SweepNote) -> Result<(), LedgerError> {
        let note = note.clone();
        self.hasty.call(move |connection| sweeps::note(connection, &note)).await
    }

    async fn last_sweep(&self) -> Result<Option<SweepNote>, LedgerError> {
        self.lasting.call(|connection| sweeps::last(connection)).await
    }
}
