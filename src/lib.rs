//! peerpact: when one tenant opens a network connection, the other tenant's half is made, checked and recorded.

mod agreement_folder;
pub mod arm;
pub mod azure;
pub mod cli;
pub mod clock;
mod config;
pub mod functions;
pub mod handshake;
mod hex;
pub mod host;
pub mod kinds;
pub mod ledger;
pub mod public;
pub mod queue;
pub mod reconcile;
pub mod request;
#[cfg(test)]
mod schemas;
mod telemetry;
