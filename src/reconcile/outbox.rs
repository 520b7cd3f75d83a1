//! The outbox: how handshakes ended, for whoever reads the queue `connection-outcomes`.
//!
//! # Guarantees
//! An outcome is written into the ledger together with the record that it is about, and sent afterwards: it is sent at
//! least once, and whoever gets it twice sees the same message id. What one process sends, it sends in order.

use std::sync::Arc;

use tokio::sync::Mutex;

use super::error::ReconcileError;
use crate::handshake::record::Record;
use crate::handshake::request_queue::RequestKey;
use crate::ledger::{Ledger, Outcome};
use crate::public::{Handshake, PublicOutcome};
use crate::queue::{Message, MessageId, Queue, Queues};

/// So many are sent at a time.
const BATCH: usize = 64;

/// The queue `connection-outcomes`, and what is still to be sent to it.
pub struct Outbox {
    ledger: Arc<dyn Ledger>,
    queues: Arc<dyn Queues>,
    /// Held while outcomes are sent.
    state: Mutex<State>,
}

struct State {
    /// Written by this process, and not sent yet.
    fresh: Vec<Outcome>,
    /// There may be others: from before this process began, or from a time when sending failed.
    others: bool,
}

impl Outbox {
    /// Outcomes are in this ledger, and go to these queues.
    #[must_use]
    pub fn new(ledger: Arc<dyn Ledger>, queues: Arc<dyn Queues>) -> Self {
        Self { ledger, queues, state: Mutex::new(State { fresh: Vec::new(), others: true }) }
    }

    /// Notes outcomes that are in the ledger now.
    pub(super) async fn add(&self, outcomes: Vec<Outcome>) {
        if !outcomes.is_empty() {
            self.state.lock().await.fresh.extend(outcomes);
        }
    }

    /// Sends every outcome that was written by this process, and those that were left before. One call at a time does so,
    /// and the others wait for it. Gives back how many were sent.
    ///
    /// # Errors
    /// The ledger or the queue failed; what was not sent is sent by the next call, or the sweep's.
    pub async fn send(&self) -> Result<usize, ReconcileError> {
        let mut state = self.state.lock().await;
        let fresh = std::mem::take(&mut state.fresh);
        if !std::mem::replace(&mut state.others, true) {
            self.send_these(&fresh).await?;
            state.others = false;
            return Ok(fresh.len());
        }
        let sent = self.send_pending().await?;
        state.others = false;
        Ok(sent)
    }

    /// Sends every outcome that the ledger holds, whoever wrote it. Gives back how many were sent.
    ///
    /// # Errors
    /// As [`Outbox::send`].
    pub async fn send_all(&self) -> Result<usize, ReconcileError> {
        self.state.lock().await.others = true;
        self.send().await
    }

    async fn send_pending(&self) -> Result<usize, ReconcileError> {
        let mut count = 0;
        loop {
            let outcomes = self.ledger.pending(BATCH).await?;
            self.send_these(&outcomes).await?;
            count += outcomes.len();
            if outcomes.len() < BATCH {
                return Ok(count);
            }
        }
    }

    async fn send_these(&self, outcomes: &[Outcome]) -> Result<(), ReconcileError> {
        for batch in outcomes.chunks(BATCH) {
            let messages: Vec<Message> = batch.iter().map(message).collect();
            self.queues.send(Queue::ConnectionOutcomes, &messages).await?;
            self.ledger.sent(batch).await?;
        }
        Ok(())
    }
}

/// What is sent about a record: to whoever asked, or else to nobody in particular. `id` names this state of it.
pub(super) fn outcomes(
    id: &str,
    record: &Record,
    shown: &Handshake,
    asked: Vec<RequestKey>,
) -> Result<Vec<Outcome>, ReconcileError> {
    if asked.is_empty() {
        return Ok(vec![outcome(id.to_owned(), record, shown, None)?]);
    }
    asked.into_iter().map(|asked| outcome(format!("{id}-{asked}"), record, shown, Some(&asked))).collect()
}

fn outcome(
    id: String,
    record: &Record,
    shown: &Handshake,
    asked: Option<&RequestKey>,
) -> Result<Outcome, ReconcileError> {
    let outcome = PublicOutcome {
        handshake: shown,
        request: asked.map(|asked| &asked.id),
        queue: asked.map(|asked| &asked.queue),
    };
    let body = serde_json::to_string(&outcome).map_err(ReconcileError::Message)?;
    Ok(Outcome { id, subject: record.phase.to_string(), request: asked.map(|asked| asked.id.clone()), body })
}

fn message(outcome: &Outcome) -> Message {
    Message {
        id: MessageId::new(&outcome.id),
        subject: outcome.subject.clone(),
        correlation: outcome.request.as_ref().map(ToString::to_string),
        not_before: None,
        body: outcome.body.clone().into_bytes(),
    }
}
