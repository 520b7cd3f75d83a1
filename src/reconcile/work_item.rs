//! Work items: what is to be reconciled, as a message in the queue `reconcile`.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use uuid::Uuid;

use super::backoff::SCHEDULED_AHEAD;
use super::trigger::Trigger;
use crate::ledger::{Cause, CauseKind, Next};
use crate::queue::{Message, MessageId};

/// The only shape there is so far.
const VERSION: u8 = 1;
/// Clocks of machines differ by a little.
const CLOCK_SLACK: time::Duration = time::Duration::seconds(1);
/// A clock that is further off than this is left alone: then items come too early.
const AHEAD_MAX: u32 = 2 * 24 * 3600;

/// A trigger on its way: what `Reconcile` receives.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorkItem {
    version: u8,
    /// The message's id: the same item has the same one, however often it is sent.
    pub id: String,
    /// What to reconcile.
    pub trigger: Trigger,
    /// Why.
    pub cause: Cause,
    /// When the cause was known: whoever has read the halves from then on has seen what it is about.
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    /// How often it was put off.
    pub attempt: u32,
    /// Not to be processed before this time of our own clock.
    #[serde(with = "time::serde::rfc3339::option")]
    pub due: Option<OffsetDateTime>,
    /// By how many seconds Service Bus's clock is taken to be ahead of ours.
    pub ahead: u32,
}

/// Why a message in the queue `reconcile` is no work item. Only we write there, so it is a defect, or somebody else's.
#[derive(Debug, thiserror::Error)]
pub enum NoWorkItem {
    /// It is of a later version of this program, or not of it at all.
    #[error("a message in the queue `reconcile` is of version {0}, and this program knows version {VERSION}")]
    Version(u8),
    /// It has another shape.
    #[error("a message in the queue `reconcile` is not one that peerpact sent there")]
    Shape(#[from] serde_json::Error),
}

impl WorkItem {
    /// A first item for a trigger.
    #[must_use]
    pub fn new(trigger: Trigger, cause: Cause, at: OffsetDateTime) -> Self {
        let kind = serde_json::to_string(&cause.kind).unwrap_or_default();
        let named = format!("{} {kind} {}", trigger.key(), cause.id);
        let id = Uuid::new_v5(&Uuid::NAMESPACE_OID, named.as_bytes()).to_string();
        Self { version: VERSION, id, trigger, cause, at, attempt: 0, due: None, ahead: 0 }
    }

    /// A first item that is to be received at this time, for all that happens until then.
    #[must_use]
    pub(super) fn scheduled(trigger: Trigger, cause: Cause, due: OffsetDateTime) -> Self {
        Self { due: Some(due), ..Self::new(trigger, cause, due) }
    }

    /// The item that reconciles a handshake again after `parent`, when the record expects it.
    #[must_use]
    pub(super) fn requeued(trigger: Trigger, parent: &str, at: OffsetDateTime, due: OffsetDateTime) -> Self {
        let cause = Cause { kind: CauseKind::FollowUp, id: parent.to_owned() };
        Self { due: Some(due), ..Self::new(trigger, cause, at) }
    }

    /// The same item, not to be processed before this long after its cause.
    #[must_use]
    pub(super) fn after(self, delay: Duration) -> Self {
        Self { due: Some(self.at + delay), ..self }
    }

    /// The same item once more, after this time.
    #[must_use]
    pub(super) fn put_off(&self, now: OffsetDateTime, after: Duration) -> Self {
        let after = time::Duration::try_from(after).unwrap_or(SCHEDULED_AHEAD);
        Self { attempt: self.attempt + 1, due: Some(now.saturating_add(after)), ..self.clone() }
    }

    /// What the ledger says of this item while the handshake waits for it.
    #[must_use]
    pub(super) fn expected(&self) -> Option<Next> {
        Some(Next { item: self.id.clone(), due: self.due?, after: self.cause.id.clone() })
    }

    /// The same item without what cannot be: a time further ahead than any that we schedule, a clock taken to be further
    /// off than we ever take it, a cause that is still to come. Our clock was set back since, or somebody else wrote it.
    #[must_use]
    pub(super) fn as_believed(&self, now: OffsetDateTime) -> Self {
        let due = self.due.filter(|due| *due - now <= SCHEDULED_AHEAD);
        let ahead = if self.ahead > AHEAD_MAX { 0 } else { self.ahead };
        Self { due, ahead, at: self.at.min(now), ..self.clone() }
    }

    /// Service Bus delivered the item before it was due by our clock, whose clock is ahead of ours then. The same item, for
    /// a time that takes this into account; `None` if it is due.
    pub(super) fn early(&self, now: OffsetDateTime) -> Option<Self> {
        let left = self.due.map(|due| due - now).filter(|left| *left > CLOCK_SLACK)?;
        let left = u32::try_from(left.whole_seconds()).unwrap_or(u32::MAX).saturating_add(1);
        // By what is left and at least twice as much as before, so that a clock that is far off costs few messages.
        let ahead = self.ahead.saturating_add(left.max(self.ahead)).min(AHEAD_MAX);
        (ahead > self.ahead).then(|| Self { ahead, ..self.clone() })
    }

    /// Reads a message's body.
    ///
    /// # Errors
    /// [`NoWorkItem`].
    pub fn read(body: &[u8]) -> Result<Self, NoWorkItem> {
        #[derive(Deserialize)]
        struct Versioned {
            version: u8,
        }
        match serde_json::from_slice(body)? {
            Versioned { version: VERSION } => Ok(serde_json::from_slice(body)?),
            Versioned { version } => Err(NoWorkItem::Version(version)),
        }
    }

    pub(super) fn message(&self) -> Result<Message, serde_json::Error> {
        Ok(Message {
            id: MessageId::new(&self.id),
            subject: self.trigger.subject().to_owned(),
            correlation: None,
            not_before: self.due.map(|due| due.saturating_add(time::Duration::seconds(self.ahead.into()))),
            body: serde_json::to_vec(self)?,
        })
    }
}
