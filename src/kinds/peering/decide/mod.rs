//! The decision table: from what is seen, what is recorded and what is agreed to the one thing to do.

mod beyond;
mod goals;
mod matrix;
mod networks;
mod outcome;
mod table;

pub(super) use self::beyond::beyond;
pub use self::goals::REMOVAL_AWAITED;
pub use self::matrix::{STALLED_AFTER, decide};
