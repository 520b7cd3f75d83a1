//! When halves were read, and what handshakes wait for. Beside the records: a read that finds nothing new makes no
//! version.

use rusqlite::{Connection, Row, Transaction, TransactionBehavior, params};
use time::OffsetDateTime;

use super::columns::{microseconds, moment};
use crate::handshake::ids::HandshakeId;
use crate::ledger::error::LedgerError;
use crate::ledger::progress::Progress;

const COMPARED: &str = "
    INSERT INTO progress (id, checked_at) VALUES (?1, ?2)
    ON CONFLICT (id) DO UPDATE SET checked_at = excluded.checked_at";

const READ: &str = "
    INSERT INTO progress (id, read_at, checked_at, next) VALUES (?1, ?2, ?3, ?4)
    ON CONFLICT (id) DO UPDATE SET
        read_at = excluded.read_at,
        checked_at = coalesce(excluded.checked_at, checked_at),
        next = excluded.next
    WHERE read_at IS NULL OR read_at <= excluded.read_at OR read_at > ?5";

pub(super) fn note(
    connection: &mut Connection,
    ids: &[HandshakeId],
    progress: &Progress,
    now: OffsetDateTime,
) -> Result<(), LedgerError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for id in ids {
        write(&transaction, id, progress, microseconds(now))?;
    }
    transaction.commit()?;
    Ok(())
}

/// In the place of what was noted before, whenever that was.
pub(super) fn replace(
    transaction: &Transaction<'_>,
    id: &HandshakeId,
    progress: &Progress,
) -> Result<(), LedgerError> {
    write(transaction, id, progress, i64::MIN)
}

fn write(
    transaction: &Transaction<'_>,
    id: &HandshakeId,
    progress: &Progress,
    now: i64,
) -> Result<(), LedgerError> {
    let Progress { read_at, checked_at, next } = progress;
    let checked_at = checked_at.map(microseconds);
    let Some(read_at) = read_at.map(microseconds) else {
        transaction.prepare_cached(COMPARED)?.execute(params![id.as_str(), checked_at])?;
        return Ok(());
    };
    let next = next.as_ref().map(serde_json::to_string).transpose()?;
    transaction.prepare_cached(READ)?.execute(params![id.as_str(), read_at, checked_at, next, now])?;
    Ok(())
}

/// Reads it from a row whose columns `read_at`, `checked_at` and `next` begin here.
pub(super) fn of_row(
    row: &Row<'_>,
    first: usize,
) -> rusqlite::Result<(Option<i64>, Option<i64>, Option<String>)> {
    Ok((row.get(first)?, row.get(first + 1)?, row.get(first + 2)?))
}

pub(super) fn of_columns(
    (read_at, checked_at, next): (Option<i64>, Option<i64>, Option<String>),
) -> Result<Progress, LedgerError> {
    Ok(Progress {
        read_at: read_at.map(moment),
        checked_at: checked_at.map(moment),
        next: next.map(|next| serde_json::from_str(&next)).transpose()?,
    })
}
