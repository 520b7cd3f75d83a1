//! The stage: one sandbox, the engineers who work in it, and the apps that watch it.

pub(crate) mod actor;
pub(crate) mod app;
pub(crate) mod gate;
mod ledger;
pub(crate) mod managers;
pub(crate) mod moves;
mod openings;
pub(crate) mod points;
pub(crate) mod queues;
pub(crate) mod requester;
mod transport;

use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use peerpact::clock::Clock;
use peerpact_sandbox::{Azure, Pace, Settings, Tenant, World};
use serde_json::Value;
use time::OffsetDateTime;
use time::macros::datetime;

use self::actor::Actor;
use self::app::App;
use self::gate::Gate;

pub(crate) const ORIGIN: &str = "https://azure.sandbox.test";
const START: OffsetDateTime = datetime!(2026-03-01 12:00:00 UTC);

const HOME_ROLE: &str = include_str!("../../../../infra/roles/home-networks.json");
const PARTNER_ROLE: &str = include_str!("../../../../infra/roles/partner-networks.json");
const HOME_MANAGERS_ROLE: &str = include_str!("../../../../infra/roles/home-managers.json");
const PARTNER_MANAGERS_ROLE: &str = include_str!("../../../../infra/roles/partner-managers.json");

/// What an app may do beyond the roles that are shipped.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Grants {
    /// The shipped roles.
    Shipped,
    /// Also the home role in the partner's tenant, which `reach = "both"` takes, and the partner's role at home.
    Both,
    /// Without any right on the partner's side of a management handshake.
    BlindToManagers,
}

/// No calls.
pub(crate) const NONE: [String; 0] = [];

pub(crate) struct Stage {
    pub(crate) azure: Azure,
    pub(crate) clock: Clock,
    /// Owns both subscriptions.
    pub(crate) traveller: Arc<Actor>,
    folder: Rc<tempfile::TempDir>,
}

impl Stage {
    pub(crate) async fn new() -> Self {
        Self::with(Grants::Shipped).await
    }

    pub(crate) async fn with(grants: Grants) -> Self {
        Self::in_world(grants, |_, _, role| Some(role)).await
    }

    /// A world in which operations take their time.
    pub(crate) async fn slow() -> Self {
        Self::build(Grants::Shipped, Pace::Recorded, |_, _, role| Some(role)).await
    }

    /// `edit` may change or drop each role before it is granted; it is told whose app's and in whose tenant.
    pub(crate) async fn in_world(
        grants: Grants,
        edit: impl Fn(Tenant, Tenant, Value) -> Option<Value>,
    ) -> Self {
        Self::build(grants, Pace::Quick, edit).await
    }

    async fn build(
        grants: Grants,
        pace: Pace,
        edit: impl Fn(Tenant, Tenant, Value) -> Option<Value>,
    ) -> Self {
        let mut world = World::new(ORIGIN, 7);
        for (app, partner) in [(Tenant::Contoso, Tenant::Fabrikam), (Tenant::Fabrikam, Tenant::Contoso)] {
            let mut roles = vec![(app, HOME_ROLE), (partner, PARTNER_ROLE)];
            if grants == Grants::Both {
                roles.extend([(partner, HOME_ROLE), (app, PARTNER_ROLE)]);
            }
            for (place, role) in roles {
                if let Some(role) = edit(app, place, serde_json::from_str(role).unwrap()) {
                    world = world.app_role(app, role, format!("/subscriptions/{}", place.subscription_id()));
                }
            }
            let group = |place: Tenant| {
                format!("/providers/Microsoft.Management/managementGroups/{}", place.management_group())
            };
            world = world.app_role(app, serde_json::from_str(HOME_MANAGERS_ROLE).unwrap(), group(app));
            if grants != Grants::BlindToManagers {
                world =
                    world.app_role(app, serde_json::from_str(PARTNER_MANAGERS_ROLE).unwrap(), group(partner));
            }
        }
        let clock = Clock::starting_at(START);
        let azure = Azure::new(world, peerpact_sandbox::Clock::starting_at(START), Settings::new(pace, 7));
        let traveller = Arc::new(Actor::sign_in(azure.clone(), azure.world().traveller().clone()).await);
        for (tenant, group) in [(Tenant::Contoso, "hub"), (Tenant::Fabrikam, "spokes")] {
            traveller.resource_group(tenant, group).await;
        }
        Self { azure, clock, traveller, folder: Rc::new(ledgers()) }
    }

    /// A clock that shows less than Azure's by this much.
    pub(crate) fn clock_behind(&self, by: time::Duration) -> Clock {
        Clock::starting_at(self.clock.now() - by)
    }

    /// A tenant's app, started now: its memory is empty, its ledger is the one that it had before.
    pub(crate) fn app(&self, tenant: Tenant, terms: &str) -> App {
        self.gated_app(tenant, terms, &Gate::open())
    }

    pub(crate) fn gated_app(&self, tenant: Tenant, terms: &str, gate: &Arc<Gate>) -> App {
        gate.moved_by(&self.traveller);
        App::start(&self.azure, self.clock, tenant, terms, &self.ledger(tenant), gate)
    }

    /// The same, with an agreement on these prefixes.
    pub(crate) fn gated_app_on(&self, tenant: Tenant, prefixes: &[&str], gate: &Arc<Gate>) -> App {
        gate.moved_by(&self.traveller);
        App::start_on(&self.azure, self.clock, tenant, prefixes, "", &self.ledger(tenant), gate)
    }

