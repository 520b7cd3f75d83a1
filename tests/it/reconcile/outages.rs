//! What is away for a while and comes back by itself: the ledger, its disk, the queue. Nothing becomes a dead letter.

use peerpact::functions::EVENT_HELD;
use peerpact_sandbox::Broker;
use peerpact_sandbox::Tenant::Fabrikam;

use super::stage::app::App;
use super::stage::gate::Gate;
use super::stage::points::Away;
use super::stage::requester::connect;
use super::stage::{Stage, hub, spoke, wait};

const ALL: [Away; 3] = [Away::LedgerWrites, Away::Ledger, Away::Queues];

/// When it goes away.
#[derive(Clone, Copy, Debug)]
enum From {
    /// Before the request is received.
    TheRequest,
    /// Before the work item that the request made.
    TheNotice,
}

fn dead_letters(app: &App) -> usize {
    Broker::queues().map(|queue| app.broker.depth(queue).unwrap().dead_lettered).sum()
}

/// A request while `what` is away for so many minutes: it is carried out. Gives back how often a message was delivered
/// at most.
async fn outlived(what: Away, from: From, minutes: u64) -> u32 {
    let stage = Stage::of_two_networks().await;
    let gate = Gate::open();
    let app = stage.gated_app(Fabrikam, "", &gate);
    stage.submit(Fabrikam, &connect("r-1", &spoke(), &hub()));
    if let From::TheNotice = from {
        assert!(app.take_message().await);
    }
    gate.is_away(Some(what));
    let back = async {
        wait(60 * minutes).await;
        gate.is_away(None);
    };
    tokio::join!(app.work(1), back);
    app.work(600).await;
    stage.traveller.sign_out();
    assert_eq!(dead_letters(&app), 0, "{what:?}, {from:?}");
    assert_eq!(stage.traveller.state(&spoke()).await, "Initiated/RemoteNotInSync", "{what:?}, {from:?}");
    assert_eq!(app.records().await.len(), 1, "{what:?}, {from:?}");
    let deepest = ["connection-requests", "reconcile"].map(|queue| app.broker.depth(queue).unwrap().active);
    assert_eq!(deepest, [0, 0], "{what:?}, {from:?}");
    app.deliveries()
}

#[tokio::test(start_paused = true)]
async fn what_is_away_for_two_minutes_costs_a_request_and_its_item_no_delivery() {
    for what in ALL {
        for from in [From::TheRequest, From::TheNotice] {
            assert_eq!(outlived(what, from, 2).await, 1, "{what:?}, {from:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_away_for_twenty_minutes_costs_a_request_and_its_item_two_deliveries() {
    for what in ALL {
        assert_eq!(outlived(what, From::TheRequest, 20).await, 3, "{what:?}");
    }
    for what in [Away::LedgerWrites, Away::Ledger] {
        assert_eq!(outlived(what, From::TheNotice, 20).await, 3, "{what:?}");
    }
    // The look that comes after the write wants no other one, and so nothing is left to be sent.
    assert_eq!(outlived(Away::Queues, From::TheNotice, 20).await, 1);
}

#[tokio::test(start_paused = true)]
async fn what_is_away_for_an_hour_makes_no_dead_letter() {
    for what in ALL {
        assert!(outlived(what, From::TheRequest, 60).await < 10, "{what:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_event_is_held_for_a_moment_and_then_left_to_event_grid_which_repeats_it() {
    for (seconds, went_well) in [(10, true), (60, false)] {
        let stage = Stage::of_two_networks().await;
        stage.take_events(Fabrikam);
        stage.contoso_opens().await;
        let event = stage.take_events(Fabrikam).pop().unwrap();
        let gate = Gate::open();
        let app = stage.gated_app(Fabrikam, "", &gate);
        gate.is_away(Some(Away::Ledger));
        let back = async {
            wait(seconds).await;
            gate.is_away(None);
        };
        let (answered, ()) = tokio::join!(app.take_event(&event), back);
        assert_eq!(answered, went_well, "{seconds} s");
        assert!(app.longest_invocation() <= EVENT_HELD, "{:?}", app.longest_invocation());
        assert_eq!(app.work_items().active, usize::from(went_well));
    }
}

#[tokio::test(start_paused = true)]
async fn a_message_that_is_no_work_item_is_not_held() {
    let stage = Stage::new().await;
    let gate = Gate::open();
    let app = stage.gated_app(Fabrikam, "", &gate);
    gate.is_away(Some(Away::Ledger));
    let message = peerpact_sandbox::service_bus::Message { body: "{}".into(), ..Default::default() };
    app.broker.send("reconcile", message).unwrap();
    app.work(1).await;
    assert_eq!(app.work_items().dead_lettered, 1);
    assert!(app.longest_invocation() < time::Duration::SECOND);
}
