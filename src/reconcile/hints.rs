//! Following a hint: from a resource id to the handshakes it is about.

use std::time::Duration;

use uuid::Uuid;

use super::observe::Known;
use super::{ReconcileError, Reconciler, Report};
use crate::arm::Deadline;
use crate::handshake::agreements::Whose;
use crate::handshake::grants;
use crate::handshake::halves::{Denial, Sight};
use crate::handshake::ids::{PeeringId, TenantId};
use crate::handshake::management::ends::Seat;
use crate::handshake::management::halves::Look;
use crate::handshake::management::ids::{NetworkManagerConnectionId, ScopeConnectionId};
use crate::handshake::pair::{HalfId, Pair, Resource};
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
        half: HalfId,
        /// Whether the event says that it was written, not deleted.
        written: bool,
        /// The correlation id of the write that raised the event. Our own writes are read back as they are made, so
        /// their echo is worth no call; a forged one loses a hint, and the sweep makes up for it.
        correlation: Option<Uuid>,
    },
    /// Something happened to what stands at an end.
    Resource(Resource),
}

/// What came of following a hint.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Followed {
    /// How each pass's last look ended.
    pub reports: Vec<Report>,
    /// What kept us from finding out which handshake is meant.
    pub unreadable: Option<Reason>,
}

/// The handshakes that a half turns out to belong to, or why that cannot be told.
enum Meant {
    These(Vec<(Pair, Known)>),
    Unreadable(Denial),
}

