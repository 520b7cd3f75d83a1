//! How fresh what is known is: told by every record, by health, and by a sweep that can look at nothing.

use std::sync::Arc;

use peerpact::handshake::phase::Phase;
use peerpact_sandbox::Tenant::{Contoso, Fabrikam};
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::stage::app::App;
use super::stage::gate::Gate;
use super::stage::{Stage, hub, wait};

/// A stage with a connection, fabrikam's app, and the gate before it.
async fn at_rest() -> (Stage, App, Arc<Gate>) {
    let stage = Stage::opened().await;
    let gate = Gate::open();
    let app = stage.gated_app(Fabrikam, "", &gate);
    app.sweep().await;
    assert_eq!(app.phase().await, Phase::Connected);
    (stage, app, gate)
}

fn moment(value: &Value) -> OffsetDateTime {
    OffsetDateTime::parse(value.as_str().expect("a moment"), &Rfc3339).unwrap()
}

async fn status(app: &App) -> (u64, String) {
    let (status, body) = app.health().await;
    (status, body["status"].as_str().unwrap().to_owned())
}

#[tokio::test(start_paused = true)]
async fn a_healthy_sweep_says_when_it_looked_and_makes_no_version_and_no_line() {
    let (stage, app, _) = at_rest().await;
    let before = app.record().await;
    let stored = app.stored().await;
    for _ in 0..3 {
        wait(60).await;
        assert!(app.tick().await);
        let record = app.record().await;
        assert_eq!(record.checked_at, Some(stage.clock.now()));
        assert_eq!((record.updated_at, record.history.len()), (before.updated_at, before.history.len()));
    }
    assert_eq!(app.stored().await, stored);
    wait(43).await;
    let headers = &app.get("Handshakes").await["headers"];
    let told =
        ["health", "oldest-check", "sweep-troubles"].map(|name| &headers[format!("x-peerpact-{name}")]);
    assert_eq!(told, ["ok", "43", "0"], "{headers:#}");
    let (status, body) = app.health().await;
    assert_eq!((status, &body["status"], &body["oldestCheck"]), (200, &json!("ok"), &json!(43)), "{body:#}");
    assert_eq!(moment(&body["oldestCheckedAt"]), app.record().await.checked_at.unwrap());
    let sweep = &body["lastSweep"];
    assert_eq!((&sweep["seen"], &sweep["noticed"], &sweep["troubles"]), (&json!(1), &json!(0), &json!([])));
    assert_eq!(moment(&sweep["at"]), stage.clock.now() - time::Duration::seconds(43));
}

#[tokio::test(start_paused = true)]
async fn a_reconciliation_says_when_it_read() {
    let stage = Stage::of_two_networks().await;
    let app = stage.app(Fabrikam, "");
    assert_eq!(status(&app).await, (200, "degraded".to_owned()), "nobody has looked yet");
    stage.contoso_opens().await;
    stage.deliver(&[&app]).await;
    let checked = app.record().await.checked_at.expect("it was looked at");
    assert!(stage.clock.now() - checked < time::Duration::seconds(30));
}

