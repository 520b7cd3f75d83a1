//! Whoever watches over the handler: starts it, restarts it, gives it up.

use std::{collections::VecDeque, io, process::ExitStatus, sync::Arc, time::Duration};

use time::OffsetDateTime;
use tokio::{
    process::Child,
    sync::{Notify, mpsc, watch},
    time::{sleep, timeout},
};

use super::handler_process::{WorkerError, WorkerPlan, end_process};
use crate::Clock;

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

const READINESS_POLL: Duration = Duration::from_millis(25);
const ERROR_WINDOW: time::Duration = time::Duration::minutes(30);
const ERRORS_ALLOWED: usize = 3;

pub(super) struct Supervisor {
    pub(super) plan: WorkerPlan,
    pub(super) clock: Clock,
    pub(super) client: reqwest::Client,
    pub(super) state: watch::Sender<WorkerState>,
    pub(super) restarts: mpsc::Receiver<u64>,
    pub(super) replacements: Arc<Notify>,
    pub(super) stopped: watch::Receiver<bool>,
    pub(super) generation: u64,
}

/// How one run of the handler ended.
enum Ended {
    Stopped,
    RestartAsked,
    Failed(WorkerError),
}

impl Supervisor {
    pub(super) async fn run(mut self) {
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
        let (mut child, port) = match self.plan.spawn().await {
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
}

fn exited(exit: io::Result<ExitStatus>) -> Ended {
    Ended::Failed(exit.map_or_else(WorkerError::Wait, WorkerError::Exited))
}

async fn told_to_stop(stopped: &mut watch::Receiver<bool>) {
    // An error means that the owner is gone, which is the same order.
    let _ = stopped.wait_for(|stopped| *stopped).await;
}

/// Ready is any answer at all; only a connection that fails is not (the real host's check).
async fn answers(client: &reqwest::Client, port: u16) {
    let address = format!("http://127.0.0.1:{port}/");
    while client.get(&address).send().await.is_err() {
        sleep(READINESS_POLL).await;
    }
}
