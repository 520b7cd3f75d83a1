//! `queue`: what lies in the queues, what could not be done and why, and sending it back.

mod explain;
mod list;
mod look;
mod replay;
mod show;

use std::process::ExitCode;

use clap::Subcommand;

use super::{block_on, variable};
use crate::azure::AzureConfig;
use crate::clock::Clock;
use crate::config;
use crate::queue::service_bus::{Identity, ServiceBus, ServiceBusSettings};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// How much waits in each queue, is scheduled, and could not be done.
    List(list::Args),
    /// The messages of a queue that could not be done: what each is, why it is there, and what to do.
    Show(show::Args),
    /// Send messages that could not be done back to their queue.
    Replay(replay::Args),
}

pub(super) fn run(command: Command) -> anyhow::Result<ExitCode> {
    let clock = Clock::system();
    let bus = service_bus(clock)?;
    block_on(async {
        match command {
            Command::List(args) => list::run(&args, &bus, clock).await,
            Command::Show(args) => show::run(&args, &bus, clock).await,
            Command::Replay(args) => replay::run(&args, &bus).await,
        }
    })
}

/// The queues as the environment describes them. Nothing is contacted yet.
pub(super) fn service_bus(clock: Clock) -> anyhow::Result<ServiceBus> {
    let address = config::service_bus_from_env(variable)?;
    let entra = match address.identity() {
        Identity::Entra => Some(AzureConfig::from_env(variable)?),
        Identity::SharedKey { .. } => None,
    };
    let ca_bundle = config::ca_bundle_from_env(variable);
    Ok(ServiceBus::new(ServiceBusSettings { address, entra, ca_bundle, seed: seed(clock) }, clock))
}

/// Differs between processes, on one machine and on several.
pub(super) fn seed(clock: Clock) -> u64 {
    let nanoseconds = clock.now().unix_timestamp_nanos().unsigned_abs();
    u64::try_from(nanoseconds % u128::from(u64::MAX)).unwrap_or(0) ^ u64::from(std::process::id()) << 40
}
