//! Our app with the toy kind alone: its functions as the host invokes them, a ledger in a file, the sandbox's queues.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use azure_core::http::{AsyncRawResponse, HttpClient, Request};
use bytes::Bytes;
use http::Method;
use peerpact::arm::{ResourceManager, Settings};
use peerpact::azure::Secret;
use peerpact::clock::Clock;
use peerpact::functions;
use peerpact::handshake::agreements::{AgreementError, Agreements};
use peerpact::handshake::resource_id::ResourceId;
use peerpact::host::{
    FunctionName, Functions, HttpRequest, Invocation, InvocationId, QueueMessage, Reply, Timer, TriggerData,
};
use peerpact::kinds::{Kind, Kinds};
use peerpact::ledger::SqliteLedger;
use peerpact::queue::{Message, Queue, QueueError, Queues};
use peerpact::reconcile::{Controller, EventLimits, Ports};
use peerpact_fixtures::{CONTOSO, CONTOSO_SUBSCRIPTION, FABRIKAM, FABRIKAM_SUBSCRIPTION, now};
use peerpact_sandbox::{Azure, Broker, Pace, Tenant, World, service_bus};
use serde_json::{Value, json};

use super::toy::{LinkKind, Rooms};

const ORIGIN: &str = "https://azure.sandbox.test";
/// How wide a link may be.
pub(super) const AGREED: u32 = 4;

pub(super) struct Stage {
    pub(super) rooms: Rooms,
    azure: Azure,
    clock: Clock,
    folder: tempfile::TempDir,
}

/// What the Functions host drives.
pub(super) struct App {
    functions: functions::App,
    broker: Broker,
}

/// Our room `hall`, which may be linked with the partner's `lobby`.
pub(super) fn hall() -> ResourceId {
    room(FABRIKAM_SUBSCRIPTION, "hall")
}

/// The partner's room.
pub(super) fn lobby() -> ResourceId {
    room(CONTOSO_SUBSCRIPTION, "lobby")
}

/// The partner's half.
pub(super) fn their_link() -> ResourceId {
    format!("{}/links/to-hall", lobby()).parse().unwrap()
}

pub(super) fn room(subscription: &str, name: &str) -> ResourceId {
    let group = format!("/subscriptions/{subscription}/resourceGroups/rg");
    format!("{group}/providers/Example.Network/rooms/{name}").parse().unwrap()
}

/// An agreement file with a `[[link]]` on two rooms, and what else stands in it.
pub(super) fn file(ours: &ResourceId, theirs: &ResourceId, width: u32, more: &str) -> String {
    format!(
        "partner = \"contoso\"\ntenant = \"{CONTOSO}\"\n[[link]]\nname = \"all\"\nours = \"{ours}\"\ntheirs = \"{theirs}\"\nwidth = {width}\n{more}"
    )
}

/// What a file says, as a list of kinds reads it.
pub(super) fn agreements(kinds: &Kinds, text: &str) -> Result<Agreements, AgreementError> {
    kinds.agreements(Some(FABRIKAM.parse().unwrap()), [("contoso.toml", text)])
}

pub(super) fn link_alone(rooms: &Rooms) -> Kinds {
    Kinds::new([Arc::new(LinkKind(rooms.clone())) as Arc<dyn Kind>])
}

impl Stage {
    pub(super) fn new() -> Self {
        let clock = peerpact_sandbox::Clock::starting_at(now());
        let azure = Azure::new(World::new(ORIGIN, 7), clock, peerpact_sandbox::Settings::new(Pace::Quick, 7));
        let folder = tempfile::tempdir().unwrap();
        Self { rooms: Rooms::default(), azure, clock: Clock::starting_at(now()), folder }
    }

    /// Our app, whose agreement covers hall and lobby.
    pub(super) fn app(&self) -> App {
        self.app_with(&file(&hall(), &lobby(), AGREED, ""))
    }

    /// Our app, started now with this agreement; its ledger is the one that it had before.
    pub(super) fn app_with(&self, agreement: &str) -> App {
        let home = FABRIKAM.parse().unwrap();
        let kinds = link_alone(&self.rooms);
        let broker = self.azure.service_bus(Tenant::Fabrikam);
        let settings = Settings {
            endpoint: ORIGIN.parse().unwrap(),
            authority: ORIGIN.parse().unwrap(),
            home,
            client_id: String::new(),
            client_secret: Secret::new(""),
        };
        let ports = Ports {
            home,
            agreements: Arc::new(agreements(&kinds, agreement).unwrap()),
            kinds,
            resource_manager: ResourceManager::new(settings, Arc::new(NoAzure), self.clock),
            ledger: Arc::new(SqliteLedger::new(self.ledger())),
            queues: Arc::new(InTheSandbox(broker.clone())),
            limits: EventLimits::default(),
            clock: self.clock,
        };
        let functions = functions::App::new(Arc::new(Controller::new(ports)), time::Duration::days(90));
        App { functions, broker }
    }

    /// The partner opens its half towards our hall.
    pub(super) fn partner_opens(&self) {
        self.rooms.put(&their_link(), &hall(), 1);
    }

    /// The partner opened its half, and our app answered; what it told is taken.
    pub(super) async fn connected() -> (Self, App) {
        let stage = Self::new();
        let app = stage.app();
        stage.partner_opens();
        app.written(&their_link()).await;
        app.work(20).await;
        assert_eq!(app.phase().await, "connected");
        assert_eq!(app.outcomes().len(), 1);
        (stage, app)
    }

