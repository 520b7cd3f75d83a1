//! The command line, one file a command.

mod agreements;
#[cfg(feature = "sandbox")]
mod demo;
mod environment;
mod exit_code;
mod explain;
#[cfg(feature = "sandbox")]
mod local_azure;
mod output;
mod queue;
#[cfg(test)]
#[cfg(feature = "sandbox")]
mod reference;
mod request;
mod runtime;
#[cfg(feature = "sandbox")]
mod sandbox;
mod serve;
mod status;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use tracing::level_filters::LevelFilter;

use self::environment::variable;
use self::exit_code::{ABOUT_EXIT_CODES, FAILED};
use crate::{config, telemetry};

/// When one tenant opens a network connection, the other tenant's half is made, checked and recorded.
#[derive(Debug, Parser)]
#[command(name = "peerpact", version, about, after_help = ABOUT_EXIT_CODES, disable_help_subcommand = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show the main job on a local Azure: halves opened, answered, refused, synced, removed, found again.
    #[cfg(feature = "sandbox")]
    Demo(demo::DemoArgs),
    /// The local Azure for two tenants.
    #[cfg(feature = "sandbox")]
    #[command(subcommand)]
    Sandbox(sandbox::SandboxCommand),
    /// What the ledger knows of each handshake, or everything of one.
    Status(status::StatusArgs),
    /// What would be decided on two networks now, and every reason. Writes nothing.
    Explain(explain::ExplainArgs),
    /// Ask for something by the queue: connect, disconnect, look again.
    Request(Box<request::RequestArgs>),
    /// Check what your tenant has agreed to.
    #[command(subcommand)]
    Agreements(agreements::AgreementsCommand),
    /// What lies in the queues, and what could not be done.
    #[command(subcommand)]
    Queue(queue::QueueCommand),
    /// Serve the functions. The Azure Functions host starts this.
    Serve,
}

/// Runs the command line of this process.
#[must_use]
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let outcome = start_logging(&cli.command).and_then(|()| run(cli.command));
    outcome.unwrap_or_else(|error| failed(&error))
}

/// The functions log what they do; of a command a person wants its answer, and beyond it only what went wrong.
fn start_logging(command: &Command) -> anyhow::Result<()> {
    let asked = config::log_from_env(variable)?;
    let quiet = !matches!(command, Command::Serve) && variable("PEERPACT_LOG").is_none();
    Ok(telemetry::start(if quiet { LevelFilter::WARN } else { asked })?)
}

fn run(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        #[cfg(feature = "sandbox")]
        Command::Demo(args) => demo::run(&args),
        #[cfg(feature = "sandbox")]
        Command::Sandbox(command) => sandbox::run(command),
        Command::Status(args) => status::run(&args),
        Command::Explain(args) => explain::run(&args),
        Command::Request(args) => request::run(*args),
        Command::Agreements(command) => agreements::run(command),
        Command::Queue(command) => queue::run(command),
        Command::Serve => serve::run(),
    }
}

fn failed(error: &anyhow::Error) -> ExitCode {
    output::error(&format!("{error:#}"));
    ExitCode::from(FAILED)
}