impl Reconciler {
    /// Follows a hint to the handshakes it is about, and looks at each until it rests or the deadline comes.
    ///
    /// A hint about a subscription or management group that no agreement names costs no call.
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
            Hint::Resource(resource) => self.follow_resource(resource, cause, until).await,
        }
    }

    async fn follow_resource(
        &self,
        resource: &Resource,
        cause: &Cause,
        until: Deadline,
    ) -> Result<Followed, ReconcileError> {
        let mut followed = Followed::default();
        let mut touched = self.ledger.of_resource(resource).await?;
        if let Resource::Network(network) = resource {
            // A network of the partner's may belong in a network group of ours.
            for (_, agreement) in self.agreements.managements() {
                if agreement.groups.iter().any(|group| group.members.matches(network)) {
                    touched.extend(self.ledger.of_resource(&Resource::Scope(agreement.scope.clone())).await?);
                }
            }
        }
        for stored in touched {
            let known = Known { thorough: true, ..Known::default() };
            if let Some(pair) = stored.record.pair() {
                followed.reports.push(self.look(&pair, known, cause, until).await?);
            }
        }
        Ok(followed)
    }

    async fn follow_half(
        &self,
        half: &HalfId,
        written: bool,
        known: Vec<Stored>,
        cause: &Cause,
        until: Deadline,
    ) -> Result<Followed, ReconcileError> {
        let mut followed = Followed::default();
        for pair in known.iter().filter_map(|stored| stored.record.pair()) {
            let known = Known { announced: written, ..Known::default() };
            followed.reports.push(self.look(&pair, known, cause, until).await?);
        }
        let still_shown = || async {
            let now_known = self.ledger.of_half(half).await?;
            Ok::<_, LedgerError>(now_known.iter().any(|stored| stored.record.shows(half)))
        };
        // A half on record may have been removed and made again under the same name, towards another resource.
        let moved = written && !known.is_empty() && !still_shown().await?;
        if !known.is_empty() && !moved {
            return Ok(followed);
        }
        match self.meant(half, written, until).await? {
            Meant::These(pairs) => {
                for (pair, known) in pairs {
                    followed.reports.push(self.look(&pair, known, cause, until).await?);
                }
            }
            Meant::Unreadable(denial) => {
                followed.unreadable = Some(grants::access_missing(&denial, &self.agreements));
            }
        }
        Ok(followed)
    }

    /// Reads a half to learn what it points at.
    async fn meant(&self, half: &HalfId, written: bool, until: Deadline) -> Result<Meant, ReconcileError> {
        match half {
            HalfId::Peering(id) => self.meant_by_peering(id, until).await,
            HalfId::ScopeConnection(id) => self.meant_by_scope_connection(id, written, until).await,
            HalfId::Connection(id) => self.meant_by_connection(id, written, until).await,
        }
    }

    async fn meant_by_peering(&self, id: &PeeringId, until: Deadline) -> Result<Meant, ReconcileError> {
        let Some(whose) = self.agreements.whose(id.network.subscription) else { return Ok(Meant::none()) };
        let network = match self.resource_manager.sight(self.tenant(whose), &id.network, until).await? {
            Sight::Seen(network) => network,
            Sight::NotFound => return Ok(Meant::none()),
            Sight::Denied(denial) => return Ok(Meant::Unreadable(denial)),
        };
        let found = network.peerings.iter().find(|found| found.id.name == id.name);
        let Some(ends) = found.and_then(|found| self.agreements.ends(&id.network, &found.remote)) else {
            return Ok(Meant::none());
        };
        let known = Known { network: Some(network), ..Known::default() };
        Ok(Meant::These(vec![(Pair::Peering(ends), known)]))
    }

    /// A central half names its scope. Where it cannot be read, the scopes that the agreements give for its manager are
    /// tried, and ours tells how it went.
    async fn meant_by_scope_connection(
        &self,
        id: &ScopeConnectionId,
        written: bool,
        until: Deadline,
    ) -> Result<Meant, ReconcileError> {
        let Some(whose) = self.agreements.whose(id.manager.subscription) else { return Ok(Meant::none()) };
        match self.resource_manager.scope_connection(self.tenant(whose), id, until).await? {
            Look::Seen(half) => {
                let ends = self.agreements.management_ends(&id.manager, &half.scope);
                let known = Known { scope_connection: Some(half), announced: written, ..Known::default() };
                Ok(Meant::These(ends.map(|ends| (Pair::Management(ends), known)).into_iter().collect()))
            }
            Look::Denied(_) if whose != Whose::Ours && written => {
                let named = self.agreements.managements().filter(|(_, agreement)| {
                    agreement.seat() == Seat::Target && agreement.manager.matches(&id.manager)
                });
                let ends = named.filter_map(|(_, agreement)| {
                    self.agreements.management_ends(&id.manager, &agreement.scope)
                });
                let announced = || Known { announced: true, ..Known::default() };
                Ok(Meant::These(ends.map(|ends| (Pair::Management(ends), announced())).collect()))
            }
            Look::Denied(denial) => Ok(Meant::Unreadable(denial)),
            Look::Absent => Ok(Meant::none()),
        }
    }

    /// A target's half names its manager. Where it cannot be read, the managers are tried that the agreements spell out
    /// for its scope.
    async fn meant_by_connection(
        &self,
        id: &NetworkManagerConnectionId,
        written: bool,
        until: Deadline,
    ) -> Result<Meant, ReconcileError> {
        let Some(whose) = self.agreements.whose_scope(&id.scope) else { return Ok(Meant::none()) };
        match self.resource_manager.connection(self.tenant(whose), id, until).await? {
            Look::Seen(half) => {
                let ends = self.agreements.management_ends(&half.manager, &id.scope);
                let known = Known { connection: Some(half), announced: written, ..Known::default() };
                Ok(Meant::These(ends.map(|ends| (Pair::Management(ends), known)).into_iter().collect()))
            }
            Look::Denied(_) if whose != Whose::Ours && written => {
                let named = self.agreements.managements().filter(|(_, agreement)| {
                    agreement.seat() == Seat::Central && agreement.scope == id.scope
                });
                let managers = named.filter_map(|(_, agreement)| agreement.manager.literal());
                let ends =
                    managers.filter_map(|manager| self.agreements.management_ends(&manager, &id.scope));
                let announced = || Known { announced: true, ..Known::default() };
                Ok(Meant::These(ends.map(|ends| (Pair::Management(ends), announced())).collect()))
            }
            Look::Denied(denial) => Ok(Meant::Unreadable(denial)),
            Look::Absent => Ok(Meant::none()),
        }
    }

    /// Passes until the handshake rests, the deadline is near, or enough passes were made. The gaps grow.
    async fn look(
        &self,
        pair: &Pair,
        mut known: Known,
        cause: &Cause,
        until: Deadline,
    ) -> Result<Report, ReconcileError> {
        let mut report = Report::Held;
        let announced = known.announced;
        for round in 0..MOST_PASSES {
            let fresh = std::mem::take(&mut known);
            known.announced = announced;
            report = match self.pass(pair, fresh, cause, until).await {
                // Somebody else writes for this handshake: what they do not see yet, the next look does.
                Err(ReconcileError::Ledger(LedgerError::Conflict(_))) => Report::Held,
                other => other?,
            };
            let wait = match &report {
                Report::Held => HELD_WAIT,
                Report::Settled { again: Some(again), .. } => again.saturating_mul(1 << round),
                Report::Settled { again: None, .. } | Report::Nothing => return Ok(report),
            };
            if wait >= until.remaining(&self.clock) {
                break;
            }
            tokio::time::sleep(wait).await;
        }
        Ok(report)
    }

    fn is_echo(&self, stored: &Stored, correlation: Option<Uuid>) -> bool {
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

impl Meant {
    fn none() -> Self {
        Self::These(Vec::new())
    }
}
