//! The app's ledger: through the gate into a file.

use std::sync::Arc;

use async_trait::async_trait;
use peerpact::handshake::ids::HandshakeId;
use peerpact::handshake::phase::Phase;
use peerpact::handshake::request_queue::RequestKey;
use peerpact::handshake::resource_id::ResourceId;
use peerpact::ledger::{
    Change, Ledger, LedgerError, Line, Outcome, Progress, RequestEntry, SqliteLedger, Stored, SweepNote,
    Version,
};
use time::OffsetDateTime;

use super::gate::Gate;
use super::points::{Away, LedgerFault, ReadFault};

/// The embedded ledger, behind the gate.
pub(crate) struct WatchedLedger {
    pub(crate) inner: SqliteLedger,
    pub(crate) gate: Arc<Gate>,
}

#[async_trait]
impl Ledger for WatchedLedger {
    async fn load(&self, id: &HandshakeId) -> Result<Option<Stored>, LedgerError> {
        self.read(self.inner.load(id)).await
    }

    async fn commit(&self, change: &Change<'_>, read: Version) -> Result<Version, LedgerError> {
        self.write(self.inner.commit(change, read)).await
    }

    async fn of_half(&self, half: &ResourceId) -> Result<Vec<Stored>, LedgerError> {
        self.read(self.inner.of_half(half)).await
    }

    async fn of_resource(&self, resource: &ResourceId) -> Result<Vec<Stored>, LedgerError> {
        self.read(self.inner.of_resource(resource)).await
    }

    async fn list(&self, phase: Option<Phase>) -> Result<Vec<Stored>, LedgerError> {
        self.read(self.inner.list(phase)).await
    }

    async fn history(&self, id: &HandshakeId) -> Result<Vec<Line>, LedgerError> {
        self.read(self.inner.history(id)).await
    }

    async fn request(&self, id: &RequestKey) -> Result<Option<RequestEntry>, LedgerError> {
        self.read(self.inner.request(id)).await
    }

    async fn pending_requests(
        &self,
        before: OffsetDateTime,
        most: usize,
    ) -> Result<Vec<RequestKey>, LedgerError> {
        self.read(self.inner.pending_requests(before, most)).await
    }

    async fn note(&self, request: Option<&RequestEntry>, outcomes: &[Outcome]) -> Result<(), LedgerError> {
        self.write(self.inner.note(request, outcomes)).await
    }

    async fn pending(&self, most: usize) -> Result<Vec<Outcome>, LedgerError> {
        self.read(self.inner.pending(most)).await
    }

    async fn sent(&self, outcomes: &[Outcome]) -> Result<(), LedgerError> {
        self.write(self.inner.sent(outcomes)).await
    }

    async fn note_progress(
        &self,
        ids: &[HandshakeId],
        progress: &Progress,
        now: OffsetDateTime,
    ) -> Result<(), LedgerError> {
        self.write(self.inner.note_progress(ids, progress, now)).await
    }

    async fn note_sweep(&self, note: &SweepNote) -> Result<(), LedgerError> {
        self.write(self.inner.note_sweep(note)).await
    }

    async fn last_sweep(&self) -> Result<Option<SweepNote>, LedgerError> {
        self.read(self.inner.last_sweep()).await
    }

    async fn prune(&self, before: OffsetDateTime) -> Result<bool, LedgerError> {
        self.write(self.inner.prune(before)).await
    }
}

impl WatchedLedger {
    async fn read<T>(
        &self,
        read: impl Future<Output = Result<T, LedgerError>> + Send,
    ) -> Result<T, LedgerError> {
        match self.gate.what_is_away() {
            Some(Away::Ledger) => Err(failure()),
            Some(Away::LedgerWrites | Away::Queues) | None => match self.gate.at_ledger_read().await {
                None => read.await,
                Some(ReadFault::Crash) => self.gate.crash().await,
                Some(ReadFault::Fails) => Err(failure()),
            },
        }
    }

    async fn write<T>(
        &self,
        write: impl Future<Output = Result<T, LedgerError>> + Send,
    ) -> Result<T, LedgerError> {
        if let Some(Away::Ledger | Away::LedgerWrites) = self.gate.what_is_away() {
            return Err(failure());
        }
        match self.gate.at_ledger_write().await {
            None => write.await,
            Some(LedgerFault::CrashBefore) => self.gate.crash().await,
            Some(LedgerFault::CrashAfter) => {
                write.await?;
                self.gate.crash().await
            }
            Some(LedgerFault::Fails) => Err(failure()),
        }
    }
}

fn failure() -> LedgerError {
    LedgerError::Open { path: "the ledger".to_owned(), problem: "placed by the test".to_owned() }
}
