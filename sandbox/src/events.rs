//! Event Grid: what happened in a subscription is sent to those who subscribed, at least once and in no certain order.
//!
//! Events tell of calls that succeeded, never of a state that the service changed by itself: the network whose peering
//! flips because of a write in the other subscription raises none.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use crate::entra::Claims;
use crate::injector::Faults;
use crate::mint::Mint;
use crate::world::{Endpoint, EventSubscription, Tenant};

/// Names a delivery; each attempt of the same delivery has the same id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeliveryId(u64);

/// One event on its way to one subscriber.
#[derive(Clone, Debug, PartialEq)]
pub struct Delivery {
    /// To be given back to [`Azure::delivered`](crate::Azure::delivered) or
    /// [`Azure::delivery_failed`](crate::Azure::delivery_failed).
    pub id: DeliveryId,
    /// Whose app is sent it.
    pub to: Tenant,
    /// Where it is delivered.
    pub(crate) endpoint: Endpoint,
    /// The event subscription's name, Event Grid's `aeg-subscription-name`.
    pub(crate) subscription: String,
    /// Counts from 1; Event Grid's `aeg-delivery-count` is one less.
    pub attempt: u32,
    /// One event in the Event Grid schema.
    pub event: Value,
}

/// How long Event Grid waits after each failed attempt; the last one repeats.
const RETRIES: [Duration; 8] = [
    Duration::seconds(10),
    Duration::seconds(30),
    Duration::minutes(1),
    Duration::minutes(5),
    Duration::minutes(10),
    Duration::minutes(30),
    Duration::hours(1),
    Duration::hours(1),
];

/// An attempt that is not answered within this time has failed.
const ANSWER_WITHIN: Duration = Duration::seconds(30);
const MOST_ATTEMPTS: u32 = 30;
const TIME_TO_LIVE: Duration = Duration::hours(24);

/// A call that succeeded, to be told of.
#[derive(Clone, Debug)]
pub(crate) struct Happening {
    pub(crate) tenant: Tenant,
    /// The resource's id in the casing of the caller's path.
    pub(crate) resource: String,
    /// For example `Microsoft.Network/virtualNetworks/write`.
    pub(crate) operation: String,
    pub(crate) claims: Claims,
    pub(crate) correlation_id: String,
    /// Absent for creations, as Event Grid leaves it out there.
    pub(crate) http: Option<HttpFacts>,
    /// `authorization.evidence`: by which role the call was allowed.
    pub(crate) evidence: Value,
}

/// `httpRequest` of an event.
#[derive(Clone, Debug)]
pub(crate) struct HttpFacts {
    pub(crate) client_request_id: String,
    pub(crate) method: String,
    pub(crate) url: String,
}

#[derive(Debug)]
struct Pending {
    to: Tenant,
    endpoint: Endpoint,
    subscription: String,
    event: Value,
    attempts: u32,
    published: OffsetDateTime,
    stage: Stage,
}

#[derive(Clone, Copy, Debug)]
enum Stage {
    Waiting { due: OffsetDateTime },
    InFlight { since: OffsetDateTime },
}

/// The subscriptions, what is on its way and what was given up.
#[derive(Debug)]
pub(crate) struct Events {
    subscriptions: Vec<EventSubscription>,
    pending: BTreeMap<DeliveryId, Pending>,
    /// What is to be sent, by the time from which on.
    waiting: BTreeSet<(OffsetDateTime, DeliveryId)>,
    /// What was sent and is not answered yet, by the time at which it was.
    in_flight: BTreeSet<(OffsetDateTime, DeliveryId)>,
    dead: Vec<Value>,
    last: u64,
}

impl Events {
    pub(crate) fn new(subscriptions: Vec<EventSubscription>) -> Self {
        Self {
            subscriptions,
            pending: BTreeMap::new(),
            waiting: BTreeSet::new(),
            in_flight: BTreeSet::new(),
            dead: Vec::new(),
            last: 0,
        }
    }