    fn ledger(&self) -> PathBuf {
        self.folder.path().join("ledger.db")
    }
}

impl App {
    /// Event Grid tells that somebody wrote a half.
    pub(super) async fn written(&self, half: &ResourceId) {
        self.event("Write", half, None).await;
    }

    /// Event Grid tells of a change that this call made.
    pub(super) async fn event(&self, change: &str, half: &ResourceId, correlation: Option<uuid::Uuid>) {
        let event = json!({
            "id": format!("{change} {}", half.name()),
            "eventType": format!("Microsoft.Resources.Resource{change}Success"),
            "data": { "resourceUri": half, "correlationId": correlation, "tenantId": CONTOSO },
        });
        let events = vec![event.as_object().unwrap().clone()];
        self.invoke("ResourceEvent", TriggerData::Events(events)).await;
    }

    /// The timer ticks, and then the host hands over what is in the queues.
    pub(super) async fn sweep(&self) {
        self.invoke("StatusSweep", TriggerData::Timer(Timer { is_past_due: false })).await;
        self.work(20).await;
    }

    /// Somebody puts a request into the queue, and then the host hands over what is in the queues.
    pub(super) async fn ask(&self, request: &Value) {
        let message =
            service_bus::Message { body: request.to_string().into(), ..service_bus::Message::default() };
        self.broker.send(Queue::ConnectionRequests.name(), message).unwrap();
        self.work(20).await;
    }

    /// This long passes, and the host hands over what is in the queues: also what becomes due meanwhile.
    pub(super) async fn work(&self, seconds: u64) {
        let clock = self.broker.clock();
        let end = clock.now() + Duration::from_secs(seconds);
        loop {
            while self.take(Queue::ConnectionRequests, "ConnectionRequest").await
                || self.take(Queue::Reconcile, "Reconcile").await
            {}
            if clock.now() >= end {
                return;
            }
            let next = self.broker.next_due().map_or(end, |due| due.min(end));
            let left = Duration::try_from(next - clock.now()).unwrap_or_default();
            tokio::time::sleep(left.max(Duration::from_millis(1))).await;
        }
    }

    /// How many work items wait.
    pub(super) fn items(&self) -> usize {
        self.broker.peek(Queue::Reconcile.name(), 0, 100).unwrap().len()
    }

    /// Every outcome in the queue, taken out.
    pub(super) fn outcomes(&self) -> Vec<Value> {
        let mut outcomes = Vec::new();
        while let Some(locked) = self.broker.receive(Queue::ConnectionOutcomes.name()).unwrap() {
            self.broker.complete(locked.lock_token).unwrap();
            outcomes.push(serde_json::from_slice(&locked.message.body).unwrap());
        }
        outcomes
    }

    /// The only outcome in the queue; it answers this request.
    #[track_caller]
    pub(super) fn answer(&self, request: &str) -> Value {
        let outcomes = self.outcomes();
        let [told] = &outcomes[..] else { panic!("{outcomes:#?}") };
        assert_eq!(told["request"], request, "{told:#}");
        told.clone()
    }

    /// What `GET /api/handshakes` shows.
    pub(super) async fn handshakes(&self) -> Vec<Value> {
        let request =
            HttpRequest { method: Method::GET, query: BTreeMap::new(), params: BTreeMap::new(), body: None };
        let reply = self.invoke("Handshakes", TriggerData::Http(request)).await;
        let reply = serde_json::to_value(&reply).unwrap();
        serde_json::from_str(reply["Outputs"]["res"]["body"].as_str().unwrap()).unwrap()
    }

    /// Where the only handshake stands.
    pub(super) async fn phase(&self) -> String {
        let handshakes = self.handshakes().await;
        let [handshake] = &handshakes[..] else { panic!("{handshakes:#?}") };
        handshake["phase"].as_str().unwrap().to_owned()
    }

    async fn take(&self, queue: Queue, function: &str) -> bool {
        let Some(locked) = self.broker.receive(queue.name()).unwrap() else { return false };
        let body = locked.message.body.to_vec();
        let message = QueueMessage { body, message_id: None, delivery_count: Some(locked.delivery_count) };
        self.invoke(function, TriggerData::Message(message)).await;
        self.broker.complete(locked.lock_token).unwrap();
        true
    }

    async fn invoke(&self, function: &str, data: TriggerData) -> Reply {
        let function = FunctionName::parse(function).unwrap();
        self.functions.invoke(Invocation { id: InvocationId::default(), function, data }).await.unwrap()
    }
}

/// A toy has its Azure in memory, and nobody else asks any.
#[derive(Debug)]
struct NoAzure;

#[async_trait]
impl HttpClient for NoAzure {
    async fn execute_request(&self, request: &Request) -> azure_core::Result<AsyncRawResponse> {
        panic!("{} was called", request.url());
    }
}

struct InTheSandbox(Broker);

#[async_trait]
impl Queues for InTheSandbox {
    async fn send(&self, queue: Queue, messages: &[Message]) -> Result<(), QueueError> {
        for message in messages {
            let envelope = service_bus::Message {
                message_id: Some(message.id.to_string()),
                subject: Some(message.subject.clone()),
                scheduled_enqueue_time: message.not_before,
                body: Bytes::from(message.body.clone()),
                ..service_bus::Message::default()
            };
            self.0.send(queue.name(), envelope).unwrap();
        }
        Ok(())
    }
}
