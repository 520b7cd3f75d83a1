//! `demo`: the main job on real wire traffic, each scene with what it found and how long it took.
//!
//! Everything runs as it is deployed: a Functions host starts this program for each tenant and invokes it. Each state
//! that is shown is read from Resource Manager, and a scene that does not end as it should fails the demo.

mod operator;
mod scenes;
mod timeline;

use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;
use peerpact_sandbox::Pace;
use peerpact_sandbox::Tenant;
use peerpact_sandbox::up;

use self::operator::Operator;
use self::timeline::Timeline;
use super::exit_code::NO;
use super::local_azure::LocalAzure;
use super::output;
use super::runtime::block_on;
use crate::clock::Clock;
use crate::host;

#[derive(Debug, Args)]
pub(super) struct DemoArgs {
    /// The timeline as JSON, once it is over.
    #[arg(long)]
    json: bool,
    /// Everything random is derived from it.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

pub(super) fn run(args: &DemoArgs) -> anyhow::Result<ExitCode> {
    let folder = tempfile::tempdir().context("cannot make a temporary folder")?;
    let work_dir = folder.path().canonicalize()?;
    let apps = [Tenant::Contoso, Tenant::Fabrikam];
    let local = LocalAzure { port: 0, pace: Pace::Quick, seed: args.seed, apps: &apps, work_dir: &work_dir };
    let options = local.options()?;
    block_on(async {
        let stop = host::stop_signal().context("cannot wait for signals")?;
        let mut timeline = Timeline::new(Clock::system(), args.json);
        let running = up::up(options).await.context("the sandbox does not start")?;
        timeline.seen("a local Azure for contoso and fabrikam is up, each with its app");
        let played = async {
            let operator = Operator::sign_in(running.ready.clone()).await?;
            scenes::play(&operator, &mut timeline).await
        };
        let outcome = tokio::select! {
            outcome = played => outcome,
            () = stop => Err(anyhow::anyhow!("stopped before the end")),
        };
        running.shutdown().await;
        let passed = outcome.is_ok();
        timeline.end(outcome.as_ref().err())?;
        if let Err(error) = outcome {
            output::error(&format!("{error:#}"));
        }
        Ok(if passed { ExitCode::SUCCESS } else { ExitCode::from(NO) })
    })
}
