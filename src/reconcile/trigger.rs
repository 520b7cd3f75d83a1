//! Triggers: what there is to reconcile.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::handshake::pair::Pair;
use crate::handshake::request_queue::RequestKey;
use crate::handshake::resource_id::ResourceId;

/// What to reconcile. A trigger is never believed: it only names a resource.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub enum Trigger {
    /// Something happened to a half.
    Half {
        /// The half.
        half: ResourceId,
        /// Whether the event says that it was written, not deleted.
        written: bool,
        /// The correlation id of the write that raised the event. Our own writes are read back as they are made, so
        /// their echo is worth no call; a forged one loses a trigger, and the sweep makes up for it.
        correlation: Option<Uuid>,
    },
    /// Something happened to what stands at an end.
    Resource(ResourceId),
    /// A handshake is to be reconciled.
    Handshake {
        /// What stands at our end.
        ours: ResourceId,
        /// What stands at the partner's end.
        theirs: ResourceId,
    },
    /// A request was received, and which handshake it is about is still to be found out.
    Request(RequestKey),
    /// The same, where a first read found nothing that the request could be about.
    RequestAgain(RequestKey),
}

impl Trigger {
    /// The reconciliation of this pair.
    #[must_use]
    pub fn at(pair: &Pair) -> Self {
        Self::Handshake { ours: pair.ours().clone(), theirs: pair.theirs().clone() }
    }

    /// Two triggers with one key are about the same thing, and one reconciliation serves both.
    #[must_use]
    pub fn key(&self) -> String {
        let key = match self {
            Self::Half { half, written: true, .. } => format!("written {half}"),
            Self::Half { half, written: false, .. } => format!("deleted {half}"),
            Self::Resource(resource) => format!("resource {resource}"),
            Self::Handshake { ours, theirs } => format!("handshake {ours} {theirs}"),
            Self::Request(id) => format!("request {id}"),
            Self::RequestAgain(id) => format!("request again {id}"),
        };
        key.to_ascii_lowercase()
    }

    /// What the trigger is about, in a word.
    #[must_use]
    pub fn subject(&self) -> &'static str {
        match self {
            Self::Half { .. } => "half",
            Self::Resource(_) => "resource",
            Self::Handshake { .. } => "handshake",
            Self::Request(_) | Self::RequestAgain(_) => "request",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_one_for_an_id_in_any_case_and_another_for_another_thing() {
        let half = "/subscriptions/dec492d3-4f4e-493b-aa47-7bdf2f96a6fc/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/v/virtualNetworkPeerings/p";
        let at = |text: &str, written| Trigger::Half {
            half: text.parse().unwrap(),
            written,
            correlation: Some(Uuid::nil()).filter(|_| written),
        };
        assert_eq!(at(half, true).key(), at(&half.to_uppercase(), true).key());
        let resource = Trigger::Resource(half.parse().unwrap());
        let keys = [
            at(half, true).key(),
            at(half, false).key(),
            resource.key(),
            at(&format!("{half}q"), true).key(),
        ];
        let distinct: std::collections::BTreeSet<&String> = keys.iter().collect();
        assert_eq!(distinct.len(), keys.len(), "{keys:?}");
    }
}
