//! Which hints wait in the queue: a row for each key, which goes from `sending` to `waiting` to `taken`.

use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};
use time::OffsetDateTime;

use super::microseconds;
use crate::ledger::{HintKey, LedgerError, TICKET_AHEAD, TICKET_HOLDS, Ticket, Urgency};

/// About to be sent: whether it is in the queue is not known, so it keeps no other message from being sent.
const SENDING: &str = "sending";
/// In the queue.
const WAITING: &str = "waiting";
/// Received. A message that is delivered again still finds its ticket here.
const TAKEN: &str = "taken";

pub(super) fn announce(
    connection: &mut Connection,
    key: &HintKey,
    ticket: &Ticket,
    urgency: Urgency,
    now: OffsetDateTime,
) -> Result<bool, LedgerError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let found: Option<(String, i64)> = transaction
        .prepare_cached("SELECT state, due FROM hint WHERE key = ?1")?
        .query_row([key.as_str()], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let due = microseconds(ticket.due);
    let covered = found.is_some_and(|(state, waiting)| {
        let soon_enough = waiting <= due || urgency == Urgency::Patient;
        let lost = waiting <= microseconds(now.saturating_sub(TICKET_HOLDS));
        let impossible = waiting > microseconds(now.saturating_add(TICKET_AHEAD));
        state == WAITING && soon_enough && !lost && !impossible
    });
    if !covered {
        transaction
            .prepare_cached("INSERT OR REPLACE INTO hint VALUES (?1, ?2, ?3, ?4)")?
            .execute(params![key.as_str(), ticket.id, due, SENDING])?;
    }
    transaction.commit()?;
    Ok(!covered)
}

pub(super) fn announced(connection: &Connection, key: &HintKey, ticket: &Ticket) -> Result<(), LedgerError> {
    connection
        .prepare_cached("UPDATE hint SET state = ?3 WHERE key = ?1 AND ticket = ?2 AND state = ?4")?
        .execute(params![key.as_str(), ticket.id, WAITING, SENDING])?;
    Ok(())
}

/// No message has the empty ticket, so that whichever comes finds another in its place.
pub(super) fn rest(connection: &Connection, key: &HintKey, now: OffsetDateTime) -> Result<(), LedgerError> {
    connection
        .prepare_cached("UPDATE hint SET ticket = '', state = ?3 WHERE key = ?1 AND due > ?2 AND state = ?4")?
        .execute(params![key.as_str(), microseconds(now), TAKEN, WAITING])?;
    Ok(())
}

pub(super) fn take(connection: &mut Connection, key: &HintKey, ticket: &Ticket) -> Result<bool, LedgerError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let found: Option<(String, String)> = transaction
        .prepare_cached("SELECT ticket, state FROM hint WHERE key = ?1")?
        .query_row([key.as_str()], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    // What is about to be sent may never be: this one then comes again because the other could not be sent.
    let superseded = found.is_some_and(|(current, state)| current != ticket.id && state != SENDING);
    if !superseded {
        transaction
            .prepare_cached("INSERT OR REPLACE INTO hint VALUES (?1, ?2, ?3, ?4)")?
            .execute(params![key.as_str(), ticket.id, microseconds(ticket.due), TAKEN])?;
    }
    transaction.commit()?;
    Ok(!superseded)
}
