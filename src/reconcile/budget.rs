//! What events may cost us. Anybody who can write an event can name what they like, and each name costs a message and a
//! read; so each partner's events have a budget for a minute, and events about our own resources have one of their own,
//! since whom they come from is not proved. What goes beyond it is left to the sweep, which finds the same in its lists.
//!
//! Kept in memory, by elapsed time. There is a book for each partner that the agreements or the ledger name, and no more.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::handshake::ids::TenantId;

const WINDOW: Duration = Duration::from_secs(60);

/// How much the events about each partner's resources may cause in a minute, and those about our own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventLimits {
    /// Work items in the queue.
    pub queued: u32,
    /// Calls of Azure.
    pub calls: u32,
}

/// Whose budget it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Payer {
    /// Nobody's in particular: the resource is our own.
    Home,
    /// This partner's.
    Partner(TenantId),
}

/// Who pays, and whether for something that is on record. What is not may take half of a budget, so that what is made up
/// does not keep out what is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bill {
    /// Who pays.
    pub payer: Payer,
    /// What is read is on record, or was seen in Azure.
    pub known: bool,
}

/// What events have spent in this minute.
pub struct EventBudget {
    limits: EventLimits,
    books: Mutex<Books>,
}

#[derive(Default)]
struct Books {
    open: BTreeMap<Payer, Book>,
    /// Minutes that are over and in which something was left to the sweep.
    over: Vec<(Payer, u64)>,
}

struct Book {
    since: Instant,
    queued: Spent,
    calls: Spent,
    left: u64,
    left_in_all: u64,
}

#[derive(Clone, Copy, Default)]
struct Spent {
    all: u32,
    unknown: u32,
}

impl Default for EventLimits {
    /// A hub that is deployed with 400 spokes makes some 800 events in a few minutes.
    fn default() -> Self {
        Self { queued: 600, calls: 1200 }
    }
}

impl EventBudget {
    /// A budget of which nothing is spent.
    #[must_use]
    pub fn new(limits: EventLimits) -> Self {
        Self { limits, books: Mutex::default() }
    }

    /// What may be spent.
    #[must_use]
    pub fn limits(&self) -> EventLimits {
        self.limits
    }

    /// Takes the price of one work item; `false` if there is no money for it, and it is left to the sweep.
    #[must_use]
    pub fn queue(&self, bill: Bill, now: Instant) -> bool {
        self.take(bill, now, |book| (&mut book.queued, self.limits.queued), 1)
    }

    /// Gives back the price of a work item that did not have to be sent.
    pub fn give_back(&self, bill: Bill) {
        if let Some(book) = self.books().open.get_mut(&bill.payer) {
            book.queued.all = book.queued.all.saturating_sub(1);
            book.queued.unknown = book.queued.unknown.saturating_sub(u32::from(!bill.known));
        }
    }

    /// Takes the price of so many calls, as [`EventBudget::queue`].
    #[must_use]
    pub fn call(&self, bill: Bill, calls: u32, now: Instant) -> bool {
        self.take(bill, now, |book| (&mut book.calls, self.limits.calls), calls)
    }

    /// Notes calls that are made in any case: they are missing from what is left.
    pub fn charge(&self, payer: Payer, calls: u32) {
        if let Some(book) = self.books().open.get_mut(&payer) {
            book.calls.all = book.calls.all.saturating_add(calls);
        }
    }

    /// How much of each budget's minutes that are over was left to the sweep; each is reported once.
    #[must_use]
    pub fn over(&self, now: Instant) -> Vec<(Payer, u64)> {
        let mut books = self.books();
        let Books { open, over } = &mut *books;
        for (payer, book) in open {
            over.extend(book.turn(now).map(|left| (*payer, left)));
        }
        std::mem::take(over)
    }

    /// How much was left to the sweep since the start, by budget.
    #[must_use]
    pub fn left_to_sweep(&self) -> Vec<(Payer, u64)> {
        self.books().open.iter().map(|(payer, book)| (*payer, book.left_in_all)).collect()
    }

