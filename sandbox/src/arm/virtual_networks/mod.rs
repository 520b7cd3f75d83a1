//! Virtual networks with their subnets and their halves of peerings.

mod admission;
mod find;
mod networks;
mod parts;
mod peerings;
mod prefixes;
mod states;
mod subnet_rules;
mod subnets;
mod views;

pub(super) use networks::{VirtualNetworks, remove};
pub(super) use peerings::Peerings;
pub(super) use subnets::Subnets;
