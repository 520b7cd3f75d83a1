//! What the partner does between our calls.

use http::Method;
use serde_json::json;

use super::actor::Actor;
use super::{half, hub, spoke, wait};

/// What the partner does right before a call of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Move {
    /// The hub gets this address space.
    Respace(&'static [&'static str]),
    /// Their half goes.
    Close,
    /// Their half is opened, or written again.
    Open,
}

impl Move {
    /// Azure may refuse it, as when their network is held just then: then it is not made.
    pub(crate) async fn make(self, partner: &Actor) {
        let their_half = half(&hub(), "to-spoke");
        let (method, id, body) = match self {
            Self::Respace(prefixes) => {
                let space = json!({ "addressSpace": { "addressPrefixes": prefixes } });
                (Method::PUT, hub(), Some(json!({ "location": "westeurope", "properties": space })))
            }
            Self::Close => (Method::DELETE, their_half, None),
            Self::Open => {
                let properties = json!({
                    "remoteVirtualNetwork": { "id": spoke() }, "allowVirtualNetworkAccess": true,
                });
                (Method::PUT, their_half, Some(json!({ "properties": properties })))
            }
        };
        partner.call(method, &id, body.as_ref()).await;
        wait(2).await;
        partner.settle();
    }
}
