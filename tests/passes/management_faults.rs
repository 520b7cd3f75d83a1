//! Faults, placed, in the management handshake: as for peerings, every call and every write to the ledger.

use std::fmt::Debug;

use peerpact::handshake::phase::Phase;
use peerpact_sandbox::Tenant::{self, Contoso, Fabrikam};

use crate::app::App;
use crate::faults::{FAULTS, LEDGER_FAULTS};
use crate::gate::{Gate, Point};
use crate::management::{
    contoso_asks, fabrikam_offers, make_manager, managed, scope_connection, states, subscription,
};
use crate::members::{filled, make_group, members};
use crate::stage::{Stage, spoke, wait};

#[derive(Clone, Copy, Debug)]
enum Story {
    CentralFirst,
    TargetFirst,
    CentralRemoved,
    MemberJoins,
}

const STORIES: [Story; 4] =
    [Story::CentralFirst, Story::TargetFirst, Story::CentralRemoved, Story::MemberJoins];

#[derive(Debug, PartialEq)]
struct End {
    central: Vec<String>,
    target: Vec<String>,
    members: Vec<(String, String)>,
    phases: Vec<Phase>,
    writes: Vec<String>,
}

struct Run {
    end: End,
    calls: usize,
    ledger_writes: usize,
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

    async fn run(self, point: Point) -> Run {
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
        Run { end, calls: gate.calls().len(), ledger_writes: gate.ledger_writes() }
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
async fn every_fault_in_the_management_handshake_ends_like_no_fault() {
    let mut total = 0;
    for story in STORIES {
        let reference = story.run(Point::Nowhere).await;
        assert!(reference.calls > 0, "{story:?}: the app did nothing");
        let calls = (0..reference.calls).flat_map(|call| FAULTS.map(|fault| Point::Call(call, fault)));
        let writes = (0..reference.ledger_writes)
            .flat_map(|write| LEDGER_FAULTS.map(|fault| Point::LedgerWrite(write, fault)));
        let points: Vec<Point> = calls.chain(writes).collect();
        for point in &points {
            let run = story.run(*point).await;
            assert_eq!(run.end, reference.end, "{story:?}, {point:?}");
        }
        println!("{story:?}: {0} of {0} points end like the fault-free run", points.len());
        total += points.len();
    }
    println!("{total} points, all of them");
}
