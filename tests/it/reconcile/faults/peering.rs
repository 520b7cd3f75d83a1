//! Faults in a peering that people opened, changed or removed, and that one app answers.

use peerpact::handshake::phase::Phase;
use peerpact_sandbox::Tenant::{self, Fabrikam};
use serde_json::{Value, json};

use super::{Story, every_fault_in};
use crate::reconcile::stage::app::App;
use crate::reconcile::stage::{Grants, Stage, half, hub, spoke, wait};

#[derive(Clone, Copy, Debug, PartialEq)]
enum Moved {
    TheirsOpened,
    TheirSpaceWidened,
    TheirSpaceWidenedTooFar,
    TheirsRemoved,
    OursOpenedWithReachBoth,
    OursRemovedWithReachBoth,
    /// Our own agreement changed, and says that what it covers no longer is taken down.
    ConsentWithdrawn,
}

use Moved::*;

impl Story for Moved {
    fn terms(self, _: Tenant) -> String {
        let terms = match self {
            OursOpenedWithReachBoth | OursRemovedWithReachBoth => "reach = \"both\"",
            ConsentWithdrawn => "on_withdrawal = \"remove\"\ntag = \"peerpact=contoso\"",
            TheirsOpened | TheirSpaceWidened | TheirSpaceWidenedTooFar | TheirsRemoved => "",
        };
        terms.to_owned()
    }

    async fn prologue(self) -> Stage {
        let stage = Stage::with(Grants::Both).await;
        stage.two_networks().await;
        let agreed_before = if self == ConsentWithdrawn { String::new() } else { self.terms(Fabrikam) };
        let app = stage.app(Fabrikam, &agreed_before);
        match self {
            TheirsOpened | OursOpenedWithReachBoth => {}
            TheirSpaceWidened | TheirSpaceWidenedTooFar | TheirsRemoved | ConsentWithdrawn => {
                stage.contoso_opens().await;
            }
            OursRemovedWithReachBoth => stage.traveller.open(&half(&spoke(), "to-hub"), &hub()).await,
        }
        stage.deliver(&[&app]).await;
        wait(2).await;
        stage.take_events(Fabrikam);
        let hub_gets = async |space: &[&str]| stage.traveller.respace(&hub(), space).await;
        match self {
            TheirsOpened => stage.contoso_opens().await,
            TheirSpaceWidened => hub_gets(&["10.10.0.0/16", "10.11.0.0/16"]).await,
            TheirSpaceWidenedTooFar => hub_gets(&["10.10.0.0/16", "172.16.0.0/16"]).await,
            TheirsRemoved => stage.traveller.close(&hub(), "to-spoke").await,
            OursOpenedWithReachBoth => stage.traveller.open(&half(&spoke(), "to-hub"), &hub()).await,
            OursRemovedWithReachBoth => stage.traveller.close(&spoke(), "to-hub").await,
            // Something happens, so that there is a look.
            ConsentWithdrawn => hub_gets(&["10.10.0.0/16"]).await,
        }
        stage
    }

    async fn goes_on(self, _: &Stage, apps: &[&App], events: &[Value]) {
        for event in events {
            apps[0].event(event).await;
        }
    }

    async fn world(self, stage: &Stage) -> Value {
        let mut world = Vec::new();
        for network in [hub(), spoke()] {
            let halves = stage.traveller.halves(&network).await.expect("the network is there");
            world.extend(halves.into_iter().map(|(name, half)| json!([network, name, of_interest(&half)])));
        }
        world.into()
    }
}

fn of_interest(half: &Value) -> Value {
    let keep = [
        "peeringState",
        "peeringSyncLevel",
        "provisioningState",
        "remoteAddressSpace",
        "remoteVirtualNetwork",
        "allowVirtualNetworkAccess",
        "allowForwardedTraffic",
        "allowGatewayTransit",
        "useRemoteGateways",
    ];
    keep.iter().map(|key| half[key].clone()).collect()
}

#[tokio::test(start_paused = true)]
async fn every_fault_on_a_half_of_theirs_that_is_opened_ends_like_none() {
    every_fault_in(TheirsOpened).await;
}

#[tokio::test(start_paused = true)]
async fn every_fault_on_a_space_of_theirs_that_is_widened_ends_like_none() {
    every_fault_in(TheirSpaceWidened).await;
}

#[tokio::test(start_paused = true)]
async fn every_fault_on_a_space_of_theirs_that_is_widened_too_far_ends_like_none() {
    every_fault_in(TheirSpaceWidenedTooFar).await;
}

#[tokio::test(start_paused = true)]
async fn every_fault_on_a_half_of_theirs_that_is_removed_ends_like_none() {
    every_fault_in(TheirsRemoved).await;
}

#[tokio::test(start_paused = true)]
async fn every_fault_on_a_half_of_ours_that_is_opened_with_reach_both_ends_like_none() {
    every_fault_in(OursOpenedWithReachBoth).await;
}

#[tokio::test(start_paused = true)]
async fn every_fault_on_a_half_of_ours_that_is_removed_with_reach_both_ends_like_none() {
    every_fault_in(OursRemovedWithReachBoth).await;
}

#[tokio::test(start_paused = true)]
async fn every_fault_on_consent_that_was_withdrawn_ends_like_none() {
    every_fault_in(ConsentWithdrawn).await;
}

#[tokio::test(start_paused = true)]
async fn the_intent_is_on_record_before_the_write_is_sent() {
    let stage = Stage::crashed_before_the_write().await;
    assert_eq!(stage.traveller.state(&spoke()).await, "none", "nothing was sent");
    let record = stage.app(Fabrikam, "").record().await;
    assert_eq!(record.phase, Phase::Completing);
    let last = &record.history.last().unwrap().what;
    assert!(last.starts_with("is about to create our half: "), "{last}");
}

#[tokio::test(start_paused = true)]
async fn while_an_intent_is_held_nobody_else_writes_and_afterwards_somebody_does() {
    let stage = Stage::crashed_before_the_write().await;
    let other = stage.app(Fabrikam, "");
    let mark = stage.mark();
    other.sweep().await;
    assert_eq!(stage.writes_of_app(Fabrikam, mark), Vec::<String>::new());
    wait(61).await;
    other.sweep().await;
    assert_eq!(stage.writes_of_app(Fabrikam, mark).len(), 1);
    assert_eq!(other.phase().await, Phase::Connected);
}
