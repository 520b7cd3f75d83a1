//! Azure takes its time: nobody waits for it in an invocation, looks are further and further apart, and in the end people
//! are told.

use peerpact::handshake::phase::Phase;
use peerpact_sandbox::Tenant::{Contoso, Fabrikam};
use peerpact_sandbox::{Call, FaultPlan};
use serde_json::json;
use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};

use super::stage::app::App;
use super::stage::gate::Gate;
use super::stage::requester::connect;
use super::stage::{NONE, Stage, hub, spoke, wait};

/// A few seconds.
const SHORT: Duration = Duration::seconds(8);

/// Works for so many minutes, and gives back the gaps between the looks at Azure, in seconds.
async fn gaps(stage: &Stage, app: &App, minutes: u64) -> Vec<i64> {
    let mut looks = Vec::new();
    for _ in 0..minutes * 60 {
        let mark = stage.mark();
        let now = stage.clock.now();
        while app.take_message().await {}
        if !stage.calls_of_app(Fabrikam, mark).is_empty() {
            looks.push(now);
        }
        wait(1).await;
    }
    looks.windows(2).map(|pair| (pair[1] - pair[0]).whole_seconds()).collect()
}

#[tokio::test(start_paused = true)]
async fn what_takes_azure_an_hour_is_looked_at_ever_more_rarely_then_blocked_and_goes_on_by_itself() {
    let stage = Stage::of_two_networks().await;
    let contoso = stage.app(Contoso, "");
    let gate = Gate::open();
    let app = stage.gated_app(Fabrikam, "", &gate);
    gate.azure_is_at_work(true);
    stage.submit(Fabrikam, &connect("r-1", &spoke(), &hub()));
    let gaps = gaps(&stage, &app, 100).await;
    assert!(gaps.windows(2).all(|pair| pair[1] >= pair[0] - 2), "they grow: {gaps:?}");
    assert!(gaps.iter().all(|gap| *gap <= 301), "and stay below five minutes: {gaps:?}");
    assert!(gaps.iter().any(|gap| *gap >= 299) && gaps.len() < 30, "{gaps:?}");
    let total: i64 = gaps.iter().sum();
    assert!((3600..3600 + 600).contains(&total), "nobody looks after the deadline: {total} s");
    let record = app.record().await;
    assert_eq!(record.phase, Phase::Blocked, "{record:#?}");
    let reason = record.reason.unwrap();
    assert_eq!(reason.code.as_str(), "overdue");
    assert!(reason.fix.is_some());
    assert!(stage.outcomes(Fabrikam).is_empty(), "blocked is not the end");
    assert!(app.longest_invocation() < SHORT, "{}", app.longest_invocation());

    // Sweeps change nothing as long as nothing changes.
    let lines = app.record().await.history.len();
    app.sweep().await;
    assert_eq!(app.record().await.history.len(), lines);
    gate.azure_is_at_work(false);
    app.sweep().await;
    stage.carry_on(&[&contoso, &app]).await;
    assert_eq!(stage.answer(Fabrikam, "r-1").subject, "connected");
}

#[tokio::test(start_paused = true)]
async fn a_write_that_takes_its_time_is_followed_by_looks_and_by_no_second_write() {
    let stage = Stage::slow().await;
    stage.two_networks().await;
    wait(10).await;
    let app = stage.app(Fabrikam, "");
    stage.contoso_opens().await;
    wait(30).await;
    let mark = stage.mark();
    stage.deliver(&[&app]).await;
    app.work(120).await;
    assert_eq!(app.phase().await, Phase::Connected, "{:#?}", app.record().await);
    assert_eq!(stage.writes_of_app(Fabrikam, mark).len(), 1);
    assert!(app.longest_invocation() < SHORT, "{}", app.longest_invocation());
    let lines = app.record().await.history;
    assert!(lines.iter().any(|line| line.what.contains("Azure is still at work")), "{lines:#?}");
}

/// Azure answers one call with 429 and wants this many seconds of peace.
fn throttled(method: &str, path: &str, seconds: usize) -> FaultPlan {
    let answer = json!({ "answer": { "status": 429, "retryAfter": seconds } });
    let rule = json!({ "match": { "method": method, "path": path }, "times": 1, "action": answer });
    serde_json::from_value(json!({ "rules": [rule] })).unwrap()
}

async fn kept(method: &str, path: &str, seconds: usize) {
    let stage = Stage::of_two_networks().await;
    let app = stage.app(Fabrikam, "");
    stage.contoso_opens().await;
    let events = stage.take_events(Fabrikam);
    stage.azure.set_faults(throttled(method, path, seconds));
    for event in &events {
        app.take_event(event).await;
        while app.take_message().await {}
    }
    // Resource Manager counts by subscription, writes apart from reads: the sweep may list meanwhile.
    let lists = |call: &Call| call.method == "GET" && call.path.ends_with("/virtualNetworks");
    let counted =
        |call: &Call| call.path.contains(Fabrikam.subscription_id()) && (method == "GET" || !lists(call));
    let calls = stage.azure.calls_since(0);
    let refused = calls.iter().find(|call| call.status == 429).expect("one call was throttled");
    let when = |call: &Call| OffsetDateTime::parse(&call.time, &Rfc3339).unwrap();
    let until = when(refused) + Duration::seconds(seconds.try_into().unwrap());
    let refused = refused.sequence;
    for second in 0..seconds {
        match second % 10 {
            2 => assert!(app.take_event(&events[second % events.len()]).await),
            5 => assert!(app.tick().await),
            _ => {}
        }
        while app.take_message().await {}
        wait(1).await;
    }
    let client = &stage.azure.world().app(Fabrikam).client_id;
    let calls = stage.azure.calls_since(refused).into_iter();
    let early =
        calls.filter(|call| call.principal.as_ref() == Some(client) && counted(call) && when(call) < until);
    let early: Vec<String> =
        early.map(|call| format!("{} {} {}", call.time, call.method, call.path)).collect();
    assert_eq!(early, NONE, "before {until}, after the 429 on {method} {path}");
    assert!(app.longest_invocation() < SHORT, "{}", app.longest_invocation());
    app.work(90).await;
    assert_eq!(app.phase().await, Phase::Connected, "{:#?}", app.record().await);
    assert_eq!(stage.writes_of_app(Fabrikam, refused).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_retry_after_on_a_write_is_kept_by_events_and_sweeps_too() {
    kept("PUT", "*/virtualNetworkPeerings/*", 60).await;
    kept("PUT", "*/virtualNetworkPeerings/*", 20).await;
}

#[tokio::test(start_paused = true)]
async fn a_retry_after_on_a_read_is_kept_by_events_and_sweeps_too() {
    kept("GET", "*/virtualNetworks/spoke", 60).await;
    kept("GET", "*/virtualNetworks/spoke", 20).await;
}
