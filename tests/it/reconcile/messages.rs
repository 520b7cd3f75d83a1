//! Messages that are no requests: events that come by queue, and what nobody can act on.

use bytes::Bytes;
use peerpact::handshake::phase::Phase;
use peerpact::queue::Queue;
use peerpact_sandbox::Tenant::Fabrikam;
use peerpact_sandbox::service_bus::Message;
use serde_json::{Value, json};

use super::stage::Stage;
use super::stage::app::App;

fn put(app: &App, queue: Queue, body: impl Into<Bytes>) {
    let message = Message { body: body.into(), ..Message::default() };
    app.broker.send(queue.name(), message).unwrap();
}

/// A half that contoso opened, and the event about it, which nobody has delivered.
async fn announced(stage: &Stage) -> Value {
    stage.two_networks().await;
    stage.take_events(Fabrikam);
    stage.contoso_opens().await;
    let events = stage.take_events(Fabrikam);
    events.into_iter().find(|event| event["subject"].as_str().unwrap().ends_with("to-spoke")).unwrap()
}

#[tokio::test(start_paused = true)]
async fn an_event_that_the_partners_event_grid_puts_into_our_queue_is_followed() {
    let stage = Stage::new().await;
    let event = announced(&stage).await;
    let app = stage.app(Fabrikam, "");
    put(&app, Queue::ResourceEvents, event.to_string());
    app.work(20).await;
    assert_eq!(app.phase().await, Phase::Connected);
}

#[tokio::test(start_paused = true)]
async fn several_events_in_one_message_are_followed_and_what_is_no_event_is_passed_over() {
    let stage = Stage::new().await;
    let event = announced(&stage).await;
    let app = stage.app(Fabrikam, "");
    put(&app, Queue::ResourceEvents, json!(["no event", 7, event]).to_string());
    app.work(20).await;
    assert_eq!(app.phase().await, Phase::Connected);
}

#[tokio::test(start_paused = true)]
async fn a_message_that_is_no_event_is_done_with_and_costs_no_call() {
    let stage = Stage::new().await;
    let app = stage.app(Fabrikam, "");
    let mark = stage.mark();
    for body in ["not json", "\"a text\"", "", &"[".repeat(500)] {
        put(&app, Queue::ResourceEvents, body.to_owned());
    }
    app.work(20).await;
    let depth = app.broker.depth(Queue::ResourceEvents.name()).unwrap();
    assert_eq!((depth.active, depth.dead_lettered), (0, 0));
    assert_eq!(stage.calls_of_app(Fabrikam, mark), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn an_item_that_nobody_can_act_on_ends_among_the_dead_letters_and_delays_nobody() {
    let stage = Stage::new().await;
    let event = announced(&stage).await;
    let app = stage.app(Fabrikam, "");
    let strange =
        [r#"{"version":1,"what":"is this"}"#, r#"{"version":9}"#, "not json", r#"{"no":"version"}"#];
    for body in strange {
        put(&app, Queue::Reconcile, body);
    }
    app.event(&event).await;
    assert_eq!(app.phase().await, Phase::Connected);
    let depth = app.broker.depth(Queue::Reconcile.name()).unwrap();
    assert_eq!((depth.active, depth.dead_lettered), (0, strange.len()));
    let dead = app.broker.peek("reconcile/$deadletterqueue", 0, 10).unwrap();
    assert!(dead.iter().all(|letter| letter.message.application_properties.contains_key("DeadLetterReason")));
}
