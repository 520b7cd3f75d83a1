//! A half of the toy kind that an event tells of.

use serde_json::{Value, json};

use super::stage::{AGREED, Stage, file, hall, lobby, room, their_link};

#[tokio::test(start_paused = true)]
async fn a_half_that_the_partner_opened_is_answered_read_back_recorded_and_told() {
    let stage = Stage::new();
    let app = stage.app();
    stage.partner_opens();
    app.written(&their_link()).await;
    assert_eq!((app.items(), stage.rooms.reads()), (1, 0), "an event only says what to look at");

    app.work(20).await;
    let (ours, width) = stage.rooms.only_link(&hall());
    assert!(ours.name().starts_with("peerpact-"), "{ours}");
    assert_eq!(width, AGREED);
    assert_eq!((stage.rooms.reads(), stage.rooms.writes().len()), (2, 1), "a look, a write, a look");

    let handshakes = app.handshakes().await;
    let [shown] = &handshakes[..] else { panic!("{handshakes:#?}") };
    let is =
        |shown: &Value| json!([shown["kind"], shown["phase"], shown["agreement"], shown["reason"]["code"]]);
    assert_eq!(is(shown), json!(["link", "connected", "contoso/all", "connected"]), "{shown:#}");
    let end = |end: &Value| json!([end["resourceId"], end["half"], end["state"], end["syncLevel"]]);
    assert_eq!(end(&shown["ours"]), json!([hall(), ours, "Joined", null]));
    assert_eq!(end(&shown["theirs"]), json!([lobby(), their_link(), "Joined", null]));
    let lines: Vec<&str> =
        shown["history"].as_array().unwrap().iter().map(|line| line["what"].as_str().unwrap()).collect();
    assert_eq!(lines[0], format!("is about to create our half: {ours}"), "before it was written");
    assert!(lines[1].starts_with("connected: "), "{lines:#?}");

    let outcomes = app.outcomes();
    let [told] = &outcomes[..] else { panic!("{outcomes:#?}") };
    assert_eq!(is(told), is(shown));
    assert_eq!((&told["id"], &told["request"]), (&shown["id"], &Value::Null));
}

#[tokio::test(start_paused = true)]
async fn triggers_that_come_again_write_nothing_and_tell_nothing() {
    let stage = Stage::new();
    let app = stage.app();
    stage.partner_opens();
    for _ in 0..5 {
        app.written(&their_link()).await;
    }
    app.work(20).await;
    assert_eq!(stage.rooms.reads(), 3, "a look with its write, and one more for all that came since");
    tokio::time::sleep(std::time::Duration::from_secs(60)).await;
    app.written(&their_link()).await;
    app.work(20).await;
    app.sweep().await;
    assert_eq!(stage.rooms.writes().len(), 1);
    assert_eq!(app.outcomes().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_echo_of_our_own_write_is_let_go() {
    let (stage, app) = Stage::connected().await;
    let (ours, _) = stage.rooms.only_link(&hall());
    let (_, correlation) = stage.rooms.writes()[0];
    app.event("Write", &ours, Some(correlation)).await;
    assert_eq!(app.items(), 0);
    app.written(&ours).await;
    assert_eq!(app.items(), 1, "what somebody else wrote is looked at");
}

#[tokio::test(start_paused = true)]
async fn a_half_that_no_agreement_covers_is_not_answered() {
    let stage = Stage::new();
    let app = stage.app_with(&file(&hall(), &room(peerpact_fixtures::CONTOSO_SUBSCRIPTION, "attic"), 1, ""));
    stage.partner_opens();
    app.written(&their_link()).await;
    app.work(20).await;
    assert_eq!(stage.rooms.writes(), []);
    let outcomes = app.outcomes();
    assert_eq!(outcomes.len(), 1, "{outcomes:#?}");
    assert_eq!(
        (&outcomes[0]["phase"], &outcomes[0]["reason"]["code"]),
        (&json!("refused"), &json!("no-agreement"))
    );
}

#[tokio::test(start_paused = true)]
async fn a_half_that_is_not_agreed_to_any_more_is_told_before_it_is_removed() {
    let (stage, app) = Stage::connected().await;
    drop(app);
    let attic = room(peerpact_fixtures::CONTOSO_SUBSCRIPTION, "attic");
    let app = stage.app_with(&file(&hall(), &attic, 1, ""));
    app.sweep().await;
    assert_eq!(stage.rooms.writes().len(), 2);
    assert!(stage.rooms.writes()[1].0.starts_with("DELETE peerpact-"));
    let shown = app.handshakes().await.remove(0);
    assert_eq!(shown["phase"], "refused", "{shown:#}");
    let lines: Vec<&str> =
        shown["history"].as_array().unwrap().iter().map(|line| line["what"].as_str().unwrap()).collect();
    let told = lines.iter().position(|line| line.starts_with("refused: ")).unwrap();
    let removed = lines.iter().position(|line| line.starts_with("is about to remove our half")).unwrap();
    assert!(told < removed, "{lines:#?}");
}
