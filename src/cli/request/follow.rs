//! Sends requests and waits for what becomes of them.

use std::collections::HashMap;
use std::time::Duration;

use async_trait::async_trait;
use serde::Deserialize;
use serde_json::Value;

use crate::arm::Deadline;
use crate::clock::Clock;
use crate::handshake::ids::HandshakeId;
use crate::handshake::phase::Phase;
use crate::handshake::request_id::RequestId;
use crate::handshake::request_queue::RequestKey;
use crate::ledger::{Ledger, LedgerError, Standing};
use crate::public::PublicReason;
use crate::queue::service_bus::LookError;
use crate::queue::{Message, MessageId, Queue, QueueError, Queues};
use crate::request::{Action, Request};

/// So many outcomes are looked at together.
const AT_A_LOOK: usize = 250;
/// So many requests go into one send.
const AT_ONCE: usize = 100;
/// The gaps between looks grow from the first to the last.
const FIRST_GAP: Duration = Duration::from_millis(250);
const LONGEST_GAP: Duration = Duration::from_secs(2);

/// A look at the queue of outcomes that takes nothing out of it: others wait for these messages too.
#[async_trait]
pub(super) trait Watch: Send + Sync {
    /// At most so many messages from this sequence number on, in their order; none means the end.
    async fn outcomes(&self, from: i64, most: usize) -> Result<Vec<Seen>, LookError>;
}

/// A message in the queue of outcomes.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub(super) sequence: i64,
    pub(super) correlation: Option<String>,
    pub(super) body: Vec<u8>,
}

/// What became of a request.
#[derive(Debug)]
pub(super) enum End {
    /// It is in the queue. Nobody waited for more.
    Sent,
    /// An outcome came.
    Outcome(Outcome),
    /// None came, but the ledger knows how it ended: somebody else took the message.
    Ledger(HandshakeId, Phase, Option<PublicReason>),
    /// The time is over.
    Open(Open),
}

/// An outcome message, as far as it is looked into.
#[derive(Debug, Deserialize)]
pub(super) struct Outcome {
    pub(super) id: Option<HandshakeId>,
    pub(super) phase: Phase,
    pub(super) reason: Option<Told>,
    /// All of it.
    #[serde(skip)]
    pub(super) body: Value,
}

/// The reason in an outcome. Its code may be one of a later version.
#[derive(Debug, Deserialize)]
pub(super) struct Told {
    pub(super) message: String,
    pub(super) fix: Option<String>,
}

/// What a request that did not end in time waits for.
#[derive(Debug)]
pub(super) enum Open {
    /// There is no ledger to look into.
    Unknown,
    /// The app has not received it.
    NotReceived,
    /// Which handshake it is about is still to be found out.
    NotPlaced,
    /// It was refused, and somebody else took the outcome.
    Refused,
    /// A handshake has it.
    Placed(HandshakeId, Phase, Option<PublicReason>),
}

impl End {
    /// Whether it is what was asked for; a request that nobody waits for is, once it is sent.
    pub(super) fn is_as_asked(&self, action: &Action) -> bool {
        match self {
            Self::Sent => true,
            Self::Outcome(Outcome { phase, .. }) | Self::Ledger(_, phase, _) => *phase == goal(action),
            Self::Open(_) => false,
        }
    }
}

/// Where a handshake stands when what was asked for is done.
fn goal(action: &Action) -> Phase {
    match action {
        Action::Connect(_) | Action::Recheck { .. } => Phase::Connected,
        Action::Disconnect { .. } => Phase::Closed,
    }
}

/// Puts requests into the queue; `sent` is told how many are in it.
pub(super) async fn send(
    queues: &dyn Queues,
    requests: &[Request],
    mut sent: impl FnMut(usize),
) -> Result<(), QueueError> {
    let mut so_far = 0;
    for some in requests.chunks(AT_ONCE) {
        let messages: Vec<Message> = some.iter().map(message).collect();
        queues.send(Queue::ConnectionRequests, &messages).await?;
        so_far += some.len();
        sent(so_far);
    }
    Ok(())
}

/// The message that carries a request.
pub(in crate::cli) fn message(request: &Request) -> Message {
    Message {
        id: MessageId::new(request.id.as_str()),
        subject: request.action.name().to_owned(),
        correlation: Some(request.id.to_string()),
        not_before: None,
        body: request.to_json().into_bytes(),
    }
}

/// The sequence number after the last message that is there: an outcome from here on answers what is sent now, and not
/// something that was asked under the same id before. It is found by halving, since the queue may be long.
pub(super) async fn next_number(watch: &dyn Watch) -> Result<i64, LookError> {
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

/// Waits for the outcomes of requests, as long as it may; `ended` is told each as it is known.
pub(super) async fn wait(
    watch: &dyn Watch,
    ledger: Option<&dyn Ledger>,
    clock: Clock,
    patience: Patience,
    requests: &[Request],
    mut ended: impl FnMut(&Request, End) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let mut open: HashMap<&str, &Request> =
        requests.iter().map(|request| (request.id.as_str(), request)).collect();
    let deadline = Deadline::after(&clock, patience.within);
    let (mut from, mut gap, mut found) = (patience.from, FIRST_GAP, Vec::new());
    loop {
        let looked = look(watch, &mut from, &open, &mut found).await;
        let left = deadline.remaining(&clock);
        match looked {
            Ok(()) => {
                for (request, outcome) in found.drain(..) {
                    open.remove(request.id.as_str());
                    ended(request, End::Outcome(outcome))?;
                }
            }
            // Whoever waits for minutes need not give up because Service Bus is restarted meanwhile.
            Err(LookError::Queue(QueueError::Unreachable { .. })) if !left.is_zero() => {}
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
            None => End::Open(Open::Unknown),
        };
        ended(request, end)?;
    }
    Ok(())
}

/// Adds what has come since the last look. Of several outcomes of one request the last one counts.
async fn look<'a>(
    watch: &dyn Watch,
    from: &mut i64,
    open: &HashMap<&str, &'a Request>,
    found: &mut Vec<(&'a Request, Outcome)>,
) -> Result<(), LookError> {
    loop {
        let seen = watch.outcomes(*from, AT_A_LOOK).await?;
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

/// A message that is none of ours, though it says so, is passed over.
fn outcome(body: &[u8]) -> Option<Outcome> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let outcome = Outcome::deserialize(&body).ok()?;
    Some(Outcome { body, ..outcome })
}

async fn on_record(ledger: &dyn Ledger, id: &RequestId) -> Result<End, LedgerError> {
    let id = RequestKey::from(id.clone());
    let Some(request) = ledger.request(&id).await? else { return Ok(End::Open(Open::NotReceived)) };
    let handshake = match request.standing {
        Standing::Pending => return Ok(End::Open(Open::NotPlaced)),
        Standing::Refused => return Ok(End::Open(Open::Refused)),
        Standing::Placed(handshake) => handshake,
    };
    let Some(stored) = ledger.load(&handshake).await? else { return Ok(End::Open(Open::NotPlaced)) };
    let reason = PublicReason::of(&stored.record.reasons);
    // Who has been told is not waited for any more.
    let told = !stored.record.asked.contains(&id);
    Ok(if told {
        End::Ledger(handshake, stored.record.phase, reason)
    } else {
        End::Open(Open::Placed(handshake, stored.record.phase, reason))
    })
}

#[cfg(test)]
mod tests;
