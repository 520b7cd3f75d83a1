//! Acting on a notice: one pass for each handshake that it is about, and then notices for whatever has to be looked at
//! again. Nothing here waits: what takes time comes back through the queue.

use std::time::Duration;

use super::hints::Looked;
use super::notice::Notice;
use super::{Hint, ReconcileError, Reconciler, Report};
use crate::arm::{ArmError, Class, Deadline};
use crate::handshake::reason::Reason;
use crate::handshake::record::PAUSE_MAX;
use crate::ledger::{TICKET_AHEAD, Urgency};

/// The first of the gaps between attempts to do what could not be done at all; each is twice the one before.
const FIRST_GAP: Duration = Duration::from_secs(2);
/// No gap is longer, whatever Azure asks for: the sweep comes more often.
pub(super) const LONGEST_GAP: Duration = Duration::from_secs(300);
const _: () = assert!(
    LONGEST_GAP.as_secs() < TICKET_AHEAD.whole_seconds().unsigned_abs()
        && LONGEST_GAP.as_secs() == PAUSE_MAX.whole_seconds().unsigned_abs(),
    "what is scheduled and what is put on record has to be believed"
);
/// After so many attempts, some forty minutes, a notice is given up; the sweep goes on looking.
const ATTEMPTS: u32 = 16;

/// What came of a notice.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Acted {
    /// The passes that were made.
    pub looks: Vec<Looked>,
    /// Another notice about the same thing was sent later and is due sooner, or was acted on already.
    pub superseded: bool,
    /// What kept us from finding out which handshake is meant, or from looking at it.
    pub troubles: Vec<Reason>,
    /// Why nothing, or not everything, could be looked at: it is tried again, or left to the sweep.
    pub put_off: Option<String>,
}

impl Reconciler {
    /// Acts on a notice, and tells what is to be told. Whatever has to be looked at again is in the queue on return, so
    /// that the notice itself is done.
    ///
    /// # Errors
    /// The ledger or the queue failed, or this program has a defect: the notice has to be delivered again.
    pub async fn act(&self, notice: &Notice, until: Deadline) -> Result<Acted, ReconcileError> {
        if !self.take(notice).await? {
            return Ok(Acted { superseded: true, ..Acted::default() });
        }
        let now = self.clock.now();
        let notice = &notice.as_believed(now);
        if let Some((later, due)) = notice.early(now).zip(notice.due) {
            let left = Duration::try_from(due - now).unwrap_or_default();
            self.announce(&[later], Some(left), Urgency::Due).await?;
            let why = "Service Bus delivered this before it was due by our clock".to_owned();
            return Ok(Acted { put_off: Some(why), ..Acted::default() });
        }
        let acted = match self.follow(&notice.hint, &notice.cause, until).await {
            Ok(followed) => {
                for looked in &followed.looks {
                    self.look_again(notice, looked).await?;
                }
                let troubles = followed.unreadable.into_iter().collect();
                let put_off = followed.unpaid.then(|| {
                    "left to the sweep: events about these resources have spent their budget of this minute".to_owned()
                });
                Acted { looks: followed.looks, troubles, put_off, ..Acted::default() }
            }
            Err(ReconcileError::Azure(error)) => {
                self.put_off(notice, wait_asked_for(&error)).await?;
                Acted { put_off: Some(error.to_string()), ..Acted::default() }
            }
            Err(error) => return Err(error),
        };
        if let Err(error) = self.tell().await {
            tracing::warn!(%error, "outcomes could not be told; the next pass or sweep tells them");
        }
        Ok(acted)
    }

    async fn look_again(&self, notice: &Notice, looked: &Looked) -> Result<(), ReconcileError> {
        let (after, attempt) = match &looked.report {
            Report::Settled { again: Some(again), .. } => (*again, 0),
            Report::Held { until } if notice.attempt < ATTEMPTS => {
                let left = until.map_or(Duration::ZERO, |until| {
                    Duration::try_from(until - self.clock.now()).unwrap_or_default()
                });
                (gap(notice.attempt).max(left), notice.attempt + 1)
            }
            Report::Settled { again: None, .. } => {
                // Events come under their halves' keys: what an earlier look wanted to see later has been seen.
                self.ledger.rest(&Hint::at(&looked.pair).key(), self.clock.now()).await?;
                return Ok(());
            }
            Report::Held { .. } | Report::Nothing => return Ok(()),
        };
        let next = notice.follow_up(Hint::at(&looked.pair), attempt);
        self.announce(&[next], Some(after.min(LONGEST_GAP)), Urgency::Due).await?;
        Ok(())
    }

    /// The same hint again, later: what an event said of it is still to be followed.
    async fn put_off(&self, notice: &Notice, asked: Option<Duration>) -> Result<(), ReconcileError> {
        if notice.attempt >= ATTEMPTS {
            tracing::error!(hint = %notice.hint.key(), "given up after {ATTEMPTS} attempts; the sweep goes on");
            return Ok(());
        }
        let next = notice.follow_up(notice.hint.clone(), notice.attempt + 1);
        let after = gap(notice.attempt).max(asked.unwrap_or_default()).min(LONGEST_GAP);
        self.announce(&[next], Some(after), Urgency::Due).await?;
        Ok(())
    }
}

fn gap(attempt: u32) -> Duration {
    FIRST_GAP.saturating_mul(1 << attempt.min(10))
}

fn wait_asked_for(error: &ArmError) -> Option<Duration> {
    match error.class() {
        Class::Throttled { after } | Class::Busy { after } | Class::Unavailable { after } => after,
        Class::Denied(_) | Class::Refused(_) | Class::NotFound | Class::Malformed => None,
    }
}
