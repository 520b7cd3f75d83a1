//! What is written of a link.

use peerpact::handshake::resource_id::ResourceId;
use peerpact::handshake::write::Body;
use serde::Serialize;
use serde_json::Value;

/// What becomes of a link.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum LinkBody {
    /// It leads there.
    Put { to: ResourceId, width: u32 },
    /// It goes.
    Removal,
}

impl Body for LinkBody {
    fn shown(&self) -> Value {
        serde_json::to_value(self).unwrap()
    }
}
