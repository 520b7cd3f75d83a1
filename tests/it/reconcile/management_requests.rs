//! Requests for management, from both seats and at both scopes.

use peerpact::handshake::phase::Phase;
use peerpact_sandbox::Tenant::{self, Contoso, Fabrikam};

use super::stage::app::App;
use super::stage::managers::{
    connected, connection, group_scope, managed, manager, scope_connection, states, subscription,
};
use super::stage::requester::{disconnect, manage, recheck};
use super::stage::{NONE, Stage, wait};

async fn stage_with_a_manager() -> (Stage, App, App) {
    let stage = Stage::of_a_manager().await;
    let (contoso, fabrikam) =
        (stage.app(Contoso, &managed(Contoso, "")), stage.app(Fabrikam, &managed(Fabrikam, "")));
    (stage, contoso, fabrikam)
}

async fn request_connects(asker: Tenant, scope: &str) {
    let (stage, contoso, fabrikam) = stage_with_a_manager().await;
    let mark = stage.mark();
    stage.submit(asker, &manage("r-1", &manager(), scope));
    stage.carry_on(&[&contoso, &fabrikam]).await;
    // What happens at a management group raises no event.
    contoso.sweep().await;
    stage.carry_on(&[&contoso, &fabrikam]).await;
    assert!(connected(&stage, scope).await, "{:?}", states(&stage, scope).await);
    let told = stage.answer(asker, "r-1");
    assert_eq!((told.subject.as_str(), told.body["kind"].as_str()), ("connected", Some("management")));
    let (central, target) = (contoso.record().await, fabrikam.record().await);
    assert_eq!((central.phase, target.phase), (Phase::Connected, Phase::Connected));
    assert_eq!(central.id, target.id);
    for tenant in [Contoso, Fabrikam] {
        assert_eq!(stage.writes_of_app(tenant, mark).len(), 1, "{tenant:?}, asked by {asker:?} for {scope}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_from_either_seat_connects_a_subscription_and_a_management_group() {
    for asker in [Contoso, Fabrikam] {
        for scope in [subscription(Fabrikam), group_scope()] {
            request_connects(asker, &scope).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_half_that_was_asked_for_waits_for_theirs_and_is_not_taken_back() {
    for asker in [Contoso, Fabrikam] {
        let (stage, contoso, fabrikam) = stage_with_a_manager().await;
        let (asking, other) = if asker == Contoso { (contoso, fabrikam) } else { (fabrikam, contoso) };
        stage.submit(asker, &manage("r-1", &manager(), &subscription(Fabrikam)));
        asking.work(20).await;
        for _ in 0..5 {
            wait(300).await;
            asking.sweep().await;
        }
        assert_eq!(asking.phase().await, Phase::Waiting, "{:#?}", asking.record().await);
        assert!(stage.outcomes(asker).is_empty());
        stage.traveller.sign_out();
        let (central, target) = states(&stage, &subscription(Fabrikam)).await;
        assert_eq!(central.len() + target.len(), 1, "ours is still there");
        // Days later the partner's app comes up.
        for app in [&other, &asking] {
            app.sweep().await;
            stage.carry_on(&[&asking, &other]).await;
            app.sweep().await;
        }
        assert!(connected(&stage, &subscription(Fabrikam)).await);
        assert_eq!(stage.answer(asker, "r-1").subject, "connected");
    }
}

#[tokio::test(start_paused = true)]
async fn a_disconnect_from_either_seat_removes_ours_and_ends_closed_when_theirs_is_gone() {
    for asker in [Contoso, Fabrikam] {
        let (stage, contoso, fabrikam) = stage_with_a_manager().await;
        let scope = subscription(Fabrikam);
        stage.submit(asker, &manage("r-1", &manager(), &scope));
        stage.carry_on(&[&contoso, &fabrikam]).await;
        stage.outcomes(asker);
        let name = "peerpact-";
        let record = if asker == Contoso { contoso.stored().await } else { fabrikam.stored().await };
        let ours = record[0].ours.half.as_ref().unwrap().to_string();
        let places = [scope_connection(name), connection(&scope, name)];
        assert!(places.iter().any(|place| ours.starts_with(place)), "{ours}");
        let mark = stage.mark();
        stage.submit(asker, &disconnect("r-2", &ours));
        for _ in 0..3 {
            stage.carry_on(&[&contoso, &fabrikam]).await;
        }
        assert_eq!(states(&stage, &scope).await, (Vec::<String>::new(), Vec::new()), "{asker:?}");
        assert_eq!(stage.answer(asker, "r-2").subject, "closed");
        let writes = [Contoso, Fabrikam].map(|tenant| stage.writes_of_app(tenant, mark).len());
        assert_eq!(writes, [1, 1], "{asker:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_recheck_of_a_connected_manager_answers_and_writes_nothing() {
    let (stage, contoso, fabrikam) = stage_with_a_manager().await;
    let scope = subscription(Fabrikam);
    stage.submit(Contoso, &manage("r-1", &manager(), &scope));
    stage.carry_on(&[&contoso, &fabrikam]).await;
    stage.outcomes(Contoso);
    let mark = stage.mark();
    stage.submit(Contoso, &recheck("r-2", &manager(), &scope));
    stage.carry_on(&[&contoso, &fabrikam]).await;
    assert_eq!(stage.answer(Contoso, "r-2").subject, "connected");
    assert_eq!(stage.writes_of_app(Contoso, mark), NONE);
}
