//! `serve`: what the Functions host starts.

use std::process::ExitCode;
use std::sync::Arc;

use azure_core::credentials::Secret;
use tokio::sync::Mutex;

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
use crate::queue::service_bus::{ServiceBus, ServiceBusSettings};
use crate::reconcile::{EventBudget, Reconciler};

pub(super) fn run() -> anyhow::Result<ExitCode> {
    let config = Config::from_env(variable)?;
    let home = TenantId::from(config.azure.tenant);
    let agreements = Arc::new(agreement_folder::read(&config.agreements, Some(home))?);
    let port = config.port.get();
    let app = move || {
        let clock = Clock::system();
        let resource_manager = resource_manager(&config.azure, clock);
        let queues = Arc::new(service_bus(&config, clock));
        let ledger = Arc::new(SqliteLedger::new(config.ledger));
        let telling = Mutex::default();
        let events = EventBudget::new(config.events);
        App::new(Arc::new(Reconciler {
            home,
            agreements,
            resource_manager,
            ledger,
            queues,
            events,
            telling,
            clock,
        }))
    };
    host::run(port, Arc::new(app()))?;
    Ok(ExitCode::SUCCESS)
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
        client_secret: Secret::new(azure.client_secret.reveal().to_owned()),
    };
    ResourceManager::new(settings, Arc::new(Https::new(azure.ca_bundle.clone())), clock)
}
