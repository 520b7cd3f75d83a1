//! A tenant's namespace of the sandbox, and clients of it.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use http::Request;
use peerpact::azure::{AzureConfig, Secret};
use peerpact::clock::Clock;
use peerpact::queue::service_bus::{Peeked, ServiceBus, ServiceBusAddress, ServiceBusSettings};
use peerpact::queue::{Message, MessageId};
use peerpact_sandbox::front::{Certificates, serve_amqp, serve_https};
use peerpact_sandbox::{Azure, Broker, Pace, Settings, Tenant, World};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

const HOME: Tenant = Tenant::Contoso;

pub(crate) struct Stage {
    pub(crate) broker: Broker,
    azure: Azure,
    bus: SocketAddr,
    authority: SocketAddr,
    folder: TempDir,
    _tasks: JoinSet<()>,
}

impl Stage {
    pub(crate) async fn start() -> Self {
        let clock = peerpact_sandbox::Clock::system();
        let certificates = Certificates::make(clock.now()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("ca.pem"), certificates.authority_pem()).unwrap();
        let https = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let authority = https.local_addr().unwrap();
        let azure =
            Azure::new(World::new(format!("https://{authority}"), 7), clock, Settings::new(Pace::Quick, 7));
        let amqp = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let bus = amqp.local_addr().unwrap();
        let mut tasks = JoinSet::new();
        let namespace = serve_amqp(amqp, certificates.service_bus(), azure.clone(), HOME);
        tasks.spawn(async move { drop(namespace.await) });
        let entra = azure.clone();
        let answer = move |request: Request<bytes::Bytes>| {
            let entra = entra.clone();
            async move { entra.call(request).await.map_err(|_| peerpact_sandbox::front::Dropped) }
        };
        let server = serve_https(https, certificates.server(), answer);
        tasks.spawn(async move { match server.await {} });
        let broker = azure.service_bus(HOME);
        Self { broker, azure, bus, authority, folder, _tasks: tasks }
    }

    pub(crate) fn connection_string(&self) -> String {
        self.broker.connection_string(self.bus)
    }

    pub(crate) fn ca_bundle(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// A client with the key, over plain AMQP.
    pub(crate) fn client(&self) -> Arc<ServiceBus> {
        client(&self.connection_string(), None, None)
    }

    /// A client with the key, over plain AMQP, and with a clock of its own.
    pub(crate) fn client_by(&self, clock: Clock) -> ServiceBus {
        let address = ServiceBusAddress::parse(&self.connection_string()).unwrap();
        ServiceBus::new(ServiceBusSettings { address, entra: None, ca_bundle: None, seed: 7 }, clock)
    }

    /// A client with another key.
    pub(crate) fn stranger(&self) -> Arc<ServiceBus> {
        client(&self.connection_string().replace(self.broker.key(), "bm90IHRoZSBrZXk="), None, None)
    }

    /// A client over TLS with a token of Entra, for the app of a tenant.
    pub(crate) fn app(&self, tenant: Tenant) -> Arc<ServiceBus> {
        let principal = self.azure.world().app(tenant);
        let azure = AzureConfig {
            tenant: tenant.tenant_id().parse().unwrap(),
            client: principal.client_id.parse().unwrap(),
            client_secret: Secret::new(principal.client_secret.clone()),
            authority: format!("https://{}", self.authority).parse().unwrap(),
            resource_manager: format!("https://{}", self.authority).parse().unwrap(),
            ca_bundle: Some(self.ca_bundle()),
        };
        client(&self.bus.to_string(), Some(azure), Some(&self.ca_bundle()))
    }
}

fn client(address: &str, entra: Option<AzureConfig>, ca_bundle: Option<&Path>) -> Arc<ServiceBus> {
    let address = ServiceBusAddress::parse(address).unwrap();
    let ca_bundle = ca_bundle.map(Path::to_owned);
    Arc::new(ServiceBus::new(ServiceBusSettings { address, entra, ca_bundle, seed: 7 }, Clock::system()))
}

pub(crate) fn message(id: &str) -> Message {
    Message {
        id: MessageId::new(id),
        subject: "recheck".to_owned(),
        correlation: Some(id.to_owned()),
        not_before: None,
        body: format!(r#"{{"id":"{id}"}}"#).into_bytes(),
    }
}

pub(crate) fn ids(messages: &[Peeked]) -> Vec<&str> {
    messages.iter().map(|message| message.id.as_deref().unwrap_or("none")).collect()
}
