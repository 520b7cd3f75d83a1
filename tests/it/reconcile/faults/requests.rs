//! Faults in what fabrikam's people ask for by queue: from the message with the request to the one with the outcome. The
//! partner's app runs without faults.

use peerpact_sandbox::Tenant::{self, Fabrikam};
use serde_json::{Value, json};

use super::{Story, every_fault_in};
use crate::reconcile::stage::app::App;
use crate::reconcile::stage::managers::{make_manager, managed, manager, states, subscription};
use crate::reconcile::stage::requester::{connect, disconnect, manage};
use crate::reconcile::stage::{Stage, hub, spoke};

#[derive(Clone, Copy, Debug, PartialEq)]
enum Asked {
    Peering,
    Disconnect,
    /// A peering while Azure takes its time, so that looks follow each other.
    SlowPeering,
    Management,
}

use Asked::*;

impl Story for Asked {
    fn partner_runs(self) -> bool {
        true
    }

    fn terms(self, tenant: Tenant) -> String {
        match self {
            Management => managed(tenant, ""),
            // What contoso's engineer opened goes with fabrikam's half, as contoso agrees to.
            Disconnect => "adopt = \"manage\"".to_owned(),
            Peering | SlowPeering => String::new(),
        }
    }

    async fn prologue(self) -> Stage {
        let stage = if self == SlowPeering { Stage::slow().await } else { Stage::new().await };
        match self {
            Peering | SlowPeering => {
                stage.two_networks().await;
                stage.submit(Fabrikam, &connect("r-1", &spoke(), &hub()));
            }
            Management => {
                make_manager(&stage).await;
                stage.submit(Fabrikam, &manage("r-1", &manager(), &subscription(Fabrikam)));
            }
            Disconnect => {
                stage.two_networks().await;
                stage.contoso_opens().await;
                let fabrikam = stage.app(Fabrikam, "");
                stage.deliver(&[&fabrikam]).await;
                stage.outcomes(Fabrikam);
                stage.submit(Fabrikam, &disconnect("r-1", &stage.only_half(&spoke()).await));
            }
        }
        stage.take_events(Fabrikam);
        stage
    }

    async fn goes_on(self, stage: &Stage, apps: &[&App], _: &[Value]) {
        stage.carry_on(apps).await;
    }

    async fn world(self, stage: &Stage) -> Value {
        if self == Management {
            json!(states(stage, &subscription(Fabrikam)).await)
        } else {
            json!([stage.traveller.state(&hub()).await, stage.traveller.state(&spoke()).await])
        }
    }
}

#[tokio::test(start_paused = true)]
async fn every_fault_on_a_request_for_a_peering_ends_like_none() {
    every_fault_in(Peering).await;
}

#[tokio::test(start_paused = true)]
async fn every_fault_on_a_request_to_disconnect_ends_like_none() {
    every_fault_in(Disconnect).await;
}

#[tokio::test(start_paused = true)]
async fn every_fault_while_azure_takes_its_time_ends_like_none() {
    every_fault_in(SlowPeering).await;
}

#[tokio::test(start_paused = true)]
async fn every_fault_on_a_request_for_management_ends_like_none() {
    every_fault_in(Management).await;
}
