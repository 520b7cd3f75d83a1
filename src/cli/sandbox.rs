//! `sandbox up`: a local Azure for two tenants, with both tenants' apps.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Subcommand, ValueEnum};
use peerpact_sandbox::Pace;
use peerpact_sandbox::Tenant;
use peerpact_sandbox::up::{self, ReadyFile};

use super::local_azure::{LocalAzure, ledger};
use super::output::{self, Style, styled};
use super::runtime::block_on;
use crate::host;

#[derive(Debug, Subcommand)]
pub(super) enum SandboxCommand {
    /// Start it, and keep it up until SIGTERM or Ctrl-C, which end everything it started.
    Up {
        /// Written once everything answers: addresses, ids, keys and secrets of the sandbox's own world.
        #[arg(long)]
        ready_file: Option<PathBuf>,
        /// The port of Resource Manager, Entra and control on 127.0.0.1; 0 is any that is free.
        #[arg(long, default_value_t = 0)]
        port: u16,
        /// Operations take as long as recorded (10 to 20 s, Retry-After 10) instead of half a second.
        #[arg(long)]
        azure_pace: bool,
        /// Everything random is derived from it.
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// Whose apps run.
        #[arg(long, value_enum, default_value_t = Apps::Both)]
        apps: Apps,
        /// Where ledgers, logs and certificates are kept; else a folder that goes when the sandbox ends.
        #[arg(long)]
        work_dir: Option<PathBuf>,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Apps {
    Both,
    Contoso,
    Fabrikam,
    None,
}

impl Apps {
    fn tenants(self) -> &'static [Tenant] {
        match self {
            Self::Both => &[Tenant::Contoso, Tenant::Fabrikam],
            Self::Contoso => &[Tenant::Contoso],
            Self::Fabrikam => &[Tenant::Fabrikam],
            Self::None => &[],
        }
    }
}

pub(super) fn run(command: SandboxCommand) -> anyhow::Result<ExitCode> {
    let SandboxCommand::Up { ready_file, port, azure_pace, seed, apps, work_dir } = command;
    let temporary = match &work_dir {
        Some(_) => None,
        None => Some(tempfile::tempdir().context("cannot make a temporary folder")?),
    };
    let given =
        temporary.as_ref().map(tempfile::TempDir::path).or(work_dir.as_deref()).unwrap_or(Path::new("."));
    std::fs::create_dir_all(given).with_context(|| format!("cannot make {}", given.display()))?;
    let folder = given.canonicalize().with_context(|| format!("cannot use {}", given.display()))?;
    let pace = if azure_pace { Pace::Recorded } else { Pace::Quick };
    let local = LocalAzure { port, pace, seed, apps: apps.tenants(), work_dir: &folder };
    let options = local.options()?;
    block_on(async {
        // Asked for before anything is started, so that a signal that comes early still ends everything.
        let stop = host::stop_signal().context("cannot wait for signals")?;
        let running = up::up(options).await.context("the sandbox does not start")?;
        if let Some(path) = &ready_file {
            running.ready.write_to(path).with_context(|| format!("cannot write {}", path.display()))?;
        }
        show(&running.ready, apps, &folder);
        stop.await;
        running.shutdown().await;
        Ok(ExitCode::SUCCESS)
    })
}

fn show(ready: &ReadyFile, apps: Apps, folder: &Path) {
    output::line(format!(
        "{} {}",
        styled(Style::Good, "Resource Manager and Entra:"),
        ready.resource_manager
    ));
    output::line(format!("control: {}  certificate: {}", ready.control, ready.ca_bundle));
    for (tenant, shown) in
        [(Tenant::Contoso, &ready.tenants.contoso), (Tenant::Fabrikam, &ready.tenants.fabrikam)]
    {
        let app = shown.functions.functions.as_deref().unwrap_or("no app");
        output::line(format!(
            "{}: tenant {} subscription {} app {app}",
            tenant.name(),
            shown.tenant_id,
            shown.subscription_id
        ));
    }
    for tenant in apps.tenants() {
        output::line(format!("look: peerpact status --ledger {}", ledger(folder, *tenant).display()));
    }
}
