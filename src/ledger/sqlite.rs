//! The embedded ledger: one SQLite file, which other processes may read at any time.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use rusqlite::{
    Connection, ErrorCode, OpenFlags, OptionalExtension, Params, Row, TransactionBehavior, params,
};
use time::OffsetDateTime;

use super::{Ledger, LedgerError, Line, Stored, Version};
use crate::handshake::ids::HandshakeId;
use crate::handshake::pair::{HalfId, Resource};
use crate::handshake::phase::Phase;
use crate::handshake::record::Record;

/// Written into the file; a file with another number is left alone.
const FORMAT: i32 = 1;

const SCHEMA: &str = "
    CREATE TABLE handshake (
        id             TEXT PRIMARY KEY,
        version        INTEGER NOT NULL,
        phase          TEXT NOT NULL,
        our_resource   TEXT NOT NULL,
        their_resource TEXT NOT NULL,
        our_half       TEXT,
        their_half     TEXT,
        updated_at     INTEGER NOT NULL,
        record         TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX by_phase ON handshake (phase, updated_at);
    CREATE INDEX by_our_resource ON handshake (our_resource);
    CREATE INDEX by_their_resource ON handshake (their_resource);
    CREATE INDEX by_our_half ON handshake (our_half);
    CREATE INDEX by_their_half ON handshake (their_half);
    CREATE TABLE history (
        id        TEXT NOT NULL,
        version   INTEGER NOT NULL,
        line      TEXT NOT NULL,
        PRIMARY KEY (id, version)
    ) STRICT, WITHOUT ROWID;
";

/// A ledger in one SQLite file. It is opened on first use, so that a cold start does not wait for the disk.
///
/// Calls run on the caller's thread: a row is small and a commit takes a few milliseconds, which is less than handing
/// it to another thread and, under a virtual clock, keeps time still meanwhile.
pub struct SqliteLedger {
    path: PathBuf,
    access: Access,
    connection: Mutex<Option<Connection>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Access {
    ReadWrite,
    ReadOnly,
}

impl SqliteLedger {
    /// The ledger in this file, which is made if it does not exist.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), access: Access::ReadWrite, connection: Mutex::new(None) }
    }

    /// The ledger in this file, for looking only; a file that does not exist is an error.
    #[must_use]
    pub fn reading(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), access: Access::ReadOnly, connection: Mutex::new(None) }
    }

    fn with<T>(
        &self,
        work: impl FnOnce(&mut Connection) -> Result<T, LedgerError>,
    ) -> Result<T, LedgerError> {
        let mut guard: MutexGuard<'_, Option<Connection>> =
            self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        let connection = match guard.take() {
            Some(connection) => connection,
            None => open(&self.path, self.access)?,
        };
        work(guard.insert(connection))
    }
}

fn open(path: &Path, access: Access) -> Result<Connection, LedgerError> {
    let fail = |problem: String| LedgerError::Open { path: path.display().to_string(), problem };
    let mut connection = connect(path, access).map_err(|error| fail(error.to_string()))?;
    match prepare(&mut connection, access).map_err(|error| fail(error.to_string()))? {
        Content { format: FORMAT, .. } => Ok(connection),
        Content { format: 0, tables: 0 } => Err(fail("it holds no ledger yet".to_owned())),
        Content { format: 0, .. } => Err(fail("it is a database of something else".to_owned())),
        Content { format, .. } => {
            Err(fail(format!("it is of format {format}, and this program knows format {FORMAT}")))
        }
    }
}

fn connect(path: &Path, access: Access) -> rusqlite::Result<Connection> {
    let flags = match access {
        Access::ReadWrite => OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE,
        Access::ReadOnly => OpenFlags::SQLITE_OPEN_READ_ONLY,
    };
    let connection = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(std::time::Duration::from_secs(5))?;
    Ok(connection)
}

/// What a file holds. Every other program's database is of format 0 too, but holds tables.
#[derive(Clone, Copy)]
struct Content {
    format: i32,
    tables: u32,
}

impl Content {
    /// In one statement, so that what another process makes meanwhile is seen whole or not at all.
    fn of(connection: &Connection) -> rusqlite::Result<Self> {
        const BOTH: &str =
            "SELECT user_version, (SELECT count(*) FROM sqlite_schema) FROM pragma_user_version";
        connection.query_row(BOTH, [], |row| Ok(Self { format: row.get(0)?, tables: row.get(1)? }))
    }

    fn is_nothing(self) -> bool {
        self.format == 0 && self.tables == 0
    }
}

/// Makes the ledger in an empty file, and sets the connection up if the file is a ledger; any other is left as it is.
fn prepare(connection: &mut Connection, access: Access) -> rusqlite::Result<Content> {
    if access == Access::ReadOnly {
        return Content::of(connection);
    }
    if Content::of(connection)?.is_nothing() {
        create(connection)?;
    }
    let content = Content::of(connection)?;
    if content.format == FORMAT {
        // Readers never wait for the writer, and FULL keeps the promise that a swap that returned is on disk.
        write_ahead(connection)?;
        connection.pragma_update(None, "synchronous", "FULL")?;
    }
    Ok(content)
}

