//! Work items in the queue: not piled up, not lost, and each done once.

use peerpact::handshake::phase::Phase;
use peerpact_sandbox::Tenant::Fabrikam;
use serde_json::{Value, json};

use super::stage::app::App;
use super::stage::gate::Gate;
use super::stage::points::{Point, SendFault};
use super::stage::requester::{connect, recheck};
use super::stage::{NONE, Stage, half, hub, spoke, wait};

fn renamed(event: &Value, id: usize) -> Value {
    let mut event = event.clone();
    event["id"] = json!(format!("e-{id}"));
    event
}

/// An app whose write Azure is still at work on, so that a follow-up waits for its time.
async fn with_a_follow_up() -> (Stage, App) {
    let (stage, event) = Stage::slowly_opened().await;
    let app = stage.app(Fabrikam, "");
    app.take_event(&event).await;
    assert!(app.take_message().await);
    assert_eq!(app.phase().await, Phase::Completing);
    assert_eq!((app.work_items().active, app.work_items().scheduled), (0, 1));
    (stage, app)
}

#[tokio::test(start_paused = true)]
async fn a_hundred_events_about_one_half_are_an_item_at_once_and_one_when_they_are_over() {
    let (stage, event) = Stage::slowly_opened().await;
    let app = stage.app(Fabrikam, "");
    for number in 0..100 {
        app.take_event(&renamed(&event, number)).await;
    }
    assert_eq!((app.work_items().active, app.work_items().scheduled), (1, 1));
    let mark = stage.mark();
    assert!(app.take_message().await);
    let reads = stage.calls_of_app(Fabrikam, mark);
    assert_eq!(reads.iter().filter(|call| call.starts_with("PUT")).count(), 1, "{reads:?}");
    wait(2).await;
    let mark = stage.mark();
    assert!(app.take_message().await, "what came after the read is read");
    assert_eq!(stage.calls_of_app(Fabrikam, mark).len(), 2);
    app.take_event(&renamed(&event, 100)).await;
    assert_eq!(app.work_items().active, 1, "what happens from here on is read anew");
}

#[tokio::test(start_paused = true)]
async fn an_item_whose_place_an_earlier_one_has_taken_makes_no_call() {
    let (stage, app) = with_a_follow_up().await;
    stage.submit(Fabrikam, &recheck("r-1", &spoke(), &hub()));
    let mark = stage.mark();
    assert!(app.take_message().await && app.take_message().await, "the request, and a look at once");
    assert_eq!(stage.calls_of_app(Fabrikam, mark).len(), 2);
    assert_eq!(app.work_items().scheduled, 2, "the first follow-up, and the one that is due sooner");
    let (mut idle, mut taken) = (0, 0);
    for _ in 0..40 {
        wait(1).await;
        let mark = stage.mark();
        while app.take_message().await {
            taken += 1;
        }
        idle += usize::from(taken > 0 && stage.calls_of_app(Fabrikam, mark).is_empty());
        if app.work_items().scheduled == 0 {
            break;
        }
    }
    assert_eq!(app.phase().await, Phase::Connected);
    assert!(idle > 0 && taken > 1, "{taken} items, of which none made no call");
    assert_eq!(stage.answer(Fabrikam, "r-1").subject, "connected");
}

#[tokio::test(start_paused = true)]
async fn a_sweep_sends_none_where_one_waits() {
    let (stage, app) = with_a_follow_up().await;
    wait(61).await;
    for _ in 0..3 {
        assert!(app.tick().await);
    }
    assert_eq!(app.work_items().active + app.work_items().scheduled, 1);
    let mark = stage.mark();
    app.work(5).await;
    assert_eq!(app.phase().await, Phase::Connected);
    assert_eq!(stage.calls_of_app(Fabrikam, mark).len(), 2, "one look");
    assert!(app.tick().await);
    assert_eq!((app.work_items().active, app.work_items().scheduled), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn an_item_that_got_lost_holds_up_the_sweep_for_ten_minutes_and_no_event() {
    let (stage, app) = with_a_follow_up().await;
    let lose = || {
        let lost = app.broker.receive("reconcile").unwrap().expect("an item is due");
        app.broker.complete(lost.lock_token).unwrap();
    };
    wait(30).await;
    lose();
    app.tick().await;
    assert_eq!((app.work_items().active, app.work_items().scheduled), (0, 0), "one is thought to wait");
    wait(600).await;
    app.tick().await;
    assert_eq!(app.work_items().active, 1);
    lose();
    let event = stage.take_events(Fabrikam).remove(0);
    app.take_event(&event).await;
    assert_eq!(app.work_items().active, 1, "something happened");
    app.work(60).await;
    assert_eq!(stage.traveller.state(&spoke()).await, "Connected/FullyInSync");
}

#[tokio::test(start_paused = true)]
async fn a_follow_up_that_could_not_be_sent_is_sent_before_its_parent_is_done_with() {
    for fault in [SendFault::Fails, SendFault::FailsAfterCommit] {
        let (stage, _) = Stage::slowly_opened().await;
        let app = stage.gated_app(Fabrikam, "", &Gate::with(Point::Send(1, fault)));
        stage.submit(Fabrikam, &connect("r-1", &spoke(), &hub()));
        assert!(
            app.take_message().await && app.take_message().await,
            "the request, and the look that writes"
        );
        assert_eq!(
            (app.work_items().active, app.deliveries()),
            (0, 1),
            "{fault:?}: no delivery is lost on it"
        );
        assert!(app.work_items().scheduled > 0, "{fault:?}: nobody would look any more");
        let mark = stage.mark();
        app.work(60).await;
        assert_eq!(stage.answer(Fabrikam, "r-1").subject, "connected");
        assert_eq!(stage.writes_of_app(Fabrikam, mark), NONE);
    }
}

#[tokio::test(start_paused = true)]
async fn a_message_that_is_no_work_item_ends_among_the_dead_letters_and_stops_nobody() {
    let (stage, event) = Stage::slowly_opened().await;
    let app = stage.app(Fabrikam, "");
    for body in ["{}", "not JSON", r#"{"version":2}"#] {
        let message = peerpact_sandbox::service_bus::Message {
            body: body.into(),
            ..peerpact_sandbox::service_bus::Message::default()
        };
        app.broker.send("reconcile", message).unwrap();
    }
    app.take_event(&event).await;
    app.work(60).await;
    assert_eq!(app.work_items().dead_lettered, 3);
    assert_eq!(stage.traveller.state(&spoke()).await, "Connected/FullyInSync");
}

#[tokio::test(start_paused = true)]
async fn an_event_about_a_half_that_nobody_agreed_on_costs_no_call() {
    let (stage, event) = Stage::slowly_opened().await;
    let app = stage.app(Fabrikam, "");
    let elsewhere = half(
        &hub().replace(
            peerpact_sandbox::Tenant::Contoso.subscription_id(),
            "99999999-8888-7777-6666-555555555555",
        ),
        "x",
    );
    let mut foreign = event;
    foreign["subject"] = json!(elsewhere);
    foreign["data"]["resourceUri"] = json!(elsewhere);
    let mark = stage.mark();
    assert!(app.take_event(&foreign).await);
    app.work(60).await;
    assert_eq!(stage.calls_of_app(Fabrikam, mark), NONE);
}
