//! What the decision table answers.

use std::time::Duration;

use super::consent::Agreed;
use super::phase::Phase;
use super::reason::Reason;
use super::step::Write;

/// What to do, by which row of the table, under which agreement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// The row of the table.
    pub row: Row,
    /// What follows from it.
    pub verdict: Verdict,
    /// The agreement that covers the pair, as `partner/name`.
    pub agreement: Option<String>,
    /// What is agreed now, where our half is within it or about to be written by it: to be kept on the record.
    pub agreed: Option<Agreed>,
}

/// What follows from a decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Send this write, and read back.
    Write(Write),
    /// Our half goes beyond what is agreed: record it as `refused` for these reasons, and then send this write.
    Undo {
        /// What mends it.
        write: Write,
        /// Why; the first one says whether the partner went too far or we took our consent back.
        reasons: Vec<Reason>,
    },
    /// As far as one look can tell it is over. Another one, no sooner than this, has to say the same: until then the
    /// record stays as it is, and nobody is told.
    LookTwice(Duration),
    /// Write nothing.
    Rest {
        /// Where the record stands.
        phase: Phase,
        /// Why.
        reasons: Vec<Reason>,
        /// When a look without a new hint is worth it; the sweep looks at every open record anyhow.
        again: Option<Duration>,
    },
}

impl Verdict {
    /// What is sent, if anything is.
    #[must_use]
    pub fn write(&self) -> Option<&Write> {
        match self {
            Self::Write(write) | Self::Undo { write, .. } => Some(write),
            Self::LookTwice(_) | Self::Rest { .. } => None,
        }
    }
}

/// The rows of the table: every cell of the product of what can be seen of two halves has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Row {
    /// Both Connected and FullyInSync, flags within the agreement.
    Connected,
    /// Theirs waits for ours, and our tenant consents: create ours.
    AnswerTheirs,
    /// A request asks for our half: create it, or give it the flags that were asked for.
    OpenOurs,
    /// A request asks for the end of it: remove the half that it names.
    Disconnect,
    /// Our half was removed on request, and theirs is left, which is theirs to remove.
    WaitForTheirRemoval,
    /// Ours waits for theirs, and both are ours to write: create theirs.
    AnswerOurs,
    /// Ours waits for theirs, which is theirs to write.
    WaitForTheirs,
    /// Our tenant does not consent.
    Refuse,
    /// Their space changed within the agreement: sync ours.
    SyncOurs,
    /// Our space changed, and both are ours to write: sync theirs.
    SyncTheirs,
    /// Our space changed, and the sync is theirs to make.
    WaitForTheirSync,
    /// Their space changed beyond the agreement: do not sync.
    RefuseWidening,
    /// Our half goes beyond what is agreed in its flags alone: cut them down.
    NarrowOurs,
    /// Our half goes beyond what is agreed: it goes.
    UndoOurs,
    /// Our half goes beyond what is agreed, which is told and not ours to mend.
    Beyond,
    /// What would have to be written was made by people, and is theirs to write.
    LeftToPeople,
    /// Somebody else's half has every name that ours could have.
    NameTaken,
    /// As far as one look can tell it is over: another one has to say the same.
    EndUnconfirmed,
    /// Theirs was removed: remove ours.
    RemoveOurs,
    /// Theirs was removed: ours is kept, and broken.
    KeepOurs,
    /// Theirs was removed: write ours again, so that theirs can be restored.
    RestoreOurs,
    /// Ours was removed, theirs is left, and it is theirs to mend.
    OursGone,
    /// Theirs has to be written before ours, and both are ours to write.
    RewriteTheirs,
    /// Azure failed on ours: write it once more.
    MendOurs,
    /// Azure failed on theirs: write it once more.
    MendTheirs,
    /// Azure failed on a half, and another write will not help or is not ours to make.
    HalfFailed,
    /// Neither half is left.
    Closed,
    /// Azure is at work.
    AzureAtWork,
    /// A network cannot be read.
    Unreadable,
    /// A network is not there.
    NetworkGone,
    /// Azure refused this very write a short while ago, and nothing has changed.
    HoldRefusal,
    /// Both halves exist, and the service has still to connect them.
    FlipToCome,
    /// Ours was made on an event alone and found no counterpart: take it back.
    TakeBack,
    /// Theirs was removed: ours follows when the manager had time to go first.
    RemovalDue,
    /// Another manager holds the scope.
    Conflict,
    /// Azure calls the half Rejected.
    Rejected,
    /// Connected, and the groups that the agreement fills are not as they should be.
    Members,
    /// The states do not fit together: two reads are not one moment. Look again.
    Unclear,
}
