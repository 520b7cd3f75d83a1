//! What a call says.

use std::collections::BTreeMap;

use http::{HeaderMap, Method};
use serde_json::Value;
use uuid::Uuid;

/// A call, read and within bounds.
pub(crate) struct ArmCall {
    pub(crate) method: Method,
    /// As the caller wrote it.
    pub(crate) path: String,
    pub(crate) raw_query: String,
    /// Names in lower case.
    pub(crate) query: BTreeMap<String, String>,
    pub(crate) headers: HeaderMap,
    /// Null if there was none.
    pub(crate) body: Value,
    pub(crate) api_version: String,
    /// The subscription in the path; empty if there is none.
    pub(crate) subscription: String,
    pub(crate) request_id: Uuid,
    pub(crate) correlation_id: String,
}
