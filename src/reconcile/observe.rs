//! Looking: from a pair to what is seen of it, with no read that is not needed.

use std::collections::BTreeSet;

use super::budget::Payer;
use crate::arm::{ArmError, Deadline, Place, ResourceManager};
use crate::handshake::agreements::{Agreements, Ends, ManagementAgreement};
use crate::handshake::halves::{Network, Sight};
use crate::handshake::ids::{HandshakeId, Name, TenantId, VirtualNetworkId};
use crate::handshake::management::ends::{ManagementEnds, Seat};
use crate::handshake::management::halves::{
    ConnectionState, Look, NetworkManagerConnection, ScopeConnection,
};
use crate::handshake::management::ids::{NetworkGroupId, NetworkManagerConnectionId, ScopeConnectionId};
use crate::handshake::management::members::{GroupSeen, MembersSeen};
use crate::handshake::management::observation::{Found, ManagementObservation};
use crate::handshake::observation::Observation;
use crate::handshake::pair::{HalfId, Pair};
use crate::handshake::phase::Phase;
use crate::handshake::record::Record;
use crate::handshake::view::View;

/// What reads both tenants.
#[derive(Clone, Copy)]
pub struct Eyes<'a> {
    /// The tenant that we live in.
    pub home: TenantId,
    /// Says which groups are filled.
    pub agreements: &'a Agreements,
    /// Azure.
    pub resource_manager: &'a ResourceManager,
}

/// What was read or learnt just now, and need not be read again.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// One of the two networks of a peering.
    pub network: Option<Network>,
    /// The central half of a management handshake.
    pub scope_connection: Option<ScopeConnection>,
    /// The target's half.
    pub connection: Option<NetworkManagerConnection>,
    /// An event named their half just now.
    pub announced: bool,
    /// An event made us look, and this is whose budget it goes to.
    pub payer: Option<Payer>,
    /// Look at everything, though the record says that all is well: at the members of groups, and at lists instead of the
    /// halves that the record names, so that a second half of the same pair shows.
    pub thorough: bool,
}

