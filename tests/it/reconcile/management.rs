//! The management handshake, from both ends and at both scopes.

use peerpact::handshake::phase::Phase;
use peerpact_sandbox::Tenant::{Contoso, Fabrikam};
use serde_json::json;

use super::stage::app::App;
use super::stage::managers::*;
use super::stage::{Grants, Stage, wait};

async fn move_ends_connected(scope: &str, central_first: bool, both_apps: bool) {
    let stage = Stage::of_a_manager().await;
    let (contoso, fabrikam) =
        (stage.app(Contoso, &managed(Contoso, "")), stage.app(Fabrikam, &managed(Fabrikam, "")));
    if central_first {
        contoso_asks(&stage, "ask", scope).await;
    } else {
        fabrikam_offers(&stage, "offer", scope).await;
    }
    let answering = if central_first { &fabrikam } else { &contoso };
    let apps: Vec<&App> = if both_apps { vec![&contoso, &fabrikam] } else { vec![answering] };
    settle(&stage, &apps).await;
    settle(&stage, &apps).await;
    assert!(connected(&stage, scope).await, "{:?}", states(&stage, scope).await);
    let mut ids = Vec::new();
    for app in &apps {
        let record = app.record().await;
        assert_eq!(record.phase, Phase::Connected, "{record:#?}");
        ids.push(record.id);
    }
    ids.dedup();
    assert_eq!(ids.len(), 1, "one handshake, one id");
    let scopes = stage.traveller.get(&manager()).await.unwrap()["properties"]["networkManagerScopes"]["crossTenantScopes"].clone();
    assert_eq!(scopes[0]["tenantId"], Fabrikam.tenant_id());
    assert!(scopes.to_string().contains(scope), "{scopes}");
    // One more look finds nothing to do.
    let mark = stage.mark();
    for app in &apps {
        app.sweep().await;
    }
    let writes = [Contoso, Fabrikam].map(|tenant| stage.writes_of_app(tenant, mark));
    assert!(writes.iter().all(Vec::is_empty), "{writes:?}");
}

#[tokio::test(start_paused = true)]
async fn every_first_half_at_each_scope_is_answered_by_both_apps_and_by_one() {
    for scope in [subscription(Fabrikam), group_scope()] {
        for central_first in [true, false] {
            for both_apps in [true, false] {
                move_ends_connected(&scope, central_first, both_apps).await;
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_costs_at_most_a_page_a_side_one_write_and_the_reads_until_the_flip() {
    let stage = Stage::of_a_manager().await;
    let app = stage.app(Fabrikam, &managed(Fabrikam, ""));
    let mark = stage.mark();
    contoso_asks(&stage, "ask", &subscription(Fabrikam)).await;
    stage.deliver(&[&app]).await;
    assert_eq!(app.phase().await, Phase::Connected);
    let calls: Vec<String> =
        stage.calls_of_app(Fabrikam, mark).into_iter().filter(|call| call != "TOKEN").collect();
    let written = calls.iter().position(|call| call.starts_with("PUT")).unwrap();
    assert_eq!(
        calls[..written],
        ["GET scopeConnections/ask", "GET Microsoft.Network/networkManagerConnections"],
        "names that are known are read, the others listed once: {calls:?}"
    );
    assert_eq!(calls.iter().filter(|call| call.starts_with("PUT")).count(), 1, "{calls:?}");
    assert!(calls.len() <= 11, "{calls:?}");

    for tenant in [Contoso, Fabrikam] {
        let app = stage.app(tenant, &managed(tenant, ""));
        app.sweep().await;
        let event = json!({
            "id": "again", "eventType": "Microsoft.Resources.ResourceWriteSuccess",
            "subject": scope_connection("ask"), "data": {},
        });
        let mark = stage.mark();
        app.event(&event).await;
        let calls = stage.calls_of_app(tenant, mark);
        let reads = calls.iter().filter(|call| call.starts_with("GET")).count();
        assert!(reads <= 2 && calls.iter().all(|call| !call.starts_with("PUT")), "{tenant:?}: {calls:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn where_theirs_cannot_be_read_ours_tells_how_it_went() {
    let stage = Stage::with(Grants::BlindToManagers).await;
    make_manager(&stage).await;
    let app = stage.app(Fabrikam, &spelt_out(&managed(Fabrikam, "")));
    contoso_asks(&stage, "ask", &subscription(Fabrikam)).await;
    stage.deliver(&[&app]).await;
    let records = app.records().await;
    let record = records.iter().find(|record| record.ours.resource_id == subscription(Fabrikam)).unwrap();
    assert_eq!(record.phase, Phase::Connected, "{record:#?}");
    let message = &record.reason.as_ref().unwrap().message;
    assert!(message.contains("not verified"), "{message}");

    // The agreement names a second scope for this manager, which was tried too and found no counterpart.
    wait(700).await;
    app.sweep().await;
    let records = app.records().await;
    let other = records.iter().find(|record| record.ours.resource_id == group_scope()).unwrap();
    assert_eq!(other.phase, Phase::Closed, "{other:#?}");
    assert_eq!(other.reason.as_ref().unwrap().code.as_str(), "no-counterpart");
    let (_, target) = states(&stage, &group_scope()).await;
    assert!(target.is_empty(), "ours is taken back: {target:?}");
}

#[tokio::test(start_paused = true)]
async fn the_central_half_deleted_removes_the_targets_a_minute_later_and_closes() {
    let (stage, app) = Stage::managed_by_contoso().await;
    let scope = subscription(Fabrikam);
    stage.traveller.delete(&scope_connection("ask")).await;
    let mark = stage.mark();
    stage.deliver(&[&app]).await;
    wait(4).await;
    app.sweep().await;
    assert_eq!(app.record().await.reason.unwrap().code.as_str(), "partner-removed");
    assert_eq!(stage.writes_of_app(Fabrikam, mark), Vec::<String>::new(), "not within a minute");
    wait(70).await;
    app.sweep().await;
    assert_eq!(app.phase().await, Phase::Closed, "{:#?}", app.record().await);
    assert!(states(&stage, &scope).await.1.is_empty());
}

#[tokio::test(start_paused = true)]
async fn the_targets_half_deleted_removes_the_central_one_and_closes() {
    let stage = Stage::of_a_manager().await;
    let scope = subscription(Fabrikam);
    let app = stage.app(Contoso, &managed(Contoso, ""));
    fabrikam_offers(&stage, "offer", &scope).await;
    settle(&stage, &[&app]).await;
    assert_eq!(app.phase().await, Phase::Connected);
    stage.traveller.delete(&connection(&scope, "offer")).await;
    settle(&stage, &[&app]).await;
    assert_eq!(app.phase().await, Phase::Closed, "{:#?}", app.record().await);
    assert!(states(&stage, &scope).await.0.is_empty());
}

#[tokio::test(start_paused = true)]
async fn connections_of_management_groups_raise_no_event_and_the_next_sweep_finishes_them() {
    let stage = Stage::of_a_manager().await;
    let app = stage.app(Contoso, &managed(Contoso, ""));
    stage.take_events(Contoso);
    fabrikam_offers(&stage, "offer", &group_scope()).await;
    wait(5).await;
    assert!(stage.take_events(Contoso).is_empty());
    app.sweep().await;
    wait(300).await;
    app.sweep().await;
    assert_eq!(app.phase().await, Phase::Connected, "{:#?}", app.record().await);
    assert!(connected(&stage, &group_scope()).await);
}
