//! The file: opened, made, brought up to date, or left alone.

use std::path::Path;

use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior};

use crate::ledger::LedgerError;

/// Written into the file; a file with another number is left alone.
const FORMAT: i32 = 3;
/// The format before it was noted when halves were looked at; such a file gets the tables that it lacks.
const FORMAT_WITHOUT_CHECKS: i32 = 2;
/// The format before there were requests; such a file gets the tables that it lacks.
const FORMAT_WITHOUT_REQUESTS: i32 = 1;

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

const HINTS_AND_REQUESTS: &str = "
    CREATE TABLE hint (
        key       TEXT PRIMARY KEY,
        ticket    TEXT NOT NULL,
        due       INTEGER NOT NULL,
        state     TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
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

const CHECKS: &str = "
    CREATE TABLE checked (
        id        TEXT PRIMARY KEY,
        at        INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE sweep (
        number    INTEGER PRIMARY KEY CHECK (number = 1),
        note      TEXT NOT NULL
    ) STRICT;
";

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    ReadWrite,
    ReadOnly,
}

/// What a write outlives that returned.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Durability {
    /// A failure of power.
    Power,
    /// The end of the process.
    Process,
}

pub(super) fn open(path: &Path, access: Access, durability: Durability) -> Result<Connection, LedgerError> {
    let fail = |problem: String| LedgerError::Open { path: path.display().to_string(), problem };
    let mut connection = connect(path, access).map_err(|error| fail(error.to_string()))?;
    match prepare(&mut connection, access, durability).map_err(|error| fail(error.to_string()))? {
        Content { format: FORMAT, .. } => Ok(connection),
        Content { format: FORMAT_WITHOUT_REQUESTS | FORMAT_WITHOUT_CHECKS, .. }
            if access == Access::ReadOnly =>
        {
            Ok(connection)
        }
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

    fn lacks_something(self) -> bool {
        self.lacks_requests() || self.format == FORMAT_WITHOUT_CHECKS
    }

    fn lacks_requests(self) -> bool {
        self.is_nothing() || self.format == FORMAT_WITHOUT_REQUESTS
    }
}

/// Makes the ledger in an empty file, and sets the connection up if the file is a ledger; any other is left as it is.
fn prepare(connection: &mut Connection, access: Access, durability: Durability) -> rusqlite::Result<Content> {
    if access == Access::ReadOnly {
        return Content::of(connection);
    }
    if Content::of(connection)?.lacks_something() {
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
    }
    if content.lacks_requests() {
        transaction.execute_batch(HINTS_AND_REQUESTS)?;
    }
    if content.lacks_something() {
        transaction.execute_batch(CHECKS)?;
        transaction.pragma_update(None, "user_version", FORMAT)?;
    }
    transaction.commit()
}
