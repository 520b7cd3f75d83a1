//! Duplicate detection: which message ids a queue has seen lately.

use std::collections::{HashSet, VecDeque};

use time::{Duration, OffsetDateTime};

/// The ids of a window of time that moves along.
#[derive(Debug)]
pub(super) struct Duplicates {
    window: Duration,
    ids: HashSet<String>,
    order: VecDeque<(OffsetDateTime, String)>,
}

impl Duplicates {
    pub(super) fn within(window: Duration) -> Self {
        Self { window, ids: HashSet::new(), order: VecDeque::new() }
    }

    /// Notes the id. `true` if it was noted within the window already, which it does not make longer.
    pub(super) fn seen(&mut self, id: &str, now: OffsetDateTime) -> bool {
        while let Some((at, _)) = self.order.front()
            && *at + self.window <= now
        {
            if let Some((_, old)) = self.order.pop_front() {
                self.ids.remove(&old);
            }
        }
        if !self.ids.insert(id.to_owned()) {
            return true;
        }
        self.order.push_back((now, id.to_owned()));
        false
    }
}
