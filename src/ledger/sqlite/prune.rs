//! Forgetting what was over long ago.

use rusqlite::{Connection, TransactionBehavior, params};
use time::OffsetDateTime;

use super::columns::microseconds;
use crate::ledger::error::LedgerError;
use crate::ledger::port::LINES_KEPT;

/// At most so many rows of each kind go in one call, so that nobody waits long for the lock.
const ROWS_MAX: usize = 1000;

/// Records name requests by `asked` and by their goal, which earlier formats call `wish`.
const REQUESTS: &str = "
    DELETE FROM request WHERE id IN (
        SELECT id FROM request
        WHERE at < ?1 AND standing <> '\"pending\"'
            AND id NOT IN (
                SELECT asked.value
                FROM handshake, json_each(iif(json_valid(record), record, '{}'), '$.asked') AS asked
                WHERE asked.value IS NOT NULL)
            AND id NOT IN (
                SELECT goal.value
                FROM handshake, json_each(iif(json_valid(record), record, '{}'), '$.goal') AS goal
                WHERE goal.key = 'request')
            AND id NOT IN (
                SELECT wish.value
                FROM handshake, json_each(iif(json_valid(record), record, '{}'), '$.wish') AS wish
                WHERE wish.key = 'request')
            AND id NOT IN (SELECT request FROM outcome WHERE request IS NOT NULL)
        ORDER BY at LIMIT ?2)";

/// A record's version counts its lines.
const LINES: &str = "
    DELETE FROM history WHERE (id, version) IN (
        SELECT history.id, history.version
        FROM handshake JOIN history
            ON history.id = handshake.id AND history.version <= handshake.version - ?3
        WHERE iif(json_valid(line), unixepoch(json_extract(line, '$.at')) < ?1, false) LIMIT ?2)";

pub(super) fn prune(connection: &mut Connection, before: OffsetDateTime) -> Result<bool, LedgerError> {
    let age = microseconds(before);
    let most = i64::try_from(ROWS_MAX).unwrap_or(i64::MAX);
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let requests = transaction.prepare_cached(REQUESTS)?.execute(params![age, most])?;
    let seconds = before.unix_timestamp();
    let lines = transaction.prepare_cached(LINES)?.execute(params![seconds, most, LINES_KEPT])?;
    transaction.commit()?;
    if requests + lines > 0 {
        tracing::info!(%before, requests, lines, "the ledger has forgotten what was over");
    }
    Ok([requests, lines].contains(&ROWS_MAX))
}
