//! Faults, placed, in a peering. After a restart with an empty memory and sweeps until all is quiet, the world is the one
//! of the fault-free run, nothing was written twice, and one more look writes nothing.

use std::collections::BTreeMap;
use std::fmt::Debug;

use peerpact::handshake::phase::Phase;
use peerpact_sandbox::Tenant::Fabrikam;
use serde_json::Value;

use super::app::App;
use super::gate::{Counts, Fault, Gate, Point};
use super::points::every_point_of;
use super::stage::{Grants, Stage, half, hub, spoke, wait};

/// What the app has to deal with, after a start in which nothing went wrong.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Story {
    TheirsOpened,
    TheirSpaceWidened,
    TheirSpaceWidenedTooFar,
    TheirsRemoved,
    OursOpenedWithReachBoth,
    OursRemovedWithReachBoth,
    /// Our own agreement changed, and says that what it covers no longer is taken down.
    ConsentWithdrawn,
}

/// The end of a run, as far as two runs are to be equal.
#[derive(Debug, PartialEq)]
struct End {
    hub: BTreeMap<String, Value>,
    spoke: BTreeMap<String, Value>,
    phases: Vec<Phase>,
    codes: Vec<String>,
    writes: Vec<String>,
}

impl Story {
    fn terms(self) -> &'static str {
        match self {
            Self::OursOpenedWithReachBoth | Self::OursRemovedWithReachBoth => "reach = \"both\"",
            Self::ConsentWithdrawn => "on_withdrawal = \"remove\"\ntag = \"peerpact=contoso\"",
            Self::TheirsOpened
            | Self::TheirSpaceWidened
            | Self::TheirSpaceWidenedTooFar
            | Self::TheirsRemoved => "",
        }
    }

    /// What was agreed before.
    fn terms_before(self) -> &'static str {
        if self == Self::ConsentWithdrawn { "" } else { self.terms() }
    }

    /// Everything up to the point where the story begins, with an app that nothing happens to.
    async fn prologue(self, stage: &Stage) {
        stage.two_networks().await;
        let app = stage.app(Fabrikam, self.terms_before());
        match self {
            Self::TheirsOpened | Self::OursOpenedWithReachBoth => {}
            Self::TheirSpaceWidened
            | Self::TheirSpaceWidenedTooFar
            | Self::TheirsRemoved
            | Self::ConsentWithdrawn => {
                stage.contoso_opens().await;
            }
            Self::OursRemovedWithReachBoth => stage.traveller.open(&half(&spoke(), "to-hub"), &hub()).await,
        }
        stage.deliver(&[&app]).await;
        wait(2).await;
        stage.take_events(Fabrikam);
        match self {
            Self::TheirsOpened => stage.contoso_opens().await,
            Self::TheirSpaceWidened => {
                stage.traveller.respace(&hub(), &["10.10.0.0/16", "10.11.0.0/16"]).await
            }
            Self::TheirSpaceWidenedTooFar => {
                stage.traveller.respace(&hub(), &["10.10.0.0/16", "172.16.0.0/16"]).await
            }
            Self::TheirsRemoved => stage.traveller.close(&hub(), "to-spoke").await,
            Self::OursOpenedWithReachBoth => stage.traveller.open(&half(&spoke(), "to-hub"), &hub()).await,
            Self::OursRemovedWithReachBoth => stage.traveller.close(&spoke(), "to-hub").await,
            // Something happens, so that there is a look.
            Self::ConsentWithdrawn => stage.traveller.respace(&hub(), &["10.10.0.0/16"]).await,
        }
    }

    async fn run(self, point: Point) -> (End, Counts) {
        let stage = Stage::with(Grants::Both).await;
        self.prologue(&stage).await;
        let mark = stage.mark();
        let gate = Gate::with(point);
        let app = stage.gated_app(Fabrikam, self.terms(), &gate);
        let events = stage.take_events(Fabrikam);
        let follow = async {
            for event in &events {
                app.event(event).await;
            }
        };
        tokio::select! {
            () = follow => {}
            () = gate.crashed() => {}
        }
        drop(app);
        let restarted = stage.app(Fabrikam, self.terms());
        sweep_until_quiet(&stage, &restarted, point).await;
        let quiet = stage.mark();
        restarted.sweep().await;
        for event in &events {
            restarted.event(event).await;
        }
        assert_eq!(
            stage.writes_of_app(Fabrikam, quiet),
            Vec::<String>::new(),
            "{self:?}, {point:?}: not at rest"
        );
        (end(&stage, &restarted, mark).await, gate.counts())
    }
}

/// The timer comes every five minutes; the world is quiet when a sweep makes no pass any more.
async fn sweep_until_quiet(stage: &Stage, app: &App, point: impl Debug) {
    for _ in 0..6 {
        wait(300).await;
        let mark = stage.mark();
        app.sweep().await;
        let lists =
            |call: &&String| call.as_str() == "TOKEN" || call.ends_with("Microsoft.Network/virtualNetworks");
        let calls = stage.calls_of_app(Fabrikam, mark);
        if calls.iter().all(|call| lists(&call)) {
            return;
        }
    }
    panic!("{point:?}: six sweeps did not bring rest");
}

