//! The whole sandbox on ports: one call that starts everything, and one that ends it.

use std::{
    collections::BTreeMap,
    fs, io,
    net::Ipv4Addr,
    path::{Path, PathBuf},
};

use bytes::Bytes;
use http::{Request, Response};
use serde_json::Value;
use tokio::{net::TcpListener, task::JoinSet};

pub use crate::front::ready::{FunctionsReady, OperatorReady, ReadyFile, TenantReady, TravellerReady};
use crate::{
    Azure, Clock, Pace, Settings, Tenant, World,
    front::{
        Certificates, CertificatesError, DeliveryTarget, Dropped, Webhook, WebhookError, control,
        deliver_events,
        functions_host::{FunctionsHost, HostError, HostOptions, Namespace},
        serve_amqp, serve_https,
    },
};

/// What to start.
pub struct UpOptions {
    /// The port of Resource Manager, Entra and control; 0 is any that is free.
    pub port: u16,
    /// How long operations take.
    pub pace: Pace,
    /// Everything random is derived from it.
    pub seed: u64,
    /// The function apps. A tenant without one has no Functions host and is sent no events.
    pub apps: Vec<(Tenant, AppFolder)>,
    /// The custom roles that the apps hold.
    pub app_roles: Vec<AppRole>,
    /// An existing folder for `ca.pem` and the handlers' logs.
    pub work_dir: PathBuf,
}

/// A function app as it is deployed.
pub struct AppFolder {
    /// The folder with `host.json`, `<Function>/function.json` and the handler's executable.
    pub path: PathBuf,
    /// Application settings. The home tenant's id, the app's client id and secret and the authority are set already, under the names
    /// that Azure's SDKs read (`AZURE_TENANT_ID`, `AZURE_CLIENT_ID`, `AZURE_CLIENT_SECRET`, `AZURE_AUTHORITY_HOST`).
    pub environment: Vec<(String, Setting)>,
}

/// The value of an application setting, which may be known only once everything listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Setting {
    /// This text.
    Text(String),
    /// The origin of Resource Manager.
    ResourceManager,
    /// The path of the authority's certificate.
    CaBundle,
    /// The connection string of the tenant's own Service Bus namespace.
    ServiceBus,
}

impl<T: Into<String>> From<T> for Setting {
    fn from(text: T) -> Self {
        Self::Text(text.into())
    }
}

/// A custom role and where an app holds it.
pub struct AppRole {
    /// Whose app.
    pub tenant: Tenant,
    /// The role definition's JSON.
    pub definition: Value,
    /// The scope of the assignment.
    pub scope: String,
}

