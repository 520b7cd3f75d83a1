//! The sweep's lists of network managers and connections. Connections of management groups raise no event, so that this
//! is how they are found.

use std::collections::BTreeMap;

use super::{Attempts, Reconciler, Shown};
use crate::arm::{ArmError, Deadline, Place};
use crate::handshake::agreements::{Agreements, ManagementAgreement};
use crate::handshake::ids::TenantId;
use crate::handshake::management::decide;
use crate::handshake::management::ends::{ManagementEnds, Seat};
use crate::handshake::management::halves::{Look, NetworkManager, NetworkManagerConnection, ScopeConnection};
use crate::handshake::management::ids::{NetworkManagerId, Scope};
use crate::handshake::management::observation::ManagementObservation;
use crate::handshake::pair::{HalfId, State};
use crate::handshake::record::Record;
use crate::handshake::view::View;
use crate::reconcile::observe::Chosen;

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

    pub(super) fn shown(
        &self,
        ends: &ManagementEnds,
        record: Option<&Record>,
        agreements: &Agreements,
    ) -> Shown {
        let (central, target) = (self.central(ends), self.target(ends));
        let ours = match ends.seat {
            Seat::Central => state(central.as_ref(), |half: &ScopeConnection| half.state),
            Seat::Target => state(target.as_ref(), |half: &NetworkManagerConnection| half.state),
        };
        let Some(ours) = ours else { return Shown::Nothing };
        let fills =
            agreements.covering_management(ends).is_some_and(|(_, agreement)| !agreement.groups.is_empty());
        if fills {
            // Whether the groups are as they should be is not in these lists.
            return Shown::Nothing;
        }
        let is_whole = central.is_some() && target.is_some();
        let observation = self.observation(ends, central, target);
        if is_whole {
            return Shown::Whole(Box::new(View::Management(ends.clone(), observation)));
        }
        let beyond = decide::beyond(ends, &observation, record, agreements);
        Shown::Ours { state: ours, beyond, sought: false }
    }

    fn observation(
        &self,
        ends: &ManagementEnds,
        central: Option<Chosen<ScopeConnection>>,
        target: Option<Chosen<NetworkManagerConnection>>,
    ) -> ManagementObservation {
        let names = match ends.seat {
            Seat::Central => central.as_ref().map(|central| central.taken_names.clone()),
            Seat::Target => target.as_ref().map(|target| target.taken_names.clone()),
        };
        let taken = self.managers.get(&ends.manager).filter(|_| ends.seat == Seat::Central);
        ManagementObservation {
            central: central.map(|central| central.look),
            target: target.map(|target| target.look),
            taken: taken
                .map(|manager| manager.cross_tenant_scopes.iter().any(|(_, scope)| *scope == ends.scope)),
            taken_names: names.unwrap_or_default(),
            members: None,
            announced: false,
        }
    }

    fn central(&self, ends: &ManagementEnds) -> Option<Chosen<ScopeConnection>> {
        let look = self.scope_connections.get(&ends.manager)?.clone();
        let of = |half: &ScopeConnection| (HalfId::ScopeConnection(half.id.clone()), half.state);
        // Names of management groups are unique within a tenant only.
        let target = if ends.seat == Seat::Central { ends.partner } else { self.home };
        let this = |half: &ScopeConnection| half.scope == ends.scope && half.tenant == target;
        Some(Chosen::among(look, ends, this, of))
    }

    fn target(&self, ends: &ManagementEnds) -> Option<Chosen<NetworkManagerConnection>> {
        let look = self.connections.get(&ends.scope)?.clone();
        let of = |half: &NetworkManagerConnection| (HalfId::Connection(half.id.clone()), half.state);
        let this = |half: &NetworkManagerConnection| half.manager == ends.manager;
        Some(Chosen::among(look, ends, this, of))
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

/// The state of a half as listed: `None` if the list could not be had, `Some(None)` if there is no half.
fn state<T>(
    chosen: Option<&Chosen<T>>,
    of: impl Fn(&T) -> crate::handshake::management::halves::ConnectionState,
) -> Option<Option<State>> {
    match &chosen?.look {
        Look::Seen(found) => Some(Some(State::Connection(of(&found.half)))),
        Look::Absent => Some(None),
        Look::Denied(_) => None,
    }
}
