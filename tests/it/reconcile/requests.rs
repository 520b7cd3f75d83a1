//! Requests that ask for peerings, from the queue to the outcome.

use http::Method;
use peerpact::handshake::phase::Phase;
use peerpact::handshake::record::ASKED_MAX;
use peerpact_sandbox::Tenant::{Contoso, Fabrikam};
use serde_json::{Value, json};

use super::stage::requester::{connect, connect_with, disconnect, recheck};
use super::stage::{Grants, NONE, Stage, half, hub, spoke};

#[tokio::test(start_paused = true)]
async fn a_request_makes_our_half_and_theirs_follows_by_their_own_app() {
    let (stage, contoso, fabrikam) = Stage::with_both_apps().await;
    let mark = stage.mark();
    stage.submit(Fabrikam, &connect("r-1", &spoke(), &hub()));
    fabrikam.work(20).await;
    assert_eq!(stage.traveller.state(&spoke()).await, "Initiated/RemoteNotInSync");
    assert_eq!(stage.traveller.state(&hub()).await, "none");
    assert!(stage.outcomes(Fabrikam).is_empty(), "it is not told before it is so");

    stage.carry_on(&[&contoso, &fabrikam]).await;
    assert!(stage.is_connected().await);
    let (theirs, ours) = (contoso.record().await, fabrikam.record().await);
    assert_eq!((theirs.phase, ours.phase), (Phase::Connected, Phase::Connected));
    assert_eq!(theirs.id, ours.id);
    for tenant in [Contoso, Fabrikam] {
        assert_eq!(stage.writes_of_app(tenant, mark).len(), 1, "{tenant:?}");
    }
    let outcomes = stage.outcomes(Fabrikam);
    assert_eq!(outcomes.len(), 1, "{outcomes:#?}");
    let told = &outcomes[0];
    assert_eq!((told.request.as_deref(), &told.body["request"]), (Some("r-1"), &json!("r-1")));
    assert_eq!((told.subject.as_str(), told.body["id"].as_str()), ("connected", Some(ours.id.as_str())));
    let lines: Vec<&str> =
        told.body["history"].as_array().unwrap().iter().map(|line| line["what"].as_str().unwrap()).collect();
    assert_eq!(lines[0], "request r-1 asks: connect-peering");
    assert!(lines.last().unwrap().starts_with("connected: "), "{lines:#?}");
    // The partner is told too, and that nobody of theirs asked.
    let partners = stage.outcomes(Contoso);
    assert_eq!(partners.len(), 1, "{partners:#?}");
    assert_eq!((partners[0].request.as_ref(), &partners[0].body["request"]), (None, &Value::Null));
}

#[tokio::test(start_paused = true)]
async fn our_half_has_the_flags_that_were_asked_for_and_else_those_of_the_agreement() {
    for (asked, forwarded) in [(json!({}), true), (json!({ "forwardedTraffic": false }), false)] {
        let stage = Stage::of_two_networks().await;
        let contoso = stage.app(Contoso, "");
        let fabrikam = stage.app(Fabrikam, "forwarded_traffic = true\ngateway_transit = true");
        stage.submit(Fabrikam, &connect_with("r-1", &spoke(), &hub(), asked));
        stage.carry_on(&[&contoso, &fabrikam]).await;
        assert!(stage.is_connected().await);
        let half = stage.traveller.get(&stage.only_half(&spoke()).await).await.unwrap();
        assert_eq!(half["properties"]["allowForwardedTraffic"], forwarded, "{half:#}");
        // And they stay.
        let mark = stage.mark();
        fabrikam.sweep().await;
        assert_eq!(stage.writes_of_app(Fabrikam, mark), NONE);
    }
}

