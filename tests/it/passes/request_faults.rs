//! Faults, placed, in what is asked for by queue: from the message with the request to the one with the outcome. The
//! partner's app runs without faults. In the end the world, the phases and the writes are those of the fault-free run,
//! the request is answered the same way, nothing lies among the dead letters, and one more look writes nothing.

use std::collections::BTreeSet;

use peerpact::handshake::phase::Phase;
use peerpact_sandbox::Tenant::{self, Contoso, Fabrikam};
use peerpact_sandbox::{Broker, service_bus::Depth};
use serde_json::json;

use super::app::App;
use super::desk::{connect, disconnect, manage};
use super::gate::{Counts, Gate, Point};
use super::management::{make_manager, managed, manager, states, subscription};
use super::points::every_point_of;
use super::requests::only_half;
use super::stage::{Stage, hub, spoke, wait};

/// What fabrikam's people ask for with `r-1`.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Story {
    Peering,
    Disconnect,
    /// A peering while Azure takes its time, so that looks follow each other.
    SlowPeering,
    Management,
}

#[derive(Debug, PartialEq)]
struct End {
    ours: Vec<String>,
    theirs: Vec<String>,
    phases: Vec<(Tenant, Phase)>,
    codes: Vec<String>,
    writes: Vec<String>,
    partners_writes: Vec<String>,
    answers: BTreeSet<(String, String)>,
}

impl Story {
    fn terms(self, tenant: Tenant) -> String {
        match self {
            Self::Management => managed(tenant, ""),
            // What contoso's engineer opened goes with fabrikam's half, as contoso agrees to.
            Self::Disconnect => "adopt = \"manage\"".to_owned(),
            Self::Peering | Self::SlowPeering => String::new(),
        }
    }

    async fn prologue(self) -> Stage {
        let stage = if self == Self::SlowPeering { Stage::slow().await } else { Stage::new().await };
        match self {
            Self::Peering | Self::SlowPeering => {
                stage.two_networks().await;
                stage.submit(Fabrikam, &connect("r-1", &spoke(), &hub()));
            }
            Self::Management => {
                make_manager(&stage).await;
                stage.submit(Fabrikam, &manage("r-1", &manager(), &subscription(Fabrikam)));
            }
            Self::Disconnect => {
                stage.two_networks().await;
                stage.contoso_opens().await;
                let fabrikam = stage.app(Fabrikam, "");
                stage.deliver(&[&fabrikam]).await;
                stage.outcomes(Fabrikam);
                stage.submit(Fabrikam, &disconnect("r-1", &only_half(&stage, &spoke()).await));
            }
        }
        stage.take_events(Fabrikam);
        stage
    }

    async fn run(self, point: Point) -> (End, Counts) {
        let stage = self.prologue().await;
        let contoso = stage.app(Contoso, &self.terms(Contoso));
        let mark = stage.mark();
        let gate = Gate::with(point);
        let app = stage.gated_app(Fabrikam, &self.terms(Fabrikam), &gate);
        let apps = [&contoso, &app];
        tokio::select! {
            () = stage.carry_on(&apps) => {}
            () = gate.crashed() => {}
        }
        let counts = gate.counts();
        drop(app);
        let fabrikam = stage.app(Fabrikam, &self.terms(Fabrikam));
        let apps = [&contoso, &fabrikam];
        until_quiet(&stage, &apps, (self, point)).await;
        let quiet = stage.mark();
        for app in apps {
            app.sweep().await;
            let writes = stage.writes_of_app(app.tenant, quiet);
            assert!(writes.is_empty(), "{self:?}, {point:?}: not at rest: {writes:?}");
            assert_eq!(lying(&app.broker), [0; 4], "{self:?}, {point:?}: {:?}", app.tenant);
        }
        (self.end(&stage, &apps, mark).await, counts)
    }

    async fn end(self, stage: &Stage, apps: &[&App], mark: u64) -> End {
        stage.traveller.sign_out();
        let (theirs, ours) = if self == Self::Management {
            states(stage, &subscription(Fabrikam)).await
        } else {
            (vec![stage.traveller.state(&hub()).await], vec![stage.traveller.state(&spoke()).await])
        };
        let (mut phases, mut codes) = (Vec::new(), Vec::new());
        for app in apps {
            for record in app.records().await {
                phases.push((app.tenant, record.phase));
                codes.extend(record.reasons.iter().map(|reason| reason.code.as_str()));
            }
        }
        let answered = stage.outcomes(Fabrikam).into_iter();
        let answers = answered.filter_map(|told| Some((told.request?, told.subject))).collect();
        let [partners_writes, writes] = [Contoso, Fabrikam].map(|tenant| stage.writes_of_app(tenant, mark));
        End { ours, theirs, phases, codes, writes, partners_writes, answers }
    }
}

/// What lies in the queues that an app works through, and among the dead letters of all.
fn lying(broker: &Broker) -> [usize; 4] {
    let depth = |queue: &str| broker.depth(queue).unwrap();
    let waiting = |queue: &str| {
        let Depth { active, locked, .. } = depth(queue);
        active + locked
    };
    let dead = Broker::queues().map(|queue| depth(queue).dead_lettered).sum();
    [waiting("resource-events"), waiting("connection-requests"), waiting("handshakes"), dead]
}

/// The timer comes every five minutes; the world is quiet when it comes twice and changes no record.
async fn until_quiet(stage: &Stage, apps: &[&App], at: impl std::fmt::Debug) {
    let mut before = None;
    for _ in 0..8 {
        wait(300).await;
        let mut now = Vec::new();
        for app in apps {
            app.sweep().await;
            stage.deliver(apps).await;
            now.extend(app.stored().await.into_iter().map(|record| json!([record.id, record.updated_at])));
        }
        if before.as_ref() == Some(&now) {
            return;
        }
        before = Some(now);
    }
    panic!("{at:?}: eight sweeps did not bring rest");
}

#[tokio::test(start_paused = true)]
async fn every_fault_on_a_request_for_a_peering_ends_like_none() {
    every_point_of(Story::Peering, async |point| Story::Peering.run(point).await).await;
}

#[tokio::test(start_paused = true)]
async fn every_fault_on_a_request_to_disconnect_ends_like_none() {
    every_point_of(Story::Disconnect, async |point| Story::Disconnect.run(point).await).await;
}

#[tokio::test(start_paused = true)]
async fn every_fault_while_azure_takes_its_time_ends_like_none() {
    every_point_of(Story::SlowPeering, async |point| Story::SlowPeering.run(point).await).await;
}

#[tokio::test(start_paused = true)]
async fn every_fault_on_a_request_for_management_ends_like_none() {
    every_point_of(Story::Management, async |point| Story::Management.run(point).await).await;
}
