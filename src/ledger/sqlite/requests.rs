//! Requests, and the outcomes that have still to be sent.

use rusqlite::{Connection, OptionalExtension, Row, Transaction, TransactionBehavior, params};
use time::OffsetDateTime;

use super::columns::{microseconds, moment};
use crate::handshake::request_id::RequestId;
use crate::handshake::request_queue::RequestKey;
use crate::ledger::error::LedgerError;
use crate::ledger::requests::{Outcome, RequestEntry, Standing};

pub(super) fn load(connection: &Connection, id: &RequestKey) -> Result<Option<RequestEntry>, LedgerError> {
    let mut statement =
        connection.prepare_cached("SELECT digest, body, standing, at FROM request WHERE id = ?1")?;
    let read =
        |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get::<_, String>(2)?, row.get::<_, i64>(3)?));
    let Some((digest, body, standing, at)) = statement.query_row([id.to_string()], read).optional()? else {
        return Ok(None);
    };
    Ok(Some(RequestEntry {
        id: id.clone(),
        digest,
        body,
        standing: serde_json::from_str(&standing)?,
        at: moment(at),
    }))
}

pub(super) fn pending_requests(
    connection: &Connection,
    before: OffsetDateTime,
    most: usize,
) -> Result<Vec<RequestKey>, LedgerError> {
    let mut statement = connection
        .prepare_cached("SELECT id FROM request WHERE standing = ?1 AND at < ?2 ORDER BY at LIMIT ?3")?;
    let pending = serde_json::to_string(&Standing::Pending)?;
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let ids = statement
        .query_map(params![pending, microseconds(before), most], |row| row.get::<_, String>(0))?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    Ok(ids.into_iter().filter_map(|id| id.try_into().ok()).collect())
}

/// Whether the id belongs to a request with other content that was not refused.
pub(super) fn belongs_to_another(
    transaction: &Transaction<'_>,
    request: &RequestEntry,
) -> Result<bool, LedgerError> {
    let known = load(transaction, &request.id)?;
    Ok(known.is_some_and(|known| known.standing != Standing::Refused && known.digest != request.digest))
}

pub(super) fn note(
    connection: &mut Connection,
    request: Option<&RequestEntry>,
    outcomes: &[Outcome],
) -> Result<(), LedgerError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    write(&transaction, request, outcomes)?;
    transaction.commit()?;
    Ok(())
}

pub(super) fn write(
    transaction: &Transaction<'_>,
    request: Option<&RequestEntry>,
    outcomes: &[Outcome],
) -> Result<(), LedgerError> {
    if let Some(RequestEntry { id, digest, body, standing, at }) = request {
        let standing = serde_json::to_string(standing)?;
        transaction
            .prepare_cached("INSERT OR REPLACE INTO request VALUES (?1, ?2, ?3, ?4, ?5)")?
            .execute(params![id.to_string(), digest, body, standing, microseconds(*at)])?;
    }
    for Outcome { id, subject, request, body } in outcomes {
        let request = request.as_ref().map(RequestId::as_str);
        transaction
            .prepare_cached(
                "INSERT INTO outcome (id, subject, request, body) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (id) DO NOTHING",
            )?
            .execute(params![id, subject, request, body])?;
    }
    Ok(())
}

pub(super) fn pending(connection: &Connection, most: usize) -> Result<Vec<Outcome>, LedgerError> {
    let mut statement = connection
        .prepare_cached("SELECT id, subject, request, body FROM outcome ORDER BY number LIMIT ?1")?;
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let rows = statement.query_map([most], |row| {
        let request = row.get::<_, Option<String>>(2)?.and_then(|id| id.parse().ok());
        Ok(Outcome { id: row.get(0)?, subject: row.get(1)?, request, body: row.get(3)? })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

pub(super) fn sent(connection: &mut Connection, outcomes: &[Outcome]) -> Result<(), LedgerError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for outcome in outcomes {
        transaction.prepare_cached("DELETE FROM outcome WHERE id = ?1")?.execute([&outcome.id])?;
    }
    transaction.commit()?;
    Ok(())
}
