//! A namespace: its queues with their dead-letter queues, and the locks on what is in them.

use std::collections::BTreeMap;
use std::sync::Arc;

use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::duplicates::Duplicates;
use super::message::{Locked, Message, Peeked, Value};
use super::queue::{Depth, Queue};
use super::refused::{LARGEST_MESSAGE, LockLost, Refused};
use crate::mint::Mint;

/// Azure's default.
const MOST_DELIVERIES: u32 = 10;
/// Azure's default for the window of duplicate detection.
const DUPLICATE_WINDOW: Duration = Duration::minutes(10);
const LONGEST_MESSAGE_ID: usize = 128;
/// The part of a name that makes it that of a dead-letter queue.
const DEAD_LETTER: &str = "/$deadletterqueue";

/// How a queue is set up.
#[derive(Clone, Copy, Debug)]
pub(super) struct QueueSettings {
    pub(super) name: &'static str,
    /// On where a message id stands for one content: an outcome. Off for work items and events, where one that comes again within
    /// the window may tell of something new, and for requests, whose ids are made by whoever asks: one that is used twice is
    /// to be refused, not dropped without a word.
    detects_duplicates: bool,
}

pub(super) const QUEUES: [QueueSettings; 4] = [
    QueueSettings { name: "resource-events", detects_duplicates: false },
    QueueSettings { name: "connection-requests", detects_duplicates: false },
    QueueSettings { name: "reconcile", detects_duplicates: false },
    QueueSettings { name: "connection-outcomes", detects_duplicates: true },
];

#[derive(Debug)]
pub(super) struct State {
    pairs: Vec<Pair>,
    locks: BTreeMap<Uuid, Place>,
    mint: Mint,
    lock_duration: Duration,
    /// Counts changes.
    version: u64,
}

/// A queue and its dead-letter queue. Both count their messages together.
#[derive(Debug)]
struct Pair {
    name: &'static str,
    live: Queue,
    dead: Queue,
    sequence: i64,
    /// How many messages were put in.
    sent: u64,
    duplicates: Option<Duplicates>,
}

/// Which of a namespace's queues.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Entity {
    pair: usize,
    dead: bool,
}

#[derive(Clone, Copy, Debug)]
struct Place {
    entity: Entity,
    sequence: i64,
}

impl State {
    pub(super) fn new(mint: Mint, lock_duration: Duration) -> Self {
        let pairs = QUEUES.iter().map(|settings| Pair::new(*settings)).collect();
        Self { pairs, locks: BTreeMap::new(), mint, lock_duration, version: 0 }
    }

    pub(super) fn version(&self) -> u64 {
        self.version
    }

    /// The name of an entity as it is written here, for a name in any case.
    pub(super) fn known(&self, name: &str) -> Option<String> {
        let entity = self.entity(name).ok()?;
        let name = self.pairs[entity.pair].name;
        Some(if entity.dead { format!("{name}{DEAD_LETTER}") } else { name.to_owned() })
    }

    pub(super) fn send(
        &mut self,
        queue: &str,
        message: Message,
        now: OffsetDateTime,
    ) -> Result<i64, Refused> {
        let entity = self.entity(queue)?;
        check(entity, queue, &message)?;
        Ok(self.enqueue(entity, message, now))
    }

    pub(super) fn send_all(
        &mut self,
        queue: &str,
        messages: Vec<Message>,
        now: OffsetDateTime,
    ) -> Result<(), Refused> {
        let entity = self.entity(queue)?;
        messages.iter().try_for_each(|message| check(entity, queue, message))?;
        for message in messages {
            self.enqueue(entity, message, now);
        }
        Ok(())
    }

    fn enqueue(&mut self, entity: Entity, message: Message, now: OffsetDateTime) -> i64 {
        let pair = &mut self.pairs[entity.pair];
        pair.sequence += 1;
        if let (Some(duplicates), Some(id)) = (&mut pair.duplicates, &message.message_id)
            && duplicates.seen(id, now)
        {
            return pair.sequence;
        }
        pair.live.add(pair.sequence, Arc::new(message), now);
        pair.sent += 1;
        self.version += 1;
        pair.sequence
    }

    pub(super) fn receive(&mut self, queue: &str, now: OffsetDateTime) -> Result<Option<Locked>, Refused> {
        let entity = self.entity(queue)?;
        if !self.queue(entity).has_active() {
            return Ok(None);
        }
        let token = self.mint.guid();
        let duration = self.lock_duration;
        let locked = self.queue(entity).lock(token, now, duration);
        if let Some(locked) = &locked {
            self.locks.insert(token, Place { entity, sequence: locked.sequence_number });
            self.version += 1;
        }
        Ok(locked)
    }

    pub(super) fn complete(&mut self, token: Uuid) -> Result<(), LockLost> {
        let Place { entity, sequence } = self.unlocked(token)?;
        self.queue(entity).remove(sequence);
        Ok(())
    }

    /// Gives a message back. If that `counts` and was its last delivery, it is dead-lettered.
    pub(super) fn unlock(&mut self, token: Uuid, counts: bool) -> Result<(), LockLost> {
        let Place { entity, sequence } = self.unlocked(token)?;
        let failed = self.queue(entity).unlock(sequence, counts);
        if !entity.dead && failed >= MOST_DELIVERIES {
            let description =
                format!("Message could not be consumed after {MOST_DELIVERIES} delivery attempts.");
            self.bury(entity.pair, sequence, "MaxDeliveryCountExceeded", &description);
        }
        Ok(())
    }

