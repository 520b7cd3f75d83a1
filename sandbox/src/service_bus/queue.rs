//! One queue, or one dead-letter queue: what is in it and where each message stands.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::message::{Locked, Message, Peeked};

/// A message in a queue.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) message: Arc<Message>,
    pub(super) enqueued: OffsetDateTime,
    /// Deliveries that ended without success.
    pub(super) failed: u32,
    pub(super) dead_letter_source: Option<String>,
    stage: Stage,
}

/// Where a message stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Active,
    Scheduled { due: OffsetDateTime },
    Locked { token: Uuid, until: OffsetDateTime },
}

/// How many messages stand where.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Depth {
    /// Free to be received.
    pub active: usize,
    /// Waiting for their time.
    pub scheduled: usize,
    /// Held by receivers.
    pub locked: usize,
    /// In the queue's dead-letter queue, wherever they stand there.
    pub dead_lettered: usize,
}

/// Messages by sequence number, and an index for each stage.
#[derive(Debug, Default)]
pub(super) struct Queue {
    entries: BTreeMap<i64, Entry>,
    active: BTreeSet<i64>,
    scheduled: BTreeSet<(OffsetDateTime, i64)>,
    locked: BTreeSet<(OffsetDateTime, i64)>,
}

impl Queue {
    /// Adds a message, active or scheduled.
    pub(super) fn add(&mut self, sequence: i64, message: Arc<Message>, now: OffsetDateTime) {
        let due = message.scheduled_enqueue_time.filter(|due| *due > now);
        let stage = due.map_or(Stage::Active, |due| Stage::Scheduled { due });
        let enqueued = due.unwrap_or(now);
        self.put(sequence, Entry { message, enqueued, failed: 0, dead_letter_source: None, stage });
    }

    /// Takes over a message from elsewhere, active.
    pub(super) fn adopt(&mut self, sequence: i64, entry: Entry) {
        self.put(sequence, Entry { stage: Stage::Active, ..entry });
    }

    pub(super) fn has_active(&self) -> bool {
        !self.active.is_empty()
    }

    /// Locks the oldest active message.
    pub(super) fn lock(&mut self, token: Uuid, now: OffsetDateTime, duration: Duration) -> Option<Locked> {
        let sequence_number = self.active.first().copied()?;
        let until = now + duration;
        let entry = self.restage(sequence_number, Stage::Locked { token, until })?;
        Some(Locked {
            message: Arc::clone(&entry.message),
            lock_token: token,
            sequence_number,
            delivery_count: entry.failed + 1,
            enqueued_time: entry.enqueued,
            locked_until: until,
            dead_letter_source: entry.dead_letter_source.clone(),
        })
    }

    /// Makes a lock last from now on again.
    pub(super) fn renew(&mut self, sequence: i64, until: OffsetDateTime) {
        if let Some(Stage::Locked { token, .. }) = self.entries.get(&sequence).map(|entry| entry.stage) {
            self.restage(sequence, Stage::Locked { token, until });
        }
    }

    /// Makes a locked message free again and says how many of its deliveries have failed now.
    pub(super) fn unlock(&mut self, sequence: i64, counts: bool) -> u32 {
        self.restage(sequence, Stage::Active).map_or(0, |entry| {
            entry.failed += u32::from(counts);
            entry.failed
        })
    }

    pub(super) fn remove(&mut self, sequence: i64) -> Option<Entry> {
        let entry = self.entries.remove(&sequence)?;
        self.unlist(sequence, entry.stage);
        Some(entry)
    }

    /// Takes a message out that still waits for its time.
    pub(super) fn cancel(&mut self, sequence: i64) -> bool {
        let waits =
            self.entries.get(&sequence).is_some_and(|entry| matches!(entry.stage, Stage::Scheduled { .. }));
        waits && self.remove(sequence).is_some()
    }

    /// Takes out the next scheduled message whose time has come.
    pub(super) fn take_due(&mut self, now: OffsetDateTime) -> Option<Entry> {
        let (_, sequence) = self.scheduled.first().copied().filter(|(due, _)| *due <= now)?;
        self.remove(sequence)
    }

    /// The next lock that has run out.
    pub(super) fn expired(&self, now: OffsetDateTime) -> Option<(i64, Uuid)> {
        let (_, sequence) = self.locked.first().copied().filter(|(until, _)| *until <= now)?;
        self.token(sequence).map(|token| (sequence, token))
    }

    /// Any message that is locked.
    pub(super) fn any_locked(&self) -> Option<(i64, Uuid)> {
        let (_, sequence) = self.locked.first().copied()?;
        self.token(sequence).map(|token| (sequence, token))
    }

    /// When a message's time comes or a lock runs out.
    pub(super) fn next_due(&self) -> Option<OffsetDateTime> {
        let first = |set: &BTreeSet<(OffsetDateTime, i64)>| set.first().map(|(at, _)| *at);
        first(&self.scheduled).into_iter().chain(first(&self.locked)).min()
    }

    pub(super) fn peek(&self, from: i64, most: usize) -> Vec<Peeked> {
        let peeked = self.entries.range(from..).take(most).map(|(&sequence_number, entry)| Peeked {
            message: Arc::clone(&entry.message),
            sequence_number,
            delivery_count: entry.failed + u32::from(matches!(entry.stage, Stage::Locked { .. })),
            enqueued_time: entry.enqueued,
            scheduled: matches!(entry.stage, Stage::Scheduled { .. }),
            dead_letter_source: entry.dead_letter_source.clone(),
        });
        peeked.collect()
    }

    pub(super) fn depth(&self) -> Depth {
        Depth {
            active: self.active.len(),
            scheduled: self.scheduled.len(),
            locked: self.locked.len(),
            dead_lettered: 0,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    fn token(&self, sequence: i64) -> Option<Uuid> {
        match self.entries.get(&sequence)?.stage {
            Stage::Locked { token, .. } => Some(token),
            Stage::Active | Stage::Scheduled { .. } => None,
        }
    }

    fn put(&mut self, sequence: i64, entry: Entry) {
        self.list(sequence, entry.stage);
        self.entries.insert(sequence, entry);
    }

    fn restage(&mut self, sequence: i64, to: Stage) -> Option<&mut Entry> {
        let from = self.entries.get(&sequence)?.stage;
        self.unlist(sequence, from);
        self.list(sequence, to);
        let entry = self.entries.get_mut(&sequence)?;
        entry.stage = to;
        Some(entry)
    }

    fn list(&mut self, sequence: i64, stage: Stage) {
        match stage {
            Stage::Active => self.active.insert(sequence),
            Stage::Scheduled { due } => self.scheduled.insert((due, sequence)),
            Stage::Locked { until, .. } => self.locked.insert((until, sequence)),
        };
    }

    fn unlist(&mut self, sequence: i64, stage: Stage) {
        match stage {
            Stage::Active => self.active.remove(&sequence),
            Stage::Scheduled { due } => self.scheduled.remove(&(due, sequence)),
            Stage::Locked { until, .. } => self.locked.remove(&(until, sequence)),
        };
    }
}
