//! What the last sweep could do.

use rusqlite::{Connection, OptionalExtension};

use super::file::has_table;
use crate::ledger::error::LedgerError;
use crate::ledger::sweep_note::SweepNote;

pub(super) fn note(connection: &Connection, note: &SweepNote) -> Result<(), LedgerError> {
    connection
        .prepare_cached("INSERT OR REPLACE INTO sweep VALUES (1, ?1)")?
        .execute([serde_json::to_string(note)?])?;
    Ok(())
}

/// Who only reads may open a file of an earlier format, which lacks the table.
pub(super) fn last(connection: &Connection) -> Result<Option<SweepNote>, LedgerError> {
    if !has_table(connection, "sweep")? {
        return Ok(None);
    }
    let note: Option<String> = connection
        .prepare_cached("SELECT note FROM sweep WHERE number = 1")?
        .query_row([], |row| row.get(0))
        .optional()?;
    Ok(note.map(|note| serde_json::from_str(&note)).transpose()?)
}
