//! The sweep's lists of virtual networks, in which every peering is.

use std::collections::{BTreeMap, BTreeSet};

use super::decide::beyond;
use super::ends::PeeringEnds;
use super::halves::Network;
use super::observation::Observation;
use super::read::PeeringView;
use crate::arm::{Deadline, ListedIn};
use crate::handshake::agreements::Agreements;
use crate::handshake::ids::{SubscriptionId, TenantId, VirtualNetworkId};
use crate::handshake::pair::Pair;
use crate::handshake::pattern::NetworkPattern;
use crate::handshake::read::Read;
use crate::handshake::record::Record;
use crate::kinds::{Attempts, Listed, Observer, Shown};

/// Networks of both tenants.
#[derive(Default)]
pub(super) struct ListedNetworks {
    networks: BTreeMap<VirtualNetworkId, Network>,
    /// These could not be listed: a network that is missing there may well exist.
    out_of_sight: Vec<ListedIn>,
}

impl Listed for ListedNetworks {
    fn pairs(&self, agreements: &Agreements) -> Vec<Pair> {
        let halves = self.networks.values().flat_map(|network| &network.peerings);
        let ends = halves.filter_map(|half| agreements.ends(&half.id.network, &half.remote));
        ends.map(|ends| ends.pair()).collect()
    }

    fn shown(&self, pair: &Pair, record: Option<&Record>, agreements: &Agreements) -> Shown {
        let Some(ends) = PeeringEnds::of(pair.ours(), pair.theirs(), pair.partner()) else {
            return Shown::Nothing;
        };
        match (self.networks.get(&ends.ours), self.networks.get(&ends.theirs)) {
            (Some(ours), Some(theirs)) => {
                let (ours, theirs) = (Read::Found(ours.clone()), Read::Found(theirs.clone()));
                Shown::Whole(Box::new(PeeringView { ends, observation: Observation { ours, theirs } }))
            }
            (Some(ours), None) => {
                let state = ours.half_towards(&ends.theirs).map(|half| half.state.to_string());
                let beyond = beyond(&ends, ours, record, agreements);
                let beyond = beyond.map_or_else(Vec::new, |breach| breach.reasons);
                Shown::Ours { state, beyond, sought: !self.may_hide(&ends.theirs), tells_all: false }
            }
            (None, _) if self.may_hide(&ends.ours) => Shown::Unknown,
            // Not listed is not gone, and what no agreement names any more is not listed: that takes a read of its own.
            (None, _) => Shown::Nothing,
        }
    }
}

impl ListedNetworks {
    fn may_hide(&self, network: &VirtualNetworkId) -> bool {
        self.out_of_sight.iter().any(|place| place.holds(network))
    }
}

/// Lists every place that the agreements name.
pub(super) async fn list(
    observer: &Observer<'_>,
    until: Deadline,
    attempts: &mut Attempts,
) -> ListedNetworks {
    let mut listed = ListedNetworks::default();
    for (tenant, place) in places(observer.home, observer.agreements) {
        attempts.asked += 1;
        match observer.resource_manager.networks(tenant, &place, until).await {
            Ok(networks) => {
                attempts.had += 1;
                listed.networks.extend(networks.into_iter().map(|network| (network.id.clone(), network)));
            }
            Err(error) => {
                attempts.failed(&format!("{place} in tenant {tenant}"), &error, observer.agreements);
                listed.out_of_sight.push(place);
            }
        }
    }
    listed
}

/// What the agreements name: a whole subscription, or only resource groups where all of them are spelt out.
fn places(home: TenantId, agreements: &Agreements) -> Vec<(TenantId, ListedIn)> {
    let mut groups: BTreeMap<(TenantId, SubscriptionId), Option<BTreeSet<_>>> = BTreeMap::new();
    let mut add = |tenant: TenantId, pattern: &NetworkPattern| {
        let known = groups.entry((tenant, pattern.subscription())).or_insert_with(|| Some(BTreeSet::new()));
        match (known.as_mut(), pattern.resource_group()) {
            (Some(known), Some(group)) => {
                known.insert(group);
            }
            (_, None) => *known = None,
            (None, Some(_)) => {}
        }
    };
    for partner in agreements.partners() {
        for agreement in partner.peerings() {
            add(home, &agreement.ours);
            add(partner.tenant, &agreement.theirs);
        }
    }
    let places = groups.into_iter().flat_map(|((tenant, subscription), groups)| match groups {
        None => vec![(tenant, ListedIn::Subscription(subscription))],
        Some(groups) => {
            groups.into_iter().map(|group| (tenant, ListedIn::ResourceGroup(subscription, group))).collect()
        }
    });
    places.collect()
}
