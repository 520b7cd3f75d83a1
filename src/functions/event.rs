//! From an event to a trigger. Nothing in an event is believed: it names a resource to read, and no more.

use uuid::Uuid;

use crate::handshake::agreements::Agreements;
use crate::handshake::ids::TenantId;
use crate::handshake::resource_id::ResourceId;
use crate::host::JsonObject;
use crate::kinds::Kinds;
use crate::reconcile::Trigger;

/// Event ids are written into history; longer ones are cut.
const LONGEST_ID: usize = 128;

/// An event of Event Grid, in its own schema or as a CloudEvent 1.0. Both have `id` and `subject`; the type is called
/// `eventType` in the one and `type` in the other.
pub(super) struct UnverifiedEvent(JsonObject);

impl UnverifiedEvent {
    pub(super) fn new(event: JsonObject) -> Self {
        Self(event)
    }

    /// Its id, fit to be written down.
    pub(super) fn id(&self) -> String {
        let id = self.text("id").unwrap_or_default();
        let id: String = id.chars().filter(|c| !c.is_control()).take(LONGEST_ID).collect();
        if id.is_empty() { "an event without an id".to_owned() } else { id }
    }

    /// What it is a reason to read; `None` when it is about nothing that peerpact cares for, or about somebody whom no
    /// agreement names. Either costs no call.
    pub(super) fn trigger(&self, home: TenantId, kinds: &Kinds, agreements: &Agreements) -> Option<Trigger> {
        let kind = self.text("eventType").or_else(|| self.text("type"))?;
        let change = kind.strip_prefix("Microsoft.Resources.Resource")?;
        let written = change.starts_with("Write");
        if !written && !change.starts_with("Delete") {
            return None;
        }
        if self.tenant().is_some_and(|tenant| tenant != home && agreements.partner(tenant).is_none()) {
            return None;
        }
        let resource: ResourceId = self.data("resourceUri").or_else(|| self.text("subject"))?.parse().ok()?;
        if kinds.of_half(&resource).is_some() {
            let correlation = self.data("correlationId").and_then(|id| Uuid::try_parse(id).ok());
            return Some(Trigger::Half { half: resource, written, correlation });
        }
        kinds.iter().any(|kind| kind.is_watched(&resource)).then_some(Trigger::Resource(resource))
    }

    /// The tenant that the event claims to come from.
    fn tenant(&self) -> Option<TenantId> {
        self.data("tenantId")?.parse().ok()
    }

    fn text(&self, key: &str) -> Option<&str> {
        self.0.get(key)?.as_str()
    }

    fn data(&self, key: &str) -> Option<&str> {
        self.0.get("data")?.get(key)?.as_str()
    }
}

#[cfg(test)]
mod tests;
