//! Who may ask for what: by which queue, under which id, and of which halves.

use peerpact::handshake::ids::{HandshakeId, Name};
use peerpact::handshake::phase::Phase;
use peerpact::handshake::record::{ASKED_MAX, KEPT_FOR_DISCONNECTS};
use peerpact_sandbox::Tenant::{Contoso, Fabrikam};
use serde_json::Value;

use super::stage::app::App;
use super::stage::requester::{connect, disconnect, recheck};
use super::stage::{Grants, NONE, Stage, half, hub, network, spoke};

const BY_OPS: &str = "ConnectionRequest-ops";
const LOOK_ONLY: &str = "[[requests]]\nqueue = \"connection-requests\"\nactions = [\"recheck\"]";
const OPS_DISCONNECT: &str = "[[requests]]\nqueue = \"connection-requests-ops\"\nactions = [\"disconnect\"]";

fn deny(network: &str) -> String {
    format!("[[deny]]\nnetwork = \"{network}\"\nreason = \"it is the vault\"")
}

/// Fabrikam's agreement on another network than the spoke.
fn on_another_network() -> String {
    let (ours, theirs) = (network(Fabrikam, "spokes", "other"), network(Contoso, "*", "*"));
    format!(
        "partner = \"contoso\"\ntenant = \"{}\"\n[[peering]]\nname = \"other\"\nours = \"{ours}\"\ntheirs = \"{theirs}\"\nprefixes = [\"10.0.0.0/8\"]\n",
        Contoso.tenant_id()
    )
}

/// Asks fabrikam's app, and gives back the refusal and its fix.
async fn refusal(stage: &Stage, app: &App, request: &Value) -> (String, String) {
    stage.submit(Fabrikam, request);
    app.work(30).await;
    let told = stage.answer(Fabrikam, request["id"].as_str().unwrap());
    assert_eq!(told.subject, "refused", "{told:#?}");
    (told.reason(), told.body["reason"]["fix"].as_str().expect("a fix").to_owned())
}

#[tokio::test(start_paused = true)]
async fn a_disconnect_is_taken_however_many_others_wait() {
    let stage = Stage::of_two_networks().await;
    let fabrikam = stage.app(Fabrikam, "");
    stage.submit(Fabrikam, &connect("r-0", &spoke(), &hub()));
    for number in 1..ASKED_MAX + 3 {
        stage.submit(Fabrikam, &recheck(&format!("r-{number}"), &spoke(), &hub()));
    }
    fabrikam.work(5).await;
    assert_eq!(fabrikam.phase().await, Phase::Waiting);
    assert_eq!(fabrikam.stored().await[0].asked.len(), ASKED_MAX);
    let refused = stage.outcomes(Fabrikam).len();
    assert_eq!(refused, 3, "who does not have a place is told so");
    stage.submit(Fabrikam, &disconnect("r-gone", &stage.only_half(&spoke()).await));
    fabrikam.work(30).await;
    assert_eq!(stage.traveller.state(&spoke()).await, "none");
    let told = stage.outcomes(Fabrikam);
    assert_eq!(told.len(), ASKED_MAX + 1);
    assert!(told.iter().all(|told| told.subject == "closed"), "{told:#?}");
    assert!(told.iter().any(|told| told.request.as_deref() == Some("r-gone")));
}

#[tokio::test(start_paused = true)]
async fn the_places_that_are_kept_for_disconnects_have_an_end_too() {
    let (stage, _, fabrikam) = Stage::asked_and_connected().await;
    let ours = stage.only_half(&spoke()).await;
    for number in 0..=ASKED_MAX + KEPT_FOR_DISCONNECTS {
        stage.submit(Fabrikam, &disconnect(&format!("d-{number}"), &ours));
    }
    fabrikam.work(5).await;
    let refused = stage.outcomes(Fabrikam);
    assert_eq!(refused.len(), 1, "{refused:#?}");
    assert!(refused[0].reason().contains("40 requests wait"), "{}", refused[0].reason());
}

