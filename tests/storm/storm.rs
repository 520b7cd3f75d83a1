use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use peerpact_fixtures::deployed::{Plan, Stage, network_id, request};
use peerpact_sandbox::service_bus::{Depth, Message};
use peerpact_sandbox::{Broker, Pace, Tenant};

use crate::blows::{Blow, Damage, Dice, Moment, Progress, Writes as _};
use crate::outcomes::Outcomes;

const REQUESTS: usize = 200;
const SEED: u64 = 0x5707_2026;
/// A write that was killed keeps others out for a minute, and Event Grid tries again after 10 s and 30 s; the rest is for
/// a slow machine.
const DEADLINE: Duration = Duration::from_secs(420);
const LOOK: Duration = Duration::from_millis(50);

#[tokio::test]
async fn two_hundred_requests_survive_killed_handlers_a_restarted_broker_and_dropped_connections() {
    let handler = Path::new(env!("CARGO_BIN_EXE_peerpact"));
    let stage = Stage::start(&Plan { handler, seed: SEED, pace: Pace::Quick, sweeps: true }).await.unwrap();
    stage.networks(0..REQUESTS).await.unwrap();
    let contoso = Outcomes::receive(stage.azure().service_bus(Tenant::Contoso));
    let _fabrikam = Outcomes::receive(stage.azure().service_bus(Tenant::Fabrikam));

    let began = stage.azure().clock().now();
    let messages = (0..REQUESTS).map(|pair| message(&id(pair), pair)).collect();
    stage.azure().service_bus(Tenant::Contoso).send_all("connection-requests", messages).unwrap();
    let damage = tokio::time::timeout(DEADLINE, storm(&stage)).await.expect("the moments come");
    let waiting = async {
        while !(is_over(&stage) && (0..REQUESTS).all(|pair| contoso.so_far().contains_key(&id(pair)))) {
            tokio::time::sleep(LOOK).await;
        }
    };
    if tokio::time::timeout(DEADLINE, waiting).await.is_err() {
        panic!("it does not come to rest: {}", open(&stage, &contoso).await);
    }
    let took = stage.azure().clock().now() - began;

    assert!(damage.kills >= 7 && damage.replaced >= 1, "{damage:?}");
    assert!(damage.requests_interrupted > 0 && damage.items_interrupted > 0, "{damage:?}");
    everything_is_connected(&stage).await;
    let repeats = no_half_was_written_twice(&stage);
    for (request, phases) in contoso.so_far() {
        assert!(phases.iter().all(|phase| phase == "connected"), "{request}: {phases:?}");
    }
    assert_eq!(stage.azure().dead_letters().len(), 0, "events that were given up");
    println!(
        "{REQUESTS} requests connected in {:.0} s; {damage:?}; {repeats} identical writes sent again; {} outcomes",
        took.as_seconds_f64(),
        contoso.so_far().values().map(Vec::len).sum::<usize>(),
    );
    stage.running.shutdown().await;
}

/// Seven kills and four failures of the broker, all while there is work in flight.
async fn storm(stage: &Stage) -> Damage {
    let mut dice = Dice(SEED);
    let (mut damage, mut progress) = (Damage::default(), Progress::default());
    let kill = Blow::Kill(Tenant::Contoso);
    let receiving = [(kill, 150, 190), (Blow::RestartBroker, 100, 140), (kill, 40, 90)];
    for (blow, least, most) in receiving {
        let moment = Moment::RequestsLeft(dice.between(least, most));
        damage.strike(stage, &mut progress, blow, moment).await;
    }
    let passing = [
        kill,
        Blow::DropConnections,
        Blow::RestartBroker,
        kill,
        Blow::Kill(Tenant::Fabrikam),
        kill,
        Blow::DropConnections,
        kill,
    ];
    for blow in passing {
        let moment = Moment::Written(progress.written(stage) + dice.between(3, 25));
        damage.strike(stage, &mut progress, blow, moment).await;
    }
    damage
}

fn id(pair: usize) -> String {
    format!("storm-{pair:03}")
}

fn message(id: &str, pair: usize) -> Message {
    Message {
        message_id: Some(id.to_owned()),
        subject: Some("connect-peering".to_owned()),
        correlation_id: Some(id.to_owned()),
        content_type: Some("application/json".to_owned()),
        body: request(id, pair).into(),
        ..Message::default()
    }
}

/// Nothing waits in any queue of either tenant. What is dead-lettered counts as waiting.
fn is_over(stage: &Stage) -> bool {
    let empty =
        |broker: Broker| Broker::queues().all(|queue| broker.depth(queue).unwrap() == Depth::default());
    Tenant::ALL.into_iter().all(|tenant| empty(stage.azure().service_bus(tenant)))
}

/// What is left to do, for the message of a test that fails.
async fn open(stage: &Stage, outcomes: &Outcomes) -> String {
    let mut open = String::new();
    for tenant in Tenant::ALL {
        let broker = stage.azure().service_bus(tenant);
        for queue in Broker::queues() {
            open.push_str(&format!("{} {queue}: {:?}\n", tenant.name(), broker.depth(queue).unwrap()));
        }
        for shown in stage.shown(tenant).await.unwrap() {
            if shown.peerings.iter().any(|[_, state, _]| state != "Connected") || shown.peerings.is_empty() {
                open.push_str(&format!("{}: {:?}\n", shown.id, shown.peerings));
            }
        }
    }
    let came = outcomes.so_far();
    let untold: Vec<String> = (0..REQUESTS).map(id).filter(|id| !came.contains_key(id)).collect();
    format!("{open}without an outcome: {untold:?}")
}

/// As Azure shows it: one half on either side of each pair, connected and in sync.
async fn everything_is_connected(stage: &Stage) {
    for tenant in Tenant::ALL {
        let shown = stage.shown(tenant).await.unwrap();
        assert_eq!(shown.len(), REQUESTS);
        for (pair, network) in shown.into_iter().enumerate() {
            assert_eq!(network.id, network_id(tenant, pair));
            let remote = network_id(tenant.other(), pair);
            let expected = [remote, "Connected".to_owned(), "FullyInSync".to_owned()];
            assert_eq!(network.peerings, [expected], "{}", network.id);
        }
    }
}

/// Each half was accepted once; what was accepted again is the very same write, sent again because its answer was lost.
/// Gives back how often that was.
fn no_half_was_written_twice(stage: &Stage) -> usize {
    let calls = stage.azure().calls_since(0);
    let removed: Vec<_> = calls.iter().filter(|call| call.method == "DELETE").collect();
    assert!(removed.is_empty(), "nobody asked for a removal: {removed:?}");
    let mut halves: BTreeMap<String, Vec<(u16, Option<String>)>> = BTreeMap::new();
    for call in calls.iter().filter(|call| call.writes_half()) {
        let of = if call.path.contains(Tenant::Contoso.subscription_id()) {
            "contoso-app"
        } else {
            "fabrikam-app"
        };
        assert_eq!(call.application.as_deref(), Some(of), "each app writes its own half: {call:?}");
        let writes = halves.entry(call.path.to_ascii_lowercase()).or_default();
        writes.push((call.status, call.body_digest.clone()));
    }
    assert_eq!(halves.len(), 2 * REQUESTS);
    for (half, writes) in &halves {
        assert_eq!(writes[0].0, 201, "{half} is created first: {writes:?}");
        assert!(
            writes.iter().skip(1).all(|(status, body)| *status == 200 && *body == writes[0].1),
            "{half} was written with something else: {writes:?}"
        );
    }
    halves.values().map(|writes| writes.len() - 1).sum()
}
