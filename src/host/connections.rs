//! The connections that are open: how many there may be, what each is doing, and which ones go when there are too many.
//!
//! A client that keeps its connections may write a request on any of them at any moment, and loses it if the connection
//! is closed just then. So while others wait a connection ends with an answer that says so, and an idle one is closed
//! only where many are, after a time in which a busy client would have used it.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, SemaphorePermit, watch};
use tokio::time::{sleep, timeout};

/// So many requests are dealt with at a time, and so many idle connections are kept for good.
pub const CONNECTIONS_MAX: usize = 64;

/// So many connections are open at a time.
const OPEN_MAX: usize = 320;

/// How long a connection that is one too many has to be idle before it is closed.
const REST: Duration = Duration::from_secs(10);
/// The steps in which that is measured.
const STEPS: u32 = 5;

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
pub(super) struct Connections {
    open: Mutex<Vec<Arc<Seat>>>,
    seats: Arc<Semaphore>,
    /// One permit for each request that is dealt with.
    work: Semaphore,
    /// How many wait for a seat or with a request. While any does, an answer is its connection's last one.
    waiting: AtomicUsize,
    /// How many are open.
    count: watch::Sender<usize>,
    /// Counts what becomes idle, so that the longest idle one is known without a clock.
    moments: AtomicU64,
}

/// Counts among those that wait until it is dropped.
struct Waits<'a>(&'a AtomicUsize);

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
    _permit: Option<OwnedSemaphorePermit>,
}

impl Default for Connections {
    fn default() -> Self {
        Self {
            open: Mutex::default(),
            seats: Arc::new(Semaphore::new(OPEN_MAX)),
            work: Semaphore::new(CONNECTIONS_MAX),
            waiting: AtomicUsize::new(0),
            count: watch::Sender::default(),
            moments: AtomicU64::new(0),
        }
    }
}

impl Connections {
    /// A seat for a connection that was accepted, once there is one.
    pub(super) async fn take(self: &Arc<Self>) -> Taken {
        let waits = self.wait();
        // Nobody closes it, so there is one.
        let permit = self.seats.clone().acquire_owned().await.ok();
        drop(waits);
        let seat = Arc::new(Seat {
            doing: watch::Sender::new(self.idle()),
            asked_to_leave: AtomicBool::new(false),
            leave: Notify::new(),
        });
        self.open().push(seat.clone());
        self.count.send_modify(|count| *count += 1);
        Taken { connections: self.clone(), seat, _permit: permit }
    }

    /// Asks the connection that has been idle the longest to leave, and waits until one has ended, for so long at most.
    pub(super) async fn make_room(&self, most: Duration) {
        let _waits = self.wait();
        let mut count = self.count.subscribe();
        self.ask_the_longest_idle(1, u64::MAX);
        let _ = timeout(most, count.changed()).await;
    }

    /// Closes idle connections while there are too many. Has to be polled for as long as connections are accepted.
    pub(super) async fn close_the_rested(&self) -> Infallible {
        let mut count = self.count.subscribe();
        loop {
            // The sender is our own and outlives this.
            let _ = count.wait_for(|count| *count > CONNECTIONS_MAX).await;
            tokio::select! {
                never = self.ask_the_rested() => match never {},
                _ = count.wait_for(|count| *count <= CONNECTIONS_MAX) => {}
            }
        }
    }

    async fn ask_the_rested(&self) -> Infallible {
        let mut steps = VecDeque::from([0; STEPS as usize]);
        loop {
            steps.push_back(self.moments.load(Ordering::Relaxed));
            let idle = self.open().iter().filter(|seat| matches!(seat.doing(), Doing::Idle(_))).count();
            let before = steps.pop_front().unwrap_or_default();
            self.ask_the_longest_idle(idle.saturating_sub(CONNECTIONS_MAX), before);
            sleep(REST / STEPS).await;
        }
    }

    /// Has so many connections leave, as far as they have been idle since before this moment.
    fn ask_the_longest_idle(&self, needed: usize, before: u64) {
        let open = self.open();
        let idle = open.iter().filter_map(|seat| match seat.doing() {
            Doing::Idle(since) if since < before => Some((since, seat)),
            Doing::Idle(_) | Doing::Head | Doing::Request => None,
        });
        let mut idle: Vec<_> = idle.collect();
        idle.sort_by_key(|(since, _)| *since);
        for (_, seat) in idle.into_iter().take(needed) {
            seat.ask_to_leave();
        }
    }

    /// Asks every connection to leave, and waits until all have.
    pub(super) async fn end(&self) {
        for seat in self.open().iter() {
            seat.ask_to_leave();
        }
        // The sender is our own and outlives this.
        let _ = self.count.subscribe().wait_for(|count| *count == 0).await;
    }

    fn wait(&self) -> Waits<'_> {
        self.waiting.fetch_add(1, Ordering::Relaxed);
        Waits(&self.waiting)
    }

    fn idle(&self) -> Doing {
        Doing::Idle(self.moments.fetch_add(1, Ordering::Relaxed))
    }

    fn open(&self) -> MutexGuard<'_, Vec<Arc<Seat>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
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

    /// A request's head is whole. Resolves once its turn has come, which lasts until the permit is dropped.
    pub(super) async fn turn(&self) -> Option<SemaphorePermit<'_>> {
        self.seat.doing.send_replace(Doing::Request);
        let _waits = self.connections.wait();
        // Nobody closes it, so there is one.
        self.connections.work.acquire().await.ok()
    }

    /// The request is answered. True if the connection is to end with that.
    pub(super) fn answered(&self) -> bool {
        self.seat.doing.send_replace(self.connections.idle());
        if self.connections.waiting.load(Ordering::Relaxed) > 0 {
            self.seat.ask_to_leave();
        }
        self.seat.asked_to_leave.load(Ordering::Relaxed)
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        self.connections.open().retain(|seat| !Arc::ptr_eq(seat, &self.seat));
        self.connections.count.send_modify(|count| *count -= 1);
    }
}