    /// Hands the event to every subscription whose filter it passes.
    pub(crate) fn publish(
        &mut self,
        told: &Happening,
        at: OffsetDateTime,
        mint: &mut Mint,
        faults: &mut Faults,
    ) {
        let event = event(told, at, mint.guid());
        for subscription in &self.subscriptions {
            let passes = subscription.of == told.tenant
                && subscription.operations.iter().any(|name| name.eq_ignore_ascii_case(&told.operation));
            if !passes {
                continue;
            }
            for delay in faults.on_event(&told.resource) {
                self.last += 1;
                let due = at + std::time::Duration::from_millis(delay);
                self.waiting.insert((due, DeliveryId(self.last)));
                self.pending.insert(
                    DeliveryId(self.last),
                    Pending {
                        to: subscription.to,
                        endpoint: subscription.endpoint,
                        subscription: subscription.name.clone(),
                        event: event.clone(),
                        attempts: 0,
                        published: at,
                        stage: Stage::Waiting { due },
                    },
                );
            }
        }
    }

    /// Attempts that were not answered in time have failed.
    pub(crate) fn settle(&mut self, now: OffsetDateTime) {
        while let Some(&(_, id)) = self.in_flight.first().filter(|(since, _)| *since + ANSWER_WITHIN <= now) {
            self.failed(id, None, now);
        }
    }

    /// What is to be sent now, the longest due first, but no more than so much; from now on it is in flight.
    pub(crate) fn due(&mut self, now: OffsetDateTime, most: usize) -> Vec<Delivery> {
        let due = self.waiting.iter().take_while(|(due, _)| *due <= now).take(most);
        let due: Vec<DeliveryId> = due.map(|(_, id)| *id).collect();
        let mut deliveries = Vec::with_capacity(due.len());
        for id in due {
            self.restage(id, Stage::InFlight { since: now });
            if let Some(pending) = self.pending.get_mut(&id) {
                pending.attempts += 1;
                deliveries.push(Delivery {
                    id,
                    to: pending.to,
                    endpoint: pending.endpoint,
                    subscription: pending.subscription.clone(),
                    attempt: pending.attempts,
                    event: pending.event.clone(),
                });
            }
        }
        deliveries
    }

    /// When something is to be sent, or an unanswered attempt is given up.
    pub(crate) fn next(&self) -> Option<OffsetDateTime> {
        let due = self.waiting.first().map(|(due, _)| *due);
        let given_up = self.in_flight.first().map(|(since, _)| *since + ANSWER_WITHIN);
        due.into_iter().chain(given_up).min()
    }

    pub(crate) fn delivered(&mut self, id: DeliveryId) {
        self.remove(id);
    }

    /// Schedules the next attempt, or gives up: at once on 400 and 413, which Event Grid does not try again.
    pub(crate) fn failed(&mut self, id: DeliveryId, status: Option<u16>, now: OffsetDateTime) {
        let Some(pending) = self.pending.get(&id) else { return };
        let wait = RETRIES[(pending.attempts.max(1) as usize - 1).min(RETRIES.len() - 1)];
        let due = now + wait;
        let reason = match status {
            Some(400) => Some("BadRequest"),
            Some(413) => Some("RequestEntityTooLarge"),
            _ if pending.attempts >= MOST_ATTEMPTS => Some("MaxDeliveryAttemptsExceeded"),
            _ if due > pending.published + TIME_TO_LIVE => Some("TimeToLiveExceeded"),
            _ => None,
        };
        match reason {
            None => self.restage(id, Stage::Waiting { due }),
            Some(reason) => self.bury(id, reason, status, now),
        }
    }

