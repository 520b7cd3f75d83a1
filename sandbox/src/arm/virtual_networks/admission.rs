//! What the network provider refuses about peerings: spaces that overlap, gateway flags that do not fit, a second half to
//! the same network, too many.
//!
//! Pure: facts about two networks in, a verdict out.

use ipnet::IpNet;

use super::prefixes;
use crate::arm::call::{MOST_PEERINGS, PeeringRefusal};
use crate::arm::state::{GatewayFlags, HalfState};

/// A half that exists, and the network it leads to.
#[derive(Clone, Debug)]
pub(super) struct HalfFacts {
    /// Lower-case name.
    pub(super) name: String,
    pub(super) state: HalfState,
    pub(super) flags: GatewayFlags,
    /// The remote network's id as the half gives it.
    pub(super) remote: String,
    /// The remote network's space: its present one while it exists, else the last one known.
    pub(super) remote_space: Vec<IpNet>,
}

/// A network.
#[derive(Clone, Debug)]
pub(super) struct NetworkFacts {
    pub(super) id: String,
    pub(super) space: Vec<IpNet>,
    pub(super) has_gateway: bool,
    pub(super) halves: Vec<HalfFacts>,
}

/// The half that is to be written.
#[derive(Clone, Debug)]
pub(super) struct Wish {
    /// Its full id.
    pub(super) id: String,
    /// Lower-case name.
    pub(super) name: String,
    pub(super) flags: GatewayFlags,
}

/// Whether the half may be written between these two networks, as they stand.
pub(super) fn admit(wish: &Wish, ours: &NetworkFacts, theirs: &NetworkFacts) -> Result<(), PeeringRefusal> {
    let peering = || wish.id.clone();
    if let Some(before) = ours.halves.iter().find(|half| half.name == wish.name)
        && !before.remote.eq_ignore_ascii_case(&theirs.id)
    {
        return Err(PeeringRefusal::RemoteChanged {
            peering: peering(),
            from: before.remote.clone(),
            to: theirs.id.clone(),
        });
    }
    let others = || ours.halves.iter().filter(|half| half.name != wish.name);
    if let Some(other) = others().find(|half| half.remote.eq_ignore_ascii_case(&theirs.id)) {
        return Err(PeeringRefusal::AlreadyReferenced {
            peering: peering(),
            other: format!("{}/virtualNetworkPeerings/{}", ours.id, other.name),
            remote: theirs.id.clone(),
        });
    }
    if others().count() >= MOST_PEERINGS {
        return Err(PeeringRefusal::TooMany { network: ours.id.clone() });
    }
    spaces_fit(&wish.id, ours, theirs)?;
    gateways_fit(wish, ours, theirs)
}

/// Whether two networks can be peered: their spaces are apart, and each is apart from what the other is peered with.
pub(super) fn spaces_fit(
    peering: &str,
    ours: &NetworkFacts,
    theirs: &NetworkFacts,
) -> Result<(), PeeringRefusal> {
    if let Some(prefixes) = overlap(&ours.space, &theirs.space) {
        return Err(PeeringRefusal::Overlap {
            peering: peering.to_owned(),
            ours: ours.id.clone(),
            theirs: theirs.id.clone(),
            prefixes,
        });
    }
    for (first, second) in [(ours, theirs), (theirs, ours)] {
        let neighbours = second.halves.iter().filter(|half| {
            half.state != HalfState::Disconnected && !half.remote.eq_ignore_ascii_case(&first.id)
        });
        for neighbour in neighbours {
            if let Some(prefixes) = overlap(&first.space, &neighbour.remote_space) {
                return Err(PeeringRefusal::NeighbourOverlap {
                    peering: peering.to_owned(),
                    first: first.id.clone(),
                    second: second.id.clone(),
                    neighbour: neighbour.remote.clone(),
                    prefixes,
                });
            }
        }
    }
    Ok(())
}

/// A half that uses the remote network's gateways: one in a network, none if the network has a gateway itself, and the
/// other half, which must exist, lets it. `doNotVerifyRemoteGateways` waives only that the gateway exists by now.
fn gateways_fit(wish: &Wish, ours: &NetworkFacts, theirs: &NetworkFacts) -> Result<(), PeeringRefusal> {
    if !wish.flags.use_remote_gateways {
        return Ok(());
    }
    let peering = wish.id.clone();
    if ours.has_gateway {
        return Err(PeeringRefusal::OwnGateway { peering, network: ours.id.clone() });
    }
    if let Some(other) =
        ours.halves.iter().find(|half| half.name != wish.name && half.flags.use_remote_gateways)
    {
        let other = format!("{}/virtualNetworkPeerings/{}", ours.id, other.name);
        return Err(PeeringRefusal::SecondRemoteGateway { peering, other });
    }
    let counterpart = theirs.halves.iter().find(|half| half.remote.eq_ignore_ascii_case(&ours.id));
    if !counterpart.is_some_and(|half| half.flags.allow_gateway_transit) {
        return Err(PeeringRefusal::TransitNotAllowed { peering });
    }
    if !theirs.has_gateway && !wish.flags.do_not_verify_remote_gateways {
        return Err(PeeringRefusal::NoRemoteGateway { peering, network: theirs.id.clone() });
    }
    Ok(())
}

/// The prefixes of the first space that overlap with the second, as Azure lists them.
fn overlap(first: &[IpNet], second: &[IpNet]) -> Option<String> {
    let found: Vec<String> = first
        .iter()
        .filter(|one| second.iter().any(|other| prefixes::overlap(one, other)))
        .map(ToString::to_string)
        .collect();
    (!found.is_empty()).then(|| found.join(", "))
}
