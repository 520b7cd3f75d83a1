//! Where something can go wrong for an app, and what.

use super::moves::Move;

/// Where the fault is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Point {
    Nowhere,
    Call(usize, Fault),
    /// The partner is quicker than this call.
    Moved(usize, Move),
    /// At the first call with this method.
    First(&'static str, Fault),
    LedgerRead(usize, ReadFault),
    LedgerWrite(usize, LedgerFault),
    Send(usize, SendFault),
    Settle(usize, SettleFault),
}

/// How often an app came past each kind of point.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Counts {
    pub(crate) calls: usize,
    pub(crate) ledger_reads: usize,
    pub(crate) ledger_writes: usize,
    pub(crate) sends: usize,
    pub(crate) settled: usize,
}

/// What happens at one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The app is gone before the call is sent.
    CrashBefore,
    /// The call takes effect, and the app is gone before it hears so.
    CrashAfterCommit,
    /// The app hears the answer, and is gone before it does anything else.
    CrashAfterReply,
    /// Azure answers 503 and does nothing.
    Unavailable,
    /// The call takes effect, and the connection is reset instead of an answer.
    ResetAfterCommit,
    /// The call takes effect, and whatever stands before Azure answers 504 with a page.
    TimedOutAfterCommit,
    /// The call takes effect, and its answer is cut short.
    CutShort,
    /// Azure answers 429 and says when to come back.
    ThrottledWithRetryAfter,
    /// Azure answers 429.
    Throttled,
    /// Azure answers 404 for what is there.
    NotFound,
}

/// What happens at one read of the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ReadFault {
    /// The app is gone before it hears the answer.
    Crash,
    /// The ledger fails.
    Fails,
}

/// What happens at one write to the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LedgerFault {
    /// The app is gone before it is written.
    CrashBefore,
    /// It is written, and the app is gone.
    CrashAfter,
    /// The ledger fails.
    Fails,
}

/// What happens when the app sends messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SendFault {
    /// The app is gone before they are sent.
    CrashBefore,
    /// They are in the queue, and the app is gone.
    CrashAfter,
    /// The queue cannot be reached.
    Fails,
    /// They are in the queue, and the app hears that it could not be reached.
    FailsAfterCommit,
}

/// What happens when the host settles a message that the app is done with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SettleFault {
    /// The app and the host are gone before the message is completed.
    Crash,
    /// The message's lock was lost meanwhile, so that it is delivered again.
    LockLost,
}

/// What is placed at each call in turn.
pub(crate) const CALL_FAULTS: [Fault; 9] = [
    Fault::CrashBefore,
    Fault::CrashAfterCommit,
    Fault::CrashAfterReply,
    Fault::Unavailable,
    Fault::ResetAfterCommit,
    Fault::TimedOutAfterCommit,
    Fault::CutShort,
    Fault::ThrottledWithRetryAfter,
    Fault::Throttled,
];
pub(crate) const READ_FAULTS: [ReadFault; 2] = [ReadFault::Crash, ReadFault::Fails];
pub(crate) const LEDGER_FAULTS: [LedgerFault; 3] =
    [LedgerFault::CrashBefore, LedgerFault::CrashAfter, LedgerFault::Fails];
pub(crate) const SEND_FAULTS: [SendFault; 4] =
    [SendFault::CrashBefore, SendFault::CrashAfter, SendFault::Fails, SendFault::FailsAfterCommit];
pub(crate) const SETTLE_FAULTS: [SettleFault; 2] = [SettleFault::Crash, SettleFault::LockLost];

/// What fails for as long as it is so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Away {
    /// The ledger can be read and not written, as on a full disk.
    LedgerWrites,
    /// The ledger can neither be read nor written.
    Ledger,
    /// Nothing can be sent.
    Queues,
}
