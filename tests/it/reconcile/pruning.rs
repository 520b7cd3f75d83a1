//! The sweep forgets what was over long ago, and nothing that is still needed.

use peerpact::handshake::phase::Phase;
use peerpact_sandbox::Tenant::Fabrikam;

use super::stage::app::KEPT;
use super::stage::gate::Gate;
use super::stage::points::Away;
use super::stage::requester::{connect, recheck};
use super::stage::{Stage, hub, spoke, wait};

const DAY: u64 = 24 * 60 * 60;

/// A stage on which `r-1` was carried out.
async fn carried_out(gate: &std::sync::Arc<Gate>) -> (Stage, super::stage::app::App) {
    let stage = Stage::opened().await;
    let app = stage.gated_app(Fabrikam, "", gate);
    stage.submit(Fabrikam, &connect("r-1", &spoke(), &hub()));
    app.work(60).await;
    assert_eq!(app.phase().await, Phase::Connected);
    assert!(app.request("r-1").await.is_some());
    (stage, app)
}

#[tokio::test(start_paused = true)]
async fn a_request_that_was_carried_out_is_forgotten_after_ninety_days_and_its_handshake_is_not() {
    let (_stage, app) = carried_out(&Gate::open()).await;
    wait((KEPT.whole_days().unsigned_abs() - 1) * DAY).await;
    app.tick().await;
    assert!(app.request("r-1").await.is_some());
    wait(DAY).await;
    app.tick().await;
    assert_eq!(app.request("r-1").await, None);
    let record = app.record().await;
    assert!(record.phase == Phase::Connected && !record.history.is_empty());
}

#[tokio::test(start_paused = true)]
async fn the_ledger_is_looked_through_once_an_hour() {
    let gate = Gate::open();
    let (_stage, app) = carried_out(&gate).await;
    wait((KEPT.whole_days().unsigned_abs()) * DAY - 1800).await;
    app.tick().await;
    wait(1860).await;
    app.tick().await;
    assert!(app.request("r-1").await.is_some(), "not yet: it was looked through half an hour ago");
    wait(1800).await;
    app.tick().await;
    assert_eq!(app.request("r-1").await, None);
}

#[tokio::test(start_paused = true)]
async fn a_ledger_that_cannot_be_written_fails_the_sweep_that_notes_what_it_saw_and_is_pruned_later() {
    let gate = Gate::open();
    let (_stage, app) = carried_out(&gate).await;
    app.tick().await;
    wait(KEPT.whole_days().unsigned_abs() * DAY + 3600).await;
    gate.is_away(Some(Away::LedgerWrites));
    assert!(!app.tick().await, "when it looked cannot be noted, which somebody has to know");
    gate.is_away(None);
    assert!(app.request("r-1").await.is_some());
    app.tick().await;
    assert_eq!(app.request("r-1").await, None);
}

#[tokio::test(start_paused = true)]
async fn a_request_that_still_waits_for_its_answer_is_not_forgotten() {
    let stage = Stage::of_two_networks().await;
    let app = stage.app(Fabrikam, "");
    stage.submit(Fabrikam, &recheck("r-1", &spoke(), &hub()));
    app.take_message().await;
    wait(2 * KEPT.whole_days().unsigned_abs() * DAY).await;
    assert!(app.tick().await);
    assert!(app.request("r-1").await.is_some(), "its record names it");
}
