//! The process of a handler: how it is started and ended.

use std::{
    collections::BTreeMap,
    io,
    path::PathBuf,
    process::{ExitStatus, Stdio},
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::{
    net::TcpListener,
    process::{Child, Command},
    time::timeout,
};

use super::output::{OutputLog, copy_output};

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

const GRACE: Duration = Duration::from_secs(5);

impl WorkerPlan {
    /// Starts the handler, and says on which port it is to answer.
    pub(super) async fn spawn(&self) -> Result<(Child, u16), WorkerError> {
        let port = free_port().await.map_err(WorkerError::Port)?;
        let plan = self;
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

/// The real host picks a port that was free a moment ago, and so does this one.
async fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0)).await?.local_addr()?.port())
}

/// SIGTERM to the process group, SIGKILL after 5 s.
pub(super) async fn end_process(child: &mut Child) {
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