#[tokio::test(start_paused = true)]
async fn what_a_queue_may_not_ask_for_is_refused_with_the_action_and_what_to_write() {
    let (stage, _, fabrikam) = Stage::asked_and_connected().await;
    drop(fabrikam);
    let fabrikam = stage.app(Fabrikam, LOOK_ONLY);
    let ours = stage.only_half(&spoke()).await;
    let mark = stage.mark();
    for (request, action) in
        [(disconnect("r-2", &ours), "disconnect"), (connect("r-3", &spoke(), &hub()), "connect-peering")]
    {
        let (reason, fix) = refusal(&stage, &fabrikam, &request).await;
        let expected =
            format!("bad-request: the field `action` is `{action}`, which the queue `connection-requests`");
        assert!(reason.starts_with(&expected), "{reason}");
        for part in [&format!("write \"{action}\""), "[[requests]]", "queue = \"connection-requests\""] {
            assert!(fix.contains(part), "{fix}");
        }
    }
    assert_eq!(stage.calls_of_app(Fabrikam, mark), NONE);
    stage.submit(Fabrikam, &recheck("r-4", &spoke(), &hub()));
    fabrikam.work(20).await;
    assert_eq!(stage.answer(Fabrikam, "r-4").subject, "connected");
}

#[tokio::test(start_paused = true)]
async fn without_rules_a_further_queue_may_ask_for_nothing_and_with_them_for_what_they_list() {
    let (stage, _, fabrikam) = Stage::asked_and_connected().await;
    let ours = stage.only_half(&spoke()).await;
    for request in [disconnect("o-1", &ours), recheck("o-2", &spoke(), &hub())] {
        fabrikam.request_by(BY_OPS, &request).await;
        let told = stage.answer(Fabrikam, request["id"].as_str().unwrap());
        assert_eq!(told.subject, "refused");
        assert!(told.reason().contains("the queue `connection-requests-ops` may not ask for"), "{told:#?}");
        assert_eq!(told.body["queue"], "connection-requests-ops");
        assert!(
            told.body["reason"]["fix"].as_str().unwrap().contains("connection-requests-ops"),
            "{told:#?}"
        );
    }
    assert!(stage.is_connected().await);
    drop(fabrikam);
    let fabrikam = stage.app(Fabrikam, OPS_DISCONNECT);
    let (reason, _) = refusal(&stage, &fabrikam, &recheck("r-2", &spoke(), &hub())).await;
    assert!(
        reason.contains("which the queue `connection-requests` may not ask for with contoso"),
        "{reason}"
    );
    fabrikam.request_by(BY_OPS, &disconnect("o-3", &ours)).await;
    assert_eq!(stage.traveller.state(&spoke()).await, "none");
}

#[tokio::test(start_paused = true)]
async fn the_ids_of_one_queue_are_no_business_of_another() {
    let both = "[[requests]]\nqueue = \"connection-requests\"\nactions = [\"connect-peering\", \"recheck\"]\n\
                [[requests]]\nqueue = \"connection-requests-ops\"\nactions = [\"recheck\", \"disconnect\"]";
    let stage = Stage::of_two_networks().await;
    let (contoso, fabrikam) = (stage.app(Contoso, ""), stage.app(Fabrikam, both));
    // Somebody takes the id before its owner does.
    fabrikam.request_by(BY_OPS, &recheck("r-1", &spoke(), &hub())).await;
    assert_eq!(stage.answer(Fabrikam, "r-1").subject, "closed");
    stage.submit(Fabrikam, &connect("r-1", &spoke(), &hub()));
    fabrikam.work(5).await;
    // And while it waits, the other queue's is another one that waits beside it.
    fabrikam.request_by(BY_OPS, &recheck("r-1", &spoke(), &hub())).await;
    fabrikam.request_by(BY_OPS, &recheck("r-1", &spoke(), &hub())).await;
    assert_eq!(stage.outcomes(Fabrikam).len(), 0);
    let asked: Vec<String> = fabrikam.stored().await[0].asked.iter().map(ToString::to_string).collect();
    assert_eq!(asked, ["r-1", "ops/r-1"]);
    stage.carry_on(&[&contoso, &fabrikam]).await;
    assert!(stage.is_connected().await);
    let told = stage.outcomes(Fabrikam);
    assert_eq!(told.len(), 2, "{told:#?}");
    assert!(told.iter().all(|told| told.request.as_deref() == Some("r-1") && told.subject == "connected"));
    assert_ne!(told[0].message, told[1].message, "the queue takes neither for the other");
    let queues: Vec<_> = told.iter().map(|told| told.body.get("queue").and_then(Value::as_str)).collect();
    assert_eq!(queues, [None, Some("connection-requests-ops")], "whoever reads tells them apart");
}