impl Eyes<'_> {
    /// Reads both halves.
    ///
    /// # Errors
    /// Azure could not be read; what is not there or not for us is an observation, not an error.
    pub async fn observe(
        &self,
        pair: &Pair,
        record: Option<&Record>,
        known: Known,
        until: Deadline,
    ) -> Result<View, ArmError> {
        match pair {
            Pair::Peering(ends) => {
                Ok(View::Peering(ends.clone(), self.networks(ends, known.network, until).await?))
            }
            Pair::Management(ends) => {
                let observation = self.connections(ends, record, known, until).await?;
                Ok(View::Management(ends.clone(), observation))
            }
        }
    }

    /// Both networks at once: two GETs, in which everything is that a decision needs.
    async fn networks(
        &self,
        ends: &Ends,
        known: Option<Network>,
        until: Deadline,
    ) -> Result<Observation, ArmError> {
        let sight = async |tenant: TenantId, id: &VirtualNetworkId| match &known {
            Some(network) if network.id == *id => Ok(Sight::Seen(network.clone())),
            Some(_) | None => self.resource_manager.sight(tenant, id, until).await,
        };
        let (ours, theirs) = tokio::join!(sight(self.home, &ends.ours), sight(ends.partner, &ends.theirs));
        Ok(Observation { ours: ours?, theirs: theirs? })
    }

    /// Both connections. A central half that is connected and on record as such tells all, together with its manager's
    /// view, so that theirs is not asked for.
    async fn connections(
        &self,
        ends: &ManagementEnds,
        record: Option<&Record>,
        known: Known,
        until: Deadline,
    ) -> Result<ManagementObservation, ArmError> {
        let Known { scope_connection, connection, announced, thorough, .. } = known;
        let settled = record.is_some_and(|record| record.phase == Phase::Connected);
        let named = record.filter(|_| !thorough);
        let central = self.central(ends, named, scope_connection, until);
        let (central, target) = if ends.seat == Seat::Central && settled && connection.is_none() {
            let central = central.await?;
            let told = is_connected(&central.look);
            let target = if told { None } else { Some(self.target(ends, named, connection, until).await?) };
            (central, target)
        } else {
            let (central, target) = tokio::join!(central, self.target(ends, named, connection, until));
            (central?, Some(target?))
        };
        let (taken_by_central, central) = (central.taken_names, central.look);
        let (taken_by_target, target) =
            target.map_or_else(Default::default, |target| (target.taken_names, Some(target.look)));
        let taken_names = if ends.seat == Seat::Central { taken_by_central } else { taken_by_target };
        let connected = is_connected(&central);
        let taken =
            if ends.seat == Seat::Central && connected { self.taken(ends, until).await? } else { None };
        let agreement = self.agreements.covering_management(ends).map(|(_, agreement)| agreement);
        let filled = agreement.filter(|agreement| {
            ends.seat == Seat::Central && connected && !agreement.groups.is_empty() && (thorough || !settled)
        });
        let members = match filled {
            Some(agreement) => Some(self.members(ends, agreement, until).await?),
            None => None,
        };
        Ok(ManagementObservation { central: Some(central), target, taken, members, taken_names, announced })
    }

    async fn central(
        &self,
        ends: &ManagementEnds,
        record: Option<&Record>,
        known: Option<ScopeConnection>,
        until: Deadline,
    ) -> Result<Chosen<ScopeConnection>, ArmError> {
        let (central, target) = self.tenants(ends);
        let this = |half: &ScopeConnection| half.scope == ends.scope && half.tenant == target;
        if let Some(half) = known.filter(this) {
            return Ok(Chosen::only(half));
        }
        if let Some(id) = record.and_then(|record| scope_connection_of(record, ends)) {
            match self.resource_manager.scope_connection(central, &id, until).await? {
                Look::Seen(half) if this(&half) => return Ok(Chosen::only(half)),
                Look::Denied(denial) => return Ok(Look::Denied(denial).into()),
                Look::Seen(_) | Look::Absent => {}
            }
        }
        let listed = self.resource_manager.scope_connections(central, &ends.manager, until).await?;
        let of = |half: &ScopeConnection| (HalfId::ScopeConnection(half.id.clone()), half.state);
        Ok(Chosen::among(listed, ends, this, of))
    }

    async fn target(
        &self,
        ends: &ManagementEnds,
        record: Option<&Record>,
        known: Option<NetworkManagerConnection>,
        until: Deadline,
    ) -> Result<Chosen<NetworkManagerConnection>, ArmError> {
        let (_, target) = self.tenants(ends);
        let this = |half: &NetworkManagerConnection| half.manager == ends.manager;
        if let Some(half) = known.filter(this) {
            return Ok(Chosen::only(half));
        }
        if let Some(id) = record.and_then(|record| connection_of(record, ends)) {
            match self.resource_manager.connection(target, &id, until).await? {
                Look::Seen(half) if this(&half) => return Ok(Chosen::only(half)),
                Look::Denied(denial) => return Ok(Look::Denied(denial).into()),
                Look::Seen(_) | Look::Absent => {}
            }
        }
        let listed = self.resource_manager.connections(target, &ends.scope, until).await?;
        let of = |half: &NetworkManagerConnection| (HalfId::Connection(half.id.clone()), half.state);
        Ok(Chosen::among(listed, ends, this, of))
    }

    async fn taken(&self, ends: &ManagementEnds, until: Deadline) -> Result<Option<bool>, ArmError> {
        Ok(match self.resource_manager.manager(self.home, &ends.manager, until).await? {
            Look::Seen(manager) => {
                let listed =
                    |(tenant, scope): &(TenantId, _)| *tenant == ends.partner && *scope == ends.scope;
                Some(manager.cross_tenant_scopes.iter().any(listed))
            }
            Look::Absent | Look::Denied(_) => None,
        })
    }

    async fn members(
        &self,
        ends: &ManagementEnds,
        agreement: &ManagementAgreement,
        until: Deadline,
    ) -> Result<MembersSeen, ArmError> {
        let mut groups = Vec::new();
        for group in &agreement.groups {
            let id = NetworkGroupId { manager: ends.manager.clone(), name: group.name.clone() };
            let members = match self.resource_manager.members(self.home, &id, until).await? {
                Look::Seen(members) => Some(members),
                Look::Absent | Look::Denied(_) => None,
            };
            groups.push(GroupSeen { id, members });
        }
        let mut networks = Some(Vec::new());
        let subscriptions: BTreeSet<_> =
            agreement.groups.iter().map(|group| group.members.subscription()).collect();
        for place in subscriptions.into_iter().map(Place::Subscription) {
            // Who cannot be listed is neither added nor removed.
            match self.resource_manager.networks(ends.partner, &place, until).await {
                Ok(found) => {
                    if let Some(networks) = &mut networks {
                        networks.extend(found.into_iter().map(|network| network.id));
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, "the partner's networks cannot be listed for network groups");
                    networks = None;
                }
            }
        }
        Ok(MembersSeen { groups, networks })
    }

    /// The central tenant and the target's.
    fn tenants(&self, ends: &ManagementEnds) -> (TenantId, TenantId) {
        match ends.seat {
            Seat::Central => (self.home, ends.partner),
            Seat::Target => (ends.partner, self.home),
        }
    }
}