    fn bury(&mut self, id: DeliveryId, reason: &str, status: Option<u16>, now: OffsetDateTime) {
        let Some(pending) = self.remove(id) else { return };
        let mut record = pending.event;
        record["deadLetterReason"] = reason.into();
        record["deliveryAttempts"] = pending.attempts.into();
        record["lastDeliveryOutcome"] = outcome(status).into();
        record["lastHttpStatusCode"] = status.map_or(Value::Null, Value::from);
        record["publishTime"] = stamp(pending.published).into();
        record["lastDeliveryAttemptTime"] = stamp(now).into();
        record["eventSubscription"] = pending.subscription.into();
        self.dead.push(record);
    }

    fn remove(&mut self, id: DeliveryId) -> Option<Pending> {
        let pending = self.pending.remove(&id)?;
        self.unlist(id, pending.stage);
        Some(pending)
    }

    fn restage(&mut self, id: DeliveryId, to: Stage) {
        let Some(pending) = self.pending.get_mut(&id) else { return };
        let from = std::mem::replace(&mut pending.stage, to);
        self.unlist(id, from);
        match to {
            Stage::Waiting { due } => self.waiting.insert((due, id)),
            Stage::InFlight { since } => self.in_flight.insert((since, id)),
        };
    }

    fn unlist(&mut self, id: DeliveryId, stage: Stage) {
        match stage {
            Stage::Waiting { due } => self.waiting.remove(&(due, id)),
            Stage::InFlight { since } => self.in_flight.remove(&(since, id)),
        };
    }

    pub(crate) fn dead_letters(&self) -> Vec<Value> {
        self.dead.clone()
    }
}

fn outcome(status: Option<u16>) -> &'static str {
    match status {
        None => "TimedOut",
        Some(400) => "BadRequest",
        Some(401) => "Unauthorized",
        Some(403) => "Forbidden",
        Some(404) => "NotFound",
        Some(413) => "PayloadTooLarge",
        Some(429 | 503) => "Busy",
        Some(_) => "GenericError",
    }
}

/// The time as Azure writes it: seven digits of a second would do, more are allowed.
pub(crate) fn stamp(at: OffsetDateTime) -> String {
    at.format(&Rfc3339).unwrap_or_default()
}

/// The event in the shape that Event Grid documents for subscriptions, data version 2.
fn event(told: &Happening, at: OffsetDateTime, id: Uuid) -> Value {
    let deleted = told.operation.to_ascii_lowercase().ends_with("/delete");
    let provider = told.operation.split('/').next().unwrap_or_default();
    let claims = &told.claims;
    let mut data = json!({
        "authorization": {"scope": told.resource, "action": told.operation, "evidence": told.evidence},
        "claims": {
            "aud": claims.aud, "iss": claims.iss, "iat": claims.iat.to_string(), "nbf": claims.nbf.to_string(),
            "exp": claims.exp.to_string(), "appid": claims.appid, "appidacr": claims.appidacr,
            "http://schemas.microsoft.com/identity/claims/objectidentifier": claims.oid,
            "http://schemas.microsoft.com/identity/claims/tenantid": claims.tid,
            "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/nameidentifier": claims.sub,
            "uti": claims.uti, "ver": claims.ver,
        },
        "correlationId": told.correlation_id,
        "resourceProvider": provider,
        "resourceUri": told.resource,
        "operationName": told.operation,
        "status": "Succeeded",
        "subscriptionId": told.tenant.subscription_id(),
        "tenantId": told.tenant.tenant_id(),
    });
    if let Some(http) = &told.http {
        data["httpRequest"] = json!({
            "clientRequestId": http.client_request_id, "clientIpAddress": "127.0.0.1",
            "method": http.method, "url": http.url,
        });
    }
    let verb = if deleted { "Delete" } else { "Write" };
    json!({
        "subject": told.resource,
        "eventType": format!("Microsoft.Resources.Resource{verb}Success"),
        "id": id.to_string(),
        "data": data,
        "dataVersion": "2",
        "metadataVersion": "1",
        "eventTime": stamp(at),
        "topic": format!("/subscriptions/{}", told.tenant.subscription_id()),
    })
}
