//! The sweep's lists of virtual networks, in which every peering is.

use std::collections::{BTreeMap, BTreeSet};

use super::{Attempts, Reconciler, Shown};
use crate::arm::{Deadline, Place};
use crate::handshake::agreements::{Agreements, Ends};
use crate::handshake::decide;
use crate::handshake::halves::{Network, Sight};
use crate::handshake::ids::{SubscriptionId, TenantId, VirtualNetworkId};
use crate::handshake::observation::Observation;
use crate::handshake::pair::State;
use crate::handshake::pattern::NetworkPattern;
use crate::handshake::record::Record;
use crate::handshake::view::View;

/// Networks of both tenants.
#[derive(Default)]
pub(super) struct ListedNetworks {
    networks: BTreeMap<VirtualNetworkId, Network>,
    /// These could not be listed: a network that is missing there may well exist.
    out_of_sight: Vec<Place>,
}

impl ListedNetworks {
    /// The pairs that the halves in the lists make.
    pub(super) fn pairs<'a>(&'a self, agreements: &'a Agreements) -> impl Iterator<Item = Ends> + 'a {
        let halves = self.networks.values().flat_map(|network| &network.peerings);
        halves.filter_map(|half| agreements.ends(&half.id.network, &half.remote))
    }

    pub(super) fn shown(&self, ends: &Ends, record: Option<&Record>, agreements: &Agreements) -> Shown {
        match (self.networks.get(&ends.ours), self.networks.get(&ends.theirs)) {
            (Some(ours), Some(theirs)) => {
                let (ours, theirs) = (Sight::Seen(ours.clone()), Sight::Seen(theirs.clone()));
                Shown::Whole(Box::new(View::Peering(ends.clone(), Observation { ours, theirs })))
            }
            (Some(ours), None) => {
                let state = ours.half_towards(&ends.theirs).map(|half| State::Peering(half.state));
                let beyond = decide::beyond(ends, ours, record, agreements);
                let beyond = beyond.map_or_else(Vec::new, |breach| breach.reasons);
                Shown::Ours { state, beyond, sought: !self.may_hide(&ends.theirs) }
            }
            (None, _) if self.may_hide(&ends.ours) => Shown::Unknown,
            // Not listed is not gone, and what no agreement names any more is not listed: that takes a read of its own.
            (None, _) => Shown::Nothing,
        }
    }

    fn may_hide(&self, network: &VirtualNetworkId) -> bool {
        self.out_of_sight.iter().any(|place| place.holds(network))
    }
}

impl Reconciler {
    pub(super) async fn list_networks(&self, until: Deadline, attempts: &mut Attempts) -> ListedNetworks {
        let mut listed = ListedNetworks::default();
        for (tenant, place) in self.network_places() {
            attempts.asked += 1;
            match self.resource_manager.networks(tenant, &place, until).await {
                Ok(networks) => {
                    attempts.had += 1;
                    listed.networks.extend(networks.into_iter().map(|network| (network.id.clone(), network)));
                }
                Err(error) => {
                    attempts.troubles.push(self.trouble(&format!("{place} in tenant {tenant}"), &error));
                    listed.out_of_sight.push(place);
                }
            }
        }
        listed
    }

    /// What the agreements name: a whole subscription, or only resource groups where all of them are spelt out.
    fn network_places(&self) -> Vec<(TenantId, Place)> {
        let mut groups: BTreeMap<(TenantId, SubscriptionId), Option<BTreeSet<_>>> = BTreeMap::new();
        let mut add = |tenant: TenantId, pattern: &NetworkPattern| {
            let known =
                groups.entry((tenant, pattern.subscription())).or_insert_with(|| Some(BTreeSet::new()));
            match (known.as_mut(), pattern.resource_group()) {
                (Some(known), Some(group)) => {
                    known.insert(group);
                }
                (_, None) => *known = None,
                (None, Some(_)) => {}
            }
        };
        for partner in self.agreements.partners() {
            for agreement in &partner.peerings {
                add(self.home, &agreement.ours);
                add(partner.tenant, &agreement.theirs);
            }
        }
        let places = groups.into_iter().flat_map(|((tenant, subscription), groups)| match groups {
            None => vec![(tenant, Place::Subscription(subscription))],
            Some(groups) => {
                groups.into_iter().map(|group| (tenant, Place::ResourceGroup(subscription, group))).collect()
            }
        });
        places.collect()
    }
}
