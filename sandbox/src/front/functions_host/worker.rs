//! The handler's process: started, watched, restarted and ended.

use std::{
    collections::{BTreeMap, VecDeque},
    io,
    path::PathBuf,
    process::{ExitStatus, Stdio},
    sync::Arc,
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process_group};
use time::OffsetDateTime;
use tokio::{
    net::TcpListener,
    process::{Child, Command},
    sync::{Notify, mpsc, watch},
    task::JoinHandle,
    time::{sleep, timeout},
};

use super::output::{OutputLog, copy_output};
use crate::Clock;

/// What to start and how.
pub(super) struct WorkerPlan {
    /// Names the app in the log.
    pub(super) name: String,
    pub(super) executable: PathBuf,
    pub(super) arguments: Vec<String>,
    pub(super) working_directory: PathBuf,
    pub(super) root: PathBuf,
    pub(super) settings: BTreeMap<String, String>,
    pub(super) initialization_timeout: Duration,
    pub(super) log: PathBuf,
    pub(super) worker_id: String,
}

/// Why the handler does not run. The host restarts it until the third of these within 30 minutes.
#[derive(Debug, thiserror::Error)]
pub enum WorkerError {
    /// There was no free port.
    #[error("no port for the handler")]
    Port(#[source] io::Error),
    /// Its output has nowhere to go.
    #[error("the handler's log cannot be written")]
    Log(#[source] io::Error),
    /// The system cannot start the executable.
    #[error("{executable} cannot be started")]
    Spawn {
        /// What `defaultExecutablePath` named.
        executable: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// It ended by itself.
    #[error("the handler ended by itself: {0}")]
    Exited(ExitStatus),
    /// The system cannot say how it ended.
    #[error("the handler cannot be waited for")]
    Wait(#[source] io::Error),
    /// It ran but did not answer.
    #[error("the handler did not answer GET / within {} s", .0.as_secs())]
    NotReady(Duration),
}

/// Where the handler is in its life.
#[derive(Debug, Clone)]
pub(super) enum WorkerState {
    /// Not yet answering, for the first time or again.
    Starting,
    /// Answering on this port. The generation counts the starts.
    Ready { port: u16, generation: u64, process: Option<u32> },
    /// It failed too often and stays down until the instance is replaced.
    Failed(Arc<WorkerError>),
    /// It was told to end.
    Stopped,
}

/// The one handler process of a host. It is killed when this is dropped, and asked to end first by [`Worker::stop`].
pub(super) struct Worker {
    state: watch::Receiver<WorkerState>,
    restarts: mpsc::Sender<u64>,
    replacements: Arc<Notify>,
    stop: watch::Sender<bool>,
    supervisor: JoinHandle<()>,
}

const READINESS_POLL: Duration = Duration::from_millis(25);
const ERROR_WINDOW: time::Duration = time::Duration::minutes(30);
const ERRORS_ALLOWED: usize = 3;
const GRACE: Duration = Duration::from_secs(5);

impl Worker {
    pub(super) fn start(plan: WorkerPlan, clock: Clock, client: reqwest::Client) -> Self {
        let (state_sender, state) = watch::channel(WorkerState::Starting);
        let (restarts, restart_requests) = mpsc::channel(16);
        let (stop, stopped) = watch::channel(false);
        let replacements = Arc::new(Notify::new());
        let supervisor = Supervisor {
            plan,
            clock,
            client,
            state: state_sender,
            restarts: restart_requests,
            replacements: replacements.clone(),
            stopped,
            generation: 0,
        };
        Self { state, restarts, replacements, stop, supervisor: tokio::spawn(supervisor.run()) }
    }

    /// Waits until the handler answers or will never do so: never returns `Starting`.
    pub(super) async fn settled(&self) -> WorkerState {
        let mut state = self.state.clone();
        match state.wait_for(|state| !matches!(state, WorkerState::Starting)).await {
            Ok(state) => state.clone(),
            Err(_) => WorkerState::Stopped,
        }
    }

    /// Waits until the handler answers, however often it is given up and its instance replaced meanwhile. `false` if it was told to end.
    pub(super) async fn answers(&self) -> bool {
        let mut state = self.state.clone();
        let state =
            state.wait_for(|state| matches!(state, WorkerState::Ready { .. } | WorkerState::Stopped)).await;
        state.is_ok_and(|state| matches!(*state, WorkerState::Ready { .. }))
    }

    /// The process that answers now.
    pub(super) fn process(&self) -> Option<u32> {
        match *self.state.borrow() {
            WorkerState::Ready { process, .. } => process,
            WorkerState::Starting | WorkerState::Failed(_) | WorkerState::Stopped => None,
        }
    }

    /// Starts anew where the handler was given up, with nothing counted against it. `false` if it was not given up.
    pub(super) async fn replace(&self) -> bool {
        let failed = |state: &WorkerState| matches!(state, WorkerState::Failed(_));
        if !failed(&self.state.borrow()) {
            return false;
        }
        self.replacements.notify_one();
        self.state.clone().wait_for(|state| !failed(state)).await.is_ok()
    }

    /// Restarts the handler unless that start is already over. All its invocations are lost. Returns once nothing more is sent to it.
    pub(super) async fn restart(&self, generation: u64) {
        if self.restarts.send(generation).await.is_ok() {
            self.over(generation).await;
        }
    }

    /// Waits until nothing more is sent to the handler of that start.
    pub(super) async fn over(&self, generation: u64) {
        let running = |state: &WorkerState| matches!(state, WorkerState::Ready { generation: now, .. } if *now == generation);
        // An error means that the supervisor is gone, and the handler with it.
        let _ = self.state.clone().wait_for(|state| !running(state)).await;
    }

    /// Ends the handler: SIGTERM to its process group, SIGKILL after 5 s. Returns once it is gone.
    pub(super) async fn stop(&self) {
        self.stop.send_replace(true);
        let ended = |state: &WorkerState| matches!(state, WorkerState::Stopped | WorkerState::Failed(_));
        // An error means that the supervisor is gone, and the handler with it.
        let _ = self.state.clone().wait_for(ended).await;
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.supervisor.abort();
    }
}

struct Supervisor {
    plan: WorkerPlan,
    clock: Clock,
    client: reqwest::Client,
    state: watch::Sender<WorkerState>,
    restarts: mpsc::Receiver<u64>,
    replacements: Arc<Notify>,
    stopped: watch::Receiver<bool>,
    generation: u64,
}

/// How one run of the handler ended.
enum Ended {
    Stopped,
    RestartAsked,
    Failed(WorkerError),
}

impl Supervisor {
    async fn run(mut self) {
        let mut errors: VecDeque<OffsetDateTime> = VecDeque::new();
        loop {
            self.state.send_replace(WorkerState::Starting);
            self.generation += 1;
            match self.run_once().await {
                Ended::Stopped => {
                    self.state.send_replace(WorkerState::Stopped);
                    return;
                }
                // The real host counts errors only; a restart that it asked for itself is none.
                Ended::RestartAsked => tracing::warn!(app = self.plan.name, "the handler is restarted"),
                Ended::Failed(error) => {
                    let now = self.clock.now();
                    errors.retain(|at| now - *at < ERROR_WINDOW);
                    errors.push_back(now);
                    tracing::error!(
                        app = self.plan.name,
                        error = &error as &dyn std::error::Error,
                        "handler failed"
                    );
                    if errors.len() >= ERRORS_ALLOWED {
                        tracing::error!(
                            app = self.plan.name,
                            "Exceeded http worker restart retry count. Shutting down Functions Host"
                        );
                        self.state.send_replace(WorkerState::Failed(Arc::new(error)));
                        if !self.replaced().await {
                            return;
                        }
                        errors.clear();
                    }
                }
            }
        }
    }

    /// `false` if it was told to stop before.
    async fn replaced(&mut self) -> bool {
        tokio::select! {
            () = told_to_stop(&mut self.stopped) => false,
            () = self.replacements.notified() => true,
        }
    }

    async fn run_once(&mut self) -> Ended {
        let (mut child, port) = match self.spawn().await {
            Ok(started) => started,
            Err(error) => return Ended::Failed(error),
        };
        let ended = self.watch(&mut child, port).await;
        // Before it is gone, so that nothing more is sent to a handler that is about to end.
        self.state.send_replace(WorkerState::Starting);
        end_process(&mut child).await;
        ended
    }

    async fn watch(&mut self, child: &mut Child, port: u16) -> Ended {
        let ready = timeout(self.plan.initialization_timeout, answers(&self.client, port));
        tokio::select! {
            () = told_to_stop(&mut self.stopped) => return Ended::Stopped,
            exit = child.wait() => return exited(exit),
            ready = ready => if ready.is_err() {
                return Ended::Failed(WorkerError::NotReady(self.plan.initialization_timeout));
            }
        }
        let generation = self.generation;
        self.state.send_replace(WorkerState::Ready { port, generation, process: child.id() });
        loop {
            tokio::select! {
                () = told_to_stop(&mut self.stopped) => return Ended::Stopped,
                exit = child.wait() => return exited(exit),
                // Several invocations may time out in the same handler, which is restarted once for them.
                asked = self.restarts.recv() => match asked {
                    Some(asked) if asked == generation => return Ended::RestartAsked,
                    Some(_) => {}
                    None => return Ended::Stopped,
                }
            }
        }
    }

    async fn spawn(&self) -> Result<(Child, u16), WorkerError> {
        let port = free_port().await.map_err(WorkerError::Port)?;
        let plan = &self.plan;
        let log = OutputLog::open(&plan.log).map_err(WorkerError::Log)?;
        let mut command = Command::new(&plan.executable);
        command
            .args(&plan.arguments)
            .current_dir(&plan.working_directory)
            // Only what a handler on Azure would have, too: the developer's own AZURE_* must not decide what a test sees.
            .env_clear()
            .envs(
                ["PATH", "HOME", "TMPDIR", "LANG"]
                    .into_iter()
                    .filter_map(|name| Some((name, std::env::var_os(name)?))),
            )
            .envs(&plan.settings)
            .env("FUNCTIONS_CUSTOMHANDLER_PORT", port.to_string())
            .env("FUNCTIONS_CUSTOMHANDLER_WORKER_ID", &plan.worker_id)
            .env("FUNCTIONS_HTTPWORKER_PORT", port.to_string())
            .env("FUNCTIONS_HTTPWORKER_ID", &plan.worker_id)
            .env("FUNCTIONS_APP_ROOT_PATH", &plan.root)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // Its own group, so that Ctrl-C in a terminal reaches the sandbox alone, which then ends the handler in order.
            .process_group(0)
            .kill_on_drop(true);
        let mut child = command
            .spawn()
            .map_err(|source| WorkerError::Spawn { executable: plan.executable.clone(), source })?;
        if let Some(stdout) = child.stdout.take() {
            tokio::spawn(copy_output(plan.name.clone(), stdout, log.clone()));
        }
        if let Some(stderr) = child.stderr.take() {
            tokio::spawn(copy_output(plan.name.clone(), stderr, log));
        }
        tracing::info!(app = plan.name, port, pid = child.id(), "handler started");
        Ok((child, port))
    }
}

fn exited(exit: io::Result<ExitStatus>) -> Ended {
    Ended::Failed(exit.map_or_else(WorkerError::Wait, WorkerError::Exited))
}

async fn told_to_stop(stopped: &mut watch::Receiver<bool>) {
    // An error means that the owner is gone, which is the same order.
    let _ = stopped.wait_for(|stopped| *stopped).await;
}

/// The real host picks a port that was free a moment ago, and so does this one.
async fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0)).await?.local_addr()?.port())
}

/// Ready is any answer at all; only a connection that fails is not (the real host's check).
async fn answers(client: &reqwest::Client, port: u16) {
    let address = format!("http://127.0.0.1:{port}/");
    while client.get(&address).send().await.is_err() {
        sleep(READINESS_POLL).await;
    }
}

async fn end_process(child: &mut Child) {
    let Some(group) = child.id().and_then(|id| Pid::from_raw(id.cast_signed())) else {
        return;
    };
    // The group may be gone already, which is what is wanted.
    let _ = kill_process_group(group, Signal::TERM);
    if timeout(GRACE, child.wait()).await.is_err() {
        let _ = kill_process_group(group, Signal::KILL);
        if let Err(error) = child.wait().await {
            tracing::warn!(%error, "the handler cannot be waited for");
        }
    }
}