async fn end(stage: &Stage, app: &App, mark: u64) -> End {
    stage.traveller.sign_out();
    let told = |halves: Option<BTreeMap<String, Value>>| {
        let of = |half: Value| {
            let keep = [
                "peeringState",
                "peeringSyncLevel",
                "provisioningState",
                "remoteAddressSpace",
                "remoteVirtualNetwork",
                "allowVirtualNetworkAccess",
                "allowForwardedTraffic",
                "allowGatewayTransit",
                "useRemoteGateways",
            ];
            keep.iter().map(|key| half[key].clone()).collect::<Value>()
        };
        halves.expect("the network is there").into_iter().map(|(name, half)| (name, of(half))).collect()
    };
    let records = app.records().await;
    End {
        hub: told(stage.traveller.halves(&hub()).await),
        spoke: told(stage.traveller.halves(&spoke()).await),
        phases: records.iter().map(|record| record.phase).collect(),
        codes: records.iter().flat_map(|record| &record.reasons).map(|reason| reason.code.as_str()).collect(),
        writes: stage.writes_of_app(Fabrikam, mark),
    }
}

#[tokio::test(start_paused = true)]
async fn every_fault_on_a_half_of_theirs_that_is_opened_ends_like_none() {
    every_point_of(Story::TheirsOpened, async |point| Story::TheirsOpened.run(point).await).await;
}

#[tokio::test(start_paused = true)]
async fn every_fault_on_a_space_of_theirs_that_is_widened_ends_like_none() {
    every_point_of(Story::TheirSpaceWidened, async |point| Story::TheirSpaceWidened.run(point).await).await;
}

#[tokio::test(start_paused = true)]
async fn every_fault_on_a_space_of_theirs_that_is_widened_too_far_ends_like_none() {
    every_point_of(Story::TheirSpaceWidenedTooFar, async |point| {
        Story::TheirSpaceWidenedTooFar.run(point).await
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn every_fault_on_a_half_of_theirs_that_is_removed_ends_like_none() {
    every_point_of(Story::TheirsRemoved, async |point| Story::TheirsRemoved.run(point).await).await;
}

#[tokio::test(start_paused = true)]
async fn every_fault_on_a_half_of_ours_that_is_opened_with_reach_both_ends_like_none() {
    every_point_of(Story::OursOpenedWithReachBoth, async |point| {
        Story::OursOpenedWithReachBoth.run(point).await
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn every_fault_on_a_half_of_ours_that_is_removed_with_reach_both_ends_like_none() {
    every_point_of(Story::OursRemovedWithReachBoth, async |point| {
        Story::OursRemovedWithReachBoth.run(point).await
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn every_fault_on_consent_that_was_withdrawn_ends_like_none() {
    every_point_of(Story::ConsentWithdrawn, async |point| Story::ConsentWithdrawn.run(point).await).await;
}

/// A stage on which the app crashed right before it sent its write.
pub(crate) async fn crashed_before_the_write() -> Stage {
    let stage = Stage::new().await;
    stage.two_networks().await;
    stage.contoso_opens().await;
    crash_before(&stage, "PUT").await;
    stage
}

/// Fabrikam's app goes on, until it is gone right before its first call with this method.
pub(crate) async fn crash_before(stage: &Stage, method: &'static str) {
    let gate = Gate::with(Point::First(method, Fault::CrashBefore));
    let app = stage.gated_app(Fabrikam, "", &gate);
    let apps = [&app];
    tokio::select! {
        () = stage.deliver(&apps) => panic!("the app was to crash: {:?}", gate.calls()),
        () = gate.crashed() => {}
    }
}

#[tokio::test(start_paused = true)]
async fn the_intent_is_on_record_before_the_write_is_sent() {
    let stage = crashed_before_the_write().await;
    assert_eq!(stage.traveller.state(&spoke()).await, "none", "nothing was sent");
    let record = stage.app(Fabrikam, "").record().await;
    assert_eq!(record.phase, Phase::Completing);
    let last = &record.history.last().unwrap().what;
    assert!(last.starts_with("is about to create our half: "), "{last}");
}

#[tokio::test(start_paused = true)]
async fn while_an_intent_is_held_nobody_else_writes_and_afterwards_somebody_does() {
    let stage = crashed_before_the_write().await;
    let other = stage.app(Fabrikam, "");
    let mark = stage.mark();
    other.sweep().await;
    assert_eq!(stage.writes_of_app(Fabrikam, mark), Vec::<String>::new());
    wait(61).await;
    other.sweep().await;
    assert_eq!(stage.writes_of_app(Fabrikam, mark).len(), 1);
    assert_eq!(other.phase().await, Phase::Connected);
}
