//! `serve`: what the Functions host starts.

use std::process::ExitCode;
use std::sync::Arc;

use azure_core::credentials::Secret;

use super::variable;
use crate::agreement_folder;
use crate::arm::transport::Https;
use crate::arm::{ResourceManager, Settings};
use crate::clock::Clock;
use crate::config::{AzureConfig, Config};
use crate::functions::App;
use crate::handshake::ids::TenantId;
use crate::host;
use crate::ledger::SqliteLedger;
use crate::reconcile::Reconciler;

pub(super) fn run() -> anyhow::Result<ExitCode> {
    let config = Config::from_env(variable)?;
    let home = TenantId::from(config.azure.tenant);
    let agreements = Arc::new(agreement_folder::read(&config.agreements, Some(home))?);
    let port = config.port.get();
    let app = move || {
        let clock = Clock::system();
        let resource_manager = resource_manager(&config.azure, clock);
        let ledger = Arc::new(SqliteLedger::new(config.ledger));
        App::new(Arc::new(Reconciler { home, agreements, resource_manager, ledger, clock }))
    };
    host::run(port, Arc::new(app()))?;
    Ok(ExitCode::SUCCESS)
}

/// Resource Manager as the environment describes it. Nothing is contacted yet.
pub(super) fn resource_manager(azure: &AzureConfig, clock: Clock) -> ResourceManager {
    let settings = Settings {
        endpoint: azure.resource_manager.clone(),
        authority: azure.authority.clone(),
        home: TenantId::from(azure.tenant),
        client_id: azure.client.to_string(),
        client_secret: Secret::new(azure.client_secret.reveal().to_owned()),
    };
    ResourceManager::new(settings, Arc::new(Https::new(azure.ca_bundle.clone())), clock)
}
