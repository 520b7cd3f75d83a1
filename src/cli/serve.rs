//! `serve`: what the Functions host starts.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;

use super::environment::{resource_manager, service_bus, variable};
use crate::agreement_folder;
use crate::azure;
use crate::clock::Clock;
use crate::config::Config;
use crate::functions::App;
use crate::handshake::agreements::Agreements;
use crate::handshake::ids::TenantId;
use crate::host;
use crate::kinds::Kinds;
use crate::ledger::{LedgerError, SqliteLedger};
use crate::reconcile::{Controller, Ports};

pub(super) fn run() -> anyhow::Result<ExitCode> {
    let config = Config::from_env(variable)?;
    let home = TenantId::from(config.azure.tenant);
    let kinds = Kinds::built_in();
    let agreements = Arc::new(agreements(&kinds, &config.agreements, home)?);
    config.azure.ca_bundle.as_deref().map_or(Ok(()), usable_bundle)?;
    let ledger = Arc::new(usable_ledger(&config.ledger)?);
    let port = config.port.get();
    let app = move || {
        let clock = Clock::system();
        let resource_manager = resource_manager(&config.azure, clock);
        let queues = Arc::new(service_bus(
            config.service_bus.clone(),
            Some(config.azure.clone()),
            config.azure.ca_bundle.clone(),
            clock,
        ));
        let limits = config.events;
        let ports = Ports { home, kinds, agreements, resource_manager, ledger, queues, limits, clock };
        App::new(Arc::new(Controller::new(ports)), config.keep)
    };
    host::run(port, Arc::new(app()))?;
    Ok(ExitCode::SUCCESS)
}

fn agreements(kinds: &Kinds, folder: &Path, home: TenantId) -> anyhow::Result<Agreements> {
    agreement_folder::read(kinds, folder, Some(home)).with_context(|| {
        format!("the agreements in {} (PEERPACT_AGREEMENTS) cannot be used; put this right", folder.display())
    })
}

fn usable_bundle(file: &Path) -> anyhow::Result<()> {
    azure::check_bundle(file).with_context(|| {
        let file = file.display();
        format!("{file} (PEERPACT_CA_BUNDLE) must be a file with PEM certificates; name one, or unset it")
    })
}

/// The ledger, opened and written to once. What another process holds now is a ledger, and may be let go in a moment.
fn usable_ledger(file: &Path) -> anyhow::Result<SqliteLedger> {
    let ledger = SqliteLedger::new(file);
    match ledger.check() {
        Err(error @ LedgerError::Locked { .. }) => tracing::warn!("{error}"),
        checked => checked?,
    }
    Ok(ledger)
}
