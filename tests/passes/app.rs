//! An app as the Functions host sees it, with a ledger that the gate watches.

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use azure_core::credentials::Secret;
use peerpact::arm::{ResourceManager, Settings};
use peerpact::clock::Clock;
use peerpact::functions;
use peerpact::handshake::agreements::Agreements;
use peerpact::handshake::ids::HandshakeId;
use peerpact::handshake::pair::{HalfId, Resource};
use peerpact::handshake::phase::Phase;
use peerpact::handshake::record::Record;
use peerpact::host::{FunctionName, Functions, Invocation, InvocationId, Timer, TriggerData};
use peerpact::ledger::{Ledger, LedgerError, Line, SqliteLedger, Stored, Version};
use peerpact::public::{self, Handshake};
use peerpact::reconcile::Reconciler;
use peerpact_sandbox::{Azure, Tenant};
use serde_json::Value;

use crate::gate::{Gate, LedgerFault, Transport};
use crate::stage::ORIGIN;

pub(crate) struct App {
    pub(crate) tenant: Tenant,
    functions: functions::App,
    ledger: Arc<WatchedLedger>,
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
        let home = tenant.tenant_id().parse().unwrap();
        let text = agreement(tenant, terms);
        let reconciler = Reconciler {
            home,
            agreements: Arc::new(Agreements::parse(Some(home), [("agreement", text.as_str())]).unwrap()),
            resource_manager: ResourceManager::new(settings, transport, clock),
            ledger: ledger.clone(),
            clock,
        };
        Self { tenant, functions: functions::App::new(Arc::new(reconciler)), ledger }
    }

    /// The host invokes `ResourceEvent`; what it answers is the host's to judge.
    pub(crate) async fn event(&self, event: &Value) {
        let events = vec![event.as_object().expect("an event is an object").clone()];
        self.invoke("ResourceEvent", TriggerData::Events(events)).await;
    }

    /// The host invokes `StatusSweep`.
    pub(crate) async fn sweep(&self) {
        self.invoke("StatusSweep", TriggerData::Timer(Timer { is_past_due: false })).await;
    }

    async fn invoke(&self, function: &str, data: TriggerData) {
        let function = FunctionName::parse(function).unwrap();
        let id = InvocationId::parse("an-invocation").unwrap();
        // A failed invocation is the host's to deliver again; here the sweep makes up for it, as it must.
        let _outcome = self.functions.invoke(Invocation { id, function, data }).await;
    }

    /// The records, as programs see them.
    pub(crate) async fn records(&self) -> Vec<Handshake> {
        public::many(&*self.ledger, None).await.unwrap()
    }

    /// The only record.
    pub(crate) async fn record(&self) -> Handshake {
        let mut records = self.records().await;
        assert_eq!(records.len(), 1, "{records:#?}");
        records.remove(0)
    }

    pub(crate) async fn phase(&self) -> Phase {
        self.record().await.phase
    }
}

/// The agreement with the other tenant on everything within 10.0.0.0/8, with further keys.
fn agreement(tenant: Tenant, terms: &str) -> String {
    let other = if tenant == Tenant::Contoso { Tenant::Fabrikam } else { Tenant::Contoso };
    let pattern = |tenant: Tenant| crate::stage::network(tenant, "*", "*");
    format!(
        "partner = \"{}\"\ntenant = \"{}\"\n[[peering]]\nname = \"all\"\nours = \"{}\"\ntheirs = \"{}\"\nprefixes = [\"10.0.0.0/8\"]\n{terms}\n",
        other.name(),
        other.tenant_id(),
        pattern(tenant),
        pattern(other)
    )
}

/// The embedded ledger, behind the gate.
struct WatchedLedger {
    inner: SqliteLedger,
    gate: Arc<Gate>,
}

#[async_trait]
impl Ledger for WatchedLedger {
    async fn load(&self, id: &HandshakeId) -> Result<Option<Stored>, LedgerError> {
        self.inner.load(id).await
    }

    async fn swap(&self, record: &Record, read: Version, line: &Line) -> Result<Version, LedgerError> {
        match self.gate.at_ledger_write().await {
            None => self.inner.swap(record, read, line).await,
            Some(LedgerFault::CrashBefore) => self.gate.crash().await,
            Some(LedgerFault::CrashAfter) => {
                self.inner.swap(record, read, line).await?;
                self.gate.crash().await
            }
            Some(LedgerFault::Fails) => Err(LedgerError::Open {
                path: "the ledger".to_owned(),
                problem: "placed by the test".to_owned(),
            }),
        }
    }

    async fn of_half(&self, half: &HalfId) -> Result<Vec<Stored>, LedgerError> {
        self.inner.of_half(half).await
    }

    async fn of_resource(&self, resource: &Resource) -> Result<Vec<Stored>, LedgerError> {
        self.inner.of_resource(resource).await
    }

    async fn list(&self, phase: Option<Phase>) -> Result<Vec<Stored>, LedgerError> {
        self.inner.list(phase).await
    }

    async fn history(&self, id: &HandshakeId) -> Result<Vec<Line>, LedgerError> {
        self.inner.history(id).await
    }
}
