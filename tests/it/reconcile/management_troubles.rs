//! What keeps a management handshake from being connected, and what ends it: each in the phase of the table, with a reason.

use peerpact::handshake::phase::Phase;
use peerpact_sandbox::Tenant::{Contoso, Fabrikam};
use serde_json::json;

use super::stage::managers::*;
use super::stage::{Stage, wait};

#[tokio::test(start_paused = true)]
async fn a_half_kept_by_agreement_is_told_to_be_broken() {
    let stage = Stage::of_a_manager().await;
    let scope = subscription(Fabrikam);
    let app = stage.app(Contoso, &managed(Contoso, "on_removal = \"keep\""));
    fabrikam_offers(&stage, "offer", &scope).await;
    settle(&stage, &[&app]).await;
    stage.traveller.delete(&connection(&scope, "offer")).await;
    settle(&stage, &[&app]).await;
    let record = app.record().await;
    assert_eq!(record.phase, Phase::Broken, "{record:#?}");
    assert!(record.reason.unwrap().fix.is_some());
}

#[tokio::test(start_paused = true)]
async fn a_conflict_blocks_with_the_way_to_find_the_manager_that_holds_the_scope() {
    let stage = Stage::of_a_manager().await;
    let rival = format!(
        "{}/resourceGroups/spokes/providers/Microsoft.Network/networkManagers/rival",
        subscription(Fabrikam)
    );
    let properties = json!({
        "networkManagerScopes": { "subscriptions": [subscription(Fabrikam)] },
        "networkManagerScopeAccesses": ["Connectivity"],
    });
    stage.traveller.put(&rival, &json!({ "location": "westeurope", "properties": properties })).await;
    let app = stage.app(Fabrikam, &managed(Fabrikam, ""));
    contoso_asks(&stage, "ask", &subscription(Fabrikam)).await;
    settle(&stage, &[&app]).await;
    let record = app.record().await;
    assert_eq!(record.phase, Phase::Blocked, "{record:#?}");
    let reason = record.reason.unwrap();
    assert_eq!(reason.code.as_str(), "conflict");
    assert!(reason.fix.unwrap().contains("networkManagers"));
}

#[tokio::test(start_paused = true)]
async fn a_rejected_half_is_refused() {
    let stage = Stage::of_a_manager().await;
    let scope = subscription(Fabrikam);
    let app = stage.app(Contoso, &managed(Contoso, ""));
    contoso_asks(&stage, "ask", &scope).await;
    assert!(stage.azure.reject(&scope_connection("ask")));
    settle(&stage, &[&app]).await;
    let record = app.record().await;
    assert_eq!(record.phase, Phase::Refused, "{record:#?}");
    assert_eq!(record.reason.unwrap().code.as_str(), "rejected");
}

#[tokio::test(start_paused = true)]
async fn a_half_that_we_opened_waits_and_is_told_to_be_stalled_and_stays() {
    let stage = Stage::of_a_manager().await;
    let scope = subscription(Fabrikam);
    let app = stage.app(Contoso, &managed(Contoso, ""));
    contoso_asks(&stage, "ask", &scope).await;
    settle(&stage, &[&app]).await;
    assert_eq!(app.record().await.reason.unwrap().code.as_str(), "awaiting-partner");
    wait(1200).await;
    app.sweep().await;
    let record = app.record().await;
    assert_eq!((record.phase, record.reason.unwrap().code.as_str().as_str()), (Phase::Waiting, "stalled"));
    assert_eq!(
        states(&stage, &scope).await.0,
        ["Pending"],
        "an engineer made it, and it is theirs to remove"
    );
}

#[tokio::test(start_paused = true)]
async fn a_scope_with_a_trailing_slash_or_in_capitals_is_the_same_scope() {
    for written in [format!("{}/", subscription(Fabrikam)), subscription(Fabrikam).to_uppercase()] {
        let stage = Stage::of_a_manager().await;
        let app = stage.app(Fabrikam, &managed(Fabrikam, ""));
        contoso_asks(&stage, "ask", &written).await;
        settle(&stage, &[&app]).await;
        assert_eq!(app.phase().await, Phase::Connected, "{written}: {:#?}", app.record().await);
    }
}

#[tokio::test(start_paused = true)]
async fn a_manager_outside_the_agreement_is_refused() {
    let stage = Stage::of_a_manager().await;
    let narrow = managed(Fabrikam, "").replace("networkManagers/*", "networkManagers/agreed");
    let app = stage.app(Fabrikam, &narrow);
    fabrikam_offers(&stage, "offer", &subscription(Fabrikam)).await;
    contoso_asks(&stage, "ask", &group_scope()).await;
    let mark = stage.mark();
    stage.deliver(&[&app]).await;
    let records = app.records().await;
    let refused = records.iter().find(|record| record.ours.resource_id == group_scope()).expect("a record");
    assert_eq!(refused.phase, Phase::Refused, "{refused:#?}");
    assert_eq!(refused.reason.as_ref().unwrap().code.as_str(), "no-agreement");
    assert_eq!(stage.writes_of_app(Fabrikam, mark), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn a_second_scope_connection_for_one_scope_is_told() {
    let stage = Stage::of_a_manager().await;
    let scope = subscription(Fabrikam);
    contoso_asks(&stage, "one", &scope).await;
    contoso_asks(&stage, "two", &scope).await;
    let app = stage.app(Fabrikam, &managed(Fabrikam, ""));
    settle(&stage, &[&app]).await;
    let contoso = stage.app(Contoso, &managed(Contoso, ""));
    contoso.sweep().await;
    let record = contoso.record().await;
    let codes: Vec<String> = record.reasons.iter().map(|reason| reason.code.as_str()).collect();
    assert_eq!(record.phase, Phase::Connected, "{record:#?}");
    assert!(codes.contains(&"duplicate".to_owned()), "{record:#?}");

    // Told once: the next sweep finds the record as the lists are, and makes no pass.
    let mark = stage.mark();
    contoso.sweep().await;
    let calls = stage.calls_of_app(Contoso, mark);
    assert!(!calls.contains(&"GET networkManagers/central".to_owned()), "{calls:?}");
    assert_eq!(contoso.record().await.history.len(), record.history.len());
}

#[tokio::test(start_paused = true)]
async fn a_manager_deleted_while_connecting_ends_closed() {
    let stage = Stage::of_a_manager().await;
    let scope = subscription(Fabrikam);
    let app = stage.app(Fabrikam, &managed(Fabrikam, ""));
    contoso_asks(&stage, "ask", &scope).await;
    let events = stage.take_events(Fabrikam);
    stage.traveller.delete(&format!("{}?force=true", manager())).await;
    for event in &events {
        app.event(event).await;
    }
    wait(700).await;
    stage.deliver(&[&app]).await;
    app.sweep().await;
    wait(70).await;
    app.sweep().await;
    let records = app.records().await;
    assert!(records.iter().all(|record| record.phase == Phase::Closed), "{records:#?}");
    let offered =
        stage.traveller.get(&connection(&scope, "")[..connection(&scope, "").len() - 1]).await.unwrap();
    assert_eq!(offered["value"], json!([]), "nothing of ours is left");
}
