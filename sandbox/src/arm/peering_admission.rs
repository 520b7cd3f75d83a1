//! What the network provider refuses about peerings: spaces that overlap, gateway flags that do not fit, a second half to
//! the same network, too many.
//!
//! Pure: facts about two networks in, a verdict out.

use ipnet::IpNet;

use super::peering_states::HalfState;
use super::prefixes;

/// The most halves one network holds.
pub(crate) const MOST_PEERINGS: usize = 500;

/// The flags of a half that rules look at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct GatewayFlags {
    pub(crate) allow_gateway_transit: bool,
    pub(crate) use_remote_gateways: bool,
    pub(crate) do_not_verify_remote_gateways: bool,
}

/// A half that exists, and the network it leads to.
#[derive(Clone, Debug)]
pub(crate) struct HalfFacts {
    /// Lower-case name.
    pub(crate) name: String,
    pub(crate) state: HalfState,
    pub(crate) flags: GatewayFlags,
    /// The remote network's id as the half gives it.
    pub(crate) remote: String,
    /// The remote network's space: its present one while it exists, else the last one known.
    pub(crate) remote_space: Vec<IpNet>,
}

/// A network.
#[derive(Clone, Debug)]
pub(crate) struct NetworkFacts {
    pub(crate) id: String,
    pub(crate) space: Vec<IpNet>,
    pub(crate) has_gateway: bool,
    pub(crate) halves: Vec<HalfFacts>,
}

/// The half that is to be written.
#[derive(Clone, Debug)]
pub(crate) struct Wish {
    /// Its full id.
    pub(crate) id: String,
    /// Lower-case name.
    pub(crate) name: String,
    pub(crate) flags: GatewayFlags,
}

/// What the network provider refuses about peerings.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    #[error(
        "Cannot create or update peering {peering}. because remote peering {remote_peering} referencing parent virtual network {network} is in Disconnected state. Update or re-create the remote peering to get it back to Initiated state. Peering gets Disconnected when remote vnet or remote peering is deleted and re-created."
    )]
    RemoteDisconnected { peering: String, remote_peering: String, network: String },
    #[error(
        "Cannot create or update peering {peering}. Virtual networks {ours} and {theirs} cannot be peered because their address spaces overlap. Overlapping address prefixes: {prefixes}"
    )]
    Overlap { peering: String, ours: String, theirs: String, prefixes: String },
    #[error(
        "Cannot create or update peering {peering}. Virtual networks {first} and {second} cannot be peered because address space of the first virtual network overlaps with address space of virtual network {neighbour} already peered with the second virtual network. Overlapping address prefixes: {prefixes}. For more information please refer to https://aka.ms/VnetPeeringInfo"
    )]
    NeighbourOverlap { peering: String, first: String, second: String, neighbour: String, prefixes: String },
    #[error(
        "Peering {peering} cannot have UseRemoteGateway flag set to true because remote virtual network {network} referenced by the peering does not have any gateways."
    )]
    NoRemoteGateway { peering: String, network: String },
    /// The sentence is quoted by users, the code is not known from any source.
    #[error(
        "Peering {peering} cannot have UseRemoteGateways flag set to true, because corresponding remote peering has AllowGatewayTransit flag set to false."
    )]
    TransitNotAllowed { peering: String },
    /// Rule from the documentation; code and sentence are the sandbox's.
    #[error(
        "Peering {peering} cannot have UseRemoteGateways flag set to true because virtual network {network} already has a gateway."
    )]
    OwnGateway { peering: String, network: String },
    /// Rule from the documentation; code and sentence are the sandbox's.
    #[error(
        "Peering {peering} cannot have UseRemoteGateways flag set to true because peering {other} of the same virtual network already uses remote gateways."
    )]
    SecondRemoteGateway { peering: String, other: String },
    #[error(
        "Peering {peering} cannot be created or updated because peering {other} already references remote virtual network {remote}."
    )]
    AlreadyReferenced { peering: String, other: String, remote: String },
    /// The code's name is from memory.
    #[error("Cannot change the remote virtual network of peering {peering} from {from} to {to}.")]
    RemoteChanged { peering: String, from: String, to: String },
    /// The limit is documented; code and sentence are the sandbox's.
    #[error("Virtual network {network} cannot have more than {MOST_PEERINGS} peerings.")]
    TooMany { network: String },
    /// Code and sentence are the sandbox's.
    #[error(
        "Peering {peering} cannot set peerCompleteVnets to false without naming subnets of virtual network {network}."
    )]
    NoSubnets { peering: String, network: String },
    /// Code and sentence are the sandbox's.
    #[error("Peering {peering} names subnet {subnet}, which virtual network {network} does not have.")]
    NoSubnet { peering: String, subnet: String, network: String },
}

