//! What the sweep finds of the toy kind, where no event came.

use serde_json::json;

use super::stage::{Stage, hall, their_link};

#[tokio::test(start_paused = true)]
async fn a_half_that_was_opened_unseen_is_found_by_the_sweep() {
    let stage = Stage::new();
    let app = stage.app();
    app.sweep().await;
    assert!(app.handshakes().await.is_empty());
    stage.partner_opens();
    app.sweep().await;
    assert_eq!(app.phase().await, "connected");
    assert_eq!(app.outcomes().len(), 1);
    let reads = stage.rooms.reads();
    app.sweep().await;
    assert_eq!(stage.rooms.reads(), reads + 1, "a quiet world costs the list and nothing else");
}

#[tokio::test(start_paused = true)]
async fn a_half_that_the_partner_removed_unseen_takes_ours_with_it() {
    let (stage, app) = Stage::connected().await;
    let (ours, _) = stage.rooms.only_link(&hall());
    stage.rooms.remove(&their_link());
    app.work(600).await;
    assert_eq!(app.phase().await, "connected", "nobody has looked");

    app.sweep().await;
    assert_eq!(stage.rooms.writes().last().unwrap().0, format!("DELETE {}", ours.name()));
    let shown = app.handshakes().await.remove(0);
    assert_eq!((&shown["phase"], &shown["ours"]["state"]), (&json!("closed"), &json!(null)), "{shown:#}");
    let outcomes = app.outcomes();
    assert_eq!(outcomes.len(), 1, "{outcomes:#?}");
    let why = format!("the partner's link was removed, and {ours} with it");
    assert_eq!(outcomes[0]["reason"]["message"], why);
    app.sweep().await;
    assert_eq!((stage.rooms.writes().len(), app.outcomes().len()), (2, 0));
}

#[tokio::test(start_paused = true)]
async fn a_pair_of_which_nothing_is_left_is_closed_by_a_second_look_and_opens_anew() {
    let (stage, app) = Stage::connected().await;
    let (ours, _) = stage.rooms.only_link(&hall());
    stage.rooms.remove(&their_link());
    stage.rooms.remove(&ours);
    app.event("Delete", &ours, None).await;
    app.work(2).await;
    assert_eq!(app.phase().await, "connected", "one look proves little");
    app.work(20).await;
    assert_eq!(app.phase().await, "closed");
    stage.partner_opens();
    app.written(&their_link()).await;
    app.work(20).await;
    assert_eq!(app.phase().await, "connected");
    let phases: Vec<String> =
        app.outcomes().iter().map(|told| told["phase"].as_str().unwrap().to_owned()).collect();
    assert_eq!(phases, ["closed", "connected"]);
}
