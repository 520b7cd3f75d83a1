//! An app as the Functions host sees it; what it does to the world outside, the gate watches.

use peerpact::kinds::Kinds;
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::future::pending;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use peerpact::arm::{ResourceManager, Settings};
use peerpact::azure::Secret;
use peerpact::clock::Clock;
use peerpact::functions;
use peerpact::handshake::phase::Phase;
use peerpact::handshake::record::Record;
use peerpact::host::{
    FunctionName, Functions, HttpRequest, Invocation, InvocationId, QueueMessage, Timer, TriggerData,
};
use peerpact::ledger::{Ledger, RequestEntry, SqliteLedger};
use peerpact::public;
use peerpact::public::Handshake;
use peerpact::queue::Queue;
use peerpact::reconcile::{Controller, Ports};
use peerpact_sandbox::service_bus::{Depth, Locked};
use peerpact_sandbox::{Azure, Broker, Tenant};
use serde_json::Value;
use time::Duration;

use super::ORIGIN;
use super::gate::Gate;
use super::ledger::WatchedLedger;
use super::points::SettleFault;
use super::queues::WatchedQueues;
use super::transport::Transport;

/// How long what is over stays in the ledger.
pub(crate) const KEPT: Duration = Duration::days(90);
/// How long the host renews a message's lock.
const LOCK_RENEWED: std::time::Duration = std::time::Duration::from_secs(600);
/// How long the host goes on after an event or a tick, in seconds.
const LOOKED_ON: u64 = 20;

pub(crate) struct App {
    pub(crate) tenant: Tenant,
    pub(crate) broker: Broker,
    functions: functions::App,
    ledger: Arc<WatchedLedger>,
    gate: Arc<Gate>,
    longest: Mutex<Duration>,
    deliveries: AtomicU32,
}

impl App {
    pub(crate) fn start(
        azure: &Azure,
        clock: Clock,
        tenant: Tenant,
        terms: &str,
        ledger: &Path,
        gate: &Arc<Gate>,
    ) -> Self {
        Self::start_on(azure, clock, tenant, &["10.0.0.0/8"], terms, ledger, gate)
    }

    pub(crate) fn start_on(
        azure: &Azure,
        clock: Clock,
        tenant: Tenant,
        prefixes: &[&str],
        terms: &str,
        ledger: &Path,
        gate: &Arc<Gate>,
    ) -> Self {
        let principal = azure.world().app(tenant);
        let settings = Settings {
            endpoint: ORIGIN.parse().unwrap(),
            authority: ORIGIN.parse().unwrap(),
            home: tenant.tenant_id().parse().unwrap(),
            client_id: principal.client_id.clone(),
            client_secret: Secret::new(principal.client_secret.clone()),
        };
        let transport = Arc::new(Transport { azure: azure.clone(), gate: gate.clone() });
        let ledger = Arc::new(WatchedLedger {
            inner: SqliteLedger::new(ledger.with_extension("db")),
            gate: gate.clone(),
        });
        let broker = azure.service_bus(tenant);
        let home = tenant.tenant_id().parse().unwrap();
        let text = agreement(tenant, prefixes, terms);
        let kinds = Kinds::built_in();
        let files = text.iter().map(|text| ("agreement", text.as_str()));
        let ports = Ports {
            home,
            agreements: Arc::new(kinds.agreements(Some(home), files).unwrap()),
            kinds,
            resource_manager: ResourceManager::new(settings, transport, clock),
            ledger: ledger.clone(),
            queues: Arc::new(WatchedQueues { broker: broker.clone(), gate: gate.clone() }),
            limits: gate.limits(),
            clock,
        };
        let functions = functions::App::new(Arc::new(Controller::new(ports)), KEPT);
        Self {
            tenant,
            broker,
            functions,
            ledger,
            gate: gate.clone(),
            longest: Mutex::default(),
            deliveries: AtomicU32::new(0),
        }
    }