#[tokio::test(start_paused = true)]
async fn a_half_that_nobody_agreed_on_is_not_removed_on_request() {
    let stage = Stage::opened_by_hand().await;
    let fabrikam = stage.app(Fabrikam, &on_another_network());
    let mark = stage.mark();
    let (reason, fix) = refusal(&stage, &fabrikam, &disconnect("r-1", &half(&spoke(), "by-hand"))).await;
    assert!(
        reason.contains("the field `half`") && reason.contains("no agreement with contoso covers"),
        "{reason}"
    );
    assert!(fix.contains("[[peering]]") && fix.contains("by hand"), "{fix}");
    // Nor once it is on record.
    fabrikam.sweep().await;
    assert_eq!(fabrikam.records().await.len(), 1);
    refusal(&stage, &fabrikam, &disconnect("r-2", &half(&spoke(), "by-hand"))).await;
    fabrikam.sweep().await;
    assert_eq!(stage.writes_of_app(Fabrikam, mark), NONE);
}

#[tokio::test(start_paused = true)]
async fn a_half_on_a_network_under_deny_is_not_removed_on_request() {
    for denied in [spoke(), hub()] {
        let stage = Stage::opened_by_hand().await;
        let fabrikam = stage.app(Fabrikam, &deny(&denied));
        let mark = stage.mark();
        let (reason, fix) = refusal(&stage, &fabrikam, &disconnect("r-1", &half(&spoke(), "by-hand"))).await;
        assert!(reason.contains(&format!("a [[deny]] names {denied}: it is the vault")), "{reason}");
        assert!(fix.contains("[[deny]]"), "{fix}");
        fabrikam.sweep().await;
        assert_eq!(stage.writes_of_app(Fabrikam, mark), NONE);
    }
}

#[tokio::test(start_paused = true)]
async fn a_half_that_peerpact_made_is_removed_on_request_whatever_is_agreed_now() {
    for terms in [on_another_network(), deny(&spoke())] {
        let (stage, _, fabrikam) = Stage::asked_and_connected().await;
        drop(fabrikam);
        let fabrikam = stage.app(Fabrikam, &terms);
        stage.submit(Fabrikam, &disconnect("r-2", &stage.only_half(&spoke()).await));
        fabrikam.work(30).await;
        assert_eq!(stage.traveller.state(&spoke()).await, "none", "{:#?}", stage.outcomes(Fabrikam));
    }
}

#[tokio::test(start_paused = true)]
async fn theirs_is_removed_on_request_only_where_an_agreement_covers_it() {
    let handshake = HandshakeId::of_peering(&hub().parse().unwrap(), &spoke().parse().unwrap());
    // The second one is named as contoso's app would name it.
    for name in ["to-spoke".to_owned(), Name::of_half(&handshake).to_string()] {
        let stage = Stage::with(Grants::Both).await;
        stage.two_networks().await;
        stage.traveller.open(&half(&spoke(), "by-hand"), &hub()).await;
        stage.traveller.open(&half(&hub(), &name), &spoke()).await;
        stage.take_events(Fabrikam);
        let terms = format!("{}reach = \"both\"", on_another_network());
        let fabrikam = stage.app(Fabrikam, &terms);
        let mark = stage.mark();
        let (reason, _) = refusal(&stage, &fabrikam, &disconnect("r-1", &half(&hub(), &name))).await;
        assert!(reason.contains("no agreement with contoso covers"), "{reason}");
        assert_eq!(stage.writes_of_app(Fabrikam, mark), NONE);
    }
}
