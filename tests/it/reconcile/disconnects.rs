//! Requests that end a peering, look at one again, or name a half that has first to be found.

use peerpact::handshake::phase::Phase;
use peerpact_sandbox::Tenant::Fabrikam;

use super::stage::gate::Gate;
use super::stage::points::{Fault, Point};
use super::stage::requester::{connect, disconnect, recheck};
use super::stage::{Grants, NONE, Stage, half, hub, network, spoke, wait};

#[tokio::test(start_paused = true)]
async fn an_id_that_was_used_for_something_else_is_refused_by_name() {
    let (stage, contoso, fabrikam) = Stage::asked_and_connected().await;
    let mark = stage.mark();
    stage.submit(Fabrikam, &disconnect("r-1", &stage.only_half(&spoke()).await));
    stage.carry_on(&[&contoso, &fabrikam]).await;
    let told = stage.answer(Fabrikam, "r-1");
    assert_eq!(told.subject, "refused");
    assert!(told.reason().starts_with("bad-request: the field `id` is `r-1`, which a request with other"));
    assert_eq!(stage.calls_of_app(Fabrikam, mark), NONE);
    // The id still belongs to the first one.
    stage.submit(Fabrikam, &connect("r-1", &spoke(), &hub()));
    stage.carry_on(&[&contoso, &fabrikam]).await;
    assert_eq!(stage.answer(Fabrikam, "r-1").subject, "connected");
    assert!(stage.is_connected().await);
}

