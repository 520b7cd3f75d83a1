//! The host of one function app: its life, and the one way every trigger invokes a function.

use std::{
    collections::BTreeMap,
    future::pending,
    io,
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use http::header::{CONTENT_TYPE, USER_AGENT};
use tokio::{net::TcpListener, sync::watch, task::JoinSet, time::timeout};
use uuid::Uuid;

use super::{
    app::{App, AppError, Function, Trigger},
    invocation::{self, TriggerData},
    keys::HostKeys,
    namespace::Namespace,
    queues,
    reply::{Outputs, Reply, ReplyError},
    server, timers,
    worker::{Worker, WorkerError, WorkerPlan, WorkerState},
};
use crate::{
    Clock,
    front::loopback::{LoopbackError, loopback_client},
};

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

/// Why an invocation failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum InvocationError {
    #[error("the handler cannot be reached")]
    Exchange(#[from] reqwest::Error),
    #[error("the handler's answer is longer than {REPLY_LIMIT} bytes")]
    TooLong,
    #[error(transparent)]
    Reply(#[from] ReplyError),
    #[error("Timeout value of {} s was exceeded", .0.as_secs())]
    Timeout(Duration),
    #[error("Function host is not running.")]
    Down,
}

/// A running Functions host. Dropping it kills the handler; [`FunctionsHost::shutdown`] ends it in order.
pub struct FunctionsHost {
    shared: Arc<Shared>,
    address: SocketAddr,
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

/// What the server, the timers and background invocations use.
pub(super) struct Shared {
    pub(super) name: String,
    pub(super) app: App,
    pub(super) keys: HostKeys,
    pub(super) clock: Clock,
    pub(super) stopping: watch::Receiver<bool>,
    worker: Worker,
    client: reqwest::Client,
    seed: u64,
    guids: AtomicU64,
}

/// The version that the host gives in its headers.
const HOST_VERSION: &str = "4.1042.100.0";
const REPLY_LIMIT: usize = 16 * 1024 * 1024;
const GRACE: Duration = Duration::from_secs(5);
const END_IS_KNOWN: Duration = Duration::from_millis(250);

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

impl Shared {
    /// Invokes a function and waits for its outcome, at most `functionTimeout`, after which the handler is restarted.
    pub(super) async fn invoke(
        &self,
        function: &Function,
        trigger: TriggerData,
    ) -> Result<Outputs, InvocationError> {
        let id = self.next_guid();
        let system = invocation::system_data(&function.name, self.clock.now(), &self.next_guid());
        let body = invocation::body(&function.binding, trigger, system).to_string();
        let mut stopping = self.stopping.clone();
        let outcome = tokio::select! {
            outcome = self.invoke_within_limit(function, &id, body) => outcome,
            _ = stopping.wait_for(|stopping| *stopping) => Err(InvocationError::Down),
        };
        match &outcome {
            Ok(_) => tracing::debug!(app = self.name, function = function.name, invocation = id, "Succeeded"),
            // The host itself was told to end: nobody's failure.
            Err(InvocationError::Down) if *self.stopping.borrow() => {
                tracing::debug!(app = self.name, function = function.name, invocation = id, "Stopped");
            }
            Err(error) => {
                let error = error as &dyn std::error::Error;
                tracing::error!(app = self.name, function = function.name, invocation = id, error, "Failed");
            }
        }
        outcome
    }

    async fn invoke_within_limit(
        &self,
        function: &Function,
        id: &str,
        body: String,
    ) -> Result<Outputs, InvocationError> {
        let WorkerState::Ready { port, generation, .. } = self.worker.settled().await else {
            return Err(InvocationError::Down);
        };
        let exchange = self.exchange(function, port, id, body);
        let outcome = match self.app.function_timeout {
            None => exchange.await,
            Some(limit) => match timeout(limit, exchange).await {
                Ok(outcome) => outcome,
                Err(_) => {
                    self.worker.restart(generation).await;
                    return Err(InvocationError::Timeout(limit));
                }
            },
        };
        if matches!(outcome, Err(InvocationError::Exchange(_))) {
            // The system tells of a handler's end a moment after its connections broke. What is tried again at once, such as a message,
            // must not be sent to the same handler until its tries are used up.
            let _ = timeout(END_IS_KNOWN, self.worker.over(generation)).await;
        }
        outcome
    }

    /// Waits until there is a handler to send to. `false` if there never is one again.
    pub(super) async fn runs(&self) -> bool {
        self.worker.answers().await
    }

    async fn exchange(
        &self,
        function: &Function,
        port: u16,
        id: &str,
        body: String,
    ) -> Result<Outputs, InvocationError> {
        let mut response = self
            .client
            .post(format!("http://127.0.0.1:{port}/{}", function.name))
            .header(CONTENT_TYPE, "application/json; charset=utf-8")
            .header(USER_AGENT, format!("Azure-Functions-Host/{HOST_VERSION}"))
            .header("X-Azure-Functions-HostVersion", HOST_VERSION)
            .header("X-Azure-Functions-InvocationId", id)
            .body(body)
            .send()
            .await?;
        let status = response.status().as_u16();
        let media_type = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let media_type = media_type.unwrap_or_default().to_owned();
        let mut answer = Vec::new();
        while let Some(chunk) = response.chunk().await? {
            if answer.len() + chunk.len() > REPLY_LIMIT {
                return Err(InvocationError::TooLong);
            }
            answer.extend_from_slice(&chunk);
        }
        match Reply::read(status, &media_type, &answer)? {
            Reply::Done(outputs) => Ok(outputs),
            // Until functionTimeout, as on Azure.
            Reply::Silent => pending().await,
        }
    }

    pub(super) async fn stopped(&self) {
        // An error means that the host is gone, which is the same order.
        let _ = self.stopping.clone().wait_for(|stopping| *stopping).await;
    }

    fn next_guid(&self) -> String {
        let count = self.guids.fetch_add(1, Ordering::Relaxed);
        derived_guid(self.seed, &self.name, &count.to_string())
    }
}

fn derived_guid(seed: u64, app: &str, purpose: &str) -> String {
    Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("functions host/{seed}/{app}/{purpose}").as_bytes())
        .to_string()
}
