//! Our own clock was wrong for a while, or somebody writes of times that cannot be: nobody is kept out by it.

use peerpact::handshake::phase::Phase;
use peerpact_sandbox::Tenant::{Contoso, Fabrikam};
use peerpact_sandbox::service_bus::Message;
use serde_json::{Value, json};
use time::Duration;

use super::stage::gate::Gate;
use super::stage::requester::recheck;
use super::stage::{Stage, hub, spoke, wait};

/// By how much our clock was ahead before it was set right.
const STEPS: [Duration; 4] = [Duration::hours(1), Duration::days(1), Duration::hours(-1), Duration::days(-1)];

/// Contoso opened its half, and nobody has told fabrikam's app, whose clock is ahead by this much.
async fn opened_with_a_clock_ahead(ahead: Duration) -> Stage {
    let mut stage = Stage::opened().await;
    stage.clock = stage.clock_behind(-ahead);
    stage
}

/// A work item that somebody put into the queue.
fn forged(due: &str, ahead: u64) -> Value {
    json!({
        "version": 1, "id": "forged", "trigger": { "handshake": { "ours": spoke(), "theirs": hub() } },
        "cause": { "kind": "event", "id": "e-1" }, "at": due, "attempt": 0, "due": due, "ahead": ahead,
    })
}

#[tokio::test(start_paused = true)]
async fn a_hold_of_a_write_that_was_killed_with_a_wrong_clock_is_over_after_a_minute() {
    for ahead in STEPS {
        let mut stage = opened_with_a_clock_ahead(ahead).await;
        stage.crash_before("PUT").await;
        stage.clock = stage.clock_behind(ahead);
        let app = stage.app(Fabrikam, "");
        assert_eq!(app.phase().await, Phase::Completing);
        wait(70).await;
        app.sweep().await;
        assert!(stage.is_connected().await, "the clock was ahead by {ahead}: {:#?}", app.record().await);
        assert_eq!(app.phase().await, Phase::Connected);
    }
}

#[tokio::test(start_paused = true)]
async fn a_look_that_was_put_off_with_a_wrong_clock_keeps_nobody_from_looking() {
    for ahead in STEPS {
        let mut stage = opened_with_a_clock_ahead(ahead).await;
        let gate = Gate::open();
        gate.azure_is_at_work(true);
        let app = stage.gated_app(Fabrikam, "", &gate);
        for _ in 0..3 {
            app.sweep().await;
            wait(60).await;
        }
        drop(app);
        stage.clock = stage.clock_behind(ahead);
        let app = stage.app(Fabrikam, "");
        wait(700).await;
        app.sweep().await;
        assert!(stage.is_connected().await, "the clock was ahead by {ahead}: {:#?}", app.record().await);
    }
}

#[tokio::test(start_paused = true)]
async fn looks_that_began_in_the_future_are_as_far_apart_as_any() {
    let mut stage = opened_with_a_clock_ahead(Duration::days(1)).await;
    let gate = Gate::open();
    gate.azure_is_at_work(true);
    let app = stage.gated_app(Fabrikam, "", &gate);
    app.sweep().await;
    drop(app);
    stage.clock = stage.clock_behind(Duration::days(1));
    let app = stage.gated_app(Fabrikam, "", &gate);
    let mark = stage.mark();
    app.tick().await;
    app.work(3600).await;
    let reads = stage.calls_of_app(Fabrikam, mark).len();
    assert!((4..100).contains(&reads), "{reads} reads in an hour");
}

#[tokio::test(start_paused = true)]
async fn an_item_that_is_due_in_a_time_that_cannot_be_is_acted_on_and_keeps_no_sweep_out() {
    for (due, ahead) in [
        ("9000-01-01T00:00:00Z", 0),
        ("9999-12-31T23:59:59.999999999Z", 3600),
        ("9999-12-31T23:59:59.999999999Z", u64::from(u32::MAX)),
        ("2026-03-01T13:00:00Z", 1),
        ("2026-03-02T12:00:00Z", u64::from(u32::MAX)),
        ("-9999-01-01T00:00:00Z", u64::from(u32::MAX)),
        ("0000-01-01T00:00:00Z", u64::from(u32::MAX)),
    ] {
        let stage = Stage::of_two_networks().await;
        let app = stage.app(Fabrikam, "");
        let body = forged(due, ahead).to_string();
        app.broker.send("reconcile", Message { body: body.into(), ..Message::default() }).unwrap();
        app.work(1).await;
        let left = app.work_items();
        // No time of RFC 3339 is before the year 0, so that one is malformed.
        let malformed = usize::from(due.starts_with('-'));
        assert_eq!(
            (left.active, left.scheduled, left.dead_lettered),
            (0, 0, malformed),
            "due {due}, ahead {ahead}"
        );
        stage.contoso_opens().await;
        assert!(app.tick().await);
        app.work(5).await;
        assert!(stage.is_connected().await, "due {due}, ahead {ahead}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_is_placed_and_answered_whatever_the_clock_was() {
    for ahead in STEPS {
        let mut stage = opened_with_a_clock_ahead(ahead).await;
        stage.crash_before("PUT").await;
        stage.clock = stage.clock_behind(ahead);
        let (contoso, app) = (stage.app(Contoso, ""), stage.app(Fabrikam, ""));
        stage.submit(Fabrikam, &recheck("r-1", &spoke(), &hub()));
        app.work(90).await;
        stage.carry_on(&[&contoso, &app]).await;
        assert_eq!(stage.answer(Fabrikam, "r-1").subject, "connected", "the clock was ahead by {ahead}");
    }
}
