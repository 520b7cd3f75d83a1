//! What programs and people outside are shown: handshakes, outcomes, and whether all is well.

mod handshake;
pub(crate) mod health;
mod outcome;

pub use self::handshake::{Handshake, PublicEnd, PublicReason, many, one};
pub use self::outcome::{PublicOutcome, Unplaced};