#[tokio::test(start_paused = true)]
async fn with_a_dead_credential_the_sweep_fails_and_says_why_and_health_follows() {
    let (stage, app, gate) = at_rest().await;
    let checked = app.record().await.checked_at;
    drop(app);
    gate.refuse_sign_in(Some(""));
    let app = stage.gated_app(Fabrikam, "", &gate);
    wait(60).await;
    assert!(!app.tick().await, "nothing was looked at, and that is no success");
    assert_eq!(app.record().await.checked_at, checked);
    let (code, body) = app.health().await;
    assert_eq!((code, &body["status"]), (200, &json!("degraded")), "{body:#}");
    let headers = &app.get("Handshakes").await["headers"];
    let troubles = body["lastSweep"]["troubles"].as_array().unwrap().len().to_string();
    assert_eq!(
        (&headers["x-peerpact-health"], &headers["x-peerpact-sweep-troubles"]),
        (&json!("degraded"), &json!(troubles))
    );
    let trouble = &body["lastSweep"]["troubles"][0];
    assert!(trouble["message"].as_str().unwrap().contains("AADSTS7000215"), "{body:#}");
    assert!(trouble["fix"].as_str().unwrap().contains("AZURE_CLIENT_SECRET"), "{body:#}");
    for _ in 0..16 {
        wait(60).await;
        assert!(!app.tick().await);
    }
    let (code, body) = app.health().await;
    assert_eq!((code, &body["status"]), (503, &json!("failing")), "{body:#}");
    assert!(body["oldestCheck"].as_u64().unwrap() > 900, "{body:#}");
    // It is on record, so that a restart does not hide it.
    drop(app);
    let app = stage.gated_app(Fabrikam, "", &gate);
    assert_eq!(status(&app).await, (503, "failing".to_owned()));
    gate.refuse_sign_in(None);
    let app = stage.gated_app(Fabrikam, "", &gate);
    assert!(app.tick().await);
    assert_eq!(status(&app).await, (200, "ok".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn an_app_that_never_could_look_fails_its_sweeps_from_the_first() {
    let stage = Stage::of_two_networks().await;
    let gate = Gate::open();
    gate.refuse_sign_in(Some(""));
    let app = stage.gated_app(Fabrikam, "", &gate);
    assert!(!app.tick().await);
    assert_eq!(status(&app).await, (200, "degraded".to_owned()));
    wait(16 * 60).await;
    assert!(!app.tick().await);
    assert_eq!(status(&app).await, (503, "failing".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn a_sweep_that_never_comes_is_told_too() {
    let (_, app, _) = at_rest().await;
    wait(14 * 60).await;
    assert_eq!(status(&app).await.0, 200);
    wait(2 * 60).await;
    assert_eq!(status(&app).await, (503, "failing".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn a_sweep_that_could_do_a_part_says_what_it_could_not_and_checks_only_what_it_saw() {
    let (stage, app, gate) = at_rest().await;
    let checked = app.record().await.checked_at;
    drop(app);
    gate.refuse_sign_in(Some(Contoso.tenant_id()));
    let app = stage.gated_app(Fabrikam, "", &gate);
    wait(60).await;
    app.sweep().await;
    assert!(app.tick().await, "our own networks were listed");
    let (code, body) = app.health().await;
    assert_eq!((code, &body["status"]), (200, &json!("degraded")), "{body:#}");
    let troubles = body["lastSweep"]["troubles"].as_array().unwrap();
    assert_eq!(troubles.len(), 1, "{body:#}");
    assert!(troubles[0]["message"].as_str().unwrap().contains(Contoso.subscription_id()), "{body:#}");
    assert_eq!(app.record().await.checked_at, checked, "theirs is out of sight");
}

#[tokio::test(start_paused = true)]
async fn where_the_lists_do_not_show_theirs_it_is_read_now_and_then() {
    let stage = Stage::opened().await;
    let app = stage.app(Fabrikam, "on_removal = \"keep\"");
    app.sweep().await;
    stage.traveller.close(&hub(), "to-spoke").await;
    stage.traveller.delete(&hub()).await;
    stage.take_events(Fabrikam);
    app.sweep().await;
    assert_eq!(app.phase().await, Phase::Broken);
    let mark = stage.mark();
    for _ in 0..40 {
        wait(60).await;
        app.sweep().await;
        let (code, body) = app.health().await;
        assert_eq!((code, &body["status"]), (200, &json!("ok")), "{body:#}");
    }
    let reads = stage.calls_of_app(Fabrikam, mark);
    let looks = reads.iter().filter(|call| call.ends_with("/hub")).count();
    assert!((2..=4).contains(&looks), "{looks} looks in forty minutes");
}

#[tokio::test(start_paused = true)]
async fn what_is_closed_needs_no_look() {
    let (stage, app, _) = at_rest().await;
    stage.traveller.close(&hub(), "to-spoke").await;
    stage.deliver(&[&app]).await;
    app.sweep().await;
    assert_eq!(app.phase().await, Phase::Closed);
    wait(30 * 60).await;
    assert!(app.tick().await);
    let (code, body) = app.health().await;
    assert_eq!((code, &body["status"], &body["oldestCheck"]), (200, &json!("ok"), &Value::Null), "{body:#}");
}
