//! The in-process front: one request in, one answer out, under the model's lock.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use serde_json::Value;
use time::OffsetDateTime;
use tokio::sync::Notify;

use crate::clock::Clock;
use crate::entra::Claims;
use crate::events::{Delivery, DeliveryId};
use crate::faults::{Cut, FaultPlan};
use crate::history::Call;
use crate::injector::Faults;
use crate::model::Model;
use crate::service_bus::Broker;
use crate::settings::Settings;
use crate::world::{Tenant, World};

/// Resource Manager, Entra, Event Grid and Service Bus for both tenants. Clones share one world.
#[derive(Clone)]
pub struct Azure {
    model: Arc<Mutex<Model>>,
    world: Arc<World>,
    clock: Clock,
    changed: Arc<Notify>,
    brokers: Arc<BTreeMap<Tenant, Broker>>,
}

impl fmt::Debug for Azure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Azure")
            .field("resource_manager", &self.world.resource_manager())
            .finish_non_exhaustive()
    }
}

impl Azure {
    /// A world in which nothing has happened yet.
    pub fn new(world: World, clock: Clock, settings: Settings) -> Self {
        let world = Arc::new(world);
        let brokers = Tenant::ALL.into_iter().map(|tenant| {
            (tenant, Broker::new(tenant, clock.clone(), settings.seed, settings.lock_duration))
        });
        let brokers = Arc::new(brokers.collect());
        let model = Model::new(Arc::clone(&world), settings);
        Self { model: Arc::new(Mutex::new(model)), world, clock, changed: Arc::new(Notify::new()), brokers }
    }

    /// Answers a request to Resource Manager or to the authority; the two are told apart by the path, the host is not
    /// looked at. Latency of the fault plan passes in tokio's time.
    pub async fn call(&self, request: Request<Bytes>) -> Result<Response<Bytes>, Cut> {
        let latency = self.model().faults.latency_ms();
        pause(latency / 2).await;
        let (outcome, changed) = {
            let mut model = self.model();
            let outcome = model.take(&request, self.clock.now());
            (outcome, std::mem::take(&mut model.changed))
        };
        if changed {
            self.changed.notify_one();
        }
        pause(latency - latency / 2).await;
        outcome
    }

    /// The calls whose sequence number is greater than `sequence`; 0 gives all.
    pub fn calls_since(&self, sequence: u64) -> Vec<Call> {
        self.model().history.since(sequence)
    }

    /// A tenant's Service Bus namespace.
    pub fn service_bus(&self, tenant: Tenant) -> Broker {
        self.brokers[&tenant].clone()
    }

    /// The claims of a token that the authority signed. Expiry, audience and tenant are left to the caller.
    pub(crate) fn verify(&self, token: &str) -> Option<Claims> {
        self.model().verify(token)
    }

    /// Puts a plan in force in place of the one before; its counts start from nothing.
    pub fn set_faults(&self, plan: FaultPlan) {
        self.model().faults = Faults::new(plan);
    }

    /// From now on nothing goes wrong.
    pub fn clear_faults(&self) {
        self.set_faults(FaultPlan::default());
    }

    /// Ends every operation that is due. Every call does this first.
    pub fn settle(&self) {
        drop(self.settled());
    }

    /// The events to be sent now, the longest due first. They are in flight from here on, and count as failed if neither
    /// [`Azure::delivered`] nor [`Azure::delivery_failed`] is called within 30 s.
    pub fn due_events(&self) -> Vec<Delivery> {
        self.due_events_up_to(usize::MAX)
    }

    /// The same, but no more than so many.
    pub(crate) fn due_events_up_to(&self, most: usize) -> Vec<Delivery> {
        let now = self.clock.now();
        self.settled().events.due(now, most)
    }

    /// When [`Azure::due_events`] may next have something: a delivery is due, an operation ends whose event is published
    /// then, or an unanswered attempt is given up.
    pub fn next_event_at(&self) -> Option<OffsetDateTime> {
        let model = self.settled();
        model.events.next().into_iter().chain(model.store.operations.next_due()).min()
    }

    /// Resolves once something was published or an operation was started since the last wait, at once if that has
    /// happened already. For one waiter.
    pub async fn events_changed(&self) {
        self.changed.notified().await;
    }

    /// The delivery was taken.
    pub fn delivered(&self, id: DeliveryId) {
        self.model().events.delivered(id);
    }

    /// The delivery was answered with this status, or not at all. It is tried again after 10 s, 30 s, 1 min, 5 min, 10 min,
    /// 30 min and then every hour, for 24 h or 30 attempts; 400 and 413 are final.
    pub fn delivery_failed(&self, id: DeliveryId, status: Option<u16>) {
        let now = self.clock.now();
        self.model().events.failed(id, status, now);
        self.changed.notify_one();
    }

    /// Makes one half of a network manager's connection Rejected, as Azure shows it in a way that nothing documents. `false`
    /// if there is no half with this resource id.
    pub fn reject(&self, resource_id: &str) -> bool {
        let now = self.clock.now();
        self.settled().reject(resource_id, now)
    }

    /// The events that were given up, each with `deadLetterReason`, `deliveryAttempts`, `lastDeliveryOutcome`,
    /// `publishTime` and `lastDeliveryAttemptTime`.
    pub fn dead_letters(&self) -> Vec<Value> {
        self.model().events.dead_letters()
    }

    /// The world as it was at the start.
    pub fn world(&self) -> &World {
        &self.world
    }

    /// The clock that everything goes by.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    fn settled(&self) -> MutexGuard<'_, Model> {
        let now = self.clock.now();
        let mut model = self.model();
        model.settle(now);
        if std::mem::take(&mut model.changed) {
            self.changed.notify_one();
        }
        model
    }

    /// Every change to the model is made by code that does not panic half way; a poisoned lock is only a test's panic.
    fn model(&self) -> MutexGuard<'_, Model> {
        self.model.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn pause(milliseconds: u64) {
    if milliseconds > 0 {
        tokio::time::sleep(Duration::from_millis(milliseconds)).await;
    }
}
