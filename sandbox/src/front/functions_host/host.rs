//! The host of one function app: its life.

use std::{
    collections::BTreeMap,
    io,
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    sync::{Arc, atomic::AtomicU64},
    time::Duration,
};

use tokio::{net::TcpListener, sync::watch, task::JoinSet, time::timeout};

use super::{
    app::App,
    app_error::AppError,
    function::Trigger,
    handler_process::{WorkerError, WorkerPlan},
    keys::HostKeys,
    loopback::{LoopbackError, loopback_client},
    namespace::Namespace,
    queues, server,
    shared::{Shared, derived_guid},
    supervisor::WorkerState,
    timers,
    worker::Worker,
};
use crate::Clock;

/// What a host needs to know.
pub struct HostOptions {
    /// Names the app in logs and makes its keys different from another app's.
    pub name: String,
    /// The folder with `host.json`, `<Function>/function.json` and the handler.
    pub root: PathBuf,
    /// The application settings: the handler's environment, besides `PATH`, `HOME`, `TMPDIR`, `LANG` and the host's own variables.
    pub settings: BTreeMap<String, String>,
    /// The file to which everything is appended that the handler prints.
    pub log: PathBuf,
    /// Keys and invocation ids are derived from it.
    pub seed: u64,
    /// Tells timers and `sys.UtcNow` the time.
    pub clock: Clock,
    /// The tenant's Service Bus namespace; without one, no function is fed from a queue.
    pub namespace: Option<Namespace>,
}

/// Why a function app cannot be run.
#[derive(Debug, thiserror::Error)]
pub enum HostError {
    /// Its files are not those of a function app that is served here.
    #[error("this is no function app that can be run here")]
    App(#[from] AppError),
    /// There is no client to reach the handler with.
    #[error("no client for the handler")]
    Client(#[from] LoopbackError),
    /// There is no port.
    #[error("no port for the Functions host")]
    Listen(#[source] io::Error),
    /// The handler failed three times; `log` has what it printed.
    #[error("the handler does not start, see {log}")]
    Worker {
        /// The handler's log.
        log: PathBuf,
        /// The last failure.
        #[source]
        source: Arc<WorkerError>,
    },
    /// It was stopped while it started.
    #[error("the Functions host was stopped")]
    Stopped,
}

/// A running Functions host. Dropping it kills the handler; [`FunctionsHost::shutdown`] ends it in order.
pub struct FunctionsHost {
    shared: Arc<Shared>,
    address: SocketAddr,
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

const GRACE: Duration = Duration::from_secs(5);

impl FunctionsHost {
    /// Reads the app, starts its handler, waits until that answers, and then serves on a free port of 127.0.0.1.
    ///
    /// The host's own addresses are `POST /runtime/webhooks/EventGrid?functionName=F&code=K`, `POST /admin/functions/F`, the HTTP
    /// functions under their route prefix, and `GET /`.
    pub async fn start(options: HostOptions) -> Result<Self, HostError> {
        let HostOptions { name, root, settings, log, seed, clock, namespace } = options;
        let app = App::read(&root, &settings, namespace.as_ref())?;
        // The limit of an exchange is functionTimeout, which each invocation sets.
        let client = loopback_client(None)?;
        let plan = WorkerPlan {
            name: name.clone(),
            executable: app.executable.clone(),
            arguments: app.arguments.clone(),
            working_directory: app.working_directory.clone(),
            root,
            settings,
            initialization_timeout: app.initialization_timeout,
            log: log.clone(),
            worker_id: derived_guid(seed, &name, "worker"),
        };
        let worker = Worker::start(plan, clock.clone(), client.clone());
        match worker.settled().await {
            WorkerState::Ready { .. } => {}
            WorkerState::Failed(source) => return Err(HostError::Worker { log, source }),
            WorkerState::Starting | WorkerState::Stopped => return Err(HostError::Stopped),
        }
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(HostError::Listen)?;
        let address = listener.local_addr().map_err(HostError::Listen)?;
        let (stop, stopping) = watch::channel(false);
        let keys = HostKeys::derive(seed, &name);
        let shared = Arc::new(Shared {
            name,
            app,
            keys,
            clock,
            stopping,
            worker,
            client,
            seed,
            guids: AtomicU64::new(0),
        });
        let mut tasks = JoinSet::new();
        tasks.spawn(server::serve(shared.clone(), listener));
        for function in shared.app.functions.values() {
            match (&function.trigger, &namespace) {
                (Trigger::Timer(timer), _) => {
                    tasks.spawn(timers::run(shared.clone(), function.clone(), timer.clone()));
                }
                (Trigger::ServiceBus(trigger), Some(namespace)) => {
                    let broker = namespace.broker.clone();
                    tasks.spawn(queues::run(shared.clone(), function.clone(), trigger.clone(), broker));
                }
                // Without a namespace the app has no such function: reading it would have failed.
                (Trigger::ServiceBus(_), None) | (Trigger::EventGrid | Trigger::Http(_), _) => {}
            }
        }
        Ok(Self { shared, address, stop, tasks })
    }

    /// Where it answers: `http://127.0.0.1:{port}`.
    pub fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Its keys.
    pub fn keys(&self) -> &HostKeys {
        &self.shared.keys
    }

    /// The app that it runs.
    pub fn app(&self) -> &App {
        &self.shared.app
    }

    /// The process of the handler that answers now, if one does.
    pub fn handler_process(&self) -> Option<u32> {
        self.shared.worker.process()
    }

    /// Puts a new instance in the place of one that shut down after the third failure of its handler, as the platform does. The address,
    /// which on Azure is that of the platform's front ends, stays. `false` where the instance has not shut down.
    pub async fn replace(&self) -> bool {
        self.shared.worker.replace().await
    }

    /// Ends timers, the handler (SIGTERM, SIGKILL after 5 s) and the server. No child is left when this returns.
    pub async fn shutdown(mut self) {
        self.stop.send_replace(true);
        self.shared.worker.stop().await;
        let ended = async { while self.tasks.join_next().await.is_some() {} };
        if timeout(GRACE, ended).await.is_err() {
            tracing::warn!(app = self.shared.name, "a connection to the Functions host is cut");
            self.tasks.shutdown().await;
        }
    }
}
