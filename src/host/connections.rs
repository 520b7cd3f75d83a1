//! The connections that are open: how many there may be, what each is doing, and which one goes when there are too many.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, watch};

/// So many connections are served at a time.
pub const CONNECTIONS_MAX: usize = 64;

/// What a connection is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Doing {
    /// Nothing, since this moment of [`Connections::moments`]: no byte of a request has come.
    Idle(u64),
    /// Some of a request's head is here.
    Head,
    /// A request is being dealt with.
    Request,
}

/// Every connection that is open.
#[derive(Default)]
pub(super) struct Connections {
    open: Mutex<Vec<Arc<Seat>>>,
    /// Something ended or became idle.
    changed: Notify,
    /// Counts what becomes idle, so that the longest idle one is known without a clock.
    moments: AtomicU64,
}

/// One connection's place among them.
pub(super) struct Seat {
    doing: watch::Sender<Doing>,
    asked_to_leave: AtomicBool,
    leave: Notify,
}

/// Keeps a seat until it is dropped.
pub(super) struct Taken {
    connections: Arc<Connections>,
    seat: Arc<Seat>,
}

impl Connections {
    /// A seat for a connection that was accepted. Whoever takes one waits for [`Connections::room`] before.
    pub(super) fn take(self: &Arc<Self>) -> Taken {
        let seat = Arc::new(Seat {
            doing: watch::Sender::new(self.idle()),
            asked_to_leave: AtomicBool::new(false),
            leave: Notify::new(),
        });
        self.open().push(seat.clone());
        Taken { connections: self.clone(), seat }
    }

    /// Waits until there is a seat. The connection that has been idle the longest is asked to leave for it.
    pub(super) async fn room(&self) {
        while self.open().len() >= CONNECTIONS_MAX {
            self.make_room().await;
        }
    }

    /// Asks the connection that has been idle the longest to leave, unless one is about to, and waits until one has left
    /// or become idle.
    pub(super) async fn make_room(&self) {
        self.ask_the_longest_idle();
        self.changed.notified().await;
    }

    fn ask_the_longest_idle(&self) {
        let open = self.open();
        let idle = open.iter().filter_map(|seat| match seat.doing() {
            Doing::Idle(since) => Some((since, seat)),
            Doing::Head | Doing::Request => None,
        });
        let mut idle: Vec<_> = idle.collect();
        idle.sort_by_key(|(since, _)| *since);
        let leaving = idle.iter().any(|(_, seat)| seat.asked_to_leave.load(Ordering::Relaxed));
        if let (Some((_, seat)), false) = (idle.first(), leaving) {
            seat.ask_to_leave();
        }
    }

    /// Asks every connection to leave, and waits until all have.
    pub(super) async fn end(&self) {
        for seat in self.open().iter() {
            seat.ask_to_leave();
        }
        while !self.open().is_empty() {
            self.changed.notified().await;
        }
    }

    fn idle(&self) -> Doing {
        Doing::Idle(self.moments.fetch_add(1, Ordering::Relaxed))
    }

    fn open(&self) -> MutexGuard<'_, Vec<Arc<Seat>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seat {
    pub(super) fn doing(&self) -> Doing {
        *self.doing.borrow()
    }

    /// The first bytes after an idle time are those of a head.
    pub(super) fn bytes_came(&self) {
        self.doing.send_if_modified(|doing| match doing {
            Doing::Idle(_) => {
                *doing = Doing::Head;
                true
            }
            Doing::Head | Doing::Request => false,
        });
    }

    /// Resolves once the connection is to finish what it does, and end.
    pub(super) async fn leave(&self) {
        self.leave.notified().await;
    }

    pub(super) fn watch(&self) -> watch::Receiver<Doing> {
        self.doing.subscribe()
    }

    fn ask_to_leave(&self) {
        self.asked_to_leave.store(true, Ordering::Relaxed);
        self.leave.notify_one();
    }
}

impl Taken {
    pub(super) fn seat(&self) -> &Arc<Seat> {
        &self.seat
    }

    /// A request's head is whole.
    pub(super) fn busy(&self) {
        self.seat.doing.send_replace(Doing::Request);
    }

    /// The request is answered.
    pub(super) fn idle(&self) {
        self.seat.doing.send_replace(self.connections.idle());
        self.connections.changed.notify_one();
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        self.connections.open().retain(|seat| !Arc::ptr_eq(seat, &self.seat));
        self.connections.changed.notify_one();
    }
}
