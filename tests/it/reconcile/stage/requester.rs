//! The desk: requests as people put them into the queue, and outcomes as they take them out of theirs.

use bytes::Bytes;
use peerpact_sandbox::{Tenant, service_bus};
use serde_json::{Value, json};

use super::Stage;

const REQUESTS: &str = "connection-requests";
const OUTCOMES: &str = "connection-outcomes";

/// An outcome as it lay in the queue.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    pub(crate) message: String,
    pub(crate) subject: String,
    /// The correlation id: the request that it answers.
    pub(crate) request: Option<String>,
    pub(crate) body: Value,
}

impl Told {
    /// The reason's code and sentence.
    pub(crate) fn reason(&self) -> String {
        let reason = &self.body["reason"];
        format!("{}: {}", reason["code"].as_str().unwrap(), reason["message"].as_str().unwrap())
    }
}

pub(crate) fn connect(id: &str, ours: &str, theirs: &str) -> Value {
    json!({ "version": 1, "id": id, "action": "connect-peering", "ours": ours, "theirs": theirs })
}

pub(crate) fn connect_with(id: &str, ours: &str, theirs: &str, flags: Value) -> Value {
    let mut request = connect(id, ours, theirs);
    request["flags"] = flags;
    request
}

pub(crate) fn manage(id: &str, manager: &str, scope: &str) -> Value {
    json!({ "version": 1, "id": id, "action": "connect-management", "manager": manager, "scope": scope })
}

pub(crate) fn disconnect(id: &str, half: &str) -> Value {
    json!({ "version": 1, "id": id, "action": "disconnect", "half": half })
}

pub(crate) fn recheck(id: &str, ours: &str, theirs: &str) -> Value {
    json!({ "version": 1, "id": id, "action": "recheck", "ours": ours, "theirs": theirs })
}

impl Stage {
    /// Puts a request into a tenant's queue.
    pub(crate) fn submit(&self, tenant: Tenant, request: &Value) {
        self.submit_bytes(tenant, request.to_string().into_bytes());
    }

    /// Puts anything into a tenant's queue of requests. Without a message id, so that the queue takes nothing for a
    /// duplicate: that is for the app to see.
    pub(crate) fn submit_bytes(&self, tenant: Tenant, body: Vec<u8>) {
        let message = service_bus::Message { body: Bytes::from(body), ..service_bus::Message::default() };
        self.azure.service_bus(tenant).send(REQUESTS, message).unwrap();
    }

    /// Takes every outcome out of a tenant's queue.
    pub(crate) fn outcomes(&self, tenant: Tenant) -> Vec<Told> {
        let broker = self.azure.service_bus(tenant);
        let mut outcomes = Vec::new();
        while let Some(locked) = broker.receive(OUTCOMES).unwrap() {
            broker.complete(locked.lock_token).unwrap();
            let message = &locked.message;
            assert_eq!(message.content_type.as_deref(), Some("application/json"));
            outcomes.push(Told {
                message: message.message_id.clone().unwrap(),
                subject: message.subject.clone().unwrap(),
                request: message.correlation_id.clone(),
                body: serde_json::from_slice(&message.body).unwrap(),
            });
        }
        outcomes
    }

    /// The only outcome in a tenant's queue that answers this request; it says the same everywhere. Outcomes that
    /// nobody asked for are passed over.
    #[track_caller]
    pub(crate) fn answer(&self, tenant: Tenant, request: &str) -> Told {
        let mut outcomes = self.outcomes(tenant);
        outcomes.retain(|told| told.request.is_some());
        assert_eq!(outcomes.len(), 1, "{outcomes:#?}");
        let told = outcomes.remove(0);
        assert_eq!(told.request.as_deref(), Some(request), "{told:#?}");
        assert_eq!(told.body["request"], request);
        assert_eq!(told.body["phase"], told.subject);
        told
    }
}
