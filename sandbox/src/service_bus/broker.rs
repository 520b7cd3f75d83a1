//! A namespace as its clients have it.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use time::{Duration, OffsetDateTime};
use tokio::sync::watch;
use uuid::Uuid;

use super::message::{Locked, Message, Peeked};
use super::queue::Depth;
use super::refused::{LockLost, Refused};
use super::state::{QUEUES, State};
use crate::clock::Clock;
use crate::mint::{self, Mint};
use crate::world::Tenant;

/// A tenant's namespace. Clones share it.
///
/// Queues are named in any case; `{queue}/$deadletterqueue` is a queue's dead-letter queue.
#[derive(Clone)]
pub struct Broker {
    shared: Arc<Shared>,
}

struct Shared {
    tenant: Tenant,
    clock: Clock,
    key: String,
    state: Mutex<State>,
    changes: watch::Sender<u64>,
    drops: watch::Sender<u64>,
}

/// Tells of changes to a namespace from the moment on at which it was made.
#[derive(Debug)]
pub(crate) struct Changes(watch::Receiver<u64>);

impl Changes {
    /// Resolves once something has changed since the last call, at once if it has already.
    pub(crate) async fn next(&mut self) {
        if self.0.changed().await.is_err() {
            // The namespace is gone, so that nothing changes any more.
            std::future::pending::<()>().await;
        }
    }
}

impl fmt::Debug for Broker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Broker").field("tenant", &self.shared.tenant).finish_non_exhaustive()
    }
}

impl Broker {
    /// The name of the rule whose key opens the namespace.
    pub(crate) const KEY_NAME: &'static str = "RootManageSharedAccessKey";

    pub(crate) fn new(tenant: Tenant, clock: Clock, seed: u64, lock_duration: Duration) -> Self {
        use base64::Engine;
        let derived = |what: &str| mint::derive(seed, &format!("service bus/{}/{what}", tenant.name()));
        let mut tokens = [0; 8];
        tokens.copy_from_slice(&derived("lock tokens")[..8]);
        let state = State::new(Mint::new(u64::from_be_bytes(tokens)), lock_duration);
        Self {
            shared: Arc::new(Shared {
                tenant,
                clock,
                key: base64::engine::general_purpose::STANDARD.encode(derived("key")),
                state: Mutex::new(state),
                changes: watch::Sender::new(0),
                drops: watch::Sender::new(0),
            }),
        }
    }