    fn take(
        &self,
        bill: Bill,
        now: Instant,
        which: impl Fn(&mut Book) -> (&mut Spent, u32),
        price: u32,
    ) -> bool {
        let mut books = self.books();
        let Books { open, over } = &mut *books;
        let book = open.entry(bill.payer).or_insert_with(|| Book::new(now));
        over.extend(book.turn(now).map(|left| (bill.payer, left)));
        let (spent, limit) = which(book);
        let enough = spent.take(bill.known, price, limit);
        if !enough {
            book.left += 1;
            book.left_in_all += 1;
        }
        enough
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Book {
    fn new(now: Instant) -> Self {
        Self { since: now, queued: Spent::default(), calls: Spent::default(), left: 0, left_in_all: 0 }
    }

    /// Begins a new minute once one is over. Gives back what the old one left to the sweep, if it did.
    fn turn(&mut self, now: Instant) -> Option<u64> {
        if now - self.since < WINDOW {
            return None;
        }
        let left = self.left;
        *self = Self { left_in_all: self.left_in_all, ..Self::new(now) };
        (left > 0).then_some(left)
    }
}

impl Spent {
    fn take(&mut self, known: bool, price: u32, limit: u32) -> bool {
        let all = self.all.saturating_add(price);
        let unknown = if known { self.unknown } else { self.unknown.saturating_add(price) };
        let enough = all <= limit && (known || unknown <= limit.div_ceil(2));
        if enough {
            *self = Self { all, unknown };
        }
        enough
    }
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use super::*;
    use crate::clock::Clock;

    static START: LazyLock<Instant> = LazyLock::new(|| Clock::system().instant());
    const UNKNOWN: Bill = Bill { payer: Payer::Home, known: false };
    const KNOWN: Bill = Bill { payer: Payer::Home, known: true };

    fn budget(queued: u32, calls: u32) -> EventBudget {
        EventBudget::new(EventLimits { queued, calls })
    }

    #[test]
    fn what_is_unknown_takes_half_and_leaves_the_rest_to_what_is_known() {
        let budget = budget(10, 10);
        assert_eq!((0..20).filter(|_| budget.queue(UNKNOWN, *START)).count(), 5);
        assert_eq!((0..20).filter(|_| budget.queue(KNOWN, *START)).count(), 5);
        assert_eq!(budget.left_to_sweep(), [(Payer::Home, 30)]);
        assert!(budget.call(KNOWN, 10, *START) && !budget.call(KNOWN, 1, *START), "calls are counted apart");
    }

    #[test]
    fn each_minute_begins_anew_and_what_it_left_is_told_once_when_it_is_over() {
        let budget = budget(2, 2);
        let left = |at| (0..5).filter(|_| !budget.queue(KNOWN, at)).count();
        assert_eq!((left(*START), left(*START + Duration::from_secs(59))), (3, 5));
        assert_eq!(budget.over(*START + Duration::from_secs(59)), []);
        assert_eq!(left(*START + Duration::from_secs(60)), 3);
        assert_eq!(budget.over(*START + Duration::from_secs(61)), [(Payer::Home, 8)]);
        assert_eq!(budget.over(*START + Duration::from_secs(119)), []);
        assert_eq!(budget.over(*START + Duration::from_secs(120)), [(Payer::Home, 3)]);
        assert_eq!(budget.over(*START + Duration::from_secs(300)), []);
    }

    #[test]
    fn one_partner_spends_nothing_of_another() {
        let budget = budget(1, 1);
        let partner = |number: u128| {
            let payer = Payer::Partner(uuid::Uuid::from_u128(number).into());
            Bill { payer, known: true }
        };
        assert!(budget.queue(partner(1), *START) && !budget.queue(partner(1), *START));
        assert!(budget.queue(partner(2), *START) && budget.queue(KNOWN, *START));
    }

    #[test]
    fn a_notice_that_was_not_sent_costs_nothing_and_a_write_is_paid_afterwards() {
        let budget = budget(2, 6);
        for _ in 0..50 {
            assert!(budget.queue(UNKNOWN, *START));
            budget.give_back(UNKNOWN);
        }
        assert!(budget.call(KNOWN, 2, *START));
        budget.charge(Payer::Home, 4);
        assert!(!budget.call(KNOWN, 2, *START));
    }

    #[test]
    fn a_hub_with_four_hundred_spokes_that_is_deployed_at_once_stays_within_the_defaults() {
        let budget = EventBudget::new(EventLimits::default());
        let (read, write) = (3, 4);
        for number in 0..800_u64 {
            let now = *START + Duration::from_millis(number * 180_000 / 800);
            assert!(budget.queue(UNKNOWN, now), "event {number}");
            if number % 2 == 0 {
                assert!(budget.call(KNOWN, read, now), "event {number}");
                budget.charge(Payer::Home, write);
            }
        }
    }
}
