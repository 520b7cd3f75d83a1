//! What a request says, before anybody asks what it is for.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::{HeaderMap, Request};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::arm::ArmError;
use crate::entra::{self, AuthorityEndpoint, Claims};

/// The largest body that is taken.
pub(crate) const LARGEST_BODY: usize = 4 << 20;
/// How deep a body may nest.
const DEEPEST_BODY: usize = 64;

/// Who a call says it is from, for the history and for faults.
#[derive(Default)]
pub(crate) struct Who {
    pub(crate) client_id: Option<String>,
    pub(crate) tenant: Option<String>,
}

pub(crate) fn who(request: &Request<Bytes>, claims: Option<Claims>) -> Who {
    if let Some(AuthorityEndpoint::Token(tenant)) = entra::endpoint(request.uri().path()) {
        return Who { client_id: entra::client_id(request.body()), tenant: Some(tenant.to_owned()) };
    }
    claims.map_or_else(Who::default, |claims| Who { client_id: Some(claims.appid), tenant: Some(claims.tid) })
}

pub(crate) fn digest(body: &[u8]) -> String {
    Sha256::digest(body).iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(crate) fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

pub(crate) fn read_query(query: &str) -> BTreeMap<String, String> {
    form_urlencoded::parse(query.as_bytes())
        .map(|(name, value)| (name.to_lowercase(), value.into_owned()))
        .collect()
}

/// Null for no body. What is not JSON, too large or nested too deep is refused.
pub(crate) fn read_body(request: &Request<Bytes>) -> Result<Value, ArmError> {
    let bytes = request.body();
    if bytes.len() > LARGEST_BODY {
        return Err(ArmError::TooLarge);
    }
    if bytes.is_empty() {
        return Ok(Value::Null);
    }
    let body: Value =
        serde_json::from_slice(bytes).map_err(|error| ArmError::BadContent(error.to_string()))?;
    if depth(&body) > DEEPEST_BODY {
        return Err(ArmError::BadContent("it is nested too deep".into()));
    }
    Ok(body)
}

/// serde_json refuses more than 128 levels, so that this recursion is bounded.
fn depth(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Object(fields) => 1 + fields.values().map(depth).max().unwrap_or(0),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 0,
    }
}
