//! From a half to the pairs it belongs to.

use super::ends::{ManagementEnds, Seat};
use super::ids::{NetworkManagerConnectionId, ScopeConnectionId};
use super::observe::KnownHalves;
use crate::arm::{ArmError, Deadline};
use crate::handshake::agreements::Whose;
use crate::handshake::ids::TenantId;
use crate::handshake::read::{Denial, Read};
use crate::kinds::{Observer, Prefetched, Resolved};

/// Reads a half to learn what it points at.
pub(super) struct Resolver<'a>(pub(super) &'a Observer<'a>);

impl Resolver<'_> {
    /// A central half names its scope. Where it cannot be read, the scopes are tried for which an agreement spells its
    /// manager out, and ours tells how it went. A pattern is no word that such a manager exists.
    pub(super) async fn by_scope_connection(
        &self,
        id: &ScopeConnectionId,
        written: bool,
        until: Deadline,
    ) -> Result<Resolved, ArmError> {
        let Some(whose) = self.0.agreements.whose(id.manager.subscription) else { return Ok(none()) };
        match self.0.resource_manager.scope_connection(self.tenant(whose), id, until).await? {
            Read::Found(half) => {
                let ends = self.0.agreements.management_ends(&id.manager, &half.scope);
                let known = KnownHalves { scope_connection: Some(half), ..KnownHalves::default() };
                Ok(seen(ends, known, written))
            }
            Read::Denied(denial) if whose != Whose::Ours && written => {
                let spelt_out = self.0.agreements.managements().filter(|(_, agreement)| {
                    let literal = agreement.manager.literal();
                    agreement.ours == Seat::Target && literal.is_some_and(|manager| manager == id.manager)
                });
                let ends = spelt_out.filter_map(|(_, agreement)| {
                    self.0.agreements.management_ends(&id.manager, &agreement.scope)
                });
                Ok(announced(ends, denial))
            }
            Read::Denied(denial) => Ok(Resolved::Unreadable(denial)),
            Read::Absent => Ok(none()),
        }
    }

    /// A target's half names its manager. Where it cannot be read, the managers are tried that the agreements spell out
    /// for its scope.
    pub(super) async fn by_connection(
        &self,
        id: &NetworkManagerConnectionId,
        written: bool,
        until: Deadline,
    ) -> Result<Resolved, ArmError> {
        let Some(whose) = self.0.agreements.whose_scope(&id.scope) else { return Ok(none()) };
        match self.0.resource_manager.connection(self.tenant(whose), id, until).await? {
            Read::Found(half) => {
                let ends = self.0.agreements.management_ends(&half.manager, &id.scope);
                let known = KnownHalves { connection: Some(half), ..KnownHalves::default() };
                Ok(seen(ends, known, written))
            }
            Read::Denied(denial) if whose != Whose::Ours && written => {
                let named =
                    self.0.agreements.managements().filter(|(_, agreement)| {
                        agreement.ours == Seat::Central && agreement.scope == id.scope
                    });
                let managers = named.filter_map(|(_, agreement)| agreement.manager.literal());
                let ends =
                    managers.filter_map(|manager| self.0.agreements.management_ends(&manager, &id.scope));
                Ok(announced(ends, denial))
            }
            Read::Denied(denial) => Ok(Resolved::Unreadable(denial)),
            Read::Absent => Ok(none()),
        }
    }

    fn tenant(&self, whose: Whose) -> TenantId {
        match whose {
            Whose::Ours => self.0.home,
            Whose::Theirs(partner) => partner,
        }
    }
}

fn none() -> Resolved {
    Resolved::Pairs(Vec::new())
}

fn seen(ends: Option<ManagementEnds>, known: KnownHalves, announced: bool) -> Resolved {
    let prefetched = Prefetched { announced, ..Prefetched::of(known) };
    Resolved::Pairs(ends.map(|ends| (ends.pair(), prefetched)).into_iter().collect())
}

/// What an agreement spells out, of a half that an event names and nobody here may read.
fn announced(ends: impl Iterator<Item = ManagementEnds>, denial: Denial) -> Resolved {
    let prefetched = || Prefetched { announced: true, ..Prefetched::default() };
    let pairs: Vec<_> = ends.map(|ends| (ends.pair(), prefetched())).collect();
    if pairs.is_empty() { Resolved::Unreadable(denial) } else { Resolved::Pairs(pairs) }
}
