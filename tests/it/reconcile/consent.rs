//! What people made is theirs, and an event is only a trigger: what is written, and what never is.

use peerpact::handshake::ids::{HandshakeId, Name};
use peerpact::handshake::phase::Phase;
use peerpact_sandbox::Tenant::{Contoso, Fabrikam};
use serde_json::json;

use super::stage::gate::Gate;
use super::stage::managers::*;
use super::stage::points::{Fault, Point};
use super::stage::requester::connect;
use super::stage::{Grants, NONE, Stage, half, hub, network, spoke, wait};

/// A pair that the engineers of both tenants connected by hand; ours allows forwarded traffic.
async fn connected_by_hand() -> Stage {
    let stage = Stage::of_two_networks().await;
    let forwarded = json!({ "allowForwardedTraffic": true });
    stage.traveller.open_with(&half(&spoke(), "by-hand"), &hub(), forwarded).await;
    stage.contoso_opens().await;
    stage
}

fn denied(network: &str) -> String {
    format!("[[deny]]\nnetwork = \"{network}\"\nreason = \"the vault\"")
}

#[tokio::test(start_paused = true)]
async fn halves_made_by_hand_on_untagged_or_denied_networks_are_told_and_never_touched() {
    for (terms, code) in [
        ("tag = \"peerpact=contoso\"".to_owned(), "tag-missing"),
        (denied(&spoke()), "denied-by-name"),
        (format!("adopt = \"manage\"\n{}", denied(&spoke())), "denied-by-name"),
        ("adopt = \"manage\"\ntag = \"peerpact=contoso\"".to_owned(), "tag-missing"),
    ] {
        let stage = connected_by_hand().await;
        let app = stage.app(Fabrikam, &terms);
        let mark = stage.mark();
        stage.deliver(&[&app]).await;
        app.sweep().await;
        let record = app.record().await;
        assert_eq!(record.phase, Phase::Refused, "{terms}: {record:#?}");
        assert_eq!(record.reason.unwrap().code.as_str(), code, "{terms}");

        stage.traveller.close(&hub(), "to-spoke").await;
        stage.deliver(&[&app]).await;
        app.sweep().await;
        assert_eq!(stage.writes_of_app(Fabrikam, mark), NONE, "{terms}");
        assert!(stage.traveller.state(&spoke()).await.starts_with("Disconnected"), "{terms}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_half_made_by_hand_is_synced_within_the_agreement_and_left_when_theirs_goes() {
    let stage = connected_by_hand().await;
    let app = stage.app(Fabrikam, "forwarded_traffic = true");
    stage.deliver(&[&app]).await;
    assert_eq!(app.phase().await, Phase::Connected);
    stage.traveller.respace(&hub(), &["10.10.0.0/16", "10.11.0.0/16"]).await;
    stage.deliver(&[&app]).await;
    assert_eq!(stage.traveller.state(&spoke()).await, "Connected/FullyInSync");
    assert_eq!(app.phase().await, Phase::Connected);
    stage.traveller.close(&hub(), "to-spoke").await;
    stage.deliver(&[&app]).await;
    assert_eq!(app.phase().await, Phase::Broken);
    assert!(stage.traveller.state(&spoke()).await.starts_with("Disconnected"));
}

#[tokio::test(start_paused = true)]
async fn a_connected_pair_outlives_one_404_of_its_network() {
    let (stage, _) = Stage::connected("").await;
    stage.outcomes(Fabrikam);
    let gate = Gate::with(Point::First("GET", Fault::NotFound));
    let app = stage.gated_app(Fabrikam, "", &gate);
    stage.submit(Fabrikam, &super::stage::requester::recheck("r-1", &spoke(), &hub()));
    app.work(20).await;
    assert_eq!(app.phase().await, Phase::Connected, "{:#?}", app.record().await);
    assert_eq!(stage.answer(Fabrikam, "r-1").subject, "connected");
}

#[tokio::test(start_paused = true)]
async fn a_request_to_connect_outlives_one_404_of_our_network() {
    let stage = Stage::of_two_networks().await;
    let gate = Gate::with(Point::First("GET", Fault::NotFound));
    let app = stage.gated_app(Fabrikam, "", &gate);
    stage.submit(Fabrikam, &connect("r-1", &spoke(), &hub()));
    app.work(20).await;
    assert_eq!(stage.traveller.state(&spoke()).await, "Initiated/RemoteNotInSync");
}

#[tokio::test(start_paused = true)]
async fn a_name_of_ours_that_somebody_elses_half_has_is_not_used() {
    let stage = Stage::of_two_networks().await;
    let id = HandshakeId::of_peering(&spoke().parse().unwrap(), &hub().parse().unwrap());
    let [first, second] = Name::of_halves(&id);
    let other = network(Fabrikam, "spokes", "other");
    stage.traveller.network(&other, &["10.30.0.0/16"]).await;
    stage.traveller.open(&half(&spoke(), first.as_str()), &other).await;
    let app = stage.app(Fabrikam, "");
    stage.contoso_opens().await;
    stage.deliver(&[&app]).await;
    assert_eq!(app.phase().await, Phase::Connected, "{:#?}", app.record().await);
    let halves = stage.traveller.halves(&spoke()).await.unwrap();
    assert_eq!(halves[first.as_str()]["remoteVirtualNetwork"]["id"], other);
    assert_eq!(halves[second.as_str()]["remoteVirtualNetwork"]["id"], hub());
}

#[tokio::test(start_paused = true)]
async fn events_about_managers_that_do_not_exist_write_nothing_where_a_pattern_names_them() {
    let stage = Stage::with(Grants::BlindToManagers).await;
    let app = stage.app(Fabrikam, &managed(Fabrikam, ""));
    let mark = stage.mark();
    for number in 0..20 {
        let forged = format!(
            "{}/resourceGroups/hub/providers/Microsoft.Network/networkManagers/made-up-{number}/scopeConnections/ask",
            subscription(Contoso)
        );
        let event = json!({
            "id": format!("forged-{number}"), "eventType": "Microsoft.Resources.ResourceWriteSuccess",
            "subject": forged, "data": { "resourceUri": forged },
        });
        app.event(&event).await;
    }
    wait(700).await;
    app.sweep().await;
    assert_eq!(stage.writes_of_app(Fabrikam, mark), NONE);
    assert!(app.records().await.is_empty(), "nothing is known of them either");
}

#[tokio::test(start_paused = true)]
async fn a_deny_keeps_a_partners_manager_from_the_scope_that_holds_the_network() {
    let stage = Stage::of_a_manager().await;
    let terms = managed(Fabrikam, "") + &denied(&network(Fabrikam, "vault", "*"));
    let app = stage.app(Fabrikam, &terms);
    let mark = stage.mark();
    for (name, scope) in [("ask", subscription(Fabrikam)), ("ask-group", group_scope())] {
        contoso_asks(&stage, name, &scope).await;
    }
    settle(&stage, &[&app]).await;
    app.sweep().await;
    let records = app.records().await;
    assert_eq!(records.len(), 2, "{records:#?}");
    for record in records {
        assert_eq!(record.phase, Phase::Refused, "{record:#?}");
        assert_eq!(record.reason.unwrap().code.as_str(), "denied-by-name");
    }
    assert_eq!(stage.writes_of_app(Fabrikam, mark), NONE);
}
