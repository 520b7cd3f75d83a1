//! `queue`: what lies in the queues, what could not be done and why, and sending it back.

mod explain;
mod list;
mod read;
mod replay;
mod show;

use std::process::ExitCode;

use clap::Subcommand;

use super::environment;
use super::runtime::block_on;
use crate::clock::Clock;

#[derive(Debug, Subcommand)]
pub(super) enum QueueCommand {
    /// How much waits in each queue, is scheduled, and could not be done.
    List(list::ListArgs),
    /// The messages of a queue that could not be done: what each is, why it is there, and what to do.
    Show(show::ShowArgs),
    /// Send messages that could not be done back to their queue.
    Replay(replay::ReplayArgs),
}

pub(super) fn run(command: QueueCommand) -> anyhow::Result<ExitCode> {
    let clock = Clock::system();
    let bus = environment::queues(clock)?;
    block_on(async {
        match command {
            QueueCommand::List(args) => list::run(&args, &bus, clock).await,
            QueueCommand::Show(args) => show::run(&args, &bus, clock).await,
            QueueCommand::Replay(args) => replay::run(&args, &bus).await,
        }
    })
}
