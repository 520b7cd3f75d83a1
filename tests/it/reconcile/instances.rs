//! Two instances of the app on one ledger, and everything at once: an event, two requests, a follow-up and the timer, in
//! many orders. There is one effect, and everybody is answered.

use std::cell::RefCell;
use std::collections::BTreeSet;

use peerpact::handshake::phase::Phase;
use peerpact_sandbox::Tenant::Fabrikam;
use peerpact_sandbox::{FaultPlan, Range};
use serde_json::Value;

use super::stage::app::App;
use super::stage::requester::{connect, recheck};
use super::stage::{NONE, Stage, hub, spoke};

/// What can happen to an instance at one time.
#[derive(Clone, Copy, Debug)]
enum Deed {
    Event,
    Message,
    Tick,
    Pause,
}

/// Small numbers that a seed decides (xorshift).
struct Dice(RefCell<u64>);

impl Dice {
    fn new(seed: u64) -> Self {
        Self(RefCell::new(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1))
    }

    fn roll(&self, sides: u64) -> u64 {
        let mut state = self.0.borrow_mut();
        *state ^= *state << 13;
        *state ^= *state >> 7;
        *state ^= *state << 17;
        (*state >> 32) % sides
    }
}

/// An instance does thirty things in an order of its own.
async fn busy(app: &App, event: &Value, dice: &Dice) {
    for _ in 0..30 {
        let deed = match dice.roll(8) {
            0 => Deed::Event,
            1 => Deed::Tick,
            2 | 3 => Deed::Pause,
            _ => Deed::Message,
        };
        match deed {
            Deed::Event => drop(app.take_event(event).await),
            Deed::Message => drop(app.take_message().await),
            Deed::Tick => drop(app.tick().await),
            Deed::Pause => tokio::time::sleep(std::time::Duration::from_millis(dice.roll(3000))).await,
        }
    }
}

async fn one_effect(seed: u64) {
    let (stage, event) = Stage::slowly_opened().await;
    // Calls take time, so that the two come between each other everywhere.
    let latency = Some(Range { min: 1, max: 4000 });
    stage.azure.set_faults(FaultPlan { seed, latency_ms: latency, ..FaultPlan::default() });
    let instances = [stage.app(Fabrikam, ""), stage.app(Fabrikam, "")];
    let mark = stage.mark();
    stage.submit(Fabrikam, &connect("r-1", &spoke(), &hub()));
    stage.submit(Fabrikam, &recheck("r-2", &spoke(), &hub()));
    let dice = Dice::new(seed);
    let [first, second] = &instances;
    tokio::join!(busy(first, &event, &dice), busy(second, &event, &dice));
    for _ in 0..3 {
        tokio::join!(first.work(60), second.work(60));
    }
    assert_eq!(stage.traveller.state(&spoke()).await, "Connected/FullyInSync", "seed {seed}");
    // Not only what Azure took: the second one is not even tried.
    let mut tried = stage.calls_of_app(Fabrikam, mark);
    tried.retain(|call| call.starts_with("PUT"));
    assert_eq!(tried.len(), 1, "seed {seed}: {tried:?}");
    assert_eq!(first.phase().await, Phase::Connected, "seed {seed}");
    let answered: BTreeSet<String> =
        stage.outcomes(Fabrikam).into_iter().filter_map(|told| told.request).collect();
    assert_eq!(answered.into_iter().collect::<Vec<_>>(), ["r-1", "r-2"], "seed {seed}");
    for queue in ["connection-requests", "reconcile"] {
        assert_eq!(first.broker.depth(queue).unwrap().dead_lettered, 0, "seed {seed}, {queue}");
    }
    let mark = stage.mark();
    tokio::join!(first.sweep(), second.sweep());
    assert_eq!(stage.writes_of_app(Fabrikam, mark), NONE, "seed {seed}");
}

#[tokio::test(start_paused = true)]
async fn event_requests_follow_up_and_sweep_at_once_in_two_instances_have_one_effect() {
    for seed in 1..=60 {
        one_effect(seed).await;
    }
}
