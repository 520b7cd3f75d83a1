//! Event Grid's delivery: what is due is posted to the webhook of the tenant that subscribed or put into its queue, and the outcome is told
//! to the model.

use std::{convert::Infallible, future::pending, time::Duration};

use http::{HeaderValue, header::CONTENT_TYPE};
use serde_json::{Value, json};
use tokio::{task::JoinSet, time::sleep};
use uuid::Uuid;

use super::functions_host::{LoopbackError, loopback_client};
use crate::{Azure, Delivery, Tenant, service_bus::Message, world::Endpoint};

/// A tenant's webhook.
pub(crate) struct DeliveryTarget {
    /// Whose app it belongs to.
    pub(crate) tenant: Tenant,
    /// The webhook.
    pub(crate) webhook: Webhook,
}

/// A webhook that proved that it wants events.
#[derive(Clone)]
pub(crate) struct Webhook {
    client: reqwest::Client,
    address: String,
}

/// Why a webhook is not used.
#[derive(Debug, thiserror::Error)]
pub enum WebhookError {
    /// There is no client.
    #[error("no client for the webhook")]
    Client(#[from] LoopbackError),
    /// It cannot be reached.
    #[error("the webhook cannot be reached")]
    Exchange(#[source] reqwest::Error),
    /// It did not give the validation code back.
    #[error("the webhook did not consent: it answered {status} without the validation code")]
    NoConsent {
        /// What it answered.
        status: u16,
    },
}

/// Event Grid waits that long for an answer.
const RESPONSE_LIMIT: Duration = Duration::from_secs(30);
/// Below this, waiting for the next event would be polling.
const SHORTEST_WAIT: Duration = Duration::from_millis(1);
const PARALLEL_DELIVERIES: usize = 64;

impl Webhook {
    /// The webhook of the function `function` on the Functions host at `origin`, opened by `key`, after the validation handshake.
    pub(crate) async fn subscribe(origin: &str, function: &str, key: &str) -> Result<Self, WebhookError> {
        let client = loopback_client(Some(RESPONSE_LIMIT))?;
        let query: String = form_urlencoded::Serializer::new(String::new())
            .append_pair("functionName", function)
            .append_pair("code", key)
            .finish();
        let webhook = Self { client, address: format!("{origin}/runtime/webhooks/EventGrid?{query}") };
        let code = Uuid::new_v5(&Uuid::NAMESPACE_URL, webhook.address.as_bytes()).to_string();
        let event = json!([{
            "id": Uuid::new_v5(&Uuid::NAMESPACE_OID, code.as_bytes()).to_string(),
            "topic": "",
            "subject": "",
            "data": { "validationCode": code },
            "eventType": "Microsoft.EventGrid.SubscriptionValidationEvent",
            "metadataVersion": "1",
            "dataVersion": "2",
        }]);
        let request = webhook.post("SubscriptionValidation", "", &event);
        let response = request.send().await.map_err(|error| WebhookError::Exchange(error.without_url()))?;
        let status = response.status().as_u16();
        let answer = response.bytes().await.map_err(|error| WebhookError::Exchange(error.without_url()))?;
        let answer: Value = serde_json::from_slice(&answer).unwrap_or(Value::Null);
        if status == 200 && answer.get("validationResponse").and_then(Value::as_str) == Some(&code) {
            Ok(webhook)
        } else {
            Err(WebhookError::NoConsent { status })
        }
    }

    fn post(&self, kind: &'static str, subscription: &str, events: &Value) -> reqwest::RequestBuilder {
        self.client
            .post(&self.address)
            .header(CONTENT_TYPE, "application/json; charset=utf-8")
            .header("aeg-event-type", kind)
            .header("aeg-subscription-name", subscription.to_ascii_uppercase())
            .body(events.to_string())
    }

    /// The status of the answer, or `None` without one.
    async fn deliver(&self, delivery: &Delivery) -> Option<u16> {
        let text = |name: &str| delivery.event.get(name).and_then(Value::as_str).unwrap_or_default();
        let header = |text: &str| HeaderValue::from_str(text).unwrap_or(HeaderValue::from_static(""));
        let request = self
            .post("Notification", &delivery.subscription, &json!([delivery.event]))
            .header("aeg-delivery-count", delivery.attempt.saturating_sub(1).to_string())
            .header("aeg-metadata-version", header(text("metadataVersion")))
            .header("aeg-data-version", header(text("dataVersion")))
            .header("aeg-output-event-id", header(text("id")));
        match request.send().await {
            Ok(response) => Some(response.status().as_u16()),
            Err(error) => {
                // The address holds the key.
                let error = error.without_url();
                tracing::warn!(%error, "an event was not delivered");
                None
            }
        }
    }
}

/// Delivers events until it is dropped. A tenant without a target has no webhook: what is meant for it goes nowhere.
pub(crate) async fn deliver_events(azure: Azure, targets: Vec<DeliveryTarget>) -> Infallible {
    let mut under_way = JoinSet::new();
    loop {
        // What waits for a place is not in flight: the time for an answer does not run yet.
        for delivery in azure.due_events_up_to(PARALLEL_DELIVERIES.saturating_sub(under_way.len())) {
            let target = targets.iter().find(|target| target.tenant == delivery.to);
            match (delivery.endpoint, target) {
                (Endpoint::Queue(queue), _) => deliver_to_queue(&azure, queue, &delivery),
                (Endpoint::Function, Some(target)) => {
                    under_way.spawn(deliver_one(azure.clone(), target.webhook.clone(), delivery));
                }
                (Endpoint::Function, None) => azure.delivered(delivery.id),
            }
        }
        let has_place = under_way.len() < PARALLEL_DELIVERIES;
        tokio::select! {
            () = azure.events_changed(), if has_place => {}
            () = until_next(&azure), if has_place => {}
            Some(_) = under_way.join_next() => {}
        }
    }
}

/// One event a message: its JSON as the body, and the headers of a webhook as application properties.
fn deliver_to_queue(azure: &Azure, queue: &str, delivery: &Delivery) {
    let text = |name: &str| delivery.event.get(name).and_then(Value::as_str).unwrap_or_default();
    let properties = [
        ("aeg-event-type", "Notification".to_owned()),
        ("aeg-subscription-name", delivery.subscription.to_ascii_uppercase()),
        ("aeg-delivery-count", delivery.attempt.saturating_sub(1).to_string()),
        ("aeg-metadata-version", text("metadataVersion").to_owned()),
        ("aeg-data-version", text("dataVersion").to_owned()),
        ("aeg-output-event-id", text("id").to_owned()),
    ];
    let message = Message {
        message_id: Some(text("id").to_owned()),
        application_properties: properties.map(|(name, value)| (name.to_owned(), value.into())).into(),
        body: delivery.event.to_string().into(),
        ..Message::default()
    };
    match azure.service_bus(delivery.to).send(queue, message) {
        Ok(_) => azure.delivered(delivery.id),
        Err(error) => {
            tracing::warn!(%error, "an event was not delivered");
            azure.delivery_failed(delivery.id, Some(404));
        }
    }
}

async fn deliver_one(azure: Azure, webhook: Webhook, delivery: Delivery) {
    match webhook.deliver(&delivery).await {
        Some(200..=204) => azure.delivered(delivery.id),
        failure => azure.delivery_failed(delivery.id, failure),
    }
}

async fn until_next(azure: &Azure) {
    match azure.next_event_at() {
        Some(next) => {
            sleep(Duration::try_from(next - azure.clock().now()).unwrap_or_default().max(SHORTEST_WAIT)).await
        }
        None => pending().await,
    }
}
