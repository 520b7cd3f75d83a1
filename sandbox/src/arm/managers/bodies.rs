//! What the files of this folder share: who wrote when, entity tags, properties of a body, pages.

use serde_json::{Value, json};
use time::OffsetDateTime;

use crate::arm::call::{ArmError, Key, ManagerRefusal, Target};
use crate::arm::context::Cx;
use crate::arm::state::{NetworkManager, SystemData};
use crate::events::stamp;

impl SystemData {
    pub(super) fn new(cx: &Cx<'_>) -> Self {
        let by = cx.caller.claims.appid.clone();
        Self { created_by: by.clone(), created_at: cx.now, modified_by: by, modified_at: cx.now }
    }

    pub(super) fn written_by(&self, cx: &Cx<'_>) -> Self {
        let new = Self::new(cx);
        Self { created_by: self.created_by.clone(), created_at: self.created_at, ..new }
    }

    pub(super) fn to_json(&self) -> Value {
        json!({
            "createdBy": self.created_by, "createdByType": "Application", "createdAt": seven_digits(self.created_at),
            "lastModifiedBy": self.modified_by, "lastModifiedByType": "Application",
            "lastModifiedAt": seven_digits(self.modified_at),
        })
    }
}

/// Times here have seven digits of a second, always (recorded).
pub(super) fn seven_digits(at: OffsetDateTime) -> String {
    let whole = stamp(at.replace_nanosecond(0).unwrap_or(at));
    format!("{}.{:07}Z", whole.trim_end_matches('Z'), at.nanosecond() / 100)
}

impl Cx<'_> {
    /// An entity tag in this provider's style: quoted and not weak (recorded).
    pub(super) fn strong_etag(&mut self) -> String {
        format!("\"{}\"", self.mint.guid())
    }

    /// The manager that a child's address names.
    pub(super) fn manager_of(&self, at: &Target) -> Result<&NetworkManager, ArmError> {
        let name = at.names.first().cloned().unwrap_or_default();
        let key = Key::of(&format!("{}/providers/{}/networkManagers/{name}", at.scope, at.namespace));
        self.store.managers.managers.get(&key).ok_or_else(|| ArmError::NoResource {
            kind: NetworkManager::KIND.to_owned(),
            name,
            group: at.group().unwrap_or_default().to_owned(),
        })
    }

    pub(super) fn description(&self) -> String {
        self.call.body["properties"]["description"].as_str().unwrap_or_default().to_owned()
    }

    /// A property that has to be there.
    pub(super) fn wanted(&self, name: &str, label: &'static str) -> Result<String, ManagerRefusal> {
        let text = self.call.body["properties"][name].as_str().unwrap_or_default();
        if text.is_empty() { Err(ManagerRefusal::Missing(label)) } else { Ok(text.to_owned()) }
    }

    pub(super) fn forced(&self) -> bool {
        self.call.query.get("force").is_some_and(|value| value.eq_ignore_ascii_case("true"))
    }
}

pub(super) fn absent(cx: &Cx<'_>, at: &Target, kind: &str) -> ArmError {
    ManagerRefusal::Absent(cx.canonical_id(at, kind)).into()
}
