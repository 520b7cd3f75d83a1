//! The decision table of the peering handshake: from what is seen, what is recorded and what is agreed to the one thing
//! to do. One `match` over (theirs, ours), behind consent and what a request wants; each cell has one named row. The whole
//! product of states is written down in `tests/data/decisions.txt`, and a test holds the code to it. In short:
//!
//! | theirs | ours | row |
//! |---|---|---|
//! | | beyond what is agreed | first of all, whatever theirs is: see `consent.rs` |
//! | Initiated | absent, Disconnected | `AnswerTheirs`: admission, then create ours or write it again; else `Refuse`; one that people made is `LeftToPeople` |
//! | absent | Initiated | `WaitForTheirs`, reported as stalled after an hour; with `reach = "both"` `AnswerOurs`: create theirs |
//! | Connected | Connected, all FullyInSync | `Connected`; `RefuseWidening` if their network shows more than is agreed |
//! | Connected | local space behind | `SyncOurs` after admission on the new prefixes, else `RefuseWidening` |
//! | Connected | only the remote side behind | `WaitForTheirSync`; with `reach = "both"` `SyncTheirs` |
//! | absent | Disconnected | by agreement `RemoveOurs`, `KeepOurs` or `RestoreOurs` |
//! | Disconnected | absent | `OursGone`; with `reach = "both"` `RewriteTheirs` |
//! | Disconnected | Disconnected | `RemoveOurs`, or `KeepOurs` where agreed |
//! | absent | absent | `Closed`, once a second read says the same: `EndUnconfirmed` until then |
//! | Updating or Deleting, either | | `AzureAtWork`, also for a network that a write is due on |
//! | Failed, one of them | | `MendOurs`, or `MendTheirs` with `reach = "both"`: once; then `HalfFailed` |
//! | network unreadable, either | | `Unreadable`: who lacks which action where, and the command |
//! | network not there | | `NetworkGone`, or `Closed`, on a second read too; ours is removed only if Azure itself calls it Disconnected |
//! | states that do not fit | | `Unclear`: two reads are not one moment, to be read again |
//!
//! What a request wants comes first (`goals.rs`); `tests/data/goals.txt` has where that matters:
//!
//! | row | when | then |
//! |---|---|---|
//! | `OpenOurs` | our half is wanted, and absent, left Disconnected, or with other flags than asked for | admission, then write it, with the flags asked for as far as agreed; else `Refuse` |
//! | `Disconnect` | a half is wanted gone and is there | remove it, whatever its state; with `reach = "both"` the other one after it |
//! | `WaitForTheirRemoval` | ours is gone on request, theirs is left Disconnected (Connected, Revoked) | wait ten minutes; then as the table says: `OursGone` |

mod beyond;
mod goals;
mod matrix;
mod networks;
mod outcome;
mod table;

pub(super) use self::beyond::beyond;
pub use self::goals::REMOVAL_AWAITED;
pub use self::matrix::{STALLED_AFTER, decide};
