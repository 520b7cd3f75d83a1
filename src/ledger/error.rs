//! What can go wrong with a ledger.

use thiserror::Error;

use crate::handshake::ids::HandshakeId;

/// Why the ledger could not do what it was asked.
#[derive(Debug, Error)]
pub enum LedgerError {
    /// Somebody else wrote the record since it was read.
    #[error("the record of handshake {0} was changed by somebody else meanwhile")]
    Conflict(HandshakeId),
    /// The file cannot be opened, or is of a version that this program does not know.
    #[error("the ledger {path} cannot be opened: {problem}")]
    Open {
        /// The file.
        path: String,
        /// What is wrong.
        problem: String,
    },
    /// Another process, or another connection of this one, writes and does not end.
    #[error("the ledger {path} is locked by another process: end that one if this goes on")]
    Locked {
        /// The file.
        path: String,
    },
    /// The file did not answer in time; what was asked for may still be carried out.
    #[error("the ledger {path} does not answer: its disk is slow, or another process holds a lock on it")]
    Slow {
        /// The file.
        path: String,
    },
    /// This process ends, and nothing was done.
    #[error("the ledger was not asked any more, because this process ends")]
    Ended,
    /// The database failed.
    #[error("the ledger failed")]
    Database(#[from] rusqlite::Error),
    /// A row cannot be read as a record, or a record not be written as a row.
    #[error("a record in the ledger cannot be read or written")]
    Format(#[from] serde_json::Error),
}
