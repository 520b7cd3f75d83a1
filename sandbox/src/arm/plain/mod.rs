//! Resources that are kept as they were written: public addresses and gateways.

mod public_addresses;
mod resources;
mod virtual_network_gateways;

pub(super) use public_addresses::PublicAddresses;
pub(super) use virtual_network_gateways::{VirtualNetworkGateways, configurations_in, gateways_of};
