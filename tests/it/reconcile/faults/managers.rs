//! Faults where contoso's network manager takes fabrikam's subscription, and one app answers.

use peerpact_sandbox::Tenant::{self, Contoso, Fabrikam};
use serde_json::{Value, json};

use super::{Story, every_fault_in};
use crate::reconcile::members::{filled, make_group, members};
use crate::reconcile::stage::app::App;
use crate::reconcile::stage::managers::{
    contoso_asks, fabrikam_offers, make_manager, managed, scope_connection, states, subscription,
};
use crate::reconcile::stage::{Stage, spoke, wait};

#[derive(Clone, Copy, Debug, PartialEq)]
enum Managed {
    CentralFirst,
    TargetFirst,
    CentralRemoved,
    MemberJoins,
}

use Managed::*;

impl Story for Managed {
    fn tenant(self) -> Tenant {
        match self {
            CentralFirst | CentralRemoved => Fabrikam,
            TargetFirst | MemberJoins => Contoso,
        }
    }

    fn terms(self, tenant: Tenant) -> String {
        if self == MemberJoins { filled() } else { managed(tenant, "") }
    }

    async fn prologue(self) -> Stage {
        let stage = Stage::new().await;
        make_manager(&stage).await;
        let scope = subscription(Fabrikam);
        match self {
            CentralFirst => contoso_asks(&stage, "ask", &scope).await,
            TargetFirst => fabrikam_offers(&stage, "offer", &scope).await,
            MemberJoins => {
                make_group(&stage).await;
                stage.traveller.network(&spoke(), &["10.20.0.0/16"]).await;
                fabrikam_offers(&stage, "offer", &scope).await;
            }
            CentralRemoved => {
                contoso_asks(&stage, "ask", &scope).await;
                let app = stage.app(Fabrikam, &self.terms(Fabrikam));
                stage.deliver(&[&app]).await;
                wait(5).await;
                stage.take_events(Fabrikam);
                stage.traveller.delete(&scope_connection("ask")).await;
                wait(5).await;
            }
        }
        stage
    }

    async fn goes_on(self, _: &Stage, apps: &[&App], events: &[Value]) {
        for event in events {
            apps[0].event(event).await;
        }
        wait(100).await;
        apps[0].sweep().await;
    }

    async fn world(self, stage: &Stage) -> Value {
        let members = if self == MemberJoins { members(stage).await } else { Vec::new() };
        json!([states(stage, &subscription(Fabrikam)).await, members])
    }
}

#[tokio::test(start_paused = true)]
async fn every_fault_on_a_central_half_that_comes_first_ends_like_none() {
    every_fault_in(CentralFirst).await;
}

#[tokio::test(start_paused = true)]
async fn every_fault_on_a_targets_half_that_comes_first_ends_like_none() {
    every_fault_in(TargetFirst).await;
}

#[tokio::test(start_paused = true)]
async fn every_fault_on_a_central_half_that_is_removed_ends_like_none() {
    every_fault_in(CentralRemoved).await;
}

#[tokio::test(start_paused = true)]
async fn every_fault_on_a_member_that_joins_ends_like_none() {
    every_fault_in(MemberJoins).await;
}