fn is_connected(central: &Look<Found<ScopeConnection>>) -> bool {
    matches!(central, Look::Seen(found) if found.half.state == ConnectionState::Connected)
}

/// What stands at one end, and which names of ours somebody else's connections have there.
pub(super) struct Chosen<T> {
    pub(super) look: Look<Found<T>>,
    pub(super) taken_names: Vec<Name>,
}

impl<T> Chosen<T> {
    fn only(half: T) -> Self {
        Look::Seen(Found { half, others: Vec::new() }).into()
    }

    /// The half of this pair among those of a list.
    pub(super) fn among(
        listed: Look<Vec<T>>,
        ends: &ManagementEnds,
        this: impl Fn(&T) -> bool,
        of: impl Fn(&T) -> (HalfId, ConnectionState),
    ) -> Self {
        match listed {
            Look::Seen(halves) => {
                let (mine, others): (Vec<T>, Vec<T>) = halves.into_iter().partition(this);
                let ours = Name::of_halves(&HandshakeId::of_management(&ends.manager, &ends.scope));
                let names = others.iter().map(|other| of(other).0.name().clone());
                let taken_names = names.filter(|name| ours.contains(name)).collect();
                Self { look: Found::among(mine, of).map_or(Look::Absent, Look::Seen), taken_names }
            }
            Look::Absent => Look::Absent.into(),
            Look::Denied(denial) => Look::Denied(denial).into(),
        }
    }
}

impl<T> From<Look<Found<T>>> for Chosen<T> {
    fn from(look: Look<Found<T>>) -> Self {
        Self { look, taken_names: Vec::new() }
    }
}

fn scope_connection_of(record: &Record, ends: &ManagementEnds) -> Option<ScopeConnectionId> {
    let end = if ends.seat == Seat::Central { &record.ours } else { &record.theirs };
    match end.half.as_ref()? {
        HalfId::ScopeConnection(id) => Some(id.clone()),
        HalfId::Peering(_) | HalfId::Connection(_) => None,
    }
}

fn connection_of(record: &Record, ends: &ManagementEnds) -> Option<NetworkManagerConnectionId> {
    let end = if ends.seat == Seat::Target { &record.ours } else { &record.theirs };
    match end.half.as_ref()? {
        HalfId::Connection(id) => Some(id.clone()),
        HalfId::Peering(_) | HalfId::ScopeConnection(_) => None,
    }
}
