//! Every type of resource there is.

use super::authorization::{ManagementGroups, RoleAssignments, RoleDefinitions};
use super::context::Kind;
use super::managers::{
    NetworkGroups, NetworkManagerConnections, NetworkManagers, ScopeConnections, StaticMembers,
};
use super::plain::{PublicAddresses, VirtualNetworkGateways};
use super::virtual_networks::{Peerings, Subnets, VirtualNetworks};

pub(super) static KINDS: [&dyn Kind; 13] = [
    &VirtualNetworks,
    &Subnets,
    &Peerings,
    &PublicAddresses,
    &VirtualNetworkGateways,
    &RoleDefinitions,
    &RoleAssignments,
    &ManagementGroups,
    &NetworkManagers,
    &ScopeConnections,
    &NetworkManagerConnections,
    &NetworkGroups,
    &StaticMembers,
];
