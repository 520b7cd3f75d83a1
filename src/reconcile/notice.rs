//! Notices: hints as messages in the queue `handshakes`, and how they are kept from piling up.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use uuid::Uuid;

use super::{Hint, ReconcileError, Reconciler};
use crate::ledger::{Cause, CauseKind, HintKey, TICKET_AHEAD, Ticket, Urgency};
use crate::queue::{Message, MessageId, Queue};

/// The only shape there is so far.
const VERSION: u8 = 1;
/// Clocks of machines differ by a little.
const CLOCK_SLACK: time::Duration = time::Duration::seconds(1);
/// A clock that is further off than this is left alone: then notices come too early.
const AHEAD_MAX: u32 = 2 * 24 * 3600;
/// The largest number of notices that are sent at a time.
const BATCH: usize = 100;

/// A hint on its way: what `Reconcile` receives.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Notice {
    version: u8,
    /// The message's id.
    pub ticket: String,
    /// What to look at.
    pub hint: Hint,
    /// Why.
    pub cause: Cause,
    /// How often it was put off.
    pub attempt: u32,
    /// Not to be acted on before this time of our own clock.
    #[serde(with = "time::serde::rfc3339::option")]
    pub due: Option<OffsetDateTime>,
    /// By how many seconds Service Bus's clock is taken to be ahead of ours.
    pub ahead: u32,
}

/// Why a message in the queue `handshakes` is no notice. Only we write there, so it is a defect, or somebody else's.
#[derive(Debug, thiserror::Error)]
pub enum NoNotice {
    /// It is of a later version of this program, or not of it at all.
    #[error(
        "a message in the queue `handshakes` is of version {0}, and this program knows version {VERSION}"
    )]
    Version(u8),
    /// It has another shape.
    #[error("a message in the queue `handshakes` is not one that peerpact sent there")]
    Shape(#[from] serde_json::Error),
}

impl Notice {
    /// A first notice of a hint.
    #[must_use]
    pub fn new(hint: Hint, cause: Cause) -> Self {
        Self::put_off(hint, cause, 0)
    }

    /// The same hint later.
    pub(super) fn put_off(hint: Hint, cause: Cause, attempt: u32) -> Self {
        let ticket = ticket(&hint, &cause, attempt);
        Self { version: VERSION, ticket, hint, cause, attempt, due: None, ahead: 0 }
    }

    /// The same notice without what cannot be: a time that is further ahead than any that we schedule, or a clock that is
    /// taken to be further off than we ever take it. Our clock was set back since, or somebody else wrote it.
    #[must_use]
    pub(super) fn as_believed(&self, now: OffsetDateTime) -> Self {
        let due = self.due.filter(|due| *due - now <= TICKET_AHEAD);
        let ahead = if self.ahead > AHEAD_MAX { 0 } else { self.ahead };
        Self { due, ahead, ..self.clone() }
    }

    /// Service Bus delivered the notice before it was due by our clock, whose clock is ahead of ours then. The same notice,
    /// for a time that takes this into account; `None` if it is due.
    pub(super) fn early(&self, now: OffsetDateTime) -> Option<Self> {
        let left = self.due.map(|due| due - now).filter(|left| *left > CLOCK_SLACK)?;
        let left = u32::try_from(left.whole_seconds()).unwrap_or(u32::MAX).saturating_add(1);
        let id = format!("{} early {}", self.ticket, self.ahead);
        let ticket = Uuid::new_v5(&Uuid::NAMESPACE_OID, id.as_bytes()).to_string();
        // By what is left and at least twice as much as before, so that a clock that is far off costs few messages.
        let ahead = self.ahead.saturating_add(left.max(self.ahead)).min(AHEAD_MAX);
        (ahead > self.ahead).then(|| Self { ticket, ahead, ..self.clone() })
    }

    /// What follows from acting on this one.
    pub(super) fn follow_up(&self, hint: Hint, attempt: u32) -> Self {
        let cause = Cause { kind: CauseKind::FollowUp, id: self.ticket.clone() };
        Self::put_off(hint, cause, attempt)
    }

    /// Reads a message's body.
    ///
    /// # Errors
    /// [`NoNotice`].
    pub fn read(body: &[u8]) -> Result<Self, NoNotice> {
        #[derive(Deserialize)]
        struct Versioned {
            version: u8,
        }
        match serde_json::from_slice(body)? {
            Versioned { version: VERSION } => Ok(serde_json::from_slice(body)?),
            Versioned { version } => Err(NoNotice::Version(version)),
        }
    }

    fn message(&self) -> Result<Message, ReconcileError> {
        Ok(Message {
            id: MessageId::new(&self.ticket),
            subject: self.hint.subject().to_owned(),
            correlation: None,
            not_before: self.due.map(|due| due.saturating_add(time::Duration::seconds(self.ahead.into()))),
            body: serde_json::to_vec(self).map_err(ReconcileError::Notice)?,
        })
    }
}

/// The same notice has the same id, however often it is sent.
fn ticket(hint: &Hint, cause: &Cause, attempt: u32) -> String {
    let kind = serde_json::to_string(&cause.kind).unwrap_or_default();
    let named = format!("{} {kind} {} {attempt}", hint.key(), cause.id);
    Uuid::new_v5(&Uuid::NAMESPACE_OID, named.as_bytes()).to_string()
}

impl Reconciler {
    /// Puts notices into the queue: now, or after this time. One that would be received no earlier than another about
    /// the same thing is not sent. Gives back how many were.
    ///
    /// # Errors
    /// The ledger or the queue failed; the same notices can be sent again.
    pub async fn announce(
        &self,
        notices: &[Notice],
        after: Option<Duration>,
        urgency: Urgency,
    ) -> Result<usize, ReconcileError> {
        let sent = self.announce_each(notices, after, urgency).await?;
        Ok(sent.into_iter().filter(|sent| *sent).count())
    }

    /// [`Reconciler::announce`], and says of each notice whether it was sent.
    pub(super) async fn announce_each(
        &self,
        notices: &[Notice],
        after: Option<Duration>,
        urgency: Urgency,
    ) -> Result<Vec<bool>, ReconcileError> {
        let now = self.clock.now();
        let after = after.map(|after| time::Duration::try_from(after).unwrap_or(TICKET_AHEAD));
        let due = after.map_or(now, |after| now.saturating_add(after));
        let mut fresh: Vec<(HintKey, Ticket, Message)> = Vec::new();
        let mut sent = Vec::with_capacity(notices.len());
        for notice in notices {
            let notice = Notice { due: after.map(|_| due), ..notice.clone() };
            let (key, ticket) = (notice.hint.key(), Ticket { id: notice.ticket.clone(), due });
            let worth_it = self.ledger.announce(&key, &ticket, urgency, now).await?;
            sent.push(worth_it);
            if worth_it {
                fresh.push((key, ticket, notice.message()?));
            }
        }
        for batch in fresh.chunks(BATCH) {
            let messages: Vec<Message> = batch.iter().map(|(_, _, message)| message.clone()).collect();
            self.queues.send(Queue::Handshakes, &messages).await?;
            for (key, ticket, _) in batch {
                self.ledger.announced(key, ticket).await?;
            }
        }
        Ok(sent)
    }

    /// Notes that a notice was received; `false` if another has taken its place.
    pub(super) async fn take(&self, notice: &Notice) -> Result<bool, ReconcileError> {
        let ticket = Ticket { id: notice.ticket.clone(), due: self.clock.now() };
        Ok(self.ledger.take(&notice.hint.key(), &ticket).await?)
    }
}