#[tokio::test(start_paused = true)]
async fn flags_that_are_asked_for_are_put_on_a_half_that_is_there() {
    let stage = Stage::opened_by_hand().await;
    let fabrikam = stage.app(Fabrikam, "forwarded_traffic = true");
    let mark = stage.mark();
    stage.submit(Fabrikam, &connect_with("r-1", &spoke(), &hub(), json!({ "forwardedTraffic": true })));
    fabrikam.work(60).await;
    assert_eq!(stage.writes_of_app(Fabrikam, mark), ["PUT virtualNetworkPeerings/by-hand"]);
    let half = stage.traveller.get(&half(&spoke(), "by-hand")).await.unwrap();
    assert_eq!(half["properties"]["allowForwardedTraffic"], true);
    assert_eq!(fabrikam.phase().await, Phase::Waiting);
}

#[tokio::test(start_paused = true)]
async fn the_same_request_again_writes_nothing_and_is_answered_again() {
    let (stage, contoso, fabrikam) = Stage::asked_and_connected().await;
    let mark = stage.mark();
    stage.submit(Fabrikam, &connect("r-1", &spoke(), &hub()));
    stage.carry_on(&[&contoso, &fabrikam]).await;
    assert_eq!(stage.writes_of_app(Fabrikam, mark), NONE);
    let again = stage.answer(Fabrikam, "r-1");
    assert_eq!(again.subject, "connected");
    // A queue that detects duplicates must not take it for one.
    stage.submit(Fabrikam, &connect("r-1", &spoke(), &hub()));
    stage.carry_on(&[&contoso, &fabrikam]).await;
    assert_ne!(stage.answer(Fabrikam, "r-1").message, again.message);
    // While it is under way it is answered once.
    let (stage, contoso, fabrikam) = Stage::with_both_apps().await;
    let mark = stage.mark();
    for _ in 0..3 {
        stage.submit(Fabrikam, &connect("r-1", &spoke(), &hub()));
        fabrikam.work(20).await;
    }
    stage.carry_on(&[&contoso, &fabrikam]).await;
    assert_eq!(stage.writes_of_app(Fabrikam, mark).len(), 1);
    assert_eq!(stage.answer(Fabrikam, "r-1").subject, "connected");
}

#[tokio::test(start_paused = true)]
async fn with_reach_both_one_app_writes_both_halves() {
    let stage = Stage::with(Grants::Both).await;
    stage.two_networks().await;
    let fabrikam = stage.app(Fabrikam, "reach = \"both\"");
    let mark = stage.mark();
    stage.submit(Fabrikam, &connect("r-1", &spoke(), &hub()));
    stage.carry_on(&[&fabrikam]).await;
    assert!(stage.is_connected().await);
    assert_eq!(stage.writes_of_app(Fabrikam, mark).len(), 2);
    assert_eq!(stage.answer(Fabrikam, "r-1").subject, "connected");
}

#[tokio::test(start_paused = true)]
async fn a_request_that_comes_while_a_write_holds_the_handshake_waits_and_is_carried_out() {
    let stage = Stage::crashed_before_the_write().await;
    let fabrikam = stage.app(Fabrikam, "");
    let mark = stage.mark();
    stage.submit(Fabrikam, &recheck("r-1", &spoke(), &hub()));
    fabrikam.work(30).await;
    assert!(stage.outcomes(Fabrikam).is_empty());
    assert_eq!(stage.calls_of_app(Fabrikam, mark), NONE, "nobody looks as long as it is held");
    assert_eq!(fabrikam.phase().await, Phase::Completing, "what the write has put on record stands");
    fabrikam.work(60).await;
    assert_eq!(stage.answer(Fabrikam, "r-1").subject, "connected");
    assert!(stage.is_connected().await);
}

