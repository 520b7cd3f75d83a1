//! Documents and what becomes of them.

use peerpact::kinds::Kinds;
use peerpact::request::{BadRequest, Request};
use peerpact_fixtures::{CONTOSO_SUBSCRIPTION, FABRIKAM_SUBSCRIPTION, id};
use serde_json::{Value, json};

pub(crate) fn manager(subscription: &str) -> String {
    format!("/subscriptions/{subscription}/resourceGroups/rg/providers/Microsoft.Network/networkManagers/hub")
}

pub(crate) fn scope(subscription: &str) -> String {
    format!("/subscriptions/{subscription}")
}

pub(crate) fn peering() -> Value {
    json!({"version": 1, "id": "r-1", "action": "connect-peering", "ours": id("ours"), "theirs": id("theirs")})
}

pub(crate) fn management() -> Value {
    json!({
        "version": 1, "id": "r-2", "action": "connect-management",
        "manager": manager(FABRIKAM_SUBSCRIPTION), "scope": scope(CONTOSO_SUBSCRIPTION),
    })
}

pub(crate) fn disconnect() -> Value {
    let half = format!("{}/virtualNetworkPeerings/to-theirs", id("ours"));
    json!({"version": 1, "id": "r-3", "action": "disconnect", "half": half})
}

pub(crate) fn recheck() -> Value {
    json!({"version": 1, "id": "r-4", "action": "recheck", "ours": id("ours"), "theirs": id("theirs")})
}

/// The document with one field written otherwise; null takes it out.
pub(crate) fn with(mut document: Value, field: &str, value: Value) -> Value {
    if value.is_null() {
        document.as_object_mut().unwrap().remove(field);
    } else {
        document[field] = value;
    }
    document
}

#[track_caller]
pub(crate) fn taken(document: &Value) -> Request {
    Request::parse(&Kinds::built_in(), document.to_string().as_bytes())
        .unwrap_or_else(|bad| panic!("{bad}\n{document}"))
}

#[track_caller]
pub(crate) fn refused(body: impl AsRef<[u8]>) -> BadRequest {
    let body = body.as_ref();
    let bad = Request::parse(&Kinds::built_in(), body)
        .expect_err(&String::from_utf8_lossy(&body[..body.len().min(1000)]));
    assert!(bad.to_string().chars().count() < 1200, "more than a bounded part is told: {bad}");
    assert!(!bad.to_string().contains(char::is_control), "{bad:?}");
    bad
}
