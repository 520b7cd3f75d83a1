//! The sweep's lists of network managers and connections. Connections of management groups raise no event, so that this
//! is how they are found.

use std::collections::BTreeMap;

use super::{Attempts, Reconciler, Shown};
use crate::arm::{ArmError, Deadline, Place};
use crate::handshake::agreements::{Agreements, ManagementAgreement};
use crate::handshake::ids::TenantId;
use crate::handshake::management::ends::{ManagementEnds, Seat};
use crate::handshake::management::halves::{Look, NetworkManager, NetworkManagerConnection, ScopeConnection};
use crate::handshake::management::ids::{NetworkManagerId, Scope};
use crate::handshake::management::observation::{Found, ManagementObservation};
use crate::handshake::pair::{HalfId, State};
use crate::handshake::view::View;

/// Managers and connections of both tenants, as far as they may be read.
pub(super) struct ListedConnections {
    home: TenantId,
    managers: BTreeMap<NetworkManagerId, NetworkManager>,
    scope_connections: BTreeMap<NetworkManagerId, Look<Vec<ScopeConnection>>>,
    connections: BTreeMap<Scope, Look<Vec<NetworkManagerConnection>>>,
}

impl ListedConnections {
    /// The handshakes that the halves in the lists make.
    pub(super) fn pairs<'a>(
        &'a self,
        agreements: &'a Agreements,
    ) -> impl Iterator<Item = ManagementEnds> + 'a {
        let central = self.scope_connections.iter().flat_map(|(manager, look)| {
            seen(look).iter().filter_map(|half| agreements.management_ends(manager, &half.scope))
        });
        let target = self.connections.iter().flat_map(|(scope, look)| {
            seen(look).iter().filter_map(|half| agreements.management_ends(&half.manager, scope))
        });
        central.chain(target)
    }

    pub(super) fn shown(&self, ends: &ManagementEnds, agreements: &Agreements) -> Shown {
        let central = self.central(ends);
        let target = self.target(ends);
        let ours = match ends.seat {
            Seat::Central => state(central.as_ref(), |half: &ScopeConnection| half.state),
            Seat::Target => state(target.as_ref(), |half: &NetworkManagerConnection| half.state),
        };
        let fills =
            agreements.covering_management(ends).is_some_and(|(_, agreement)| !agreement.groups.is_empty());
        match (ours, central, target) {
            // Whether the groups are as they should be is not in these lists.
            (Some(_), _, _) if fills => Shown::Nothing,
            (Some(_), Some(central), Some(target)) => {
                let taken = self
                    .managers
                    .get(&ends.manager)
                    .map(|manager| manager.cross_tenant_scopes.iter().any(|(_, scope)| *scope == ends.scope));
                let observation = ManagementObservation {
                    central: Some(central),
                    target: Some(target),
                    taken: taken.filter(|_| ends.seat == Seat::Central),
                    members: None,
                    announced: false,
                };
                Shown::Whole(Box::new(View::Management(ends.clone(), observation)))
            }
            (Some(state), _, _) => Shown::Ours { state, sought: false },
            (None, _, _) => Shown::Nothing,
        }
    }

    fn central(&self, ends: &ManagementEnds) -> Option<Look<Found<ScopeConnection>>> {
        let look = self.scope_connections.get(&ends.manager)?;
        let of = |half: &ScopeConnection| (HalfId::ScopeConnection(half.id.clone()), half.state);
        // Names of management groups are unique within a tenant only.
        let target = if ends.seat == Seat::Central { ends.partner } else { self.home };
        Some(among(look, |half| half.scope == ends.scope && half.tenant == target, of))
    }

    fn target(&self, ends: &ManagementEnds) -> Option<Look<Found<NetworkManagerConnection>>> {
        let look = self.connections.get(&ends.scope)?;
        let of = |half: &NetworkManagerConnection| (HalfId::Connection(half.id.clone()), half.state);
        Some(among(look, |half| half.manager == ends.manager, of))
    }
}