/// Changes the mode of a file that was just made. Where several open it at once, SQLite refuses the change at once
/// instead of waiting its turn; a transaction does wait, so one stands between two attempts.
fn write_ahead(connection: &mut Connection) -> rusqlite::Result<()> {
    const ATTEMPTS: usize = 20;
    let mut changed = connection.pragma_update(None, "journal_mode", "WAL");
    for _ in 1..ATTEMPTS {
        match changed.as_ref().map_err(rusqlite::Error::sqlite_error_code) {
            Err(Some(ErrorCode::DatabaseBusy)) => {
                connection.transaction_with_behavior(TransactionBehavior::Immediate)?.rollback()?;
                changed = connection.pragma_update(None, "journal_mode", "WAL");
            }
            _ => break,
        }
    }
    changed
}

fn create(connection: &mut Connection) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    if Content::of(&transaction)?.is_nothing() {
        transaction.execute_batch(SCHEMA)?;
        transaction.pragma_update(None, "user_version", FORMAT)?;
    }
    transaction.commit()
}

#[async_trait]
impl Ledger for SqliteLedger {
    async fn load(&self, id: &HandshakeId) -> Result<Option<Stored>, LedgerError> {
        self.with(|connection| Ok(select(connection, "WHERE id = ?1", [id.as_str()])?.pop()))
    }

    async fn swap(&self, record: &Record, read: Version, line: &Line) -> Result<Version, LedgerError> {
        let (body, line) = (serde_json::to_string(record)?, serde_json::to_string(line)?);
        self.with(|connection| {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let stored: Option<u32> = transaction
                .query_row("SELECT version FROM handshake WHERE id = ?1", [record.id.as_str()], |row| {
                    row.get(0)
                })
                .optional()?;
            if stored.unwrap_or(Version::ABSENT.0) != read.0 {
                return Err(LedgerError::Conflict(record.id.clone()));
            }
            let next = read.next();
            let half = |half: &Option<HalfId>| half.as_ref().map(key);
            transaction.execute(
                "INSERT OR REPLACE INTO handshake VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
                params![
                    record.id.as_str(),
                    next.0,
                    record.phase.to_string(),
                    key(&record.ours.resource),
                    key(&record.theirs.resource),
                    half(&record.ours.half),
                    half(&record.theirs.half),
                    microseconds(record.updated_at),
                    body
                ],
            )?;
            transaction.execute(
                "INSERT INTO history VALUES (?1, ?2, ?3)",
                params![record.id.as_str(), next.0, line],
            )?;
            transaction.commit()?;
            Ok(next)
        })
    }

    async fn of_half(&self, half: &HalfId) -> Result<Vec<Stored>, LedgerError> {
        self.with(|connection| {
            select(connection, "WHERE our_half = ?1 OR their_half = ?1 ORDER BY id", [key(half)])
        })
    }

    async fn of_resource(&self, resource: &Resource) -> Result<Vec<Stored>, LedgerError> {
        self.with(|connection| {
            select(connection, "WHERE our_resource = ?1 OR their_resource = ?1 ORDER BY id", [key(resource)])
        })
    }

    async fn list(&self, phase: Option<Phase>) -> Result<Vec<Stored>, LedgerError> {
        const ORDER: &str = "ORDER BY updated_at, id";
        self.with(|connection| match phase {
            Some(phase) => select(connection, &format!("WHERE phase = ?1 {ORDER}"), [phase.to_string()]),
            None => select(connection, ORDER, []),
        })
    }

    async fn history(&self, id: &HandshakeId) -> Result<Vec<Line>, LedgerError> {
        self.with(|connection| {
            let mut statement =
                connection.prepare_cached("SELECT line FROM history WHERE id = ?1 ORDER BY version")?;
            let lines = statement.query_map([id.as_str()], |row| row.get::<_, String>(0))?;
            lines.map(|line| Ok(serde_json::from_str(&line?)?)).collect()
        })
    }
}

fn select(connection: &Connection, which: &str, params: impl Params) -> Result<Vec<Stored>, LedgerError> {
    let mut statement =
        connection.prepare_cached(&format!("SELECT version, record FROM handshake {which}"))?;
    let read = |row: &Row<'_>| Ok((row.get::<_, u32>(0)?, row.get::<_, String>(1)?));
    let rows = statement.query_map(params, read)?;
    rows.map(|row| {
        let (version, record) = row?;
        Ok(Stored { record: serde_json::from_str(&record)?, version: Version(version) })
    })
    .collect()
}

fn microseconds(at: OffsetDateTime) -> i64 {
    at.unix_timestamp() * 1_000_000 + i64::from(at.microsecond())
}

/// Ids are looked up as Azure compares them: without regard to case.
fn key(id: &impl ToString) -> String {
    id.to_string().to_ascii_lowercase()
}
