//! Bursts: many events about one thing in a moment. The first is sent at once, and one item more for all that follow it
//! within [`TOGETHER`], to be received when that is over: so nothing that happened is missed, and a crowd costs two items.
//!
//! Kept in memory, by whoever takes the events: where several do, each sends its two.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use time::{Duration, OffsetDateTime};

/// What happens within this time after an item was sent is served by one more.
pub(super) const TOGETHER: Duration = Duration::seconds(2);

/// The items that were sent last, by the key of their trigger.
#[derive(Default)]
pub(super) struct Bursts(Mutex<HashMap<String, Sent>>);

#[derive(Clone, Copy)]
struct Sent {
    at: OffsetDateTime,
    /// One is scheduled for when the burst is over.
    has_last: bool,
}

/// When an item about something is to be received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Now: it is the first.
    First,
    /// At this time: it is for all that come until then.
    Last(OffsetDateTime),
    /// Never: another item that is still to be received serves.
    Served,
}

impl Bursts {
    /// What becomes of an event about this.
    pub(super) fn place(&self, key: &str, now: OffsetDateTime) -> Place {
        let mut sent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Our clock may have been set back.
        sent.retain(|_, sent| (sent.at..sent.at + TOGETHER).contains(&now));
        match sent.get(key) {
            None => Place::First,
            Some(Sent { at, has_last: false }) => Place::Last(*at + TOGETHER),
            Some(Sent { has_last: true, .. }) => Place::Served,
        }
    }

    /// Notes that the item was sent.
    pub(super) fn sent(&self, key: String, place: Place, now: OffsetDateTime) {
        let sent = match place {
            Place::First => Sent { at: now, has_last: false },
            Place::Last(due) => Sent { at: due - TOGETHER, has_last: true },
            Place::Served => return,
        };
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(key, sent);
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    const START: OffsetDateTime = datetime!(2026-03-01 12:00 UTC);

    /// What becomes of an event about `key` so long after the start, where every item can be sent.
    fn after(bursts: &Bursts, key: &str, milliseconds: i64) -> Place {
        let now = START + Duration::milliseconds(milliseconds);
        let place = bursts.place(key, now);
        bursts.sent(key.to_owned(), place, now);
        place
    }

    #[test]
    fn a_burst_is_its_first_and_one_for_the_rest_when_it_is_over() {
        let bursts = Bursts::default();
        assert_eq!(after(&bursts, "a", 0), Place::First);
        assert_eq!(after(&bursts, "b", 1), Place::First, "each thing has its own");
        assert_eq!(after(&bursts, "a", 2), Place::Last(START + TOGETHER));
        for later in [3, 1000, 1999] {
            assert_eq!(after(&bursts, "a", later), Place::Served);
        }
        assert_eq!(after(&bursts, "a", 2000), Place::First);
    }

    #[test]
    fn what_could_not_be_sent_serves_nobody() {
        let bursts = Bursts::default();
        assert_eq!(bursts.place("a", START), Place::First);
        assert_eq!(bursts.place("a", START), Place::First);
        bursts.sent("a".to_owned(), Place::First, START);
        assert_eq!(bursts.place("a", START), Place::Last(START + TOGETHER));
        assert_eq!(bursts.place("a", START), Place::Last(START + TOGETHER));
    }

    #[test]
    fn a_clock_that_was_set_back_starts_anew() {
        let bursts = Bursts::default();
        assert_eq!(after(&bursts, "a", 0), Place::First);
        assert_eq!(after(&bursts, "a", -60_000), Place::First);
    }
}
