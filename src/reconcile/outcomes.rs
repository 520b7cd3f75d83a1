//! Outcomes: how a handshake ended, told to whoever reads the queue `connection-outcomes`.
//!
//! An outcome is written into the ledger together with the record that it is about, and sent afterwards: it is told at
//! least once, and whoever is told twice sees the same message id.

use super::{Pass, ReconcileError, Reconciler};
use crate::handshake::phase::Phase;
use crate::handshake::record::Record;
use crate::handshake::request_queue::RequestKey;
use crate::ledger::{Line, Outcome};
use crate::public::{Handshake, Told};
use crate::queue::{Message, MessageId, Queue};

/// So many are sent at a time.
const BATCH: usize = 64;
/// An outcome carries the last lines of the history only: a message has a bounded size, a history does not.
const LINES_TOLD: usize = 20;

impl Pass<'_> {
    /// What is to be told once `self.record` is written with this line: that it reached a final phase, or stands in
    /// one that somebody asked about.
    pub(super) async fn outcomes(&mut self, line: &Line) -> Result<Vec<Outcome>, ReconcileError> {
        let reached = self.before.as_ref().is_none_or(|before| before.phase != self.record.phase);
        if !self.record.phase.is_final() || (!reached && self.record.asked.is_empty()) {
            return Ok(Vec::new());
        }
        let asked = std::mem::take(&mut self.record.asked);
        let mut history = self.reconciler.ledger.history(&self.record.id).await?;
        history.push(line.clone());
        history.drain(..history.len().saturating_sub(LINES_TOLD));
        let shown = Handshake { checked_at: Some(line.at), ..Handshake::new(self.record.clone(), history) };
        let id = format!("{}-{}", self.record.id, self.version.next().number());
        if asked.is_empty() {
            return Ok(vec![outcome(id, &self.record, &shown, None)?]);
        }
        asked
            .into_iter()
            .map(|asked| outcome(format!("{id}-{asked}"), &self.record, &shown, Some(&asked)))
            .collect()
    }
}

fn outcome(
    id: String,
    record: &Record,
    shown: &Handshake,
    asked: Option<&RequestKey>,
) -> Result<Outcome, ReconcileError> {
    let told = Told {
        handshake: shown,
        request: asked.map(|asked| &asked.id),
        queue: asked.map(|asked| &asked.queue),
    };
    let body = serde_json::to_string(&told).map_err(ReconcileError::Notice)?;
    Ok(Outcome { id, subject: record.phase.to_string(), request: asked.map(|asked| asked.id.clone()), body })
}

/// Whether a record has something to tell that it has not told: somebody asked, and it stands in a final phase.
pub(super) fn is_owed(record: &Record, phase: Phase) -> bool {
    phase.is_final() && !record.asked.is_empty()
}

impl Reconciler {
    /// Sends every outcome that was not told yet. One call at a time does so, and the others wait for it.
    ///
    /// # Errors
    /// The ledger or the queue failed; what was not told is told by the next call, or the sweep's.
    pub async fn tell(&self) -> Result<usize, ReconcileError> {
        let _one = self.telling.lock().await;
        let mut count = 0;
        loop {
            let outcomes = self.ledger.untold(BATCH).await?;
            if outcomes.is_empty() {
                return Ok(count);
            }
            let messages: Vec<Message> = outcomes.iter().map(message).collect();
            self.queues.send(Queue::ConnectionOutcomes, &messages).await?;
            self.ledger.told(&outcomes).await?;
            count += outcomes.len();
        }
    }
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