impl Reconciler {
    pub(super) async fn list_connections(
        &self,
        until: Deadline,
        attempts: &mut Attempts,
    ) -> ListedConnections {
        let mut listed = ListedConnections {
            home: self.home,
            managers: BTreeMap::new(),
            scope_connections: BTreeMap::new(),
            connections: BTreeMap::new(),
        };
        for (partner, agreement) in self.agreements.managements() {
            let (central, target) = match agreement.seat() {
                Seat::Central => (self.home, partner.tenant),
                Seat::Target => (partner.tenant, self.home),
            };
            if let Err(error) = self.list_scope(target, agreement, &mut listed, attempts, until).await {
                attempts.troubles.push(self.trouble(&agreement.scope.to_string(), &error));
            }
            if let Err(error) = self.list_managers(central, agreement, &mut listed, attempts, until).await {
                attempts
                    .troubles
                    .push(self.trouble(&format!("network managers in tenant {central}"), &error));
            }
        }
        listed
    }

    async fn list_scope(
        &self,
        tenant: TenantId,
        agreement: &ManagementAgreement,
        listed: &mut ListedConnections,
        attempts: &mut Attempts,
        until: Deadline,
    ) -> Result<(), ArmError> {
        if !listed.connections.contains_key(&agreement.scope) {
            attempts.asked += 1;
            let look = self.resource_manager.connections(tenant, &agreement.scope, until).await?;
            self.count(tenant, &look, attempts);
            listed.connections.insert(agreement.scope.clone(), look);
        }
        Ok(())
    }

    /// The partner's managers may be out of sight, which management does not need: that is no trouble.
    async fn list_managers(
        &self,
        tenant: TenantId,
        agreement: &ManagementAgreement,
        listed: &mut ListedConnections,
        attempts: &mut Attempts,
        until: Deadline,
    ) -> Result<(), ArmError> {
        let place = Place::Subscription(agreement.manager.subscription());
        attempts.asked += 1;
        let look = self.resource_manager.managers(tenant, &place, until).await?;
        self.count(tenant, &look, attempts);
        let Look::Seen(managers) = look else { return Ok(()) };
        for manager in managers.into_iter().filter(|manager| agreement.manager.matches(&manager.id)) {
            if !listed.scope_connections.contains_key(&manager.id) {
                let look = self.resource_manager.scope_connections(tenant, &manager.id, until).await?;
                listed.scope_connections.insert(manager.id.clone(), look);
            }
            listed.managers.insert(manager.id.clone(), manager);
        }
        Ok(())
    }

    /// Counts a list that was answered. What the partner keeps out of sight is no trouble: ours tells.
    fn count<T>(&self, tenant: TenantId, look: &Look<T>, attempts: &mut Attempts) {
        match look {
            Look::Seen(_) | Look::Absent => attempts.had += 1,
            Look::Denied(denial) if tenant == self.home => attempts.troubles.push(self.denied(denial)),
            Look::Denied(_) => {}
        }
    }
}

fn seen<T>(look: &Look<Vec<T>>) -> &[T] {
    match look {
        Look::Seen(halves) => halves,
        Look::Absent | Look::Denied(_) => &[],
    }
}

fn among<T: Clone>(
    look: &Look<Vec<T>>,
    this: impl Fn(&&T) -> bool,
    of: impl Fn(&T) -> (HalfId, crate::handshake::management::halves::ConnectionState),
) -> Look<Found<T>> {
    match look {
        Look::Seen(halves) => {
            let mine = halves.iter().filter(this).cloned().collect();
            Found::among(mine, of).map_or(Look::Absent, Look::Seen)
        }
        Look::Absent => Look::Absent,
        Look::Denied(denial) => Look::Denied(denial.clone()),
    }
}

/// The state of a half as listed: `None` if the list could not be had, `Some(None)` if there is no half.
fn state<T>(
    look: Option<&Look<Found<T>>>,
    of: impl Fn(&T) -> crate::handshake::management::halves::ConnectionState,
) -> Option<Option<State>> {
    match look? {
        Look::Seen(found) => Some(Some(State::Connection(of(&found.half)))),
        Look::Absent => Some(None),
        Look::Denied(_) => None,
    }
}
