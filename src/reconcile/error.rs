//! Why something could not be reconciled.

use thiserror::Error;

use crate::arm::ArmError;
use crate::handshake::kind_name::KindName;
use crate::handshake::phase::IllegalMove;
use crate::ledger::LedgerError;
use crate::queue::QueueError;

/// Why something could not be reconciled. The record is as it was, or says `completing`.
#[derive(Debug, Error)]
pub enum ReconcileError {
    /// Azure could not be read.
    #[error("Azure could not be read")]
    Azure(#[from] ArmError),
    /// The ledger failed; a lost swap is no failure, but ends the reconciliation.
    #[error("the ledger could not be read or written")]
    Ledger(#[from] LedgerError),
    /// The queue failed.
    #[error("the queue could not be written to")]
    Queue(#[from] QueueError),
    /// A defect in this program.
    #[error(transparent)]
    Defect(#[from] IllegalMove),
    /// A defect in this program: what it made has no JSON.
    #[error("a message cannot be written as JSON: this is a defect in peerpact")]
    Message(#[source] serde_json::Error),
    /// A record is of a kind that this version does not know.
    #[error("the kind of handshake `{0}` is not known to this version of peerpact")]
    UnknownKind(KindName),
}
