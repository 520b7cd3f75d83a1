//! The requests that are the same for every kind, as they are written: flat objects.

use serde::{Deserialize, Serialize};

use crate::handshake::fields::RequestVersion;
use crate::handshake::request_id::RequestId;
use crate::handshake::resource_id::ResourceId;

/// Remove a half.
#[derive(Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Disconnect<Id = ResourceId> {
    pub(super) version: RequestVersion,
    pub(super) id: RequestId,
    /// The peering, scope connection or network manager connection to remove.
    #[cfg_attr(test, schemars(with = "crate::schemas::HalfText"))]
    pub(super) half: Id,
}

/// Look at a pair again and do what is due. Nothing else is asked for.
#[derive(Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Recheck<Id = ResourceId> {
    pub(super) version: RequestVersion,
    pub(super) id: RequestId,
    /// Our end: a virtual network, a network manager, a subscription or a management group.
    #[cfg_attr(test, schemars(with = "crate::schemas::ResourceText"))]
    pub(super) ours: Id,
    /// The partner's end.
    #[cfg_attr(test, schemars(with = "crate::schemas::ResourceText"))]
    pub(super) theirs: Id,
}

/// A request for this action with these fields, as it is written.
pub(crate) fn document(action: &str, fields: &impl Serialize) -> String {
    // Texts, flags and lists of them: there is nothing in it that JSON could not say.
    with_action(action, &serde_json::to_string(fields).unwrap_or_default())
}

/// A request to remove a half, as it is written.
pub(crate) fn disconnect(id: RequestId, half: ResourceId) -> String {
    document("disconnect", &Disconnect { version: RequestVersion, id, half })
}

/// A request to reconcile a pair, as it is written.
pub(crate) fn recheck(id: RequestId, ours: ResourceId, theirs: ResourceId) -> String {
    document("recheck", &Recheck { version: RequestVersion, id, ours, theirs })
}

/// The action before the other fields.
pub(super) fn with_action(action: &str, fields: &str) -> String {
    format!("{{\"action\":\"{action}\",{}", fields.trim_start_matches('{'))
}
