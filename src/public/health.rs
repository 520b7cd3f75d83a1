//! How fresh what is known is, as `GET /api/health` and `peerpact status` show it.

use serde::Serialize;
use time::{Duration, OffsetDateTime};

use crate::handshake::phase::Phase;
use crate::handshake::trouble::Trouble;
use crate::ledger::{Ledger, LedgerError, Stored, SweepNote};

/// Sweeps come every minute. After this long without one that reads anything, what is known is no longer fresh.
const STALE: Duration = Duration::minutes(15);

/// What the ledger shows of its own freshness. Handshakes that are closed are left out.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct LedgerFreshness {
    /// How many handshakes are open.
    pub open: usize,
    /// How many of them were never observed with success.
    pub never_checked: usize,
    /// The earliest of their last observations; `None` if one was never observed, or there is none.
    pub oldest_checked_at: Option<OffsetDateTime>,
    /// What the last sweep did.
    pub last_sweep: Option<SweepNote>,
    /// When anything was last read with success.
    last_read: Option<OffsetDateTime>,
    /// An open handshake has gone without an observation for too long.
    stale: bool,
}

/// Whether the app does what it is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Status {
    /// Everything is observed.
    Ok,
    /// Something could not be observed.
    Degraded,
    /// Nothing was observed for a quarter of an hour.
    Failing,
}

impl Status {
    /// As the JSON has it.
    #[must_use]
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Degraded => "degraded",
            Self::Failing => "failing",
        }
    }
}

/// The answer of `GET /api/health`. The shape is public: fields are added, never renamed or removed.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Health {
    /// How it is.
    pub status: Status,
    /// The earliest of the last observations of open handshakes.
    #[serde(with = "time::serde::rfc3339::option")]
    pub oldest_checked_at: Option<OffsetDateTime>,
    /// The same in seconds before now.
    pub oldest_check: Option<u64>,
    /// What the last sweep did.
    pub last_sweep: Option<LastSweep>,
    /// What events may cost, and what went beyond it.
    pub events: Events,
}

/// The budget of events, and how much was left to the sweep since the app's start because one was spent.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Events {
    /// How many work items the events about one partner's resources, or our own, may cause in a minute.
    pub per_minute: u32,
    /// How many calls of Azure.
    pub calls_per_minute: u32,
    /// How much was left to the sweep.
    pub left_to_sweep: u64,
    /// The same by budget, of those that were spent.
    pub spent: Vec<SpentBudget>,
}

/// A budget that was spent.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SpentBudget {
    /// Whose it is.
    pub who: String,
    /// How much was left to the sweep.
    pub left_to_sweep: u64,
}

/// What a sweep did, as it is shown.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct LastSweep {
    /// When it ended.
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    /// How many handshakes it compared with the lists.
    pub seen: usize,
    /// How many of them had to be reconciled.
    pub noticed: usize,
    /// What it could not read.
    pub troubles: Vec<Trouble>,
}

impl LedgerFreshness {
    /// Reads it.
    ///
    /// # Errors
    /// The ledger failed.
    pub(crate) async fn read(ledger: &dyn Ledger, now: OffsetDateTime) -> Result<Self, LedgerError> {
        // An observation in time to come was noted by a clock that was ahead, and says nothing.
        let past = |at: &OffsetDateTime| *at <= now + Duration::SECOND;
        let (all, last_sweep) = (ledger.list(None).await?, ledger.last_sweep().await?);
        let checked = |stored: &Stored| stored.progress.checked_at.filter(past);
        let newest = all.iter().filter_map(checked).max();
        let mut fresh = Self {
            open: 0,
            never_checked: 0,
            oldest_checked_at: None,
            last_read: newest.max(last_sweep.as_ref().map(|note| note.listed_at).filter(past)),
            last_sweep,
            stale: false,
        };
        for stored in &all {
            let record = &stored.record;
            if record.phase == Phase::Closed {
                continue;
            }
            fresh.open += 1;
            let checked = checked(stored);
            fresh.stale |= now - checked.unwrap_or(record.opened_at) > STALE;
            match (checked, fresh.oldest_checked_at) {
                (None, _) => fresh.never_checked += 1,
                (Some(at), Some(oldest)) if oldest <= at => {}
                (Some(at), _) => fresh.oldest_checked_at = Some(at),
            }
        }
        if fresh.never_checked > 0 {
            fresh.oldest_checked_at = None;
        }
        Ok(fresh)
    }

    /// Whether the app does what it is for, if there is anything for it to do.
    #[must_use]
    pub(crate) fn status(&self, agreed_on_anything: bool, now: OffsetDateTime) -> Status {
        if !agreed_on_anything {
            return Status::Ok;
        }
        let troubled = self.last_sweep.as_ref().is_none_or(|note| !note.troubles.is_empty());
        match self.last_read {
            Some(last) if now - last > STALE => Status::Failing,
            None if self.last_sweep.is_some() => Status::Failing,
            Some(_) if !troubled && !self.stale => Status::Ok,
            Some(_) | None => Status::Degraded,
        }
    }

    /// How long ago that is.
    #[must_use]
    pub(crate) fn oldest_check(&self, now: OffsetDateTime) -> Option<u64> {
        self.oldest_checked_at.map(|at| seconds_since(at, now))
    }
}

impl Health {
    /// The answer.
    #[must_use]
    pub(crate) fn new(
        fresh: LedgerFreshness,
        events: Events,
        agreed_on_anything: bool,
        now: OffsetDateTime,
    ) -> Self {
        Self {
            status: fresh.status(agreed_on_anything, now),
            oldest_checked_at: fresh.oldest_checked_at,
            oldest_check: fresh.oldest_check(now),
            last_sweep: fresh.last_sweep.map(|note| {
                let SweepNote { at, seen, noticed, troubles, listed_at: _ } = note;
                LastSweep { at, seen, noticed, troubles }
            }),
            events,
        }
    }
}

/// Whole seconds, none for what is still to come.
#[must_use]
pub(crate) fn seconds_since(at: OffsetDateTime, now: OffsetDateTime) -> u64 {
    u64::try_from((now - at).whole_seconds()).unwrap_or_default()
}
