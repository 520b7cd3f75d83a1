//! The decision table of the management handshake: from what is seen, what is recorded and what is agreed to the one
//! thing to do. One `match` over (theirs, ours) of `connectionState`; the whole product is written down in
//! `tests/data/management-decisions.txt`, and a test holds the code to it. Which half is ours follows from the seat: *central*
//! (the manager is ours) or *target* (the scope is). In short:
//!
//! | theirs | ours | row |
//! |---|---|---|
//! | | Connected, Pending, uncovered or denied | `Beyond`, or `UndoOurs` where we made it and `on_withdrawal` says so |
//! | Pending, or announced and unreadable | absent | `AnswerTheirs`: an agreement covers manager and scope -> create ours; else `Refuse`. On an event alone only if the agreement spells the manager out |
//! | Pending | Pending | `FlipToCome`: the service connects them in seconds; past ten minutes blocked |
//! | Connected, unreadable, not asked | Connected | `Connected`, for the central seat once `crossTenantScopes` lists the scope; then `Members` |
//! | absent, unreadable | Pending | ours made in answer: `TakeBack` after ten minutes; ours opened by people: `WaitForTheirs` |
//! | | Revoked | `RemoveOurs` (the target's a minute later: `RemovalDue`), or `KeepOurs` where agreed |
//! | Revoked | absent | `OursGone` |
//! | Conflict or Rejected, either | | `Conflict` (blocked), `Rejected` (refused) |
//! | unreadable, not announced | absent | `Closed`: as far as we can see there is nothing |
//!
//! An event carries no body, so where their half cannot be read the scopes of the agreements that spell the manager out are
//! tried, and ours shows how it went. A pattern is no word that a manager exists: whoever sends events would decide how many
//! connections we write.

mod consent;
mod matrix;
mod outcome;
mod table;

pub(super) use self::consent::{beyond, objection};
pub use self::matrix::{PENDING_DEADLINE, REMOVAL_DELAY, decide};
