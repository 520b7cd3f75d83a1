//! From a half to the handshakes it belongs to, where only Azure can tell.

use super::observe::Known;
use super::{ReconcileError, Reconciler};
use crate::arm::Deadline;
use crate::handshake::agreements::Whose;
use crate::handshake::halves::{Denial, Sight};
use crate::handshake::ids::{PeeringId, TenantId};
use crate::handshake::management::ends::{ManagementEnds, Seat};
use crate::handshake::management::halves::Look;
use crate::handshake::management::ids::{NetworkManagerConnectionId, ScopeConnectionId};
use crate::handshake::pair::{HalfId, Pair};

/// The handshakes that a half turns out to belong to, or why that cannot be told.
pub(super) enum Meant {
    These(Vec<(Pair, Known)>),
    Unreadable(Denial),
}

impl Reconciler {
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

    /// A central half names its scope. Where it cannot be read, the scopes are tried for which an agreement spells its
    /// manager out, and ours tells how it went. A pattern is no word that such a manager exists.
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
                Ok(Meant::seen(ends, known))
            }
            Look::Denied(denial) if whose != Whose::Ours && written => {
                let spelt_out = self.agreements.managements().filter(|(_, agreement)| {
                    let literal = agreement.manager.literal();
                    agreement.seat() == Seat::Target && literal.is_some_and(|manager| manager == id.manager)
                });
                let ends = spelt_out.filter_map(|(_, agreement)| {
                    self.agreements.management_ends(&id.manager, &agreement.scope)
                });
                Ok(Meant::announced(ends, denial))
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
                Ok(Meant::seen(ends, known))
            }
            Look::Denied(denial) if whose != Whose::Ours && written => {
                let named = self.agreements.managements().filter(|(_, agreement)| {
                    agreement.seat() == Seat::Central && agreement.scope == id.scope
                });
                let managers = named.filter_map(|(_, agreement)| agreement.manager.literal());
                let ends =
                    managers.filter_map(|manager| self.agreements.management_ends(&manager, &id.scope));
                Ok(Meant::announced(ends, denial))
            }
            Look::Denied(denial) => Ok(Meant::Unreadable(denial)),
            Look::Absent => Ok(Meant::none()),
        }
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

    fn seen(ends: Option<ManagementEnds>, known: Known) -> Self {
        Self::These(ends.map(|ends| (Pair::Management(ends), known)).into_iter().collect())
    }

    /// What an agreement spells out, of a half that an event names and nobody here may read.
    fn announced(ends: impl Iterator<Item = ManagementEnds>, denial: Denial) -> Self {
        let known = || Known { announced: true, ..Known::default() };
        let pairs: Vec<_> = ends.map(|ends| (Pair::Management(ends), known())).collect();
        if pairs.is_empty() { Self::Unreadable(denial) } else { Self::These(pairs) }
    }
}
