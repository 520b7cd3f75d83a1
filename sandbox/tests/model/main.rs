//! How the in-process model behaves, rule by rule.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

mod support;

mod addresses;
mod entra;
mod events;
mod faults;
mod gateways;
mod handshake;
mod networks;
mod operations;
mod overlaps;
mod peerings;
mod rights;
mod roles;
