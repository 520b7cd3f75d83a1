//! Requests about the toy kind.

use peerpact::handshake::resource_id::ResourceId;
use peerpact_fixtures::{CONTOSO_SUBSCRIPTION, FABRIKAM_SUBSCRIPTION};
use serde_json::{Value, json};

use super::stage::{AGREED, Stage, file, hall, lobby, room, their_link};

fn connect(ours: &ResourceId, theirs: &ResourceId, width: u32) -> Value {
    json!({ "version": 1, "id": "r-1", "action": "connect-link", "ours": ours, "theirs": theirs, "width": width })
}

fn disconnect(half: &ResourceId) -> Value {
    json!({ "version": 1, "id": "r-2", "action": "disconnect", "half": half })
}

fn recheck(ours: &ResourceId, theirs: &ResourceId) -> Value {
    json!({ "version": 1, "id": "r-3", "action": "recheck", "ours": ours, "theirs": theirs })
}

#[tokio::test(start_paused = true)]
async fn our_half_is_made_as_it_was_asked_for_and_the_answer_is_given_once_theirs_is_there() {
    let stage = Stage::new();
    let app = stage.app();
    app.ask(&connect(&hall(), &lobby(), 2)).await;
    assert_eq!(stage.rooms.only_link(&hall()).1, 2);
    assert_eq!(app.phase().await, "waiting");
    assert!(app.outcomes().is_empty(), "it is not told before it is so");

    stage.partner_opens();
    app.written(&their_link()).await;
    app.work(20).await;
    let told = app.answer("r-1");
    assert_eq!((&told["kind"], &told["phase"]), (&json!("link"), &json!("connected")));
    assert_eq!(told["history"][0]["what"], "request r-1 asks: connect-link");
    assert_eq!(stage.rooms.writes().len(), 1);

    app.ask(&connect(&hall(), &lobby(), 2)).await;
    assert_eq!(app.answer("r-1")["phase"], "connected", "the same request is answered again");
    assert_eq!(stage.rooms.writes().len(), 1, "and carried out once");
}

#[tokio::test(start_paused = true)]
async fn what_no_agreement_covers_is_refused_with_its_field_and_nothing_is_read() {
    let (cellar, attic) = (room(FABRIKAM_SUBSCRIPTION, "cellar"), room(CONTOSO_SUBSCRIPTION, "attic"));
    let nobodys = room("11111111-2222-3333-4444-555555555555", "lobby");
    let stage = Stage::new();
    let app = stage.app();
    for (request, told) in [
        (connect(&cellar, &lobby(), 1), "the field `theirs` is not covered: no agreement covers"),
        (connect(&hall(), &attic, 1), "the field `theirs` is not covered: no agreement covers"),
        (connect(&hall(), &nobodys, 1), "the field `theirs` is /subscriptions/11111111"),
        (connect(&lobby(), &hall(), 1), "the field `ours` is in the tenant"),
        (connect(&hall(), &cellar, 1), "the field `theirs` is in our own tenant"),
        (connect(&hall(), &hall(), 1), "the field `theirs` is the same as `ours`"),
        (connect(&hall(), &their_link(), 1), "the field `theirs` is"),
        (connect(&hall(), &lobby(), AGREED + 1), "the field `width` is 5, and 4 is agreed"),
        (disconnect(&their_link()), "the field `half` is in the tenant"),
        (recheck(&hall(), &nobodys), "the field `theirs` is /subscriptions/11111111"),
    ] {
        app.ask(&request).await;
        let refused = app.answer(request["id"].as_str().unwrap());
        assert_eq!((&refused["phase"], &refused["kind"]), (&json!("refused"), &Value::Null));
        let message = refused["reason"]["message"].as_str().unwrap();
        assert!(message.starts_with(told), "{message}");
    }
    assert!(app.handshakes().await.is_empty());
    assert_eq!((stage.rooms.reads(), stage.rooms.writes().len()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_field_of_the_kinds_own_is_held_to_its_type() {
    let stage = Stage::new();
    let app = stage.app();
    for (width, told) in [
        (json!("wide"), "the field `width` is a string where u32 belongs"),
        (json!(-1), "the field `width` is not taken: invalid value: integer `-1`, expected u32"),
        (json!(1.5), "the field `width` is a number where u32 belongs"),
    ] {
        let mut request = connect(&hall(), &lobby(), 1);
        request["width"] = width;
        app.ask(&request).await;
        assert_eq!(app.answer("r-1")["reason"]["message"], told);
    }
    let mut request = connect(&hall(), &lobby(), 1);
    request["colour"] = json!("red");
    app.ask(&request).await;
    let refused = app.answer("r-1");
    let message = refused["reason"]["message"].as_str().unwrap();
    assert!(message.starts_with("the field `colour` is not known here; there are"), "{message}");
}

#[tokio::test(start_paused = true)]
async fn a_disconnect_removes_our_half_and_leaves_theirs_to_the_partner() {
    let (stage, app) = Stage::connected().await;
    let (ours, _) = stage.rooms.only_link(&hall());
    app.ask(&disconnect(&ours)).await;
    let told = app.answer("r-2");
    assert_eq!((&told["kind"], &told["phase"]), (&json!("link"), &json!("closed")));
    assert_eq!(stage.rooms.writes().last().unwrap().0, format!("DELETE {}", ours.name()));
    assert_eq!(stage.rooms.only_link(&lobby()).0, their_link());
    app.sweep().await;
    assert_eq!((stage.rooms.writes().len(), app.outcomes().len()), (2, 0), "and it stays so");
}

#[tokio::test(start_paused = true)]
async fn a_half_that_no_record_knows_is_found_and_removed_on_request() {
    let stage = Stage::new();
    let app = stage.app();
    let by_hand: ResourceId = format!("{}/links/by-hand", hall()).parse().unwrap();
    stage.rooms.put(&by_hand, &lobby(), 1);
    app.ask(&disconnect(&by_hand)).await;
    assert_eq!(app.answer("r-2")["phase"], "closed");
    assert_eq!(stage.rooms.writes()[0].0, "DELETE by-hand");
}

#[tokio::test(start_paused = true)]
async fn a_recheck_looks_again_writes_nothing_and_is_answered() {
    let (stage, app) = Stage::connected().await;
    let reads = stage.rooms.reads();
    app.ask(&recheck(&hall(), &lobby())).await;
    let told = app.answer("r-3");
    assert_eq!((&told["kind"], &told["phase"]), (&json!("link"), &json!("connected")));
    assert_eq!((stage.rooms.reads(), stage.rooms.writes().len()), (reads + 1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_queue_may_ask_for_the_kind_where_a_rule_says_so() {
    let rule = |actions: &str| {
        let rule = format!("[[requests]]\nqueue = \"connection-requests\"\nactions = [{actions}]\n");
        file(&hall(), &lobby(), AGREED, &rule)
    };
    let stage = Stage::new();
    let app = stage.app_with(&rule("\"recheck\""));
    app.ask(&connect(&hall(), &lobby(), 1)).await;
    let refused = app.answer("r-1");
    let message = refused["reason"]["message"].as_str().unwrap();
    assert!(message.starts_with("the field `action` is `connect-link`, which the queue"), "{message}");
    drop(app);
    let app = stage.app_with(&rule("\"connect-link\""));
    app.ask(&connect(&hall(), &lobby(), 1)).await;
    assert_eq!(stage.rooms.only_link(&hall()).1, 1);
}
