//! How the in-process model behaves, rule by rule.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

mod stage;
mod support;

mod addresses;
mod connections;
mod entra;
mod events;
mod faults;
mod gateways;
mod handshake;
mod management_rights;
mod managers;
mod members;
mod networks;
mod operations;
mod overlaps;
mod peerings;
mod rights;
mod roles;
mod service_bus;
mod subnet_peerings;
