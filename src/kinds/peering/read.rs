//! Reading a pair: two networks at once, in which everything is that a decision needs.

use time::OffsetDateTime;

use super::decide::decide;
use super::ends::PeeringEnds;
use super::halves::{Network, PeeringHalf, PeeringState};
use super::ids::PeeringId;
use super::observation::{End, Observation};
use crate::arm::{ArmError, Deadline};
use crate::handshake::agreements::{Agreements, Whose};
use crate::handshake::decision::Decision;
use crate::handshake::ids::{TenantId, VirtualNetworkId};
use crate::handshake::pair::Pair;
use crate::handshake::read::Read;
use crate::handshake::record::Record;
use crate::handshake::resource_id::ResourceId;
use crate::handshake::seen::{HalvesSeen, SeenHalf};
use crate::kinds::{Observer, Prefetched, Resolved, View};

/// Both networks of a pair, freshly read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeeringView {
    /// The two networks.
    pub ends: PeeringEnds,
    /// What was read of them.
    pub observation: Observation,
}

/// Both networks at once: two GETs, or one where the other network was read just now.
pub(super) async fn read(
    observer: &Observer<'_>,
    ends: PeeringEnds,
    prefetched: &Prefetched,
    until: Deadline,
) -> Result<PeeringView, ArmError> {
    let known = prefetched.get::<Network>();
    let network = async |tenant: TenantId, id: &VirtualNetworkId| match known {
        Some(network) if network.id == *id => Ok(Read::Found(network.clone())),
        Some(_) | None => observer.resource_manager.read_network(tenant, id, until).await,
    };
    let (ours, theirs) =
        tokio::join!(network(observer.home, &ends.ours), network(ends.partner, &ends.theirs));
    let observation = Observation { ours: ours?, theirs: theirs? };
    Ok(PeeringView { ends, observation })
}

/// Reads a half's network to learn where the half leads.
pub(super) async fn resolve(
    observer: &Observer<'_>,
    id: &PeeringId,
    until: Deadline,
) -> Result<Resolved, ArmError> {
    let none = Resolved::Pairs(Vec::new());
    let tenant = match observer.agreements.whose(id.network.subscription) {
        Some(Whose::Ours) => observer.home,
        Some(Whose::Theirs(partner)) => partner,
        None => return Ok(none),
    };
    let network = match observer.resource_manager.read_network(tenant, &id.network, until).await? {
        Read::Found(network) => network,
        Read::Absent => return Ok(none),
        Read::Denied(denial) => return Ok(Resolved::Unreadable(denial)),
    };
    let found = network.peerings.iter().find(|found| found.id.name == id.name);
    let Some(ends) = found.and_then(|found| observer.agreements.ends(&id.network, &found.remote)) else {
        return Ok(none);
    };
    Ok(Resolved::Pairs(vec![(ends.pair(), Prefetched::of(network))]))
}

impl View for PeeringView {
    fn pair(&self) -> Pair {
        self.ends.pair()
    }

    /// Neither network was out of sight.
    fn is_whole(&self) -> bool {
        let Observation { ours, theirs } = &self.observation;
        ![ours, theirs].into_iter().any(|read| matches!(read, Read::Denied(_)))
    }

    fn halves(&self) -> HalvesSeen {
        let half = |end: End<'_>| match end {
            Read::Found((_, half)) => half.map(seen),
            Read::Absent | Read::Denied(_) => None,
        };
        HalvesSeen {
            ours: Some(half(self.observation.our_end(&self.ends))),
            theirs: Some(half(self.observation.their_end(&self.ends))),
        }
    }

    fn decide(&self, record: Option<&Record>, agreements: &Agreements, now: OffsetDateTime) -> Decision {
        decide(&self.ends, &self.observation, record, agreements, now)
    }

    fn fingerprint(&self) -> String {
        self.observation.fingerprint()
    }
}

fn seen(half: &PeeringHalf) -> SeenHalf {
    SeenHalf {
        id: ResourceId::of(&half.id),
        state: half.state.to_string(),
        sync: Some(half.sync.to_string()),
        waits: half.state == PeeringState::Initiated,
        alone: half.state == PeeringState::Disconnected,
    }
}
