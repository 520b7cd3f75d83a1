//! Faults, placed: a fault-free run counts every call, every write to the ledger, every send and every message that is
//! settled; then there is one run for each of them and each fault, which must end like the first.

use std::fmt::Debug;

use super::gate::{Counts, Fault, LedgerFault, Point, SendFault, SettleFault};

const FAULTS: [Fault; 7] = [
    Fault::CrashBefore,
    Fault::CrashAfterCommit,
    Fault::CrashAfterReply,
    Fault::Unavailable,
    Fault::ResetAfterCommit,
    Fault::ThrottledWithRetryAfter,
    Fault::Throttled,
];
const LEDGER_FAULTS: [LedgerFault; 3] =
    [LedgerFault::CrashBefore, LedgerFault::CrashAfter, LedgerFault::Fails];
const SEND_FAULTS: [SendFault; 4] =
    [SendFault::CrashBefore, SendFault::CrashAfter, SendFault::Fails, SendFault::FailsAfterCommit];
const SETTLE_FAULTS: [SettleFault; 2] = [SettleFault::Crash, SettleFault::LockLost];

/// Runs a story without a fault and then with each. `run` gives back how it ended, as far as two runs are to be equal.
pub(crate) async fn every_point_of<E: Debug + PartialEq>(
    story: impl Debug,
    run: impl AsyncFn(Point) -> (E, Counts),
) {
    let (reference, counts) = run(Point::Nowhere).await;
    let Counts { calls, ledger_writes, sends, settled } = counts;
    assert!(calls > 3 && ledger_writes > 3 && sends > 0 && settled > 0, "{story:?} is no story: {counts:?}");
    let calls = (0..calls).flat_map(|at| FAULTS.map(|fault| Point::Call(at, fault)));
    let writes = (0..ledger_writes).flat_map(|at| LEDGER_FAULTS.map(|fault| Point::LedgerWrite(at, fault)));
    let sends = (0..sends).flat_map(|at| SEND_FAULTS.map(|fault| Point::Send(at, fault)));
    let settled = (0..settled).flat_map(|at| SETTLE_FAULTS.map(|fault| Point::Settle(at, fault)));
    let points: Vec<Point> = calls.chain(writes).chain(sends).chain(settled).collect();
    let mut held = 0;
    for point in &points {
        let (end, _) = run(*point).await;
        assert_eq!(end, reference, "{story:?}, {point:?}");
        held += 1;
    }
    println!("{story:?}: {held} of {} points end like the fault-free run ({counts:?})", points.len());
}