impl Refusal {
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::RemoteDisconnected { .. } => "RemotePeeringIsDisconnected",
            Self::Overlap { .. } => "VnetAddressSpacesOverlap",
            Self::NeighbourOverlap { .. } => "VnetAddressSpaceOverlapsWithAlreadyPeeredVnet",
            Self::NoRemoteGateway { .. } => "RemoteVnetHasNoGateways",
            Self::TransitNotAllowed { .. } => "RemotePeeringDoesNotAllowGatewayTransit",
            Self::OwnGateway { .. } => "VnetWithGatewayCannotUseRemoteGateways",
            Self::SecondRemoteGateway { .. } => "AnotherPeeringAlreadyUsesRemoteGateways",
            Self::AlreadyReferenced { .. } => "AnotherPeeringAlreadyReferencesRemoteVnet",
            Self::RemoteChanged { .. } => "ChangingRemoteVirtualNetworkNotAllowed",
            Self::TooMany { .. } => "PeeringsPerVirtualNetworkLimitReached",
            Self::NoSubnets { .. } => "SubnetPeeringWithoutSubnets",
            Self::NoSubnet { .. } => "PeeredSubnetNotFound",
        }
    }
}

/// Whether the half may be written between these two networks, as they stand.
pub(crate) fn admit(wish: &Wish, ours: &NetworkFacts, theirs: &NetworkFacts) -> Result<(), Refusal> {
    let peering = || wish.id.clone();
    if let Some(before) = ours.halves.iter().find(|half| half.name == wish.name)
        && !before.remote.eq_ignore_ascii_case(&theirs.id)
    {
        return Err(Refusal::RemoteChanged {
            peering: peering(),
            from: before.remote.clone(),
            to: theirs.id.clone(),
        });
    }
    let others = || ours.halves.iter().filter(|half| half.name != wish.name);
    if let Some(other) = others().find(|half| half.remote.eq_ignore_ascii_case(&theirs.id)) {
        return Err(Refusal::AlreadyReferenced {
            peering: peering(),
            other: format!("{}/virtualNetworkPeerings/{}", ours.id, other.name),
            remote: theirs.id.clone(),
        });
    }
    if others().count() >= MOST_PEERINGS {
        return Err(Refusal::TooMany { network: ours.id.clone() });
    }
    spaces_fit(&wish.id, ours, theirs)?;
    gateways_fit(wish, ours, theirs)
}

/// Whether two networks can be peered: their spaces are apart, and each is apart from what the other is peered with.
pub(crate) fn spaces_fit(peering: &str, ours: &NetworkFacts, theirs: &NetworkFacts) -> Result<(), Refusal> {
    if let Some(prefixes) = overlap(&ours.space, &theirs.space) {
        return Err(Refusal::Overlap {
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
                return Err(Refusal::NeighbourOverlap {
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
fn gateways_fit(wish: &Wish, ours: &NetworkFacts, theirs: &NetworkFacts) -> Result<(), Refusal> {
    if !wish.flags.use_remote_gateways {
        return Ok(());
    }
    let peering = wish.id.clone();
    if ours.has_gateway {
        return Err(Refusal::OwnGateway { peering, network: ours.id.clone() });
    }
    if let Some(other) =
        ours.halves.iter().find(|half| half.name != wish.name && half.flags.use_remote_gateways)
    {
        let other = format!("{}/virtualNetworkPeerings/{}", ours.id, other.name);
        return Err(Refusal::SecondRemoteGateway { peering, other });
    }
    let counterpart = theirs.halves.iter().find(|half| half.remote.eq_ignore_ascii_case(&ours.id));
    if !counterpart.is_some_and(|half| half.flags.allow_gateway_transit) {
        return Err(Refusal::TransitNotAllowed { peering });
    }
    if !theirs.has_gateway && !wish.flags.do_not_verify_remote_gateways {
        return Err(Refusal::NoRemoteGateway { peering, network: theirs.id.clone() });
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
