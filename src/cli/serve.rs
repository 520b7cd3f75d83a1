//! `serve`: what the Functions host starts.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;

use super::variable;
use crate::agreement_folder;
use crate::arm::{ResourceManager, Settings};
use crate::azure::{self, AzureConfig, Https};
use crate::clock::Clock;
use crate::config::Config;
use crate::functions::App;
use crate::handshake::agreements::Agreements;
use crate::handshake::ids::TenantId;
use crate::host;
use crate::kinds::Kinds;
use crate::ledger::{LedgerError, SqliteLedger};
use crate::queue::service_bus::{ServiceBus, ServiceBusSettings};
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
        let queues = Arc::new(service_bus(&config, clock));
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

/// Service Bus as the environment describes it. Nothing is contacted yet.
fn service_bus(config: &Config, clock: Clock) -> ServiceBus {
    let settings = ServiceBusSettings {
        address: config.service_bus.clone(),
        entra: Some(config.azure.clone()),
        ca_bundle: config.azure.ca_bundle.clone(),
        seed: super::queue::seed(clock),
    };
    ServiceBus::new(settings, clock)
}

/// Resource Manager as the environment describes it. Nothing is contacted yet.
pub(super) fn resource_manager(azure: &AzureConfig, clock: Clock) -> ResourceManager {
    let settings = Settings {
        endpoint: azure.resource_manager.clone(),
        authority: azure.authority.clone(),
        home: TenantId::from(azure.tenant),
        client_id: azure.client.to_string(),
        client_secret: azure.client_secret.clone(),
    };
    ResourceManager::new(settings, Arc::new(Https::new(azure.ca_bundle.clone())), clock)
}
