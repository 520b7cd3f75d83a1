//! Both tenants' apps as they are deployed, on real processes and ports, before many pairs of networks that nobody has
//! connected yet.

use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, ensure};
use bytes::Bytes;
use http::{Method, Request};
use peerpact_sandbox::front::functions_host::FunctionsHost;
use peerpact_sandbox::up::{AppFolder, AppRole, Running, Setting, UpOptions, up};
use peerpact_sandbox::{Azure, EventFaults, FaultPlan, Pace, Tenant};
use serde_json::{Value, json};
use tempfile::TempDir;

const HOST: &str = include_str!("../../host.json");
const FUNCTIONS: [(&str, &str); 7] = [
    ("ConnectionRequest", include_str!("../../functions/ConnectionRequest/function.json")),
    ("Reconcile", include_str!("../../functions/Reconcile/function.json")),
    ("RelayedResourceEvent", include_str!("../../functions/RelayedResourceEvent/function.json")),
    ("ResourceEvent", include_str!("../../functions/ResourceEvent/function.json")),
    ("Handshakes", include_str!("../../functions/Handshakes/function.json")),
    ("Health", include_str!("../../functions/Health/function.json")),
    (SWEEP, include_str!("../../functions/StatusSweep/function.json")),
];
const SWEEP: &str = "StatusSweep";
const ROLES: [&str; 2] = [
    include_str!("../../infra/roles/home-networks.json"),
    include_str!("../../infra/roles/partner-networks.json"),
];

/// What to start.
pub(crate) struct Plan<'a> {
    /// The program that is tested.
    pub(crate) handler: &'a Path,
    /// Everything random in the sandbox is derived from it.
    pub(crate) seed: u64,
    /// How long Azure's operations take.
    pub(crate) pace: Pace,
    /// Whether the apps look at everything every minute.
    pub(crate) sweeps: bool,
}

/// The sandbox with both apps, and the traveller who may do anything in it.
pub(crate) struct Stage {
    pub(crate) running: Running,
    tokens: [String; 2],
    /// Longer than a network takes to be made.
    networks_take: Duration,
    folder: TempDir,
}

/// A network as Resource Manager shows it: its id, and for each of its peerings the remote network's id, the state and
/// the sync level.
pub(crate) struct Shown {
    pub(crate) id: String,
    pub(crate) peerings: Vec<[String; 3]>,
}

impl Stage {
    /// Starts everything; the handlers answer on return.
    pub(crate) async fn start(plan: &Plan<'_>) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let app = |tenant| Ok((tenant, app(plan, folder.path(), tenant)?));
        let running = up(UpOptions {
            port: 0,
            pace: plan.pace,
            seed: plan.seed,
            apps: Tenant::ALL.into_iter().map(app).collect::<anyhow::Result<_>>()?,
            app_roles: roles()?,
            work_dir: folder.path().to_owned(),
        })
        .await?;
        let mut tokens = [String::new(), String::new()];
        for (token, tenant) in tokens.iter_mut().zip(Tenant::ALL) {
            *token = sign_in(running.azure(), tenant).await?;
        }
        let networks_take = match plan.pace {
            Pace::Quick => Duration::from_secs(1),
            Pace::Recorded => Duration::from_secs(4),
        };
        Ok(Self { running, tokens, networks_take, folder })
    }

    /// Makes the networks of these pairs. They stood there before the apps were installed: no event tells of them.
    pub(crate) async fn networks(&self, pairs: Range<usize>) -> anyhow::Result<()> {
        let events = EventFaults { drop: 1.0, ..EventFaults::default() };
        self.azure().set_faults(FaultPlan { events: Some(events), ..FaultPlan::default() });
        for tenant in Tenant::ALL {
            self.call(tenant, Method::PUT, &group(tenant), &json!({ "location": "westeurope" })).await?;
            for pair in pairs.clone() {
                let space = json!({ "addressSpace": { "addressPrefixes": [prefix(tenant, pair)] } });
                let network = json!({ "location": "westeurope", "properties": space });
                self.call(tenant, Method::PUT, &network_id(tenant, pair), &network).await?;
            }
        }
        tokio::time::sleep(self.networks_take).await;
        self.azure().settle();
        self.azure().clear_faults();
        Ok(())
    }

    /// All networks of a tenant, in the order of their ids.
    pub(crate) async fn shown(&self, tenant: Tenant) -> anyhow::Result<Vec<Shown>> {
        let path = format!("{}/providers/Microsoft.Network/virtualNetworks", group(tenant));
        let list = self.call(tenant, Method::GET, &path, &Value::Null).await?;
        let networks = list["value"].as_array().context("a list of networks")?;
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let peering = |peering: &Value| {
            let properties = &peering["properties"];
            let remote = text(&properties["remoteVirtualNetwork"]["id"]);
            [remote, text(&properties["peeringState"]), text(&properties["peeringSyncLevel"])]
        };
        let shown = networks.iter().map(|network| {
            let peerings = network["properties"]["virtualNetworkPeerings"].as_array();
            Shown {
                id: text(&network["id"]),
                peerings: peerings.into_iter().flatten().map(peering).collect(),
            }
        });
        let mut shown: Vec<Shown> = shown.collect();
        shown.sort_by(|one, other| one.id.cmp(&other.id));
        Ok(shown)
    }

    pub(crate) fn azure(&self) -> &Azure {
        self.running.azure()
    }

