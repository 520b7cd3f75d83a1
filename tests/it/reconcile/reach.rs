//! `reach = "both"`: one app alone, the other not running, makes, syncs and heals both halves.

use peerpact::handshake::phase::Phase;
use peerpact_sandbox::Tenant::Fabrikam;

use super::stage::{Grants, Stage, half, hub, spoke, wait};

const BOTH: &str = "reach = \"both\"";
const RESTORE: &str = "reach = \"both\"\non_removal = \"restore\"";
/// The engineer's half is ours to manage too.
const ADOPTED: &str = "reach = \"both\"\nadopt = \"manage\"";
const ADOPTED_RESTORE: &str = "reach = \"both\"\nadopt = \"manage\"\non_removal = \"restore\"";
const CONNECTED: &str = "Connected/FullyInSync";

async fn both_connected(stage: &Stage) -> bool {
    stage.traveller.state(&hub()).await == CONNECTED && stage.traveller.state(&spoke()).await == CONNECTED
}

/// A stage on which the engineer opened fabrikam's half, and fabrikam's app alone made the rest.
async fn made_by_one_app(terms: &str) -> (Stage, super::stage::app::App) {
    let stage = Stage::with(Grants::Both).await;
    stage.two_networks().await;
    let app = stage.app(Fabrikam, terms);
    stage.traveller.open(&half(&spoke(), "to-hub"), &hub()).await;
    stage.deliver(&[&app]).await;
    assert_eq!(app.phase().await, Phase::Connected, "{:#?}", app.record().await);
    assert!(both_connected(&stage).await);
    (stage, app)
}

#[tokio::test(start_paused = true)]
async fn our_half_opened_makes_theirs() {
    made_by_one_app(BOTH).await;
}

#[tokio::test(start_paused = true)]
async fn our_space_changed_syncs_theirs_and_their_space_changed_syncs_ours() {
    let (stage, app) = made_by_one_app(BOTH).await;
    stage.traveller.respace(&spoke(), &["10.20.0.0/16", "10.21.0.0/16"]).await;
    stage.deliver(&[&app]).await;
    assert!(both_connected(&stage).await);
    stage.traveller.respace(&hub(), &["10.10.0.0/16", "10.11.0.0/16"]).await;
    stage.deliver(&[&app]).await;
    assert!(both_connected(&stage).await);
    stage.traveller.respace(&spoke(), &["10.20.0.0/16"]).await;
    stage.traveller.respace(&hub(), &["10.10.0.0/16"]).await;
    wait(5).await;
    stage.deliver(&[&app]).await;
    app.sweep().await;
    assert!(both_connected(&stage).await, "{:#?}", app.record().await);
}

#[tokio::test(start_paused = true)]
async fn our_half_removed_is_healed_theirs_first() {
    let (stage, app) = made_by_one_app(BOTH).await;
    stage.traveller.close(&spoke(), "to-hub").await;
    stage.deliver(&[&app]).await;
    assert!(both_connected(&stage).await, "{:#?}", app.record().await);
    assert_eq!(app.phase().await, Phase::Connected);
}

#[tokio::test(start_paused = true)]
async fn their_half_removed_is_restored_where_that_is_agreed() {
    let (stage, app) = made_by_one_app(ADOPTED_RESTORE).await;
    let theirs = app.record().await.theirs.half.unwrap();
    stage.traveller.delete(&theirs).await;
    stage.deliver(&[&app]).await;
    assert!(both_connected(&stage).await, "{:#?}", app.record().await);
}

#[tokio::test(start_paused = true)]
async fn their_half_removed_leaves_what_people_made_alone_unless_that_is_ours_to_manage() {
    for terms in [BOTH, RESTORE] {
        let (stage, app) = made_by_one_app(terms).await;
        let theirs = app.record().await.theirs.half.unwrap();
        stage.traveller.delete(&theirs).await;
        stage.deliver(&[&app]).await;
        assert_eq!(app.phase().await, Phase::Broken, "{terms}");
        assert!(stage.traveller.state(&spoke()).await.starts_with("Disconnected"), "{terms}");
    }
}

#[tokio::test(start_paused = true)]
async fn their_half_removed_removes_ours_where_nothing_else_is_agreed() {
    let (stage, app) = made_by_one_app(ADOPTED).await;
    let theirs = app.record().await.theirs.half.unwrap();
    stage.traveller.delete(&theirs).await;
    stage.deliver(&[&app]).await;
    assert_eq!(app.phase().await, Phase::Closed);
    assert_eq!(stage.traveller.state(&spoke()).await, "none");
}

#[tokio::test(start_paused = true)]
async fn with_reach_ours_a_half_that_we_opened_waits_and_is_told_to_be_stalled() {
    let stage = Stage::of_two_networks().await;
    let app = stage.app(Fabrikam, "");
    stage.traveller.open(&half(&spoke(), "to-hub"), &hub()).await;
    stage.deliver(&[&app]).await;
    assert_eq!(app.record().await.reason.unwrap().code.as_str(), "awaiting-partner");
    wait(2 * 3600).await;
    app.sweep().await;
    let record = app.record().await;
    assert_eq!(record.phase, Phase::Waiting, "it stays open");
    assert_eq!(record.reason.unwrap().code.as_str(), "stalled");
}
