//! Faults, placed, in the management handshake: as for peerings.

use std::fmt::Debug;

use peerpact::handshake::phase::Phase;
use peerpact_sandbox::Tenant::{self, Contoso, Fabrikam};

use super::app::App;
use super::gate::{Counts, Gate, Point};
use super::management::{
    contoso_asks, fabrikam_offers, make_manager, managed, scope_connection, states, subscription,
};
use super::members::{filled, make_group, members};
use super::points::every_point_of;
use super::stage::{Stage, spoke, wait};

#[derive(Clone, Copy, Debug)]
enum Story {
    CentralFirst,
    TargetFirst,
    CentralRemoved,
    MemberJoins,
}

#[derive(Debug, PartialEq)]
struct End {
    central: Vec<String>,
    target: Vec<String>,
    members: Vec<(String, String)>,
    phases: Vec<Phase>,
    writes: Vec<String>,
}

impl Story {
    fn app(self) -> Tenant {
        match self {
            Self::CentralFirst | Self::CentralRemoved => Fabrikam,
            Self::TargetFirst | Self::MemberJoins => Contoso,
        }
    }

    async fn prologue(self, stage: &Stage) {
        make_manager(stage).await;
        let scope = subscription(Fabrikam);
        match self {
            Self::CentralFirst => contoso_asks(stage, "ask", &scope).await,
            Self::TargetFirst => fabrikam_offers(stage, "offer", &scope).await,
            Self::MemberJoins => {
                make_group(stage).await;
                stage.traveller.network(&spoke(), &["10.20.0.0/16"]).await;
                fabrikam_offers(stage, "offer", &scope).await;
            }
            Self::CentralRemoved => {
                contoso_asks(stage, "ask", &scope).await;
                let app = stage.app(Fabrikam, &managed(Fabrikam, ""));
                stage.deliver(&[&app]).await;
                wait(5).await;
                stage.take_events(Fabrikam);
                stage.traveller.delete(&scope_connection("ask")).await;
                wait(5).await;
            }
        }
    }

    fn terms(self) -> String {
        match self {
            Self::MemberJoins => filled(),
            Self::CentralFirst | Self::TargetFirst | Self::CentralRemoved => managed(self.app(), ""),
        }
    }

    async fn run(self, point: Point) -> (End, Counts) {
        let stage = Stage::new().await;
        self.prologue(&stage).await;
        let tenant = self.app();
        let terms = self.terms();
        let mark = stage.mark();
        let gate = Gate::with(point);
        let app = stage.gated_app(tenant, &terms, &gate);
        let events = stage.take_events(tenant);
        let follow = async {
            for event in &events {
                app.event(event).await;
            }
            wait(100).await;
            app.sweep().await;
        };
        tokio::select! {
            () = follow => {}
            () = gate.crashed() => {}
        }
        drop(app);
        let restarted = stage.app(tenant, &terms);
        sweep_until_quiet(&stage, &restarted, tenant, (self, point)).await;
        let quiet = stage.mark();
        restarted.sweep().await;
        assert_eq!(
            stage.writes_of_app(tenant, quiet),
            Vec::<String>::new(),
            "{self:?}, {point:?}: not at rest"
        );
        stage.traveller.sign_out();
        let (central, target) = states(&stage, &subscription(Fabrikam)).await;
        let phases = restarted.records().await.iter().map(|record| record.phase).collect();
        let members = if matches!(self, Self::MemberJoins) { members(&stage).await } else { Vec::new() };
        let end = End { central, target, members, phases, writes: stage.writes_of_app(tenant, mark) };
        (end, gate.counts())
    }
}

/// The timer comes every five minutes; the world is quiet when two sweeps in a row write nothing and change no record.
async fn sweep_until_quiet(stage: &Stage, app: &App, tenant: Tenant, at: impl Debug) {
    let mut before = None;
    for _ in 0..8 {
        wait(300).await;
        let mark = stage.mark();
        app.sweep().await;
        let now: Vec<(Phase, usize)> =
            app.records().await.iter().map(|record| (record.phase, record.history.len())).collect();
        if stage.writes_of_app(tenant, mark).is_empty() && before.as_ref() == Some(&now) {
            return;
        }
        before = Some(now);
    }
    panic!("{at:?}: eight sweeps did not bring rest: {:#?}", app.records().await);
}

#[tokio::test(start_paused = true)]
async fn every_fault_on_a_central_half_that_comes_first_ends_like_none() {
    every_point_of(Story::CentralFirst, async |point| Story::CentralFirst.run(point).await).await;
}

#[tokio::test(start_paused = true)]
async fn every_fault_on_a_targets_half_that_comes_first_ends_like_none() {
    every_point_of(Story::TargetFirst, async |point| Story::TargetFirst.run(point).await).await;
}

#[tokio::test(start_paused = true)]
async fn every_fault_on_a_central_half_that_is_removed_ends_like_none() {
    every_point_of(Story::CentralRemoved, async |point| Story::CentralRemoved.run(point).await).await;
}

#[tokio::test(start_paused = true)]
async fn every_fault_on_a_member_that_joins_ends_like_none() {
    every_point_of(Story::MemberJoins, async |point| Story::MemberJoins.run(point).await).await;
}
