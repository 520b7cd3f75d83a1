//! Following a hint: from a resource id to the handshakes it is about.

use std::time::Duration;

use super::{ReconcileError, Reconciler, Report};
use crate::arm::Deadline;
use crate::handshake::agreements::{Ends, Whose};
use crate::handshake::grants;
use crate::handshake::halves::{Network, Sight};
use crate::handshake::ids::{PeeringId, TenantId, VirtualNetworkId};
use crate::handshake::observation::Observation;
use crate::handshake::phase::Phase;
use crate::handshake::reason::Reason;
use crate::ledger::{Cause, LedgerError, Stored};

/// A hint is followed by so many passes at most; what needs more is left to the sweep.
const MOST_PASSES: usize = 6;
/// How long to wait for a pass that holds the handshake.
const HELD_WAIT: Duration = Duration::from_secs(1);

/// What to look at. A hint is never believed: it only names a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hint {
    /// Something happened to a half.
    Half {
        /// The half.
        half: PeeringId,
        /// Whether the event says that it was written, not deleted.
        written: bool,
        /// The correlation id of the write that raised the event. Our own writes are read back as they are made, so
        /// their echo is worth no call; a forged one loses a hint, and the sweep makes up for it.
        correlation: Option<uuid::Uuid>,
    },
    /// Something happened to a network.
    Network(VirtualNetworkId),
}

/// What came of following a hint.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Followed {
    /// How each pass's last look ended.
    pub reports: Vec<Report>,
    /// What kept us from finding out which handshake is meant.
    pub unreadable: Option<Reason>,
}

impl Reconciler {
    /// Follows a hint to the handshakes it is about, and looks at each until it rests or the deadline comes.
    ///
    /// A hint about a subscription that no agreement names costs no call.
    ///
    /// # Errors
    /// As [`Reconciler::pass`].
    pub async fn follow(
        &self,
        hint: &Hint,
        cause: &Cause,
        until: Deadline,
    ) -> Result<Followed, ReconcileError> {
        match hint {
            Hint::Half { half, written, correlation } => {
                let known = self.ledger.of_half(half).await?;
                if known.iter().any(|stored| self.is_echo(stored, *correlation)) {
                    return Ok(Followed::default());
                }
                self.follow_half(half, *written, known, cause, until).await
            }
            Hint::Network(network) => {
                let mut followed = Followed::default();
                if self.agreements.whose(network.subscription).is_some() {
                    for stored in self.ledger.of_network(network).await? {
                        followed.reports.push(self.look(&stored.record.ends(), None, cause, until).await?);
                    }
                }
                Ok(followed)
            }
        }
    }

    async fn follow_half(
        &self,
        half: &PeeringId,
        written: bool,
        known: Vec<Stored>,
        cause: &Cause,
        until: Deadline,
    ) -> Result<Followed, ReconcileError> {
        let mut followed = Followed::default();
        for stored in &known {
            followed.reports.push(self.look(&stored.record.ends(), None, cause, until).await?);
        }
        let still_shown = || async {
            let now_known = self.ledger.of_half(half).await?;
            Ok::<_, LedgerError>(now_known.iter().any(|stored| stored.record.shows(half)))
        };
        // A half on record may have been removed and made again under the same name, towards another network.
        let moved = written && !known.is_empty() && !still_shown().await?;
        match self.agreements.whose(half.network.subscription) {
            Some(whose) if known.is_empty() || moved => self.find(half, whose, cause, until, followed).await,
            Some(_) | None => Ok(followed),
        }
    }

    /// Reads the network to learn where the half points.
    async fn find(
        &self,
        half: &PeeringId,
        whose: Whose,
        cause: &Cause,
        until: Deadline,
        mut followed: Followed,
    ) -> Result<Followed, ReconcileError> {
        let sight = self.resource_manager.sight(self.tenant(whose), &half.network, until).await?;
        let network = match sight {
            Sight::Seen(network) => network,
            Sight::NotFound => return Ok(followed),
            Sight::Denied(denial) => {
                followed.unreadable = Some(grants::access_missing(&denial, &self.agreements));
                return Ok(followed);
            }
        };
        let Some(ends) = self.ends_of(&network, half) else { return Ok(followed) };
        let seen = self.complete(&ends, whose, network, until).await?;
        followed.reports.push(self.look(&ends, Some(seen), cause, until).await?);
        Ok(followed)
    }

    fn ends_of(&self, network: &Network, half: &PeeringId) -> Option<Ends> {
        let found = network.peerings.iter().find(|found| found.id.name == half.name)?;
        self.agreements.ends(&half.network, &found.remote)
    }

    /// One network was read already; the other is read now.
    async fn complete(
        &self,
        ends: &Ends,
        whose: Whose,
        network: Network,
        until: Deadline,
    ) -> Result<Observation, ReconcileError> {
        let here = Sight::Seen(network);
        Ok(match whose {
            Whose::Ours => {
                let theirs = self.resource_manager.sight(ends.partner, &ends.theirs, until).await?;
                Observation { ours: here, theirs }
            }
            Whose::Theirs(_) => {
                let ours = self.resource_manager.sight(self.home, &ends.ours, until).await?;
                Observation { ours, theirs: here }
            }
        })
    }

    /// Passes until the handshake rests, the deadline is near, or enough passes were made.
    async fn look(
        &self,
        ends: &Ends,
        mut seen: Option<Observation>,
        cause: &Cause,
        until: Deadline,
    ) -> Result<Report, ReconcileError> {
        let mut report = Report::Held;
        for _ in 0..MOST_PASSES {
            report = match self.pass(ends, seen.take(), cause, until).await {
                // Somebody else writes for this handshake: what they do not see yet, the next look does.
                Err(ReconcileError::Ledger(LedgerError::Conflict(_))) => Report::Held,
                other => other?,
            };
            let wait = match &report {
                Report::Held => HELD_WAIT,
                Report::Settled { again: Some(again), .. } => *again,
                Report::Settled { again: None, .. } | Report::Nothing => return Ok(report),
            };
            if wait >= until.remaining(&self.clock) {
                break;
            }
            tokio::time::sleep(wait).await;
        }
        Ok(report)
    }

    fn is_echo(&self, stored: &Stored, correlation: Option<uuid::Uuid>) -> bool {
        let record = &stored.record;
        let ours = record.intent.as_ref().is_some_and(|intent| Some(intent.correlation) == correlation);
        ours && (record.is_held(self.clock.now()) || record.phase != Phase::Completing)
    }

    fn tenant(&self, whose: Whose) -> TenantId {
        match whose {
            Whose::Ours => self.home,
            Whose::Theirs(partner) => partner,
        }
    }
}
