//! What was agreed, as a record keeps it.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// What was agreed when our half was last written by us, or was last found to be covered: it tells a partner that went
/// further from an agreement that was taken back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Agreed {
    /// The agreement, as `partner/name`.
    pub agreement: String,
    /// How far it went, in the words of the kind.
    #[serde(flatten)]
    pub terms: Map<String, Value>,
}
