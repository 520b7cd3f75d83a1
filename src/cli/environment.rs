//! What commands are given by the environment: its variables, and the clients that they describe. Nothing is contacted yet.

use std::path::PathBuf;
use std::sync::Arc;

use crate::arm::{ResourceManager, Settings};
use crate::azure::{AzureConfig, Https};
use crate::clock::Clock;
use crate::config;
use crate::handshake::ids::TenantId;
use crate::queue::service_bus::{Identity, ServiceBus, ServiceBusAddress, ServiceBusSettings};

/// A variable of the environment.
pub(super) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// The queues, for a command that needs nothing else.
pub(super) fn queues(clock: Clock) -> anyhow::Result<ServiceBus> {
    let address = config::service_bus_from_env(variable)?;
    let entra = match address.identity() {
        Identity::Entra => Some(AzureConfig::from_env(variable)?),
        Identity::SharedKey { .. } => None,
    };
    Ok(service_bus(address, entra, config::ca_bundle_from_env(variable), clock))
}

/// Service Bus at this address.
pub(super) fn service_bus(
    address: ServiceBusAddress,
    entra: Option<AzureConfig>,
    ca_bundle: Option<PathBuf>,
    clock: Clock,
) -> ServiceBus {
    ServiceBus::new(ServiceBusSettings { address, entra, ca_bundle, seed: seed(clock) }, clock)
}

/// Resource Manager, as our application reaches it.
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

/// Differs between processes, on one machine and on several.
fn seed(clock: Clock) -> u64 {
    let nanoseconds = clock.now().unix_timestamp_nanos().unsigned_abs();
    u64::try_from(nanoseconds % u128::from(u64::MAX)).unwrap_or(0) ^ u64::from(std::process::id()) << 40
}
