//! When halves were last looked at, and what the last sweep could not do. Beside the records: a look that finds nothing
//! new makes no version.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};
use time::OffsetDateTime;

use super::microseconds;
use crate::handshake::ids::HandshakeId;
use crate::ledger::{LedgerError, SweepNote};

pub(super) fn note_checked(
    connection: &mut Connection,
    ids: &[HandshakeId],
    at: OffsetDateTime,
) -> Result<(), LedgerError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for id in ids {
        transaction
            .prepare_cached("INSERT OR REPLACE INTO checked VALUES (?1, ?2)")?
            .execute(params![id.as_str(), microseconds(at)])?;
    }
    transaction.commit()?;
    Ok(())
}

pub(super) fn checked(connection: &Connection) -> Result<BTreeMap<HandshakeId, OffsetDateTime>, LedgerError> {
    if !is_there(connection)? {
        return Ok(BTreeMap::new());
    }
    let mut statement = connection.prepare_cached("SELECT id, at FROM checked")?;
    let rows = statement.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?)))?;
    let mut checks = BTreeMap::new();
    for row in rows {
        let (id, at) = row?;
        if let Ok(id) = id.parse() {
            checks.insert(id, OffsetDateTime::UNIX_EPOCH.saturating_add(time::Duration::microseconds(at)));
        }
    }
    Ok(checks)
}

pub(super) fn note_sweep(connection: &Connection, note: &SweepNote) -> Result<(), LedgerError> {
    connection
        .prepare_cached("INSERT OR REPLACE INTO sweep VALUES (1, ?1)")?
        .execute([serde_json::to_string(note)?])?;
    Ok(())
}

pub(super) fn last_sweep(connection: &Connection) -> Result<Option<SweepNote>, LedgerError> {
    if !is_there(connection)? {
        return Ok(None);
    }
    let note: Option<String> = connection
        .prepare_cached("SELECT note FROM sweep WHERE number = 1")?
        .query_row([], |row| row.get(0))
        .optional()?;
    Ok(note.map(|note| serde_json::from_str(&note)).transpose()?)
}

/// Who only reads may look at a file of an earlier format, which has neither table.
fn is_there(connection: &Connection) -> Result<bool, LedgerError> {
    let count: i64 = connection
        .prepare_cached(
            "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name IN ('checked', 'sweep')",
        )?
        .query_row([], |row| row.get(0))?;
    Ok(count == 2)
}
