//! Faults, placed: a fault-free run of a story counts every call, every write to the ledger, every send and every message
//! that is settled; then there is one run for each of them and each fault. After a restart with an empty memory and
//! sweeps until all is quiet, each must end like the first: the same world, phases and reasons, the same writes and no
//! more, the same outcomes; nothing lies in a queue, and one more look writes nothing.

mod managers;
mod peering;
mod requests;

use std::collections::BTreeSet;
use std::fmt::Debug;

use peerpact::handshake::phase::Phase;
use peerpact_sandbox::Tenant::{self, Contoso, Fabrikam};
use peerpact_sandbox::{Broker, service_bus::Depth};
use serde_json::{Value, json};

use super::stage::app::App;
use super::stage::gate::Gate;
use super::stage::points::{
    CALL_FAULTS, Counts, LEDGER_FAULTS, Point, READ_FAULTS, SEND_FAULTS, SETTLE_FAULTS,
};
use super::stage::{Stage, wait};

/// What the app has to deal with, after a start in which nothing went wrong.
trait Story: Copy + Debug {
    /// Whose app the faults happen to.
    fn tenant(self) -> Tenant {
        Fabrikam
    }

    /// Whether the partner's app runs too; nothing happens to that one.
    fn partner_runs(self) -> bool {
        false
    }

    /// What a tenant's app has agreed to.
    fn terms(self, tenant: Tenant) -> String;

    /// Everything up to the point where the story begins, with an app that nothing happens to.
    async fn prologue(self) -> Stage;

    /// The story, as far as the app lives to see it. `events` are those that it has not had yet.
    async fn goes_on(self, stage: &Stage, apps: &[&App], events: &[Value]);

    /// What is there in the end.
    async fn world(self, stage: &Stage) -> Value;
}

/// The end of a run, as far as two runs are to be equal.
#[derive(Debug, PartialEq)]
struct End {
    world: Value,
    records: Vec<(Tenant, Phase, Vec<String>)>,
    writes: Vec<(Tenant, Vec<String>)>,
    /// With the request that is answered, where there is one. Each may come more than once.
    told: BTreeSet<(Option<String>, String)>,
}

/// Runs a story without a fault and then with each.
async fn every_fault_in(story: impl Story) {
    let (reference, counts) = run(story, Point::Nowhere).await;
    let Counts { calls, ledger_reads, ledger_writes, sends, settled } = counts;
    assert!(calls > 3 && ledger_writes > 1 && sends > 0 && settled > 0, "{story:?} is no story: {counts:?}");
    let calls = (0..calls).flat_map(|at| CALL_FAULTS.map(|fault| Point::Call(at, fault)));
    let reads = (0..ledger_reads).flat_map(|at| READ_FAULTS.map(|fault| Point::LedgerRead(at, fault)));
    let writes = (0..ledger_writes).flat_map(|at| LEDGER_FAULTS.map(|fault| Point::LedgerWrite(at, fault)));
    let sends = (0..sends).flat_map(|at| SEND_FAULTS.map(|fault| Point::Send(at, fault)));
    let settled = (0..settled).flat_map(|at| SETTLE_FAULTS.map(|fault| Point::Settle(at, fault)));
    let points: Vec<Point> = calls.chain(reads).chain(writes).chain(sends).chain(settled).collect();
    let mut held = 0;
    for point in &points {
        let (end, _) = run(story, *point).await;
        assert_eq!(end, reference, "{story:?}, {point:?}");
        held += 1;
    }
    println!("{story:?}: {held} of {} points end like the fault-free run ({counts:?})", points.len());
}

async fn run(story: impl Story, point: Point) -> (End, Counts) {
    let stage = story.prologue().await;
    let tenant = story.tenant();
    let partner = story.partner_runs().then(|| stage.app(tenant.other(), &story.terms(tenant.other())));
    let mark = stage.mark();
    let gate = Gate::with(point);
    let app = stage.gated_app(tenant, &story.terms(tenant), &gate);
    let events = stage.take_events(tenant);
    let apps: Vec<&App> = partner.iter().chain([&app]).collect();
    tokio::select! {
        () = story.goes_on(&stage, &apps, &events) => {}
        () = gate.crashed() => {}
    }
    let counts = gate.counts();
    drop(app);
    let restarted = stage.app(tenant, &story.terms(tenant));
    let apps: Vec<&App> = partner.iter().chain([&restarted]).collect();
    let at = format!("{story:?}, {point:?}");
    until_quiet(story, &stage, &apps, &at).await;
    let quiet = stage.mark();
    for app in &apps {
        app.sweep().await;
        let calls = stage.calls_of_app(app.tenant, quiet);
        assert!(calls.iter().all(|call| lists(call)), "{at}: not quiet: {calls:?}");
    }
    for event in &events {
        restarted.event(event).await;
    }
    for app in &apps {
        let writes = stage.writes_of_app(app.tenant, quiet);
        assert!(writes.is_empty(), "{at}: not at rest: {writes:?}");
        assert_eq!(lying(&app.broker), [0; 4], "{at}: {:?}", app.tenant);
    }
    (end(story, &stage, &apps, mark).await, counts)
}

/// The timer comes every five minutes; the world is quiet when it comes twice, writes nothing and changes no record.
async fn until_quiet(story: impl Story, stage: &Stage, apps: &[&App], at: &str) {
    let mut before = None;
    for _ in 0..6 {
        wait(300).await;
        let mark = stage.mark();
        let (mut now, mut writes) = (Vec::new(), Vec::new());
        for app in apps {
            app.sweep().await;
            if story.partner_runs() {
                stage.deliver(apps).await;
            }
            now.extend(app.stored().await.into_iter().map(|record| json!([record.id, record.updated_at])));
            writes.extend(stage.writes_of_app(app.tenant, mark));
        }
        if writes.is_empty() && before.as_ref() == Some(&now) {
            return;
        }
        before = Some(now);
    }
    panic!("{at}: six sweeps did not bring rest");
}

/// Whether a call is one that a sweep makes when it finds everything as it was. A look at a handshake reads its halves.
fn lists(call: &str) -> bool {
    const LISTS: [&str; 5] = [
        "virtualNetworks",
        "networkManagers",
        "scopeConnections",
        "networkManagerConnections",
        "staticMembers",
    ];
    call == "TOKEN" || call == "GET networkManagers/central" || LISTS.iter().any(|list| call.ends_with(list))
}

/// What lies in the queues that an app works through, and among the dead letters of all.
fn lying(broker: &Broker) -> [usize; 4] {
    let depth = |queue: &str| broker.depth(queue).unwrap();
    let waiting = |queue: &str| {
        let Depth { active, locked, .. } = depth(queue);
        active + locked
    };
    let dead = Broker::queues().map(|queue| depth(queue).dead_lettered).sum();
    [waiting("resource-events"), waiting("connection-requests"), waiting("reconcile"), dead]
}

async fn end(story: impl Story, stage: &Stage, apps: &[&App], mark: u64) -> End {
    stage.traveller.sign_out();
    let mut records = Vec::new();
    for app in apps {
        for record in app.records().await {
            let codes = record.reasons.iter().map(|reason| reason.code.as_str()).collect();
            records.push((app.tenant, record.phase, codes));
        }
    }
    let told = stage.outcomes(story.tenant()).into_iter().map(|told| (told.request, told.subject)).collect();
    End {
        world: story.world(stage).await,
        records,
        writes: [Contoso, Fabrikam].map(|tenant| (tenant, stage.writes_of_app(tenant, mark))).into(),
        told,
    }
}
