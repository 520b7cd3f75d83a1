//! What the network provider refuses about peerings, in its words.

/// The most halves one network holds.
pub(crate) const MOST_PEERINGS: usize = 500;

/// What the network provider refuses about peerings.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PeeringRefusal {
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

impl PeeringRefusal {
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
