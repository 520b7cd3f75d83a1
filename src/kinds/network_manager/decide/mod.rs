//! The decision table of the management handshake: from what is seen, what is recorded and what is agreed to the one
//! thing to do.

mod consent;
mod matrix;
mod outcome;
mod table;

pub(super) use self::consent::{beyond, objection};
pub use self::matrix::{PENDING_DEADLINE, REMOVAL_DELAY, decide};
