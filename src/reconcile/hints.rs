//! Following a hint: from a resource id to the handshakes it is about.

use serde::{Deserialize, Serialize};
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
use crate::handshake::request_queue::RequestKey;
use crate::ledger::{Cause, HintKey, LedgerError, Stored};

/// What to look at. A hint is never believed: it only names a resource.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
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
    /// A handshake is to be looked at.
    Handshake {
        /// What stands at our end.
        ours: Resource,
        /// What stands at the partner's end.
        theirs: Resource,
    },
    /// A request was received, and which handshake it is about is still to be found out.
    Request(RequestKey),
}

impl Hint {
    /// A look at this pair.
    #[must_use]
    pub fn at(pair: &Pair) -> Self {
        Self::Handshake { ours: pair.ours(), theirs: pair.theirs() }
    }

    /// Two hints with one key are about the same thing, and one look serves both.
    #[must_use]
    pub fn key(&self) -> HintKey {
        HintKey::new(&match self {
            Self::Half { half, written: true, .. } => format!("written {half}"),
            Self::Half { half, written: false, .. } => format!("deleted {half}"),
            Self::Resource(resource) => format!("resource {resource}"),
            Self::Handshake { ours, theirs } => format!("handshake {ours} {theirs}"),
            Self::Request(id) => format!("request {id}"),
        })
    }

    /// What the hint is about, in a word.
    #[must_use]
    pub fn subject(&self) -> &'static str {
        match self {
            Self::Half { .. } => "half",
            Self::Resource(_) => "resource",
            Self::Handshake { .. } => "handshake",
            Self::Request(_) => "request",
        }
    }
}

/// A pass that was made.
#[derive(Clone, Debug, PartialEq)]
pub struct Looked {
    /// What was looked at.
    pub pair: Pair,
    /// How it ended.
    pub report: Report,
}

/// What came of following a hint.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Followed {
    /// The passes that were made.
    pub looks: Vec<Looked>,
    /// What kept us from finding out which handshake is meant.
    pub unreadable: Option<Reason>,
}

/// The handshakes that a half turns out to belong to, or why that cannot be told.
pub(super) enum Meant {
    These(Vec<(Pair, Known)>),
    Unreadable(Denial),
}

impl Reconciler {
    /// Whether a hint is the echo of a write of our own, which was read back as it was made.
    ///
    /// # Errors
    /// The ledger failed.
    pub async fn is_echo(&self, hint: &Hint) -> Result<bool, ReconcileError> {
        let Hint::Half { half, correlation: Some(correlation), .. } = hint else { return Ok(false) };
        let known = self.ledger.of_half(half).await?;
        Ok(known.iter().any(|stored| self.wrote(stored, *correlation)))
    }

    /// Follows a hint to the handshakes it is about, and makes a pass for each.
    ///
    /// A hint about a subscription or management group that no agreement names costs no call.
    ///
    /// # Errors
    /// As [`Reconciler::pass`].
    pub(super) async fn follow(
        &self,
        hint: &Hint,
        cause: &Cause,
        until: Deadline,
    ) -> Result<Followed, ReconcileError> {
        match hint {
            Hint::Half { half, written, .. } => {
                if self.is_echo(hint).await? {
                    return Ok(Followed::default());
                }
                let known = self.ledger.of_half(half).await?;
                self.follow_half(half, *written, known, cause, until).await
            }
            Hint::Resource(resource) => self.follow_resource(resource, cause, until).await,
            Hint::Handshake { ours, theirs } => self.follow_pair(ours, theirs, cause, until).await,
            Hint::Request(id) => self.follow_request(id, until).await,
        }
    }

    /// The agreements say whose the two ends are; where they do not any more, the record does.
    async fn follow_pair(
        &self,
        ours: &Resource,
        theirs: &Resource,
        cause: &Cause,
        until: Deadline,
    ) -> Result<Followed, ReconcileError> {
        let mut followed = Followed::default();
        let pair = match self.agreements.pair(ours, theirs) {
            Some(pair) => Some(pair),
            None => {
                let known = self.ledger.of_resource(ours).await?.into_iter();
                known.filter_map(|stored| stored.record.pair()).find(|pair| pair.theirs() == *theirs)
            }
        };
        if let Some(pair) = pair {
            let known = Known { thorough: true, ..Known::default() };
            followed.looks.push(self.look(pair, known, cause, until).await?);
        }
        Ok(followed)
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
                followed.looks.push(self.look(pair, known, cause, until).await?);
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
            followed.looks.push(self.look(pair, known, cause, until).await?);
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
                    followed.looks.push(self.look(pair, known, cause, until).await?);
                }
            }
            Meant::Unreadable(denial) => {
                followed.unreadable = Some(grants::access_missing(&denial, &self.agreements));
            }
        }
        Ok(followed)
    }

    /// Reads a half to learn what it points at.
    pub(super) async fn meant(
        &self,
        half: &HalfId,
        written: bool,
        until: Deadline,
    ) -> Result<Meant, ReconcileError> {
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

    /// One pass, whose record was perhaps changed meanwhile by somebody else: what they do not see yet, the next does.
    async fn look(
        &self,
        pair: Pair,
        known: Known,
        cause: &Cause,
        until: Deadline,
    ) -> Result<Looked, ReconcileError> {
        let report = match self.pass(&pair, known, cause, until).await {
            Err(ReconcileError::Ledger(LedgerError::Conflict(_))) => Report::Held { until: None },
            other => other?,
        };
        Ok(Looked { pair, report })
    }

    fn wrote(&self, stored: &Stored, correlation: Uuid) -> bool {
        let record = &stored.record;
        let ours = record.intent.as_ref().is_some_and(|intent| intent.correlation == correlation);
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