    /// The host invokes `ResourceEvent`, and then whatever comes out of the queues. What a failed invocation answers is
    /// the host's to judge: here the sweep makes up for it, as it must.
    pub(crate) async fn event(&self, event: &Value) {
        self.take_event(event).await;
        self.work(LOOKED_ON).await;
    }

    /// The host invokes `ResourceEvent` alone.
    pub(crate) async fn take_event(&self, event: &Value) -> bool {
        let events = vec![event.as_object().expect("an event is an object").clone()];
        self.invoke("ResourceEvent", TriggerData::Events(events)).await
    }

    /// The host invokes `StatusSweep`, and then whatever comes out of the queues.
    pub(crate) async fn sweep(&self) {
        self.tick().await;
        self.work(LOOKED_ON).await;
    }

    /// The host invokes `StatusSweep` alone.
    pub(crate) async fn tick(&self) -> bool {
        self.invoke("StatusSweep", TriggerData::Timer(Timer { is_past_due: false })).await
    }

    /// The host hands the app what is in its queues, for this long: also what becomes due meanwhile.
    pub(crate) async fn work(&self, seconds: u64) {
        let clock = self.broker.clock();
        let end = clock.now() + std::time::Duration::from_secs(seconds);
        loop {
            while self.take_message().await {}
            match self.broker.next_due() {
                Some(due) if due <= end => {
                    let left = std::time::Duration::try_from(due - clock.now()).unwrap_or_default();
                    tokio::time::sleep(left.max(std::time::Duration::from_millis(1))).await;
                }
                _ => return,
            }
        }
    }

    /// The host hands the app one message, if there is one, and settles it by how that went.
    pub(crate) async fn take_message(&self) -> bool {
        const FUNCTIONS: [(Queue, &str); 3] = [
            (Queue::ResourceEvents, "RelayedResourceEvent"),
            (Queue::ConnectionRequests, "ConnectionRequest"),
            (Queue::Reconcile, "Reconcile"),
        ];
        for (queue, function) in FUNCTIONS {
            let Some(locked) = self.broker.receive(queue.name()).unwrap() else { continue };
            let message = QueueMessage {
                body: locked.message.body.to_vec(),
                message_id: locked.message.message_id.clone(),
                delivery_count: Some(locked.delivery_count),
            };
            self.deliveries.fetch_max(locked.delivery_count, Ordering::SeqCst);
            let went_well = tokio::select! {
                went_well = self.invoke(function, TriggerData::Message(message)) => went_well,
                never = self.renew(&locked) => match never {},
            };
            match self.gate.at_settle().await {
                // Whoever lost the lock is told so, and the message comes again.
                None if went_well => drop(self.broker.complete(locked.lock_token)),
                None => drop(self.broker.abandon(locked.lock_token)),
                Some(SettleFault::LockLost) => drop(self.broker.abandon(locked.lock_token)),
                Some(SettleFault::Crash) => self.gate.crash().await,
            }
            return true;
        }
        false
    }

    /// The host invokes a function that receives requests with one, and then whatever comes out of the queues.
    pub(crate) async fn request_by(&self, function: &str, request: &Value) {
        let body = request.to_string().into_bytes();
        let message = QueueMessage { body, message_id: None, delivery_count: Some(1) };
        assert!(self.invoke(function, TriggerData::Message(message)).await);
        self.work(LOOKED_ON).await;
    }

    /// Keeps a message locked for as long as the host does (`maxAutoLockRenewalDuration` in `host.json`).
    async fn renew(&self, locked: &Locked) -> Infallible {
        let renewing = async {
            let mut until = locked.locked_until;
            loop {
                let left =
                    std::time::Duration::try_from(until - self.broker.clock().now()).unwrap_or_default();
                tokio::time::sleep(left / 2).await;
                match self.broker.renew(locked.lock_token) {
                    Ok(renewed) => until = renewed,
                    Err(_) => return,
                }
            }
        };
        let _ = tokio::time::timeout(LOCK_RENEWED, renewing).await;
        pending().await
    }

