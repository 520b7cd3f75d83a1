//! The file: opened, made, brought up to date, or left alone.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior};

use super::rights;
use crate::ledger::error::LedgerError;

/// Written into the file; a file with another number is left alone.
const FORMAT: i32 = 4;
/// The first format of which files are brought up to date: then triggers (`hint`) waited in a table of their own.
const WITH_TRIGGERS: i32 = 2;
/// Then it was noted besides when halves were observed.
const WITH_CHECKS: i32 = 3;

const RECORDS: &str = "
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

const REQUESTS: &str = "
    CREATE TABLE request (
        id        TEXT PRIMARY KEY,
        digest    TEXT NOT NULL,
        body      TEXT NOT NULL,
        standing  TEXT NOT NULL,
        at        INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE outcome (
        number    INTEGER PRIMARY KEY AUTOINCREMENT,
        id        TEXT NOT NULL UNIQUE,
        subject   TEXT NOT NULL,
        request   TEXT,
        body      TEXT NOT NULL
    ) STRICT;
";

const PROGRESS: &str = "
    CREATE TABLE progress (
        id         TEXT PRIMARY KEY,
        read_at    INTEGER,
        checked_at INTEGER,
        next       TEXT
    ) STRICT, WITHOUT ROWID;
";

const SWEEP: &str = "
    CREATE TABLE sweep (
        number    INTEGER PRIMARY KEY CHECK (number = 1),
        note      TEXT NOT NULL
    ) STRICT;
";

/// For what is pruned. A program that does not know them keeps them up all the same, so that they make no new format.
const BY_AGE: &str = "
    CREATE INDEX IF NOT EXISTS request_by_age ON request (at);
";

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    ReadWrite,
    ReadOnly,
}

/// How long a statement waits for another process's lock.
const LOCK_MAX: Duration = Duration::from_secs(5);

/// What a write outlives that returned.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Durability {
    /// A failure of power.
    Power,
    /// The end of the process.
    Process,
}

pub(super) fn open(path: &Path, access: Access, durability: Durability) -> Result<Connection, LedgerError> {
    let fail = |problem: String| Err(LedgerError::Open { path: path.display().to_string(), problem });
    if access == Access::ReadWrite {
        rights::make(path);
    }
    let opened = connect(path, access)
        .and_then(|mut connection| Ok((prepare(&mut connection, access, durability)?, connection)));
    let (content, connection) = match opened {
        Ok(opened) => opened,
        Err(error) if is_locked(&error) => return Err(error.into()),
        Err(error) => return Err(unusable(path, &error)),
    };
    match content {
        Content { format: FORMAT, .. } => {
            if access == Access::ReadWrite {
                rights::keep_to_the_owner(path);
            }
            Ok(connection)
        }
        Content { format: WITH_TRIGGERS | WITH_CHECKS, .. } if access == Access::ReadOnly => Ok(connection),
        Content { format: 0, tables: 0 } => fail("it holds no ledger yet".to_owned()),
        Content { format: 0, .. } => fail(format!("it is a database of something else; {NAME_ANOTHER}")),
        Content { format, .. } => fail(format!(
            "it is of format {format}, and this program knows format {FORMAT}; start the version of peerpact that \
             made it, or name another file"
        )),
    }
}

const NAME_ANOTHER: &str = "name a file in PEERPACT_LEDGER that peerpact made, or that does not exist yet";

/// What SQLite says of a file that cannot be used, with what is to be done about it.
pub(super) fn unusable(path: &Path, error: &rusqlite::Error) -> LedgerError {
    let fix = match error.sqlite_error_code() {
        Some(ErrorCode::CannotOpen) => match path.parent() {
            _ if path.is_dir() => "it is a folder; name a file in it",
            Some(folder) if !folder.as_os_str().is_empty() && !folder.is_dir() => {
                "its folder does not exist; make it, or name another file"
            }
            _ => "let this process read and write it and its folder",
        },
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => {
            "it is read-only; let this process write to it and to its folder"
        }
        Some(ErrorCode::DiskFull | ErrorCode::SystemIoFailure) => {
            "make sure that its disk is well and has room"
        }
        Some(ErrorCode::NotADatabase) => NAME_ANOTHER,
        _ => "make sure that it is a ledger, or name another file",
    };
    LedgerError::Open { path: path.display().to_string(), problem: format!("{error}; {fix}") }
}

pub(super) fn is_locked(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
}

/// Writes what is there already, which shows whether something can be written.
pub(super) fn rewrite(connection: &mut Connection) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    transaction.pragma_update(None, "user_version", FORMAT)?;
    transaction.commit()
}

fn connect(path: &Path, access: Access) -> rusqlite::Result<Connection> {
    let flags = match access {
        Access::ReadWrite => OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE,
        Access::ReadOnly => OpenFlags::SQLITE_OPEN_READ_ONLY,
    };
    let connection = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(LOCK_MAX)?;
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

    fn is_out_of_date(self) -> bool {
        self.is_nothing() || self.format == WITH_TRIGGERS || self.format == WITH_CHECKS
    }
}

/// Whether a file has a table.
pub(super) fn has_table(connection: &Connection, name: &str) -> rusqlite::Result<bool> {
    connection
        .prepare_cached("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?1")?
        .exists([name])
}

/// Makes the ledger in an empty file, and sets the connection up if the file is a ledger; any other is left as it is.
fn prepare(connection: &mut Connection, access: Access, durability: Durability) -> rusqlite::Result<Content> {
    if access == Access::ReadOnly {
        return Content::of(connection);
    }
    if Content::of(connection)?.is_out_of_date() {
        create(connection)?;
    }
    let content = Content::of(connection)?;
    if content.format == FORMAT {
        // Readers never wait for the writer. FULL waits for the disk at each commit, NORMAL only before the log is moved
        // into the file; either leaves the file whole, and what FULL has put on disk includes all that came before it.
        write_ahead(connection)?;
        let synchronous = match durability {
            Durability::Power => "FULL",
            Durability::Process => "NORMAL",
        };
        connection.pragma_update(None, "synchronous", synchronous)?;
        connection.execute_batch(BY_AGE)?;
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
    let content = Content::of(&transaction)?;
    if content.is_nothing() {
        transaction.execute_batch(RECORDS)?;
        transaction.execute_batch(REQUESTS)?;
    }
    if content.is_out_of_date() {
        transaction.execute_batch(PROGRESS)?;
        match content.format {
            WITH_CHECKS => transaction.execute_batch(
                "INSERT INTO progress (id, checked_at) SELECT id, at FROM checked; DROP TABLE checked; DROP TABLE hint",
            )?,
            WITH_TRIGGERS => {
                transaction.execute_batch("DROP TABLE hint")?;
                transaction.execute_batch(SWEEP)?;
            }
            _ => transaction.execute_batch(SWEEP)?,
        }
        transaction.pragma_update(None, "user_version", FORMAT)?;
    }
    transaction.commit()
}
