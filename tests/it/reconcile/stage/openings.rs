//! How many tests begin.

use peerpact::handshake::phase::Phase;
use peerpact_sandbox::Tenant::{Contoso, Fabrikam};
use serde_json::Value;

use super::app::App;
use super::gate::Gate;
use super::managers::{contoso_asks, make_manager, managed, settle, subscription};
use super::points::{Fault, Point};
use super::requester::connect;
use super::{Stage, half, hub, spoke, wait};

impl Stage {
    /// Contoso's `hub` and fabrikam's `spoke`; nobody has opened anything.
    pub(crate) async fn of_two_networks() -> Self {
        let stage = Self::new().await;
        stage.two_networks().await;
        stage
    }

    /// The same, and contoso's and fabrikam's apps.
    pub(crate) async fn with_both_apps() -> (Self, App, App) {
        let stage = Self::of_two_networks().await;
        let (contoso, fabrikam) = (stage.app(Contoso, ""), stage.app(Fabrikam, ""));
        (stage, contoso, fabrikam)
    }

    /// Contoso opened its half, and no app has heard of it yet.
    pub(crate) async fn opened() -> Self {
        let stage = Self::of_two_networks().await;
        stage.contoso_opens().await;
        stage
    }

    /// Contoso opened its half where Azure takes its time, and the event that tells of it.
    pub(crate) async fn slowly_opened() -> (Self, Value) {
        let stage = Self::slow().await;
        stage.two_networks().await;
        wait(10).await;
        stage.take_events(Fabrikam);
        stage.contoso_opens().await;
        wait(30).await;
        let told = |event: &Value| event["subject"].as_str().unwrap().contains("virtualNetworkPeerings");
        let event = stage.take_events(Fabrikam).into_iter().find(told).expect("an event");
        (stage, event)
    }

    /// Fabrikam's engineer opened the half `by-hand`, and no event tells of it.
    pub(crate) async fn opened_by_hand() -> Self {
        let stage = Self::of_two_networks().await;
        stage.traveller.open(&half(&spoke(), "by-hand"), &hub()).await;
        stage.take_events(Fabrikam);
        stage
    }

    /// Contoso opened its half, and fabrikam's app, which lives on, answered on these terms.
    pub(crate) async fn connected(terms: &str) -> (Self, App) {
        let stage = Self::opened().await;
        let app = stage.app(Fabrikam, terms);
        stage.deliver(&[&app]).await;
        assert_eq!(app.phase().await, Phase::Connected, "{:#?}", app.record().await);
        (stage, app)
    }

    /// Both apps, and the connection that fabrikam asked for with `r-1`; its outcomes are taken.
    pub(crate) async fn asked_and_connected() -> (Self, App, App) {
        let (stage, contoso, fabrikam) = Self::with_both_apps().await;
        stage.submit(Fabrikam, &connect("r-1", &spoke(), &hub()));
        stage.carry_on(&[&contoso, &fabrikam]).await;
        assert!(stage.is_connected().await);
        assert_eq!(stage.answer(Fabrikam, "r-1").subject, "connected");
        stage.outcomes(Contoso);
        (stage, contoso, fabrikam)
    }

    /// Contoso opened its half, and fabrikam's app crashed right before it sent its write.
    pub(crate) async fn crashed_before_the_write() -> Self {
        let stage = Self::opened().await;
        stage.crash_before("PUT").await;
        stage
    }

    /// Fabrikam's app goes on, until it is gone right before its first call with this method.
    pub(crate) async fn crash_before(&self, method: &'static str) {
        let gate = Gate::with(Point::First(method, Fault::CrashBefore));
        let app = self.gated_app(Fabrikam, "", &gate);
        let apps = [&app];
        tokio::select! {
            () = self.deliver(&apps) => panic!("the app was to crash: {:?}", gate.calls()),
            () = gate.crashed() => {}
        }
    }

    /// Contoso's network manager.
    pub(crate) async fn of_a_manager() -> Self {
        let stage = Self::new().await;
        make_manager(&stage).await;
        stage
    }

    /// Contoso's manager asked for fabrikam's subscription, and fabrikam's app, which lives on, answered.
    pub(crate) async fn managed_by_contoso() -> (Self, App) {
        let stage = Self::of_a_manager().await;
        let app = stage.app(Fabrikam, &managed(Fabrikam, ""));
        contoso_asks(&stage, "ask", &subscription(Fabrikam)).await;
        settle(&stage, &[&app]).await;
        assert_eq!(app.phase().await, Phase::Connected, "{:#?}", app.record().await);
        (stage, app)
    }
}
