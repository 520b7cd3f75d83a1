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
/// Ours waits for theirs, and both are ours to write: create theirs.
pub const ANSWER_OURS: Row = Row::new("AnswerOurs");
/// Ours waits for theirs, which is theirs to write.
pub const WAIT_FOR_THEIRS: Row = Row::new("WaitForTheirs");
/// Our tenant does not consent.
pub const REFUSE: Row = Row::new("Refuse");
/// Their space changed within the agreement: sync ours.
pub const SYNC_OURS: Row = Row::new("SyncOurs");
/// Our space changed, and both are ours to write: sync theirs.
pub const SYNC_THEIRS: Row = Row::new("SyncTheirs");
/// Our space changed, and the sync is theirs to make.
pub const WAIT_FOR_THEIR_SYNC: Row = Row::new("WaitForTheirSync");
/// Their space changed beyond the agreement: do not sync.
pub const REFUSE_WIDENING: Row = Row::new("RefuseWidening");
/// Our half goes beyond what is agreed in its flags alone: cut them down.
pub const NARROW_OURS: Row = Row::new("NarrowOurs");
/// Our half goes beyond what is agreed: it goes.
pub const UNDO_OURS: Row = Row::new("UndoOurs");
/// Our half goes beyond what is agreed, which is reported and not ours to mend.
pub const BEYOND: Row = Row::new("Beyond");
/// What would have to be written was made by people, and is theirs to write.
pub const LEFT_TO_PEOPLE: Row = Row::new("LeftToPeople");
/// Somebody else's half has every name that ours could have.
pub const NAME_TAKEN: Row = Row::new("NameTaken");
/// Theirs was removed: remove ours.
pub const REMOVE_OURS: Row = Row::new("RemoveOurs");
/// Theirs was removed: ours is kept, and broken.
pub const KEEP_OURS: Row = Row::new("KeepOurs");
/// Theirs was removed: write ours again, so that theirs can be restored.
pub const RESTORE_OURS: Row = Row::new("RestoreOurs");
/// Ours was removed, theirs is left, and it is theirs to mend.
pub const OURS_GONE: Row = Row::new("OursGone");
/// Theirs has to be written before ours, and both are ours to write.
pub const REWRITE_THEIRS: Row = Row::new("RewriteTheirs");
/// Azure failed on ours: write it once more.
pub const MEND_OURS: Row = Row::new("MendOurs");
/// Azure failed on theirs: write it once more.
pub const MEND_THEIRS: Row = Row::new("MendTheirs");
/// Azure failed on a half, and another write will not help or is not ours to make.
pub const HALF_FAILED: Row = Row::new("HalfFailed");
/// Neither half is left.
pub const CLOSED: Row = Row::new("Closed");
/// Azure is at work.
pub const AZURE_AT_WORK: Row = Row::new("AzureAtWork");
/// A network cannot be read.
pub const UNREADABLE: Row = Row::new("Unreadable");
/// A network is not there.
pub const NETWORK_GONE: Row = Row::new("NetworkGone");
/// The states do not fit together: two reads are not one moment. To be read again.
pub const UNCLEAR: Row = Row::new("Unclear");
