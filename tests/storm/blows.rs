//! What goes wrong, and when: at moments that a seed chooses, by how far the work has come and never by the clock.

use std::time::Duration;

use peerpact_fixtures::deployed::Stage;
use peerpact_sandbox::{Broker, Tenant};
use tokio::process::Command;

/// How often is looked whether a moment has come.
const LOOK: Duration = Duration::from_millis(1);

/// Something that goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Blow {
    /// SIGKILL to the handler of this app.
    Kill(Tenant),
    /// Contoso's broker goes down and comes back.
    RestartBroker,
    /// The connections to contoso's broker are cut.
    DropConnections,
}

/// When it goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Moment {
    /// While requests are being received, and so many still wait.
    RequestsLeft(usize),
    /// While items are under way, and so many halves have been written.
    Written(usize),
}

/// What the blows came to.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Damage {
    /// Handlers killed.
    pub(crate) kills: usize,
    /// Instances that shut down after the third failure of their handler, and were replaced.
    pub(crate) replaced: usize,
    pub(crate) restarts: usize,
    pub(crate) drops: usize,
    /// Requests that were received and not completed when their handler was killed or the broker restarted.
    pub(crate) requests_interrupted: usize,
    /// The same for work items.
    pub(crate) items_interrupted: usize,
}

/// How many halves Azure has accepted, counted along its history.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Progress {
    heard: u64,
    written: usize,
}

impl Progress {
    pub(crate) fn written(&mut self, stage: &Stage) -> usize {
        let calls = stage.azure().calls_since(self.heard);
        self.heard = calls.last().map_or(self.heard, |call| call.sequence);
        self.written += calls.iter().filter(|call| call.writes_half()).count();
        self.written
    }
}

/// A sequence of numbers that a seed decides (xorshift64*).
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    /// A number from `least` to `most`, both included.
    pub(crate) fn between(&mut self, least: usize, most: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let number = usize::try_from(self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33).unwrap();
        least + number % (most - least + 1)
    }
}

impl Damage {
    /// Waits for the moment and strikes; returns when there is a handler again.
    pub(crate) async fn strike(
        &mut self,
        stage: &Stage,
        progress: &mut Progress,
        blow: Blow,
        moment: Moment,
    ) {
        let tenant = if let Blow::Kill(tenant) = blow { tenant } else { Tenant::Contoso };
        let broker = stage.azure().service_bus(tenant);
        while !has_come(stage, &broker, progress, moment) {
            tokio::time::sleep(LOOK).await;
        }
        let (requests, items) = (locked(&broker, "connection-requests"), locked(&broker, "reconcile"));
        match blow {
            Blow::Kill(tenant) => {
                self.kills += 1;
                let process = handler(stage, tenant).await;
                signal(process, "-KILL").await;
                self.replaced += usize::from(runs_again(stage, tenant, process).await);
            }
            Blow::RestartBroker => {
                self.restarts += 1;
                broker.restart();
            }
            Blow::DropConnections => {
                self.drops += 1;
                broker.drop_connections();
                return;
            }
        }
        self.requests_interrupted += requests;
        self.items_interrupted += items;
    }
}

/// The process of a tenant's handler, as soon as there is one.
pub(crate) async fn handler(stage: &Stage, tenant: Tenant) -> u32 {
    loop {
        if let Some(process) = stage.host(tenant).unwrap().handler_process() {
            return process;
        }
        tokio::time::sleep(LOOK).await;
    }
}

pub(crate) async fn signal(process: u32, which: &str) {
    let sent = Command::new("kill").args([which, &process.to_string()]).status().await.unwrap();
    assert!(sent.success(), "{process} does not run");
}

/// Waits until a handler answers that is not this process. `true` if its instance had to be replaced.
///
/// The Functions host starts its handler again by itself, and shuts down when that has failed three times within 30
/// minutes. The platform then starts a new instance in its place, which is what is done here.
pub(crate) async fn runs_again(stage: &Stage, tenant: Tenant, old: u32) -> bool {
    let host = stage.host(tenant).unwrap();
    let mut replaced = false;
    while host.handler_process().is_none_or(|process| process == old) {
        replaced |= host.replace().await;
        tokio::time::sleep(LOOK).await;
    }
    replaced
}

fn has_come(stage: &Stage, broker: &Broker, progress: &mut Progress, moment: Moment) -> bool {
    match moment {
        Moment::RequestsLeft(left) => {
            let depth = broker.depth("connection-requests").unwrap();
            depth.locked > 0 && depth.active <= left
        }
        Moment::Written(halves) => locked(broker, "reconcile") > 0 && progress.written(stage) >= halves,
    }
}

fn locked(broker: &Broker, queue: &str) -> usize {
    broker.depth(queue).unwrap().locked
}

/// Asked of a call in the sandbox's history.
pub(crate) trait Writes {
    /// Whether it wrote a peering, and Azure took it.
    fn writes_half(&self) -> bool;
}

impl Writes for peerpact_sandbox::Call {
    fn writes_half(&self) -> bool {
        self.method == "PUT"
            && (200..300).contains(&self.status)
            && self.path.to_ascii_lowercase().contains("/virtualnetworkpeerings/")
    }
}