    /// The largest count of deliveries that a message came with.
    pub(crate) fn deliveries(&self) -> u32 {
        self.deliveries.load(Ordering::SeqCst)
    }

    async fn invoke(&self, function: &str, data: TriggerData) -> bool {
        let function = FunctionName::parse(function).unwrap();
        let id = InvocationId::parse("an-invocation").unwrap();
        let began = self.broker.clock().now();
        let went_well = self.functions.invoke(Invocation { id, function, data }).await.is_ok();
        let took = self.broker.clock().now() - began;
        let mut longest = self.longest.lock().unwrap();
        *longest = took.max(*longest);
        went_well
    }

    /// How long the longest invocation took.
    pub(crate) fn longest_invocation(&self) -> Duration {
        *self.longest.lock().unwrap()
    }

    /// What stands in the queue of work items.
    pub(crate) fn work_items(&self) -> Depth {
        self.broker.depth(Queue::Reconcile.name()).unwrap()
    }

    /// The records, as programs see them.
    pub(crate) async fn records(&self) -> Vec<Handshake> {
        public::many(&*self.ledger, None).await.unwrap()
    }

    /// What `GET /api/health` answers.
    pub(crate) async fn health(&self) -> (u64, Value) {
        let answer = self.get("Health").await;
        let body = serde_json::from_str(answer["body"].as_str().unwrap()).unwrap();
        (answer["status"].as_u64().unwrap(), body)
    }

    /// What the caller of a function is answered: status, headers, and the body as text.
    pub(crate) async fn get(&self, function: &str) -> Value {
        let function = FunctionName::parse(function).unwrap();
        let id = InvocationId::parse("an-invocation").unwrap();
        let data = TriggerData::Http(HttpRequest {
            method: axum::http::Method::GET,
            query: BTreeMap::new(),
            params: BTreeMap::new(),
            body: None,
        });
        let reply = self.functions.invoke(Invocation { id, function, data }).await.unwrap();
        serde_json::to_value(&reply).unwrap()["Outputs"]["res"].clone()
    }

    /// The only record.
    pub(crate) async fn record(&self) -> Handshake {
        let mut records = self.records().await;
        assert_eq!(records.len(), 1, "{records:#?}");
        records.remove(0)
    }

    /// The records as they are stored.
    pub(crate) async fn stored(&self) -> Vec<Record> {
        self.ledger.list(None).await.unwrap().into_iter().map(|stored| stored.record).collect()
    }

    /// What is noted of a request.
    pub(crate) async fn request(&self, id: &str) -> Option<RequestEntry> {
        self.ledger.request(&id.parse().unwrap()).await.unwrap()
    }

    pub(crate) async fn phase(&self) -> Phase {
        self.record().await.phase
    }
}

/// The terms of an app whose folder of agreements is empty.
pub(crate) const NO_AGREEMENTS: &str = "no agreements";

/// The agreement with the other tenant on everything within these prefixes, with further keys; or the file that is given.
fn agreement(tenant: Tenant, prefixes: &[&str], terms: &str) -> Option<String> {
    if terms == NO_AGREEMENTS {
        return None;
    }
    if terms.starts_with("partner = ") {
        return Some(terms.to_owned());
    }
    let other = if tenant == Tenant::Contoso { Tenant::Fabrikam } else { Tenant::Contoso };
    let pattern = |tenant: Tenant| super::network(tenant, "*", "*");
    Some(format!(
        "partner = \"{}\"\ntenant = \"{}\"\n[[peering]]\nname = \"all\"\nours = \"{}\"\ntheirs = \"{}\"\nprefixes = {prefixes:?}\n{terms}\n",
        other.name(),
        other.tenant_id(),
        pattern(tenant),
        pattern(other)
    ))
}