#[tokio::test(start_paused = true)]
async fn what_our_agreements_do_not_admit_is_refused_with_every_reason() {
    let stage = Stage::new().await;
    stage.traveller.network(&hub(), &["192.168.0.0/16", "172.16.0.0/16"]).await;
    stage.traveller.network(&spoke(), &["10.20.0.0/16"]).await;
    let fabrikam = stage.app(Fabrikam, "");
    let mark = stage.mark();
    stage.submit(Fabrikam, &connect("r-1", &spoke(), &hub()));
    fabrikam.work(20).await;
    let told = stage.answer(Fabrikam, "r-1");
    assert_eq!(told.subject, "refused");
    assert_eq!(told.body["reasons"].as_array().unwrap().len(), 2, "{told:#?}");
    for prefix in ["192.168.0.0/16", "172.16.0.0/16"] {
        assert!(told.reason().contains(prefix), "{told:#?}");
    }
    assert_eq!(stage.writes_of_app(Fabrikam, mark), NONE);
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_blocked_is_answered_when_that_was_mended() {
    let write = "Microsoft.Network/virtualNetworks/virtualNetworkPeerings/write";
    let stage = Stage::in_world(Grants::Shipped, |app, place, mut role| {
        if app == Fabrikam && place == Fabrikam {
            role["Actions"].as_array_mut().unwrap().retain(|allowed| allowed != write);
        }
        Some(role)
    })
    .await;
    stage.two_networks().await;
    let (contoso, fabrikam) = (stage.app(Contoso, ""), stage.app(Fabrikam, ""));
    stage.submit(Fabrikam, &connect("r-1", &spoke(), &hub()));
    stage.carry_on(&[&contoso, &fabrikam]).await;
    assert_eq!(fabrikam.phase().await, Phase::Blocked);
    assert!(stage.outcomes(Fabrikam).is_empty(), "blocked is not the end");

    let principal = stage.azure.world().app(Fabrikam).object_id(Fabrikam).unwrap();
    let place = format!("/subscriptions/{}", Fabrikam.subscription_id());
    let authorization = "providers/Microsoft.Authorization";
    let contributor = "4d97b98b-1d4f-4787-a291-c67834d212e7";
    let properties = json!({
        "roleDefinitionId": format!("{place}/{authorization}/roleDefinitions/{contributor}"),
        "principalId": principal, "principalType": "ServicePrincipal",
    });
    let assignment = format!("{place}/{authorization}/roleAssignments/aaaaaaaa-0000-4000-8000-000000000001");
    let body = json!({ "properties": properties });
    assert!(stage.traveller.call(Method::PUT, &assignment, Some(&body)).await.0.is_success());
    fabrikam.sweep().await;
    stage.carry_on(&[&contoso, &fabrikam]).await;
    assert_eq!(stage.answer(Fabrikam, "r-1").subject, "connected");
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_the_partner_ended_is_not_made_again_by_a_request_that_is_spent() {
    let (stage, contoso, fabrikam) = Stage::asked_and_connected().await;
    let removed = stage.only_half(&hub()).await;
    stage.traveller.delete(&removed).await;
    stage.carry_on(&[&contoso, &fabrikam]).await;
    assert_eq!(fabrikam.phase().await, Phase::Closed);
    stage.outcomes(Fabrikam);
    let mark = stage.mark();
    // Not by the timer, and not by the same request once more.
    fabrikam.sweep().await;
    stage.submit(Fabrikam, &connect("r-1", &spoke(), &hub()));
    stage.carry_on(&[&contoso, &fabrikam]).await;
    assert_eq!(stage.answer(Fabrikam, "r-1").subject, "closed");
    assert_eq!(stage.writes_of_app(Fabrikam, mark), NONE);
}

#[tokio::test(start_paused = true)]
async fn a_spent_request_is_spent_too_when_it_comes_again_while_a_write_holds_the_handshake() {
    let (stage, contoso, fabrikam) = Stage::asked_and_connected().await;
    drop(fabrikam);
    let removed = stage.only_half(&hub()).await;
    stage.traveller.delete(&removed).await;
    stage.crash_before("DELETE").await;
    let fabrikam = stage.app(Fabrikam, "");
    assert_eq!(fabrikam.phase().await, Phase::Completing, "a write holds it: {:#?}", fabrikam.record().await);
    stage.submit(Fabrikam, &connect("r-1", &spoke(), &hub()));
    let mark = stage.mark();
    for _ in 0..4 {
        stage.carry_on(&[&contoso, &fabrikam]).await;
    }
    assert_eq!(stage.answer(Fabrikam, "r-1").subject, "closed");
    let made: Vec<String> =
        stage.writes_of_app(Fabrikam, mark).into_iter().filter(|write| write.starts_with("PUT")).collect();
    assert_eq!(made, NONE);
}

#[tokio::test(start_paused = true)]
async fn a_half_that_was_there_when_it_was_asked_for_is_not_made_again_after_somebody_removed_it() {
    let stage = Stage::of_two_networks().await;
    stage.traveller.open(&half(&spoke(), "by-hand"), &hub()).await;
    let fabrikam = stage.app(Fabrikam, "");
    stage.submit(Fabrikam, &connect("r-1", &spoke(), &hub()));
    stage.carry_on(&[&fabrikam]).await;
    assert_eq!(fabrikam.phase().await, Phase::Waiting);
    let mark = stage.mark();
    stage.traveller.close(&spoke(), "by-hand").await;
    stage.carry_on(&[&fabrikam]).await;
    fabrikam.sweep().await;
    assert_eq!(stage.answer(Fabrikam, "r-1").subject, "closed");
    assert_eq!(stage.writes_of_app(Fabrikam, mark), NONE);
}

#[tokio::test(start_paused = true)]
async fn a_write_of_which_nothing_is_heard_does_not_end_the_request() {
    let (stage, contoso, fabrikam) = Stage::with_both_apps().await;
    let plan = json!({ "rules": [{
        "match": { "method": "PUT", "path": "*/virtualNetworkPeerings/*" }, "nth": 1, "action": "cutBeforeCommit",
    }]});
    stage.azure.set_faults(serde_json::from_value(plan).unwrap());
    stage.submit(Fabrikam, &connect("r-1", &spoke(), &hub()));
    stage.carry_on(&[&contoso, &fabrikam]).await;
    assert_eq!(stage.answer(Fabrikam, "r-1").subject, "connected");
}

#[tokio::test(start_paused = true)]
async fn of_more_requests_than_a_handshake_holds_those_beyond_are_refused_and_the_others_answered() {
    let (stage, contoso, fabrikam) = Stage::with_both_apps().await;
    for number in 0..=ASKED_MAX {
        stage.submit(Fabrikam, &connect(&format!("r-{number}"), &spoke(), &hub()));
    }
    stage.carry_on(&[&contoso, &fabrikam]).await;
    let (refused, connected): (Vec<_>, Vec<_>) = stage
        .outcomes(Fabrikam)
        .into_iter()
        .filter(|told| told.request.is_some())
        .partition(|told| told.subject == "refused");
    assert!(connected.iter().all(|told| told.subject == "connected"), "{connected:#?}");
    assert_eq!((connected.len(), refused.len()), (ASKED_MAX, 1));
    assert_eq!(refused[0].request, Some(format!("r-{ASKED_MAX}")));
    assert!(refused[0].reason().contains("one too many"), "{}", refused[0].reason());
}

#[tokio::test(start_paused = true)]
async fn an_id_with_other_content_is_refused_and_the_first_request_is_carried_out() {
    let (stage, contoso, fabrikam) = Stage::with_both_apps().await;
    stage.submit(Fabrikam, &connect("r-1", &spoke(), &hub()));
    stage.carry_on(&[&contoso, &fabrikam]).await;
    assert_eq!(stage.answer(Fabrikam, "r-1").subject, "connected");
    stage.submit(Fabrikam, &disconnect("r-1", &stage.only_half(&spoke()).await));
    stage.carry_on(&[&contoso, &fabrikam]).await;
    let refused = stage.answer(Fabrikam, "r-1");
    assert_eq!(refused.subject, "refused");
    assert!(refused.reason().contains("the field `id`"), "{}", refused.reason());
    assert!(stage.is_connected().await, "it is as the first one asked");
}
