//! A connection off the runtime's thread: calls take turns on it, and none of them waits for ever.

use std::panic::resume_unwind;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::Connection;
use tokio::sync::Mutex;
use tokio::task::{JoinError, spawn_blocking};
use tokio::time::timeout;

use super::file::{self, Access, Durability};
use crate::ledger::error::LedgerError;

/// How long a call waits for its turn.
const TURN_MAX: Duration = Duration::from_secs(10);
/// How long a call waits for what it asked for. SQLite itself waits for a lock for less long.
const ANSWER_MAX: Duration = Duration::from_secs(20);

/// A connection that is opened on first use, so that a file which is not there now may be later.
///
/// A call whose caller is gone, or has waited long enough, goes on to its end on its thread; the next one has its turn
/// after that. So whatever a call writes is written whole or not at all.
pub(super) struct Calls {
    file: Arc<File>,
    turn: Arc<Mutex<Option<Connection>>>,
}

struct File {
    path: PathBuf,
    access: Access,
    durability: Durability,
}

impl Calls {
    pub(super) fn new(path: PathBuf, access: Access, durability: Durability) -> Self {
        Self { file: Arc::new(File { path, access, durability }), turn: Arc::default() }
    }

    pub(super) async fn call<T, W>(&self, work: W) -> Result<T, LedgerError>
    where
        T: Send + 'static,
        W: FnOnce(&mut Connection) -> Result<T, LedgerError> + Send + 'static,
    {
        let turn = timeout(TURN_MAX, self.turn.clone().lock_owned()).await;
        let mut turn = turn.map_err(|_| self.file.slow())?;
        let (file, span) = (self.file.clone(), tracing::Span::current());
        let called = spawn_blocking(move || span.in_scope(|| file.run(&mut turn, work)));
        match timeout(ANSWER_MAX, called).await {
            Ok(answer) => answer.unwrap_or_else(|error| Err(ended(error))),
            Err(_) => Err(self.file.slow()),
        }
    }

    /// Writes to the file what it holds already. Blocks.
    pub(super) fn check(&self) -> Result<(), LedgerError> {
        let path = &self.file.path;
        self.file.run(&mut self.turn.blocking_lock(), |connection| {
            file::rewrite(connection).map_err(|error| match file::is_locked(&error) {
                true => error.into(),
                false => file::unusable(path, &error),
            })
        })
    }
}

impl File {
    fn run<T>(
        &self,
        turn: &mut Option<Connection>,
        work: impl FnOnce(&mut Connection) -> Result<T, LedgerError>,
    ) -> Result<T, LedgerError> {
        let connection = match turn.take() {
            Some(connection) => Ok(connection),
            None => file::open(&self.path, self.access, self.durability),
        };
        match connection.and_then(|connection| work(turn.insert(connection))) {
            Err(LedgerError::Database(error)) => Err(self.failed(turn, error)),
            outcome => outcome,
        }
    }

    /// A lock leaves the connection as it is. After anything else the next call opens the file anew, which may have been
    /// put right by then.
    fn failed(&self, turn: &mut Option<Connection>, error: rusqlite::Error) -> LedgerError {
        if file::is_locked(&error) {
            return LedgerError::Locked { path: self.path.display().to_string() };
        }
        *turn = None;
        LedgerError::Database(error)
    }

    fn slow(&self) -> LedgerError {
        LedgerError::Slow { path: self.path.display().to_string() }
    }
}

/// A panic of the call is the caller's; a call that was not begun is one of a runtime that ends.
fn ended(error: JoinError) -> LedgerError {
    match error.try_into_panic() {
        Ok(panic) => resume_unwind(panic),
        Err(_) => LedgerError::Ended,
    }
}
