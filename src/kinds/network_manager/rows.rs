//! The rows of the table: labels for logs, tables and `explain`.

use crate::handshake::decision::Row;

/// Both Connected and FullyInSync, flags within the agreement.
pub const CONNECTED: Row = Row::new("Connected");
/// Theirs waits for ours, and our tenant consents: create ours.
pub const ANSWER_THEIRS: Row = Row::new("AnswerTheirs");
/// A request asks for our half: create it, or give it the flags that were asked for.
pub const OPEN_OURS: Row = Row::new("OpenOurs");
/// A request asks for the end of it: remove the half that it names.
pub const DISCONNECT: Row = Row::new("Disconnect");
/// Our half was removed on request, and theirs is left, which is theirs to remove.
pub const WAIT_FOR_THEIR_REMOVAL: Row = Row::new("WaitForTheirRemoval");
/// Ours waits for theirs, which is theirs to write.
pub const WAIT_FOR_THEIRS: Row = Row::new("WaitForTheirs");
/// Our tenant does not consent.
pub const REFUSE: Row = Row::new("Refuse");
/// Our half goes beyond what is agreed: it goes.
pub const UNDO_OURS: Row = Row::new("UndoOurs");
/// Our half goes beyond what is agreed, which is reported and not ours to mend.
pub const BEYOND: Row = Row::new("Beyond");
/// Somebody else's half has every name that ours could have.
pub const NAME_TAKEN: Row = Row::new("NameTaken");
/// Theirs was removed: remove ours.
pub const REMOVE_OURS: Row = Row::new("RemoveOurs");
/// Theirs was removed: ours is kept, and broken.
pub const KEEP_OURS: Row = Row::new("KeepOurs");
/// Ours was removed, theirs is left, and it is theirs to mend.
pub const OURS_GONE: Row = Row::new("OursGone");
/// Neither half is left.
pub const CLOSED: Row = Row::new("Closed");
/// A network cannot be read.
pub const UNREADABLE: Row = Row::new("Unreadable");
/// Both halves exist, and the service has still to connect them.
pub const FLIP_TO_COME: Row = Row::new("FlipToCome");
/// Ours was made on an event alone and found no counterpart: take it back.
pub const TAKE_BACK: Row = Row::new("TakeBack");
/// Theirs was removed: ours follows when the manager had time to go first.
pub const REMOVAL_DUE: Row = Row::new("RemovalDue");
/// Another manager holds the scope.
pub const CONFLICT: Row = Row::new("Conflict");
/// Azure calls the half Rejected.
pub const REJECTED: Row = Row::new("Rejected");
/// Connected, and the groups that the agreement fills are not as they should be.
pub const MEMBERS: Row = Row::new("Members");
/// The states do not fit together: two reads are not one moment. To be read again.
pub const UNCLEAR: Row = Row::new("Unclear");
