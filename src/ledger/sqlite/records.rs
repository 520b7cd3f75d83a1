//! Records and their history.

use rusqlite::{Connection, OptionalExtension, Params, Row, Transaction, TransactionBehavior, params};

use super::columns::{key, microseconds};
use super::file::has_table;
use super::{progress, requests};
use crate::handshake::ids::HandshakeId;
use crate::handshake::phase::Phase;
use crate::handshake::record::Record;
use crate::handshake::resource_id::ResourceId;
use crate::ledger::error::LedgerError;
use crate::ledger::history::Line;
use crate::ledger::port::{Change, Stored, Version};

pub(super) fn load(connection: &Connection, id: &HandshakeId) -> Result<Option<Stored>, LedgerError> {
    Ok(select(connection, "WHERE handshake.id = ?1", [id.as_str()])?.pop())
}

pub(super) fn commit(
    connection: &mut Connection,
    change: &Change<'_>,
    read: Version,
) -> Result<Version, LedgerError> {
    let Change { record, line, request, outcomes, progress } = change;
    let (body, line) = (serde_json::to_string(record)?, serde_json::to_string(line)?);
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let stored: Option<u32> = transaction
        .prepare_cached("SELECT version FROM handshake WHERE id = ?1")?
        .query_row([record.id.as_str()], |row| row.get(0))
        .optional()?;
    if stored.unwrap_or(Version::ABSENT.0) != read.0 {
        return Err(LedgerError::Conflict(record.id.clone()));
    }
    if let Some(request) = request
        && requests::belongs_to_another(&transaction, request)?
    {
        return Err(LedgerError::Conflict(record.id.clone()));
    }
    let next = read.next();
    write(&transaction, record, next, &body)?;
    transaction.prepare_cached("INSERT INTO history VALUES (?1, ?2, ?3)")?.execute(params![
        record.id.as_str(),
        next.0,
        line
    ])?;
    requests::write(&transaction, *request, outcomes)?;
    if let Some(progress) = progress {
        progress::replace(&transaction, &record.id, progress)?;
    }
    transaction.commit()?;
    Ok(next)
}

fn write(
    transaction: &Transaction<'_>,
    record: &Record,
    version: Version,
    body: &str,
) -> Result<(), LedgerError> {
    let half = |half: &Option<ResourceId>| half.as_ref().map(key);
    transaction
        .prepare_cached("INSERT OR REPLACE INTO handshake VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)")?
        .execute(params![
            record.id.as_str(),
            version.0,
            record.phase.to_string(),
            key(&record.ours.resource),
            key(&record.theirs.resource),
            half(&record.ours.half),
            half(&record.theirs.half),
            microseconds(record.updated_at),
            body
        ])?;
    Ok(())
}

pub(super) fn of_half(connection: &Connection, half: &ResourceId) -> Result<Vec<Stored>, LedgerError> {
    select(connection, "WHERE our_half = ?1 OR their_half = ?1 ORDER BY handshake.id", [key(half)])
}

pub(super) fn of_resource(
    connection: &Connection,
    resource: &ResourceId,
) -> Result<Vec<Stored>, LedgerError> {
    select(
        connection,
        "WHERE our_resource = ?1 OR their_resource = ?1 ORDER BY handshake.id",
        [key(resource)],
    )
}

/// A record that cannot be read, such as one of a later version, must not keep the sweep from all the others.
pub(super) fn list(connection: &Connection, phase: Option<Phase>) -> Result<Vec<Stored>, LedgerError> {
    let which = "WHERE ?1 IS NULL OR phase = ?1 ORDER BY updated_at, handshake.id";
    let mut listed = Vec::new();
    for (id, stored) in read(connection, which, [phase.map(|phase| phase.to_string())])? {
        match stored {
            Ok(stored) => listed.push(stored),
            Err(error) => tracing::error!(handshake = %id, %error, "a record cannot be read and is left out"),
        }
    }
    Ok(listed)
}

pub(super) fn history(connection: &Connection, id: &HandshakeId) -> Result<Vec<Line>, LedgerError> {
    let mut statement =
        connection.prepare_cached("SELECT line FROM history WHERE id = ?1 ORDER BY version")?;
    let lines = statement.query_map([id.as_str()], |row| row.get::<_, String>(0))?;
    lines.map(|line| Ok(serde_json::from_str(&line?)?)).collect()
}

fn select(connection: &Connection, which: &str, params: impl Params) -> Result<Vec<Stored>, LedgerError> {
    read(connection, which, params)?.into_iter().map(|(_, stored)| stored).collect()
}

/// Who only reads may open a file of an earlier format, in which nothing is noted beside the records.
const ALONE: &str = "SELECT handshake.id, version, record, NULL, NULL, NULL FROM handshake";
const WITH_PROGRESS: &str = "
    SELECT handshake.id, version, record, read_at, checked_at, next
    FROM handshake LEFT JOIN progress ON progress.id = handshake.id";

/// A row as a record, or why it is none.
type Read = Result<Stored, LedgerError>;

fn read(
    connection: &Connection,
    which: &str,
    params: impl Params,
) -> Result<Vec<(String, Read)>, LedgerError> {
    let from = if has_table(connection, "progress")? { WITH_PROGRESS } else { ALONE };
    let mut statement = connection.prepare_cached(&format!("{from} {which}"))?;
    let columns = |row: &Row<'_>| {
        let record = (row.get::<_, u32>(1)?, row.get::<_, String>(2)?);
        Ok((row.get::<_, String>(0)?, record, progress::of_row(row, 3)?))
    };
    let mut read = Vec::new();
    for row in statement.query_map(params, columns)? {
        let (id, (version, record), progress) = row?;
        let stored = || {
            let (record, progress) = (serde_json::from_str(&record)?, progress::of_columns(progress)?);
            Ok(Stored { record, version: Version(version), progress })
        };
        read.push((id, stored()));
    }
    Ok(read)
}
