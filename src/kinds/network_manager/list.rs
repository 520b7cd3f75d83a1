//! The sweep's lists of network managers and connections. Connections of management groups raise no event, so that this
//! is how they are found.

use std::collections::BTreeMap;

use super::agreement::ManagementAgreement;
use super::chosen::Chosen;
use super::decide::beyond;
use super::ends::{ManagementEnds, Seat};
use super::halves::{ConnectionState, NetworkManager, NetworkManagerConnection, ScopeConnection};
use super::ids::NetworkManagerId;
use super::observation::ManagementObservation;
use super::read::ManagementView;
use crate::arm::{ArmError, Deadline, ListedIn};
use crate::handshake::agreements::Agreements;
use crate::handshake::ids::TenantId;
use crate::handshake::pair::Pair;
use crate::handshake::read::Read;
use crate::handshake::record::Record;
use crate::handshake::resource_id::ResourceId;
use crate::handshake::scope::Scope;
use crate::kinds::{Attempts, Listed, Observer, Shown};

/// Managers and connections of both tenants, as far as they may be read.
pub(super) struct ListedConnections {
    home: TenantId,
    managers: BTreeMap<NetworkManagerId, NetworkManager>,
    scope_connections: BTreeMap<NetworkManagerId, Read<Vec<ScopeConnection>>>,
    connections: BTreeMap<Scope, Read<Vec<NetworkManagerConnection>>>,
}

impl Listed for ListedConnections {
    fn pairs(&self, agreements: &Agreements) -> Vec<Pair> {
        let central = self.scope_connections.iter().flat_map(|(manager, read)| {
            seen(read).iter().filter_map(|half| agreements.management_ends(manager, &half.scope))
        });
        let target = self.connections.iter().flat_map(|(scope, read)| {
            seen(read).iter().filter_map(|half| agreements.management_ends(&half.manager, scope))
        });
        central.chain(target).map(|ends| ends.pair()).collect()
    }

    fn shown(&self, pair: &Pair, record: Option<&Record>, agreements: &Agreements) -> Shown {
        let Some(ends) = &ManagementEnds::of(pair.ours(), pair.theirs(), pair.partner()) else {
            return Shown::Nothing;
        };
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
            return Shown::Whole(Box::new(ManagementView { ends: ends.clone(), observation }));
        }
        let beyond = beyond(ends, &observation, record, agreements);
        Shown::Ours { state: ours, beyond, sought: false, tells_all: true }
    }
}

impl ListedConnections {
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
            central: central.map(|central| central.read),
            target: target.map(|target| target.read),
            taken: taken
                .map(|manager| manager.cross_tenant_scopes.iter().any(|(_, scope)| *scope == ends.scope)),
            taken_names: names.unwrap_or_default(),
            members: None,
            announced: false,
        }
    }

    fn central(&self, ends: &ManagementEnds) -> Option<Chosen<ScopeConnection>> {
        let read = self.scope_connections.get(&ends.manager)?.clone();
        let of = |half: &ScopeConnection| (ResourceId::of(&half.id), half.state);
        // Names of management groups are unique within a tenant only.
        let target = if ends.seat == Seat::Central { ends.partner } else { self.home };
        let this = |half: &ScopeConnection| half.scope == ends.scope && half.tenant == target;
        Some(Chosen::among(read, ends, this, of))
    }

    fn target(&self, ends: &ManagementEnds) -> Option<Chosen<NetworkManagerConnection>> {
        let read = self.connections.get(&ends.scope)?.clone();
        let of = |half: &NetworkManagerConnection| (ResourceId::of(&half.id), half.state);
        let this = |half: &NetworkManagerConnection| half.manager == ends.manager;
        Some(Chosen::among(read, ends, this, of))
    }
}

/// Lists everything that the agreements name.
pub(super) async fn list(
    observer: &Observer<'_>,
    until: Deadline,
    attempts: &mut Attempts,
) -> ListedConnections {
    let mut listed = ListedConnections {
        home: observer.home,
        managers: BTreeMap::new(),
        scope_connections: BTreeMap::new(),
        connections: BTreeMap::new(),
    };
    for (partner, agreement) in observer.agreements.managements() {
        let (central, target) = match agreement.ours {
            Seat::Central => (observer.home, partner.tenant),
            Seat::Target => (partner.tenant, observer.home),
        };
        if let Err(error) = list_scope(observer, target, agreement, &mut listed, attempts, until).await {
            attempts.failed(&agreement.scope.to_string(), &error, observer.agreements);
        }
        if let Err(error) = list_managers(observer, central, agreement, &mut listed, attempts, until).await {
            attempts.failed(&format!("network managers in tenant {central}"), &error, observer.agreements);
        }
    }
    listed
}

async fn list_scope(
    observer: &Observer<'_>,
    tenant: TenantId,
    agreement: &ManagementAgreement,
    listed: &mut ListedConnections,
    attempts: &mut Attempts,
    until: Deadline,
) -> Result<(), ArmError> {
    if !listed.connections.contains_key(&agreement.scope) {
        attempts.asked += 1;
        let read = observer.resource_manager.connections(tenant, &agreement.scope, until).await?;
        count(observer, tenant, &read, attempts);
        listed.connections.insert(agreement.scope.clone(), read);
    }
    Ok(())
}

/// The partner's managers may be out of sight, which management does not need: that is no trouble.
async fn list_managers(
    observer: &Observer<'_>,
    tenant: TenantId,
    agreement: &ManagementAgreement,
    listed: &mut ListedConnections,
    attempts: &mut Attempts,
    until: Deadline,
) -> Result<(), ArmError> {
    let place = ListedIn::Subscription(agreement.manager.subscription());
    attempts.asked += 1;
    let read = observer.resource_manager.managers(tenant, &place, until).await?;
    count(observer, tenant, &read, attempts);
    let Read::Found(managers) = read else { return Ok(()) };
    for manager in managers.into_iter().filter(|manager| agreement.manager.matches(&manager.id)) {
        if !listed.scope_connections.contains_key(&manager.id) {
            let read = observer.resource_manager.scope_connections(tenant, &manager.id, until).await?;
            listed.scope_connections.insert(manager.id.clone(), read);
        }
        listed.managers.insert(manager.id.clone(), manager);
    }
    Ok(())
}

/// Counts a list that was answered. What the partner keeps out of sight is no trouble: ours tells.
fn count<T>(observer: &Observer<'_>, tenant: TenantId, read: &Read<T>, attempts: &mut Attempts) {
    match read {
        Read::Found(_) | Read::Absent => attempts.had += 1,
        Read::Denied(denial) if tenant == observer.home => attempts.denied(denial, observer.agreements),
        Read::Denied(_) => {}
    }
}

fn seen<T>(read: &Read<Vec<T>>) -> &[T] {
    match read {
        Read::Found(halves) => halves,
        Read::Absent | Read::Denied(_) => &[],
    }
}

/// The state of a half as listed: `None` if the list could not be had, `Some(None)` if there is no half.
fn state<T>(chosen: Option<&Chosen<T>>, of: impl Fn(&T) -> ConnectionState) -> Option<Option<String>> {
    match &chosen?.read {
        Read::Found(found) => Some(Some(of(&found.half).to_string())),
        Read::Absent => Some(None),
        Read::Denied(_) => None,
    }
}
