//! Consent is judged at every look: what was agreed yesterday is no reason to call it connected today.

use peerpact::handshake::phase::Phase;
use peerpact_sandbox::Tenant::{Contoso, Fabrikam};

use super::stage::app::NO_AGREEMENTS;
use super::stage::managers::*;
use super::stage::requester::{connect, disconnect};
use super::stage::{NONE, Stage, half, hub, network, spoke, wait};

/// Changes of fabrikam's agreement, by which a pair that is connected is covered no longer, and the code that says why.
fn withdrawals() -> [(String, &'static str); 3] {
    [
        (
            format!("forwarded_traffic = true\n[[deny]]\nnetwork = \"{}\"\nreason = \"the vault\"", spoke()),
            "denied-by-name",
        ),
        ("forwarded_traffic = true\ntag = \"peerpact=contoso\"".to_owned(), "tag-missing"),
        ("forwarded_traffic = false".to_owned(), "flag-not-agreed"),
    ]
}

/// A pair that peerpact connected, forwarded traffic and all.
async fn connected() -> Stage {
    let (stage, _) = Stage::connected("forwarded_traffic = true").await;
    stage.outcomes(Fabrikam);
    stage
}

#[tokio::test(start_paused = true)]
async fn consent_that_was_withdrawn_is_told_and_cuts_nothing() {
    for (terms, code) in withdrawals() {
        let stage = connected().await;
        let mark = stage.mark();
        let app = stage.app(Fabrikam, &terms);
        app.sweep().await;
        let record = app.record().await;
        assert_eq!(record.phase, Phase::Refused, "{terms}: {record:#?}");
        let codes: Vec<String> = record.reasons.iter().map(|reason| reason.code.as_str()).collect();
        assert_eq!(codes, ["consent-withdrawn", code], "{terms}");
        assert!(record.reasons.iter().all(|reason| reason.fix.is_some()), "{:#?}", record.reasons);
        let outcomes = stage.outcomes(Fabrikam);
        assert_eq!(outcomes.len(), 1, "{outcomes:#?}");
        assert!(outcomes[0].reason().starts_with("consent-withdrawn: "), "{outcomes:#?}");

        stage.submit(Fabrikam, &connect("r-1", &spoke(), &hub()));
        app.work(20).await;
        assert_eq!(stage.answer(Fabrikam, "r-1").subject, "refused", "{terms}");
        app.sweep().await;
        assert_eq!(stage.outcomes(Fabrikam).len(), 0, "it is told once");
        assert_eq!(stage.writes_of_app(Fabrikam, mark), NONE, "{terms}");

        let app = stage.app(Fabrikam, "forwarded_traffic = true");
        app.sweep().await;
        assert_eq!(app.phase().await, Phase::Connected, "{terms}: put back, it holds again");
    }
}

/// Files from which all that covered the pair is gone: the prefixes, the networks, the agreement itself, and the partner.
fn removals() -> [String; 4] {
    let partner = format!("partner = \"contoso\"\ntenant = \"{}\"\n", Contoso.tenant_id());
    let peering = |ours: &str, prefix: &str| {
        let theirs = network(Contoso, "*", "*");
        format!(
            "{partner}[[peering]]\nname = \"all\"\nours = \"{ours}\"\ntheirs = \"{theirs}\"\nprefixes = [\"{prefix}\"]\nforwarded_traffic = true\n"
        )
    };
    [
        peering(&network(Fabrikam, "*", "*"), "10.99.0.0/16"),
        peering(&network(Fabrikam, "other", "*"), "10.0.0.0/8"),
        partner.clone(),
        NO_AGREEMENTS.to_owned(),
    ]
}

#[tokio::test(start_paused = true)]
async fn a_pair_of_which_no_agreement_is_left_is_no_longer_called_connected() {
    for file in removals() {
        let stage = connected().await;
        let mark = stage.mark();
        let app = stage.app(Fabrikam, &file);
        app.sweep().await;
        let record = app.record().await;
        assert_eq!(record.phase, Phase::Refused, "{file}: {record:#?}");
        assert_eq!(record.reasons[0].code.as_str(), "consent-withdrawn", "{file}");
        assert!(record.reasons.iter().all(|reason| reason.fix.is_some()), "{:#?}", record.reasons);
        assert_eq!(stage.writes_of_app(Fabrikam, mark), NONE, "{file}");
        // It is known, and the network is read no more often than any that is in no list.
        let mark = stage.mark();
        for _ in 0..5 {
            wait(60).await;
            app.sweep().await;
        }
        let reads = stage.calls_of_app(Fabrikam, mark);
        assert!(!reads.iter().any(|call| call.contains("virtualNetworks/spoke")), "{file}: {reads:#?}");
        let app = stage.app(Fabrikam, "forwarded_traffic = true");
        app.sweep().await;
        assert_eq!(app.phase().await, Phase::Connected, "{file}: put back, it holds again");
    }
}

#[tokio::test(start_paused = true)]
async fn where_the_agreement_says_so_what_was_withdrawn_is_taken_down() {
    for (terms, code) in withdrawals() {
        let stage = connected().await;
        let app = stage.app(Fabrikam, &format!("on_withdrawal = \"remove\"\n{terms}"));
        app.sweep().await;
        let record = app.record().await;
        let told: Vec<String> = stage.outcomes(Fabrikam).iter().map(|told| told.reason()).collect();
        assert!(told[0].starts_with("consent-withdrawn: "), "{terms}: {told:#?}");
        if code == "flag-not-agreed" {
            assert_eq!(record.phase, Phase::Connected, "only its flags went too far: {record:#?}");
            let halves = stage.traveller.halves(&spoke()).await.unwrap();
            assert!(halves.values().all(|half| half["allowForwardedTraffic"] == false), "{halves:#?}");
        } else {
            assert_eq!(record.phase, Phase::Refused, "{record:#?}");
            assert_eq!(stage.traveller.state(&spoke()).await, "none", "{terms}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn after_the_loss_of_the_ledger_the_name_tells_which_half_is_ours_and_nothing_is_cut_on_a_guess() {
    let deny = format!("[[deny]]\nnetwork = \"{}\"\nreason = \"the vault\"", spoke());
    for (terms, left) in
        [(deny.clone(), "Connected/FullyInSync"), (format!("on_withdrawal = \"remove\"\n{deny}"), "none")]
    {
        let stage = connected().await;
        stage.lose_ledger(Fabrikam);
        let app = stage.app(Fabrikam, &terms);
        app.sweep().await;
        let record = app.record().await;
        assert_eq!(record.phase, Phase::Refused, "{record:#?}");
        assert_eq!(record.reasons[0].code.as_str(), "consent-withdrawn");
        assert_eq!(stage.traveller.state(&spoke()).await, left, "{terms}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_half_made_by_hand_outlives_the_loss_of_the_ledger_whatever_is_agreed() {
    let stage = Stage::of_two_networks().await;
    stage.traveller.open(&half(&spoke(), "by-hand"), &hub()).await;
    stage.contoso_opens().await;
    let app = stage.app(Fabrikam, "");
    stage.deliver(&[&app]).await;
    assert_eq!(app.phase().await, Phase::Connected);
    drop(app);
    stage.lose_ledger(Fabrikam);
    let mark = stage.mark();
    let deny = format!("[[deny]]\nnetwork = \"{}\"\nreason = \"the vault\"", spoke());
    let app = stage.app(Fabrikam, &format!("on_withdrawal = \"remove\"\n{deny}"));
    app.sweep().await;
    assert_eq!(app.phase().await, Phase::Refused);
    assert_eq!(stage.writes_of_app(Fabrikam, mark), NONE);
}

#[tokio::test(start_paused = true)]
async fn a_request_removes_what_we_made_even_where_it_is_denied_or_covered_no_more() {
    let deny = format!("[[deny]]\nnetwork = \"{}\"\nreason = \"the vault\"", spoke());
    for terms in [deny].into_iter().chain(removals()) {
        let stage = connected().await;
        let app = stage.app(Fabrikam, &terms);
        let ours = stage.only_half(&spoke()).await;
        stage.submit(Fabrikam, &disconnect("r-1", &ours));
        app.work(20).await;
        assert_eq!(stage.traveller.state(&spoke()).await, "none", "{terms}: {:#?}", stage.outcomes(Fabrikam));
    }
}

#[tokio::test(start_paused = true)]
async fn consent_to_management_that_was_withdrawn_is_told_and_taken_down_where_that_is_agreed() {
    for (on_withdrawal, stands) in [("tell", true), ("remove", false)] {
        let (stage, _) = Stage::managed_by_contoso().await;
        let scope = subscription(Fabrikam);
        let terms = managed(Fabrikam, &format!("on_withdrawal = \"{on_withdrawal}\""));
        let app = stage.app(Fabrikam, &terms.replace("networkManagers/*", "networkManagers/another"));
        app.sweep().await;
        let records = app.records().await;
        let record = records.iter().find(|record| record.ours.resource_id == scope).unwrap();
        assert_eq!(record.phase, Phase::Refused, "{record:#?}");
        assert_eq!(record.reasons[0].code.as_str(), "consent-withdrawn");
        assert_eq!(!states(&stage, &scope).await.1.is_empty(), stands, "{on_withdrawal}");
        assert!(stage.calls_of_app(Contoso, 0).is_empty(), "contoso's app does not run");
    }
}

#[tokio::test(start_paused = true)]
async fn management_of_which_no_agreement_is_left_is_no_longer_called_connected() {
    let [.., partner_alone, nothing] = removals();
    for file in [partner_alone, nothing] {
        let (stage, _) = Stage::managed_by_contoso().await;
        let mark = stage.mark();
        let app = stage.app(Fabrikam, &file);
        app.sweep().await;
        let record = app.record().await;
        assert_eq!(record.phase, Phase::Refused, "{file}: {record:#?}");
        assert_eq!(record.reasons[0].code.as_str(), "consent-withdrawn", "{file}");
        assert_eq!(stage.writes_of_app(Fabrikam, mark), NONE, "{file}");
    }
}