    /// A tenant's Functions host.
    pub(crate) fn host(&self, tenant: Tenant) -> anyhow::Result<&FunctionsHost> {
        self.running.host(tenant).context("both apps run")
    }

    /// Where a tenant's app keeps its ledger.
    pub(crate) fn ledger(&self, tenant: Tenant) -> PathBuf {
        ledger(self.folder.path(), tenant)
    }

    async fn call(&self, tenant: Tenant, method: Method, path: &str, body: &Value) -> anyhow::Result<Value> {
        let [contoso, fabrikam] = &self.tokens;
        let token = if tenant == Tenant::Contoso { contoso } else { fabrikam };
        let body = if body.is_null() { Bytes::new() } else { Bytes::from(body.to_string()) };
        let request = Request::builder()
            .method(method)
            .uri(format!("{path}?api-version=2024-05-01"))
            .header("authorization", format!("Bearer {token}"))
            .body(body)?;
        answer(self.azure(), request).await
    }
}

/// The request for a pair, in its published shape.
pub(crate) fn request(id: &str, pair: usize) -> String {
    json!({
        "version": 1,
        "id": id,
        "action": "connect-peering",
        "ours": network_id(Tenant::Contoso, pair),
        "theirs": network_id(Tenant::Fabrikam, pair),
    })
    .to_string()
}

/// A tenant's network of a pair.
pub(crate) fn network_id(tenant: Tenant, pair: usize) -> String {
    format!("{}/providers/Microsoft.Network/virtualNetworks/network-{pair:05}", group(tenant))
}

fn group(tenant: Tenant) -> String {
    format!("/subscriptions/{}/resourceGroups/networks", tenant.subscription_id())
}

/// No two networks share an address.
fn prefix(tenant: Tenant, pair: usize) -> String {
    let half = if tenant == Tenant::Contoso { 0 } else { 128 };
    format!("10.{}.{}.0/24", half + pair / 256, pair % 256)
}

fn app(plan: &Plan<'_>, folder: &Path, tenant: Tenant) -> anyhow::Result<AppFolder> {
    let path = folder.join(tenant.name());
    let agreements = path.join("agreements");
    write(&path.join("host.json"), HOST)?;
    for (function, text) in FUNCTIONS.into_iter().filter(|(name, _)| plan.sweeps || *name != SWEEP) {
        write(&path.join(function).join("function.json"), text)?;
    }
    write(&agreements.join("partner.toml"), &agreement(tenant))?;
    std::os::unix::fs::symlink(plan.handler, path.join("handler"))?;
    let text = |path: PathBuf| Setting::Text(path.display().to_string());
    let environment = vec![
        ("PEERPACT_RESOURCE_MANAGER".to_owned(), Setting::ResourceManager),
        ("PEERPACT_CA_BUNDLE".to_owned(), Setting::CaBundle),
        ("PEERPACT_AGREEMENTS".to_owned(), text(agreements)),
        ("PEERPACT_LEDGER".to_owned(), text(ledger(folder, tenant))),
        ("PEERPACT_SERVICE_BUS".to_owned(), Setting::ServiceBus),
        ("PEERPACT_LOG".to_owned(), Setting::Text("warn".to_owned())),
    ];
    Ok(AppFolder { path, environment })
}

fn agreement(tenant: Tenant) -> String {
    let networks = |tenant: Tenant| {
        let subscription = tenant.subscription_id();
        format!(
            "/subscriptions/{subscription}/resourceGroups/*/providers/Microsoft.Network/virtualNetworks/*"
        )
    };
    let partner = tenant.other();
    format!(
        "partner = {:?}\ntenant = {:?}\n\n[[peering]]\nname = \"all\"\nours = {:?}\ntheirs = {:?}\nprefixes = [\"10.0.0.0/8\"]\n",
        partner.name(),
        partner.tenant_id(),
        networks(tenant),
        networks(partner),
    )
}

fn ledger(folder: &Path, tenant: Tenant) -> PathBuf {
    folder.join(format!("{}.db", tenant.name()))
}

fn roles() -> anyhow::Result<Vec<AppRole>> {
    let mut roles = Vec::new();
    for tenant in Tenant::ALL {
        for (place, definition) in [tenant, tenant.other()].into_iter().zip(ROLES) {
            let scope = format!("/subscriptions/{}", place.subscription_id());
            roles.push(AppRole { tenant, definition: serde_json::from_str(definition)?, scope });
        }
    }
    Ok(roles)
}

async fn sign_in(azure: &Azure, tenant: Tenant) -> anyhow::Result<String> {
    let (id, secret) = (&azure.world().traveller().client_id, &azure.world().traveller().client_secret);
    let scope = format!("{}/.default", azure.world().resource_manager());
    let form = format!("grant_type=client_credentials&client_id={id}&client_secret={secret}&scope={scope}");
    let request = Request::post(format!("/{}/oauth2/v2.0/token", tenant.tenant_id()))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(Bytes::from(form))?;
    let answer = answer(azure, request).await?;
    Ok(answer["access_token"].as_str().context("a token")?.to_owned())
}

async fn answer(azure: &Azure, request: Request<Bytes>) -> anyhow::Result<Value> {
    let what = format!("{} {}", request.method(), request.uri());
    let response = azure.call(request).await?;
    let body = String::from_utf8_lossy(response.body());
    ensure!(response.status().is_success(), "{what}: {} {body}", response.status());
    Ok(serde_json::from_str(&body)?)
}

fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    fs::create_dir_all(path.parent().context("a folder")?)?;
    Ok(fs::write(path, text)?)
}