    pub(super) fn dead_letter(
        &mut self,
        token: Uuid,
        reason: &str,
        description: &str,
    ) -> Result<(), LockLost> {
        let Place { entity, sequence } = self.unlocked(token)?;
        if entity.dead {
            // There is no dead-letter queue's dead-letter queue: it stays where it is.
            self.queue(entity).unlock(sequence, true);
        } else {
            self.bury(entity.pair, sequence, reason, description);
        }
        Ok(())
    }

    pub(super) fn renew(&mut self, token: Uuid, now: OffsetDateTime) -> Result<OffsetDateTime, LockLost> {
        let Place { entity, sequence } = *self.locks.get(&token).ok_or(LockLost)?;
        let until = now + self.lock_duration;
        self.queue(entity).renew(sequence, until);
        self.version += 1;
        Ok(until)
    }

    pub(super) fn cancel(&mut self, queue: &str, sequence: i64) -> Result<bool, Refused> {
        let entity = self.entity(queue)?;
        let cancelled = self.queue(entity).cancel(sequence);
        self.version += u64::from(cancelled);
        Ok(cancelled)
    }

    pub(super) fn peek(&mut self, queue: &str, from: i64, most: usize) -> Result<Vec<Peeked>, Refused> {
        let entity = self.entity(queue)?;
        Ok(self.queue(entity).peek(from, most))
    }

    pub(super) fn depth(&mut self, queue: &str) -> Result<Depth, Refused> {
        let entity = self.entity(queue)?;
        let pair = &self.pairs[entity.pair];
        Ok(if entity.dead {
            pair.dead.depth()
        } else {
            Depth { dead_lettered: pair.dead.len(), ..pair.live.depth() }
        })
    }

    pub(super) fn sent(&mut self, queue: &str) -> Result<u64, Refused> {
        Ok(self.pairs[self.entity(queue)?.pair].sent)
    }

    /// Every lock is lost, and no delivery counts for it.
    pub(super) fn release_all(&mut self) {
        for entity in self.entities() {
            while let Some((_, token)) = self.queue(entity).any_locked() {
                if self.unlock(token, false).is_err() {
                    break;
                }
            }
        }
    }

    /// Does what is due: scheduled messages come in, locks run out.
    pub(super) fn settle(&mut self, now: OffsetDateTime) {
        for entity in self.entities() {
            while let Some((_, token)) = self.queue(entity).expired(now) {
                if self.unlock(token, true).is_err() {
                    break;
                }
            }
        }
        for pair in &mut self.pairs {
            while let Some(entry) = pair.live.take_due(now) {
                // A scheduled message that comes in gets a new number, behind what came before it.
                pair.sequence += 1;
                pair.live.adopt(pair.sequence, entry);
                self.version += 1;
            }
        }
    }

    pub(super) fn next_due(&self) -> Option<OffsetDateTime> {
        self.pairs.iter().flat_map(|pair| [pair.live.next_due(), pair.dead.next_due()]).flatten().min()
    }

    fn bury(&mut self, pair: usize, sequence: i64, reason: &str, description: &str) {
        let pair = &mut self.pairs[pair];
        let Some(mut entry) = pair.live.remove(sequence) else { return };
        let mut message = Message::clone(&entry.message);
        for (name, text) in [("DeadLetterReason", reason), ("DeadLetterErrorDescription", description)] {
            if !text.is_empty() {
                message.application_properties.insert(name.to_owned(), Value::from(text));
            }
        }
        entry.message = Arc::new(message);
        entry.dead_letter_source = Some(pair.name.to_owned());
        pair.dead.adopt(sequence, entry);
    }

    fn unlocked(&mut self, token: Uuid) -> Result<Place, LockLost> {
        let place = self.locks.remove(&token).ok_or(LockLost)?;
        self.version += 1;
        Ok(place)
    }

    fn queue(&mut self, entity: Entity) -> &mut Queue {
        let pair = &mut self.pairs[entity.pair];
        if entity.dead { &mut pair.dead } else { &mut pair.live }
    }

    fn entity(&self, name: &str) -> Result<Entity, Refused> {
        let lower = name.to_ascii_lowercase();
        let (queue, dead) =
            lower.strip_suffix(DEAD_LETTER).map_or((lower.as_str(), false), |queue| (queue, true));
        let pair = self.pairs.iter().position(|pair| pair.name == queue);
        pair.map(|pair| Entity { pair, dead })
            .ok_or_else(|| Refused::NoSuchQueue(name.chars().take(260).collect()))
    }

    fn entities(&self) -> impl Iterator<Item = Entity> + use<> {
        (0..self.pairs.len()).flat_map(|pair| [Entity { pair, dead: false }, Entity { pair, dead: true }])
    }
}

/// Whether a message may go into a queue.
fn check(entity: Entity, queue: &str, message: &Message) -> Result<(), Refused> {
    if entity.dead {
        return Err(Refused::DeadLetterQueue(queue.to_owned()));
    }
    if message.size() > LARGEST_MESSAGE {
        return Err(Refused::TooLarge(message.size()));
    }
    let id = message.message_id.as_deref().unwrap_or_default();
    if id.chars().count() > LONGEST_MESSAGE_ID { Err(Refused::MessageId) } else { Ok(()) }
}

impl Pair {
    fn new(settings: QueueSettings) -> Self {
        let duplicates = settings.detects_duplicates.then(|| Duplicates::within(DUPLICATE_WINDOW));
        Self {
            name: settings.name,
            live: Queue::default(),
            dead: Queue::default(),
            sequence: 0,
            sent: 0,
            duplicates,
        }
    }
}
