//! Service Bus has another clock than we have.

use peerpact::handshake::phase::Phase;
use peerpact_sandbox::Tenant::Fabrikam;
use time::Duration;

use super::stage::gate::Gate;
use super::stage::{Stage, wait};

/// Works an hour through with Service Bus's clock ahead of the app's by this much, while Azure is at work all the time.
/// Gives back how many messages came, and how many looks they led to.
async fn an_hour(ahead: Duration) -> (usize, usize) {
    let mut stage = Stage::opened().await;
    let event = stage.take_events(Fabrikam).pop().unwrap();
    stage.clock = stage.clock_behind(ahead);
    let gate = Gate::open();
    gate.azure_is_at_work(true);
    let app = stage.gated_app(Fabrikam, "", &gate);
    assert!(app.take_event(&event).await);
    let (mut messages, mut looks) = (0, 0);
    for _ in 0..3600 {
        let mark = stage.mark();
        while app.take_message().await {
            messages += 1;
            assert!(messages < 1000, "a hot loop, with Service Bus ahead by {ahead}");
        }
        looks += usize::from(!stage.calls_of_app(Fabrikam, mark).is_empty());
        wait(1).await;
    }
    gate.azure_is_at_work(false);
    app.sweep().await;
    app.work(700).await;
    assert_eq!(app.phase().await, Phase::Connected, "{:#?}", app.record().await);
    (messages, looks)
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_is_minutes_off_makes_no_hot_loop_and_keeps_nothing_from_being_looked_at() {
    let (messages, looks) = an_hour(Duration::ZERO).await;
    assert_eq!(messages, looks);
    assert!((10..40).contains(&looks), "{looks}");
    for ahead in [Duration::seconds(3), Duration::minutes(10)] {
        let (messages, looks) = an_hour(ahead).await;
        assert!((3..40).contains(&looks), "{looks} looks with Service Bus ahead by {ahead}");
        assert!(messages <= looks * 12, "{messages} messages for {looks} looks, ahead by {ahead}");
    }
    let (messages, looks) = an_hour(-Duration::minutes(10)).await;
    assert!((3..40).contains(&looks), "{looks} looks with Service Bus ten minutes behind");
    assert!(messages < 40, "{messages} messages with Service Bus ten minutes behind");
}
