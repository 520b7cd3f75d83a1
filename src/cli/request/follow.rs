//! Waits for what becomes of requests that were sent.

use std::collections::HashMap;
use std::time::Duration;

use async_trait::async_trait;
use serde::Deserialize;
use serde_json::Value;

use super::end::{Open, OutcomeMessage, RequestEnd};
use crate::arm::Deadline;
use crate::clock::Clock;
use crate::handshake::request_id::RequestId;
use crate::handshake::request_queue::RequestKey;
use crate::ledger::{Ledger, LedgerError, Standing};
use crate::public::PublicReason;
use crate::queue::QueueError;
use crate::queue::service_bus::PeekError;
use crate::request::Request;

/// So many outcomes are read together.
const READ_MAX: usize = 250;
/// The gaps between reads grow from the first to the last.
const FIRST_GAP: Duration = Duration::from_millis(250);
const LONGEST_GAP: Duration = Duration::from_secs(2);

/// Reads the queue of outcomes and leaves everything in it: others wait for these messages too.
#[async_trait]
pub(super) trait Watch: Send + Sync {
    /// At most so many messages from this sequence number on, in their order; none means the end.
    async fn outcomes(&self, from: i64, most: usize) -> Result<Vec<Seen>, PeekError>;
}

/// A message in the queue of outcomes.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub(super) sequence: i64,
    pub(super) correlation: Option<String>,
    pub(super) body: Vec<u8>,
}

/// The sequence number after the last message that is there: an outcome from here on answers what is sent now, and not
/// something that was asked under the same id before. It is found by halving, since the queue may be long.
pub(super) async fn next_number(watch: &dyn Watch) -> Result<i64, PeekError> {
    let (mut passed, mut beyond) = (0, 1);
    while let Some(seen) = watch.outcomes(beyond, 1).await?.first() {
        passed = seen.sequence;
        beyond = passed.saturating_mul(2);
    }
    while beyond - passed > 1 {
        let middle = passed + (beyond - passed) / 2;
        match watch.outcomes(middle, 1).await?.first() {
            Some(seen) => passed = seen.sequence,
            None => beyond = middle,
        }
    }
    Ok(passed + 1)
}

/// Where and how long outcomes are waited for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    /// The first sequence number that counts.
    pub(super) from: i64,
    /// For how long.
    pub(super) within: Duration,
}

/// Waits for the outcomes of requests, as long as it may; `ended` is called with each as it is known.
pub(super) async fn wait(
    watch: &dyn Watch,
    ledger: Option<&dyn Ledger>,
    clock: Clock,
    patience: Patience,
    requests: &[Request],
    mut ended: impl FnMut(&Request, RequestEnd) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let mut open: HashMap<&str, &Request> =
        requests.iter().map(|request| (request.id.as_str(), request)).collect();
    let deadline = Deadline::after(&clock, patience.within);
    let (mut from, mut gap, mut found) = (patience.from, FIRST_GAP, Vec::new());
    loop {
        let read = read_new(watch, &mut from, &open, &mut found).await;
        let left = deadline.remaining(&clock);
        match read {
            Ok(()) => {
                for (request, outcome) in found.drain(..) {
                    open.remove(request.id.as_str());
                    ended(request, RequestEnd::Outcome(outcome))?;
                }
            }
            // Whoever waits for minutes need not give up because Service Bus is restarted meanwhile.
            Err(PeekError::Queue(QueueError::Unreachable { .. })) if !left.is_zero() => {}
            Err(error) => return Err(error.into()),
        }
        if open.is_empty() || left.is_zero() {
            break;
        }
        tokio::time::sleep(gap.min(left)).await;
        gap = (gap * 3 / 2).min(LONGEST_GAP);
    }
    for request in requests.iter().filter(|request| open.contains_key(request.id.as_str())) {
        let end = match ledger {
            Some(ledger) => on_record(ledger, &request.id).await?,
            None => RequestEnd::Open(Open::Unknown),
        };
        ended(request, end)?;
    }
    Ok(())
}

/// Adds what has come since the last read. Of several outcomes of one request the last one counts.
async fn read_new<'a>(
    watch: &dyn Watch,
    from: &mut i64,
    open: &HashMap<&str, &'a Request>,
    found: &mut Vec<(&'a Request, OutcomeMessage)>,
) -> Result<(), PeekError> {
    loop {
        let seen = watch.outcomes(*from, READ_MAX).await?;
        let Some(last) = seen.last() else { return Ok(()) };
        *from = last.sequence + 1;
        for message in &seen {
            let asked = message.correlation.as_deref().and_then(|id| open.get(id));
            let (Some(request), Some(outcome)) = (asked, outcome(&message.body)) else { continue };
            found.retain(|(earlier, _)| earlier.id != request.id);
            found.push((request, outcome));
        }
    }
}

/// A message that is none of ours, though it says so, is left out.
fn outcome(body: &[u8]) -> Option<OutcomeMessage> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let outcome = OutcomeMessage::deserialize(&body).ok()?;
    Some(OutcomeMessage { body, ..outcome })
}

async fn on_record(ledger: &dyn Ledger, id: &RequestId) -> Result<RequestEnd, LedgerError> {
    let id = RequestKey::from(id.clone());
    let Some(request) = ledger.request(&id).await? else { return Ok(RequestEnd::Open(Open::NotReceived)) };
    let handshake = match request.standing {
        Standing::Pending => return Ok(RequestEnd::Open(Open::NotPlaced)),
        Standing::Refused => return Ok(RequestEnd::Open(Open::Refused)),
        Standing::Placed(handshake) => handshake,
    };
    let Some(stored) = ledger.load(&handshake).await? else { return Ok(RequestEnd::Open(Open::NotPlaced)) };
    let reason = PublicReason::of(&stored.record.reasons);
    // An outcome that was sent is not waited for any more.
    let sent = !stored.record.asked.contains(&id);
    Ok(if sent {
        RequestEnd::Ledger(handshake, stored.record.phase, reason)
    } else {
        RequestEnd::Open(Open::Placed(handshake, stored.record.phase, reason))
    })
}

#[cfg(test)]
mod tests;
