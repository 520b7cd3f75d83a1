//! The ledger: what is known of every handshake and how it came to that, what it waits for, what was asked for, and what
//! has still to be sent.
//!
//! # Guarantees
//! - A record changes by compare-and-swap only: whoever read an older version loses, and stops.
//! - A record, the line of history that explains its change, the request that it answers to and the outcomes that it
//!   gives rise to are written together or not at all.
//! - A write that returned is on disk, where its loss would cost anything but time. A failure of power may undo that halves
//!   were read or that an outcome was sent: then they are read once more, or it is sent once more under the same id.
//! - Nobody but the caller of a call waits for it: neither a lock nor a slow disk holds up anything else.

mod error;
mod history;
mod port;
mod progress;
mod requests;
mod sqlite;
mod sweep_note;

pub use self::error::LedgerError;
pub use self::history::{Cause, CauseKind, Line};
pub use self::port::{Change, LINES_KEPT, Ledger, Stored, Version};
pub use self::progress::{Next, Progress};
pub use self::requests::{Outcome, RequestEntry, Standing};
pub use self::sqlite::SqliteLedger;
pub use self::sweep_note::SweepNote;
