//! Records and their history.

use rusqlite::{Connection, OptionalExtension, Params, Row, Transaction, TransactionBehavior, params};

use super::{key, microseconds, requests};
use crate::handshake::ids::HandshakeId;
use crate::handshake::pair::{HalfId, Resource};
use crate::handshake::phase::Phase;
use crate::handshake::record::Record;
use crate::ledger::{Change, LedgerError, Line, Stored, Version};

pub(super) fn load(connection: &Connection, id: &HandshakeId) -> Result<Option<Stored>, LedgerError> {
    Ok(select(connection, "WHERE id = ?1", [id.as_str()])?.pop())
}

pub(super) fn commit(
    connection: &mut Connection,
    change: &Change<'_>,
    read: Version,
) -> Result<Version, LedgerError> {
    let Change { record, line, request, outcomes } = change;
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
    transaction.commit()?;
    Ok(next)
}

fn write(
    transaction: &Transaction<'_>,
    record: &Record,
    version: Version,
    body: &str,
) -> Result<(), LedgerError> {
    let half = |half: &Option<HalfId>| half.as_ref().map(key);
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

pub(super) fn of_half(connection: &Connection, half: &HalfId) -> Result<Vec<Stored>, LedgerError> {
    select(connection, "WHERE our_half = ?1 OR their_half = ?1 ORDER BY id", [key(half)])
}

pub(super) fn of_resource(connection: &Connection, resource: &Resource) -> Result<Vec<Stored>, LedgerError> {
    select(connection, "WHERE our_resource = ?1 OR their_resource = ?1 ORDER BY id", [key(resource)])
}

/// A record that cannot be read, such as one of a later version, must not keep the sweep from all the others.
pub(super) fn list(connection: &Connection, phase: Option<Phase>) -> Result<Vec<Stored>, LedgerError> {
    let mut statement = connection.prepare_cached(
        "SELECT id, version, record FROM handshake WHERE ?1 IS NULL OR phase = ?1 ORDER BY updated_at, id",
    )?;
    let read =
        |row: &Row<'_>| Ok((row.get::<_, String>(0)?, row.get::<_, u32>(1)?, row.get::<_, String>(2)?));
    let mut listed = Vec::new();
    for row in statement.query_map([phase.map(|phase| phase.to_string())], read)? {
        let (id, version, record) = row?;
        match serde_json::from_str(&record) {
            Ok(record) => listed.push(Stored { record, version: Version(version) }),
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