#[tokio::test(start_paused = true)]
async fn a_disconnect_removes_our_half_and_ends_closed_when_the_partner_has_removed_theirs() {
    let (stage, contoso, fabrikam) = Stage::asked_and_connected().await;
    let mark = stage.mark();
    stage.submit(Fabrikam, &disconnect("r-2", &stage.only_half(&spoke()).await));
    fabrikam.work(3).await;
    assert_eq!(stage.traveller.state(&spoke()).await, "none");
    assert!(stage.outcomes(Fabrikam).is_empty());
    let record = fabrikam.record().await;
    assert_eq!(record.reason.unwrap().code.as_str(), "disconnecting");
    stage.carry_on(&[&contoso, &fabrikam]).await;
    assert_eq!(stage.traveller.state(&hub()).await, "none");
    assert_eq!(stage.answer(Fabrikam, "r-2").subject, "closed");
    assert_eq!((contoso.phase().await, fabrikam.phase().await), (Phase::Closed, Phase::Closed));
    assert_eq!(stage.writes_of_app(Fabrikam, mark).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn with_reach_both_a_disconnect_may_name_theirs_and_both_halves_go() {
    for whose in [hub(), spoke()] {
        let stage = Stage::with(Grants::Both).await;
        stage.two_networks().await;
        let fabrikam = stage.app(Fabrikam, "reach = \"both\"");
        stage.submit(Fabrikam, &connect("r-1", &spoke(), &hub()));
        stage.carry_on(&[&fabrikam]).await;
        stage.outcomes(Fabrikam);
        let mark = stage.mark();
        let named = stage.only_half(&whose).await;
        stage.submit(Fabrikam, &disconnect("r-2", &named));
        stage.carry_on(&[&fabrikam]).await;
        assert_eq!(stage.answer(Fabrikam, "r-2").subject, "closed");
        for network in [hub(), spoke()] {
            assert_eq!(stage.traveller.state(&network).await, "none");
        }
        let calls = stage.azure.calls_since(mark);
        let deletes: Vec<&str> =
            calls.iter().filter(|call| call.method == "DELETE").map(|call| call.path.as_str()).collect();
        assert_eq!(deletes.len(), 2, "{deletes:?}");
        assert!(deletes[0].starts_with(&whose), "the half that is named goes first: {deletes:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_partner_who_never_removes_theirs_leaves_it_broken_in_the_end() {
    let (stage, fabrikam) = Stage::connected("").await;
    stage.outcomes(Fabrikam);
    stage.submit(Fabrikam, &disconnect("r-1", &stage.only_half(&spoke()).await));
    let mark = stage.mark();
    fabrikam.work(9 * 60).await;
    assert_eq!(fabrikam.phase().await, Phase::Waiting);
    assert!(stage.outcomes(Fabrikam).is_empty());
    fabrikam.work(12 * 60).await;
    let told = stage.answer(Fabrikam, "r-1");
    assert_eq!(told.subject, "broken", "{told:#?}");
    assert!(told.body["reason"]["fix"].is_string(), "{told:#?}");
    let reads = stage.calls_of_app(Fabrikam, mark).len();
    assert!(reads < 40, "the looks are further and further apart: {reads}");
    let mark = stage.mark();
    fabrikam.work(3600).await;
    assert_eq!(stage.calls_of_app(Fabrikam, mark), NONE, "nothing is looked at any more");
}

#[tokio::test(start_paused = true)]
async fn a_half_that_no_record_knows_is_found_in_azure_and_removed() {
    let stage = Stage::opened_by_hand().await;
    let fabrikam = stage.app(Fabrikam, "");
    stage.submit(Fabrikam, &disconnect("r-1", &half(&spoke(), "by-hand")));
    assert!(fabrikam.take_message().await);
    assert!(fabrikam.records().await.is_empty(), "which handshake it is about is not known yet");
    fabrikam.work(20).await;
    assert_eq!(stage.traveller.state(&spoke()).await, "none");
    assert_eq!(stage.answer(Fabrikam, "r-1").subject, "closed");
}

#[tokio::test(start_paused = true)]
async fn a_request_whose_item_got_lost_before_its_half_was_found_is_carried_out_an_hour_later() {
    let stage = Stage::opened_by_hand().await;
    let fabrikam = stage.app(Fabrikam, "");
    stage.submit(Fabrikam, &disconnect("r-1", &half(&spoke(), "by-hand")));
    assert!(fabrikam.take_message().await, "no record knows the half, so that Azure is to be asked");
    wait(5).await;
    let lost = fabrikam.broker.receive("reconcile").unwrap().expect("an item is due");
    fabrikam.broker.complete(lost.lock_token).unwrap();
    assert!(fabrikam.records().await.is_empty() && stage.outcomes(Fabrikam).is_empty());
    let mark = stage.mark();
    wait(3601).await;
    fabrikam.sweep().await;
    assert_eq!(stage.answer(Fabrikam, "r-1").subject, "closed");
    assert_eq!(stage.writes_of_app(Fabrikam, mark).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_half_that_no_record_knows_outlives_one_404_of_its_network_and_is_removed() {
    let stage = Stage::opened_by_hand().await;
    let gate = Gate::with(Point::First("GET", Fault::NotFound));
    let fabrikam = stage.gated_app(Fabrikam, "", &gate);
    stage.submit(Fabrikam, &disconnect("r-1", &half(&spoke(), "by-hand")));
    fabrikam.work(30).await;
    assert_eq!(stage.answer(Fabrikam, "r-1").subject, "closed");
    assert_eq!(stage.traveller.state(&spoke()).await, "none");
}

#[tokio::test(start_paused = true)]
async fn a_half_that_is_nowhere_is_refused_by_name() {
    let stage = Stage::of_two_networks().await;
    let fabrikam = stage.app(Fabrikam, "");
    let mark = stage.mark();
    let nowhere = [half(&spoke(), "to-nobody"), half(&network(Fabrikam, "spokes", "nowhere"), "to-hub")];
    for (number, half) in nowhere.iter().enumerate() {
        let id = format!("r-{number}");
        stage.submit(Fabrikam, &disconnect(&id, half));
        fabrikam.work(20).await;
        let told = stage.answer(Fabrikam, &id);
        assert_eq!(told.subject, "refused");
        assert!(told.reason().contains("the field `half`") && told.reason().contains(half), "{told:#?}");
    }
    assert_eq!(stage.writes_of_app(Fabrikam, mark), NONE);
    assert!(fabrikam.records().await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_request_that_waits_to_be_placed_keeps_its_id_against_another() {
    let stage = Stage::opened_by_hand().await;
    let fabrikam = stage.app(Fabrikam, "");
    stage.submit(Fabrikam, &disconnect("r-1", &half(&spoke(), "by-hand")));
    assert!(fabrikam.take_message().await);
    stage.submit(Fabrikam, &connect("r-1", &spoke(), &hub()));
    stage.submit_bytes(Fabrikam, br#"{"version":1,"id":"r-1","action":"dance"}"#.to_vec());
    fabrikam.work(20).await;
    let phases: Vec<String> = stage.outcomes(Fabrikam).into_iter().map(|told| told.subject).collect();
    assert_eq!(phases, ["refused", "refused", "closed"]);
    assert_eq!(stage.traveller.state(&spoke()).await, "none");
}

#[tokio::test(start_paused = true)]
async fn a_recheck_says_how_it_stands_and_writes_nothing() {
    let (stage, _, fabrikam) = Stage::asked_and_connected().await;
    let mark = stage.mark();
    stage.submit(Fabrikam, &recheck("r-2", &spoke(), &hub()));
    fabrikam.work(20).await;
    assert_eq!(stage.answer(Fabrikam, "r-2").subject, "connected");
    assert_eq!(stage.writes_of_app(Fabrikam, mark), NONE);
    assert_eq!(stage.calls_of_app(Fabrikam, mark).len(), 2, "one look");

    let other = network(Fabrikam, "spokes", "other");
    stage.traveller.network(&other, &["10.77.0.0/16"]).await;
    let mark = stage.mark();
    stage.submit(Fabrikam, &recheck("r-3", &other, &hub()));
    fabrikam.work(20).await;
    assert_eq!(stage.answer(Fabrikam, "r-3").subject, "closed");
    assert_eq!(stage.writes_of_app(Fabrikam, mark), NONE);
}

#[tokio::test(start_paused = true)]
async fn a_pair_that_was_closed_is_opened_anew_in_its_next_generation() {
    let (stage, contoso, fabrikam) = Stage::asked_and_connected().await;
    stage.submit(Fabrikam, &disconnect("r-2", &stage.only_half(&spoke()).await));
    stage.carry_on(&[&contoso, &fabrikam]).await;
    assert_eq!(stage.answer(Fabrikam, "r-2").subject, "closed");
    wait(60).await;
    stage.submit(Fabrikam, &connect("r-3", &spoke(), &hub()));
    stage.carry_on(&[&contoso, &fabrikam]).await;
    assert_eq!(stage.answer(Fabrikam, "r-3").subject, "connected");
    for app in [&contoso, &fabrikam] {
        let records = app.stored().await;
        assert_eq!((records.len(), records[0].generation, records[0].phase), (1, 2, Phase::Connected));
    }
}