    /// Where a tenant's app keeps its ledger, without the extension.
    pub(crate) fn ledger(&self, tenant: Tenant) -> PathBuf {
        self.folder.path().join(tenant.name())
    }

    /// A tenant's ledger is lost; no app of that tenant may run.
    pub(crate) fn lose_ledger(&self, tenant: Tenant) {
        for extension in ["db", "db-wal", "db-shm"] {
            let _ = std::fs::remove_file(self.ledger(tenant).with_extension(extension));
        }
    }

    /// Contoso's `hub` and fabrikam's `spoke`.
    pub(crate) async fn two_networks(&self) {
        self.traveller.network(&hub(), &["10.10.0.0/16"]).await;
        self.traveller.network(&spoke(), &["10.20.0.0/16"]).await;
    }

    /// Contoso's engineer opens a half towards the spoke.
    pub(crate) async fn contoso_opens(&self) {
        self.traveller.open(&half(&hub(), "to-spoke"), &spoke()).await;
    }

    /// Whether hub and spoke are connected and in sync, at both ends.
    pub(crate) async fn is_connected(&self) -> bool {
        let mut states = Vec::new();
        for network in [hub(), spoke()] {
            states.push(self.traveller.state(&network).await);
        }
        states == ["Connected/FullyInSync"; 2]
    }

    /// The id of the only half of a network.
    pub(crate) async fn only_half(&self, network: &str) -> String {
        let halves = self.traveller.halves(network).await.unwrap();
        assert_eq!(halves.len(), 1, "{halves:#?}");
        half(network, halves.keys().next().unwrap())
    }

    /// Hands the events that are due to the apps that run, until there are none; whoever does not run misses them.
    pub(crate) async fn deliver(&self, apps: &[&App]) {
        loop {
            self.azure.settle();
            let due = self.azure.due_events();
            if due.is_empty() {
                return;
            }
            for delivery in due {
                for app in apps.iter().filter(|app| app.tenant == delivery.to) {
                    app.event(&delivery.event).await;
                }
                self.azure.delivered(delivery.id);
            }
        }
    }

    /// Events and what is in the queues, for some minutes; the timer does not come.
    pub(crate) async fn carry_on(&self, apps: &[&App]) {
        for _ in 0..6 {
            self.deliver(apps).await;
            for app in apps {
                app.work(20).await;
            }
            wait(5).await;
        }
    }

    /// The events that are due, taken off Event Grid without being delivered to anybody.
    pub(crate) fn take_events(&self, to: Tenant) -> Vec<Value> {
        self.azure.settle();
        let mut events = Vec::new();
        for delivery in self.azure.due_events() {
            self.azure.delivered(delivery.id);
            if delivery.to == to {
                events.push(delivery.event);
            }
        }
        events
    }

    /// How many calls there were so far.
    pub(crate) fn mark(&self) -> u64 {
        self.azure.calls_since(0).last().map_or(0, |call| call.sequence)
    }

    /// What a tenant's app called since, as `METHOD last/two`; tokens as `TOKEN`, polls as `POLL`.
    pub(crate) fn calls_of_app(&self, tenant: Tenant, since: u64) -> Vec<String> {
        let client = &self.azure.world().app(tenant).client_id;
        let calls = self.azure.calls_since(since).into_iter();
        calls
            .filter(|call| call.principal.as_ref() == Some(client))
            .map(|call| brief(&call.method, &call.path))
            .collect()
    }

    /// How many writes of an app took effect since.
    pub(crate) fn writes_of_app(&self, tenant: Tenant, since: u64) -> Vec<String> {
        let client = &self.azure.world().app(tenant).client_id;
        let calls = self.azure.calls_since(since).into_iter();
        calls
            .filter(|call| call.principal.as_ref() == Some(client))
            .filter(|call| call.method != "GET" && call.method != "POST" && call.status < 300)
            .map(|call| brief(&call.method, &call.path))
            .collect()
    }
}

fn brief(method: &str, path: &str) -> String {
    if path.contains("/oauth2/") || path.contains("/.well-known/") {
        return "TOKEN".to_owned();
    }
    if path.contains("/operations/") || path.contains("/operationResults/") {
        return "POLL".to_owned();
    }
    let mut last: Vec<&str> = path.rsplit('/').take(2).collect();
    last.reverse();
    format!("{method} {}", last.join("/"))
}

/// Where ledgers are kept: in memory where the machine offers that. A crash here is one of the app and never of the
/// machine, so waiting for a disk after each write would prove nothing and take most of the time.
fn ledgers() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

/// Lets virtual time pass.
pub(crate) async fn wait(seconds: u64) {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
}

pub(crate) fn network(tenant: Tenant, group: &str, name: &str) -> String {
    let subscription = tenant.subscription_id();
    format!(
        "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.Network/virtualNetworks/{name}"
    )
}

pub(crate) fn hub() -> String {
    network(Tenant::Contoso, "hub", "hub")
}

pub(crate) fn spoke() -> String {
    network(Tenant::Fabrikam, "spokes", "spoke")
}

pub(crate) fn half(network: &str, name: &str) -> String {
    format!("{network}/virtualNetworkPeerings/{name}")
}
