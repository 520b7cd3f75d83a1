//! Reading both halves, with no read that is not needed.

use std::collections::BTreeSet;

use super::agreement::ManagementAgreement;
use super::chosen::Chosen;
use super::ends::{ManagementEnds, Seat};
use super::halves::{ConnectionState, NetworkManagerConnection, ScopeConnection};
use super::ids::NetworkGroupId;
use super::members::{GroupSeen, MembersSeen};
use super::observation::{Found, ManagementObservation};
use crate::arm::{ArmError, Deadline};
use crate::handshake::ids::TenantId;
use crate::handshake::phase::Phase;
use crate::handshake::read::Read;
use crate::handshake::record::Record;
use crate::handshake::resource_id::ResourceId;
use crate::kinds::{Observer, Prefetched};

/// What reads both halves.
pub(super) struct Connections<'a> {
    pub(super) observer: &'a Observer<'a>,
}

/// Halves that were read just now.
#[derive(Clone, Debug, Default)]
pub(super) struct KnownHalves {
    /// The central one.
    pub(super) scope_connection: Option<ScopeConnection>,
    /// The target's.
    pub(super) connection: Option<NetworkManagerConnection>,
}

impl Connections<'_> {
    /// Both connections. A central half that is connected and on record as such tells all, together with its manager's
    /// view, so that theirs is not asked for.
    pub(super) async fn connections(
        &self,
        ends: &ManagementEnds,
        record: Option<&Record>,
        prefetched: &Prefetched,
        until: Deadline,
    ) -> Result<ManagementObservation, ArmError> {
        let Prefetched { announced, thorough, .. } = prefetched;
        let KnownHalves { scope_connection, connection } = prefetched.get().cloned().unwrap_or_default();
        let settled = record.is_some_and(|record| record.phase == Phase::Connected);
        let named = record.filter(|_| !*thorough);
        let central = self.central(ends, named, scope_connection, until);
        let (central, target) = if ends.seat == Seat::Central && settled && connection.is_none() {
            let central = central.await?;
            let told = is_connected(&central.read);
            let target = if told { None } else { Some(self.target(ends, named, connection, until).await?) };
            (central, target)
        } else {
            let (central, target) = tokio::join!(central, self.target(ends, named, connection, until));
            (central?, Some(target?))
        };
        let (taken_by_central, central) = (central.taken_names, central.read);
        let (taken_by_target, target) =
            target.map_or_else(Default::default, |target| (target.taken_names, Some(target.read)));
        let taken_names = if ends.seat == Seat::Central { taken_by_central } else { taken_by_target };
        let connected = is_connected(&central);
        let taken =
            if ends.seat == Seat::Central && connected { self.taken(ends, until).await? } else { None };
        let agreement = self.observer.agreements.covering_management(ends).map(|(_, agreement)| agreement);
        let filled = agreement.filter(|agreement| {
            ends.seat == Seat::Central && connected && !agreement.groups.is_empty() && (*thorough || !settled)
        });
        let members = match filled {
            Some(agreement) => Some(self.members(ends, agreement, until).await?),
            None => None,
        };
        Ok(ManagementObservation {
            central: Some(central),
            target,
            taken,
            members,
            taken_names,
            announced: *announced,
        })
    }

    async fn central(
        &self,
        ends: &ManagementEnds,
        record: Option<&Record>,
        known: Option<ScopeConnection>,
        until: Deadline,
    ) -> Result<Chosen<ScopeConnection>, ArmError> {
        let (central, target) = tenants(self.observer.home, ends);
        let this = |half: &ScopeConnection| half.scope == ends.scope && half.tenant == target;
        if let Some(half) = known.filter(this) {
            return Ok(Chosen::only(half));
        }
        if let Some(id) = record.and_then(|record| known_half(record, ends, Seat::Central)) {
            match self.observer.resource_manager.scope_connection(central, &id, until).await? {
                Read::Found(half) if this(&half) => return Ok(Chosen::only(half)),
                Read::Denied(denial) => return Ok(Read::Denied(denial).into()),
                Read::Found(_) | Read::Absent => {}
            }
        }
        let listed = self.observer.resource_manager.scope_connections(central, &ends.manager, until).await?;
        let of = |half: &ScopeConnection| (ResourceId::of(&half.id), half.state);
        Ok(Chosen::among(listed, ends, this, of))
    }

    async fn target(
        &self,
        ends: &ManagementEnds,
        record: Option<&Record>,
        known: Option<NetworkManagerConnection>,
        until: Deadline,
    ) -> Result<Chosen<NetworkManagerConnection>, ArmError> {
        let (_, target) = tenants(self.observer.home, ends);
        let this = |half: &NetworkManagerConnection| half.manager == ends.manager;
        if let Some(half) = known.filter(this) {
            return Ok(Chosen::only(half));
        }
        if let Some(id) = record.and_then(|record| known_half(record, ends, Seat::Target)) {
            match self.observer.resource_manager.connection(target, &id, until).await? {
                Read::Found(half) if this(&half) => return Ok(Chosen::only(half)),
                Read::Denied(denial) => return Ok(Read::Denied(denial).into()),
                Read::Found(_) | Read::Absent => {}
            }
        }
        let listed = self.observer.resource_manager.connections(target, &ends.scope, until).await?;
        let of = |half: &NetworkManagerConnection| (ResourceId::of(&half.id), half.state);
        Ok(Chosen::among(listed, ends, this, of))
    }

    async fn taken(&self, ends: &ManagementEnds, until: Deadline) -> Result<Option<bool>, ArmError> {
        Ok(match self.observer.resource_manager.manager(self.observer.home, &ends.manager, until).await? {
            Read::Found(manager) => {
                let listed =
                    |(tenant, scope): &(TenantId, _)| *tenant == ends.partner && *scope == ends.scope;
                Some(manager.cross_tenant_scopes.iter().any(listed))
            }
            Read::Absent | Read::Denied(_) => None,
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
            let members = match self.observer.resource_manager.members(self.observer.home, &id, until).await?
            {
                Read::Found(members) => Some(members),
                Read::Absent | Read::Denied(_) => None,
            };
            groups.push(GroupSeen { id, members });
        }
        let mut networks = Some(Vec::new());
        let subscriptions: BTreeSet<_> =
            agreement.groups.iter().map(|group| group.members.subscription()).collect();
        for subscription in subscriptions {
            // Who cannot be listed is neither added nor removed.
            match self.observer.resource_manager.network_ids(ends.partner, subscription, until).await {
                Ok(found) => {
                    if let Some(networks) = &mut networks {
                        networks.extend(found);
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
}

/// The central tenant and the target's.
fn tenants(home: TenantId, ends: &ManagementEnds) -> (TenantId, TenantId) {
    match ends.seat {
        Seat::Central => (home, ends.partner),
        Seat::Target => (ends.partner, home),
    }
}

fn is_connected(central: &Read<Found<ScopeConnection>>) -> bool {
    matches!(central, Read::Found(found) if found.half.state == ConnectionState::Connected)
}

/// The half at one end, as a record knows it.
fn known_half<T: std::str::FromStr>(record: &Record, ends: &ManagementEnds, seat: Seat) -> Option<T> {
    let end = if ends.seat == seat { &record.ours } else { &record.theirs };
    end.half.as_ref()?.as_str().parse().ok()
}