    /// The names of the queues, without the dead-letter queues.
    pub fn queues() -> impl Iterator<Item = &'static str> {
        QUEUES.iter().map(|queue| queue.name)
    }

    /// Whose namespace it is.
    pub fn tenant(&self) -> Tenant {
        self.shared.tenant
    }

    /// The key of the rule `RootManageSharedAccessKey`: a secret of the sandbox's own world.
    pub fn key(&self) -> &str {
        &self.shared.key
    }

    /// What a client needs that reaches the namespace at `address`. It holds the key.
    pub fn connection_string(&self, address: std::net::SocketAddr) -> String {
        let (name, key) = (Self::KEY_NAME, self.key());
        format!(
            "Endpoint=sb://{address};SharedAccessKeyName={name};SharedAccessKey={key};UseDevelopmentEmulator=true;"
        )
    }

    /// The clock that everything goes by.
    pub fn clock(&self) -> &Clock {
        &self.shared.clock
    }

    /// Puts a message into a queue and says its sequence number there. Where duplicates are detected, a message whose id was seen
    /// within ten minutes is taken and dropped, as Azure does, and its number is that of no message.
    pub fn send(&self, queue: &str, message: Message) -> Result<i64, Refused> {
        self.change(|state, now| state.send(queue, message, now))
    }

    /// Puts all of these messages into a queue, or none where one of them is refused.
    pub fn send_all(&self, queue: &str, messages: Vec<Message>) -> Result<(), Refused> {
        self.change(|state, now| state.send_all(queue, messages, now))
    }

    /// Takes the oldest message under a lock, if there is one.
    pub fn receive(&self, queue: &str) -> Result<Option<Locked>, Refused> {
        self.change(|state, now| state.receive(queue, now))
    }

    /// Waits for a message and takes it under a lock. Nothing is lost if the wait is dropped.
    pub async fn next_message(&self, queue: &str) -> Result<Locked, Refused> {
        let mut changes = self.subscribe();
        loop {
            if let Some(locked) = self.receive(queue)? {
                return Ok(locked);
            }
            tokio::select! {
                () = changes.next() => {}
                () = self.due() => {}
            }
        }
    }

    /// The message is done with.
    pub fn complete(&self, lock: Uuid) -> Result<(), LockLost> {
        self.change(|state, _| state.complete(lock))
    }

    /// The message could not be dealt with; after its tenth delivery it is dead-lettered.
    pub fn abandon(&self, lock: Uuid) -> Result<(), LockLost> {
        self.change(|state, _| state.unlock(lock, true))
    }

    /// The message was not looked at: the delivery does not count.
    pub fn release(&self, lock: Uuid) -> Result<(), LockLost> {
        self.change(|state, _| state.unlock(lock, false))
    }

    /// Moves the message to the dead-letter queue, with the reason and description as its application properties `DeadLetterReason` and
    /// `DeadLetterErrorDescription` where they are not empty.
    pub fn dead_letter(&self, lock: Uuid, reason: &str, description: &str) -> Result<(), LockLost> {
        self.change(|state, _| state.dead_letter(lock, reason, description))
    }

    /// Makes the lock last its whole time from now on, and says until when.
    pub fn renew(&self, lock: Uuid) -> Result<OffsetDateTime, LockLost> {
        self.change(|state, now| state.renew(lock, now))
    }

    /// Takes back a message that still waits for its time. `false` if there is none with this number.
    pub fn cancel_scheduled(&self, queue: &str, sequence_number: i64) -> Result<bool, Refused> {
        self.change(|state, _| state.cancel(queue, sequence_number))
    }

    /// At most `most` messages from a sequence number on, whether active, scheduled or locked. Nothing is taken.
    pub fn peek(&self, queue: &str, from_sequence: i64, most: usize) -> Result<Vec<Peeked>, Refused> {
        self.change(|state, _| state.peek(queue, from_sequence, most))
    }

    /// How many messages stand where.
    pub fn depth(&self, queue: &str) -> Result<Depth, Refused> {
        self.change(|state, _| state.depth(queue))
    }

    /// How many messages were put into a queue so far, duplicates that were dropped not counted.
    pub fn sent(&self, queue: &str) -> Result<u64, Refused> {
        self.change(|state, _| state.sent(queue))
    }

    /// When the next scheduled message comes in or the next lock runs out.
    pub fn next_due(&self) -> Option<OffsetDateTime> {
        self.change(|state, _| state.next_due())
    }

    /// Tells of every change from now on, except of what comes by time alone: see [`Broker::next_due`].
    pub(crate) fn subscribe(&self) -> Changes {
        Changes(self.shared.changes.subscribe())
    }

    /// Resolves at the next change. What happened between a look at the namespace and this call is not seen.
    pub async fn changed(&self) {
        self.subscribe().next().await;
    }

    /// Resolves at the time of [`Broker::next_due`] as it is now; never without one.
    pub(crate) async fn due(&self) {
        match self.next_due() {
            Some(due) => {
                let left = std::time::Duration::try_from(due - self.shared.clock.now()).unwrap_or_default();
                // Timers have milliseconds; less would be polling.
                tokio::time::sleep(left.max(std::time::Duration::from_millis(1))).await;
            }
            None => std::future::pending().await,
        }
    }

    /// The broker goes down and comes back: connections and locks are lost, messages are kept. What was locked is free again, and
    /// the delivery does not count.
    pub fn restart(&self) {
        // First, so that nothing that is free again goes out over a connection that is to be cut.
        self.drop_connections();
        self.change(|state, _| state.release_all());
    }

    /// Every connection is cut without a word; the locks of their links go with them.
    pub fn drop_connections(&self) {
        self.shared.drops.send_modify(|drops| *drops += 1);
    }

    /// Changes whenever connections are to be cut.
    pub(crate) fn drops(&self) -> watch::Receiver<u64> {
        self.shared.drops.subscribe()
    }

    /// The entity's name as it is written here, for a name in any case.
    pub(crate) fn known(&self, name: &str) -> Option<String> {
        self.state().known(name)
    }

    /// Does what is due first. Whoever waits is woken only where something has changed: a waiter that looks must not wake the others.
    fn change<T>(&self, change: impl FnOnce(&mut State, OffsetDateTime) -> T) -> T {
        let now = self.shared.clock.now();
        let (outcome, changed) = {
            let mut state = self.state();
            let before = state.version();
            state.settle(now);
            let outcome = change(&mut state, now);
            (outcome, state.version() != before)
        };
        if changed {
            self.shared.changes.send_modify(|changes| *changes += 1);
        }
        outcome
    }

    /// Every change to the state is made by code that does not panic half way; a poisoned lock is only a test's panic.
    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