/// Why the sandbox does not start. What was started before the failure is ended again.
#[derive(Debug, thiserror::Error)]
pub enum UpError {
    /// The working folder cannot be used.
    #[error("{path} cannot be written")]
    WorkDir {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// There are no certificates.
    #[error(transparent)]
    Certificates(#[from] CertificatesError),
    /// There is no port for Service Bus.
    #[error("no port for {tenant}'s Service Bus")]
    ServiceBus {
        /// Whose.
        tenant: &'static str,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The port is taken.
    #[error("127.0.0.1:{port} cannot be listened on")]
    Listen {
        /// The port that was asked for.
        port: u16,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A Functions host does not start.
    #[error("{tenant}'s Functions host does not start")]
    Host {
        /// Whose.
        tenant: &'static str,
        /// Why.
        #[source]
        source: HostError,
    },
    /// Event Grid has one subscription for each app and so one function to send to.
    #[error("{tenant}'s app has several Event Grid functions: {functions}")]
    EventFunctions {
        /// Whose.
        tenant: &'static str,
        /// Their names.
        functions: String,
    },
    /// The app's webhook does not take events.
    #[error("{tenant}'s app cannot be subscribed to events")]
    Webhook {
        /// Whose.
        tenant: &'static str,
        /// Why.
        #[source]
        source: WebhookError,
    },
}

/// A running sandbox. Dropping it kills every child; [`Running::shutdown`] ends them in order.
pub struct Running {
    /// Where everything is and who may use it. Holds secrets of the sandbox's own world.
    pub ready: ReadyFile,
    azure: Azure,
    hosts: Vec<(Tenant, FunctionsHost)>,
    tasks: JoinSet<()>,
}

impl Running {
    /// The model behind the ports.
    pub fn azure(&self) -> &Azure {
        &self.azure
    }

    /// A tenant's Functions host, if its app runs here.
    pub fn host(&self, tenant: Tenant) -> Option<&FunctionsHost> {
        self.hosts.iter().find(|(of, _)| *of == tenant).map(|(_, host)| host)
    }

    /// Ends everything that [`up`] started; handlers get SIGTERM and, after 5 s, SIGKILL. No child is left when this returns.
    pub async fn shutdown(mut self) {
        let mut endings = JoinSet::new();
        for (_, host) in self.hosts.drain(..) {
            endings.spawn(host.shutdown());
        }
        while endings.join_next().await.is_some() {}
        // Last, so that a handler that is told to end may still finish a call.
        self.tasks.shutdown().await;
    }
}

/// Starts the sandbox and returns once all of it answers.
pub async fn up(options: UpOptions) -> Result<Running, UpError> {
    up_with(options, |world| world).await
}

/// The same with a world that is changed before anything happens in it, such as by [`World::relaying_partner_events`].
pub async fn up_with(options: UpOptions, change: impl FnOnce(World) -> World) -> Result<Running, UpError> {
    let UpOptions { port, pace, seed, apps, app_roles, work_dir } = options;
    let clock = Clock::system();
    let certificates = Certificates::make(clock.now())?;
    let ca_bundle = write_ca_bundle(&work_dir, &certificates)?;
    let unusable = |source| UpError::Listen { port, source };
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.map_err(unusable)?;
    let origin = format!("https://{}", listener.local_addr().map_err(unusable)?);

    let world = app_roles.into_iter().fold(World::new(origin.clone(), seed), |world, role| {
        world.app_role(role.tenant, role.definition, role.scope)
    });
    let azure = Azure::new(change(world), clock, Settings::new(pace, seed));
    let mut tasks = JoinSet::new();
    let served = azure.clone();
    let answer = move |request| respond(served.clone(), request);
    let server = serve_https(listener, certificates.server(), answer);
    tasks.spawn(async move { match server.await {} });

    let namespaces = serve_namespaces(&azure, &certificates, &mut tasks).await?;
    let place = Place { origin, ca_bundle, work_dir, seed, namespaces };
    let mut hosts = Vec::new();
    for (tenant, folder) in apps {
        match start_host(&azure, &place, tenant, folder).await {
            Ok(host) => hosts.push((tenant, host)),
            Err(source) => return Err(abandon(hosts, UpError::Host { tenant: tenant.name(), source }).await),
        }
    }
    let targets = match subscribe(&hosts).await {
        Ok(targets) => targets,
        Err(error) => return Err(abandon(hosts, error).await),
    };
    let events = deliver_events(azure.clone(), targets);
    tasks.spawn(async move { match events.await {} });
    let ready = ReadyFile::of(azure.world(), &place.origin, &place.ca_bundle, &hosts, &place.namespaces);
    Ok(Running { ready, azure, hosts, tasks })
}

struct Place {
    origin: String,
    ca_bundle: PathBuf,
    work_dir: PathBuf,
    seed: u64,
    /// Connection strings.
    namespaces: BTreeMap<Tenant, String>,
}

async fn serve_namespaces(
    azure: &Azure,
    certificates: &Certificates,
    tasks: &mut JoinSet<()>,
) -> Result<BTreeMap<Tenant, String>, UpError> {
    let mut namespaces = BTreeMap::new();
    for tenant in Tenant::ALL {
        let none = |source| UpError::ServiceBus { tenant: tenant.name(), source };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(none)?;
        let address = listener.local_addr().map_err(none)?;
        namespaces.insert(tenant, azure.service_bus(tenant).connection_string(address));
        let server = serve_amqp(listener, certificates.service_bus(), azure.clone(), tenant);
        tasks.spawn(async move {
            let Err(error) = server.await;
            tracing::error!(%error, tenant = tenant.name(), "Service Bus cannot be served");
        });
    }
    Ok(namespaces)
}

async fn respond(azure: Azure, request: Request<Bytes>) -> Result<Response<Bytes>, Dropped> {
    let path = request.uri().path();
    if path == "/sandbox" || path.starts_with("/sandbox/") {
        return Ok(control(&azure, &request));
    }
    azure.call(request).await.map_err(|_| Dropped)
}

fn write_ca_bundle(work_dir: &Path, certificates: &Certificates) -> Result<PathBuf, UpError> {
    let write = |path: &Path| {
        fs::write(path, certificates.authority_pem())?;
        path.canonicalize()
    };
    let path = work_dir.join("ca.pem");
    write(&path).map_err(|source| UpError::WorkDir { path, source })
}

async fn start_host(
    azure: &Azure,
    place: &Place,
    tenant: Tenant,
    folder: AppFolder,
) -> Result<FunctionsHost, HostError> {
    let app = azure.world().app(tenant);
    let mut settings = BTreeMap::from([
        ("AZURE_TENANT_ID".to_owned(), tenant.tenant_id().to_string()),
        ("AZURE_CLIENT_ID".to_owned(), app.client_id.to_string()),
        ("AZURE_CLIENT_SECRET".to_owned(), app.client_secret.to_string()),
        ("AZURE_AUTHORITY_HOST".to_owned(), place.origin.clone()),
    ]);
    let namespace = place.namespaces[&tenant].clone();
    settings.extend(folder.environment.into_iter().map(|(name, setting)| match setting {
        Setting::Text(text) => (name, text),
        Setting::ResourceManager => (name, place.origin.clone()),
        Setting::CaBundle => (name, place.ca_bundle.display().to_string()),
        Setting::ServiceBus => (name, namespace.clone()),
    }));
    FunctionsHost::start(HostOptions {
        name: tenant.name().to_owned(),
        root: folder.path,
        settings,
        log: place.work_dir.join(format!("{}-handler.log", tenant.name())),
        seed: place.seed,
        clock: azure.clock().clone(),
        namespace: Some(Namespace { broker: azure.service_bus(tenant), connection: namespace }),
    })
    .await
}

async fn subscribe(hosts: &[(Tenant, FunctionsHost)]) -> Result<Vec<DeliveryTarget>, UpError> {
    let mut targets = Vec::new();
    for (tenant, host) in hosts {
        let functions = host.app().functions.values().filter(|function| function.takes_events());
        let names: Vec<&str> = functions.map(|function| function.name.as_str()).collect();
        let function = match names.as_slice() {
            [] => continue,
            [function] => function,
            several => {
                return Err(UpError::EventFunctions { tenant: tenant.name(), functions: several.join(", ") });
            }
        };
        let webhook = Webhook::subscribe(&host.origin(), function, &host.keys().event_grid)
            .await
            .map_err(|source| UpError::Webhook { tenant: tenant.name(), source })?;
        targets.push(DeliveryTarget { tenant: *tenant, webhook });
    }
    Ok(targets)
}

async fn abandon(hosts: Vec<(Tenant, FunctionsHost)>, error: UpError) -> UpError {
    for (_, host) in hosts {
        host.shutdown().await;
    }
    error
}
