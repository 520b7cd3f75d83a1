//! The handler, as its host has it.

use std::sync::Arc;

use tokio::{
    sync::{Notify, mpsc, watch},
    task::JoinHandle,
};

use super::{
    handler_process::WorkerPlan,
    supervisor::{Supervisor, WorkerState},
};
use crate::Clock;

/// The one handler process of a host. It is killed when this is dropped, and asked to end first by [`Worker::stop`].
pub(super) struct Worker {
    state: watch::Receiver<WorkerState>,
    restarts: mpsc::Sender<u64>,
    replacements: Arc<Notify>,
    stop: watch::Sender<bool>,
    supervisor: JoinHandle<()>,
}

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
