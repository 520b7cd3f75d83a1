//! An engineer at work: plain HTTP against Resource Manager and Entra, with nothing of peerpact's own client in it, so
//! that what the demo shows is what anybody would see.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use peerpact_sandbox::Tenant;
use peerpact_sandbox::up::{ReadyFile, TenantReady};
use reqwest::{Method, RequestBuilder, Response};
use serde_json::{Value, json};

use crate::azure;
use crate::clock::Clock;
use crate::queue::service_bus::{ServiceBus, ServiceBusAddress, ServiceBusSettings};

const VERSION: &str = "2024-05-01";
const POLL: Duration = Duration::from_millis(150);
const MOST_POLLS: usize = 200;

/// The traveller: one application that owns both tenants' subscriptions, as the guest of the written tutorials does.
pub(super) struct Operator {
    http: reqwest::Client,
    ready: ReadyFile,
    tokens: [String; 2],
}

impl Operator {
    pub(super) async fn sign_in(ready: ReadyFile) -> anyhow::Result<Self> {
        let http = client(Path::new(&ready.ca_bundle))?;
        let mut tokens = [String::new(), String::new()];
        for (token, tenant) in tokens.iter_mut().zip([Tenant::Contoso, Tenant::Fabrikam]) {
            *token = sign_in(&http, &ready, tenant).await?;
        }
        Ok(Self { http, ready, tokens })
    }

    /// The body of a resource, or nothing if it does not exist.
    pub(super) async fn get(&self, tenant: Tenant, id: &str) -> anyhow::Result<Option<Value>> {
        let response = self.request(Method::GET, tenant, id).send().await?;
        if response.status() == 404 {
            return Ok(None);
        }
        Ok(Some(body(response, id).await?))
    }

    pub(super) async fn resource_group(&self, tenant: Tenant, name: &str) -> anyhow::Result<()> {
        let id = format!("/subscriptions/{}/resourceGroups/{name}", tenant.subscription_id());
        self.put(tenant, &id, &json!({ "location": "westeurope" }), None).await
    }

    pub(super) async fn network(&self, tenant: Tenant, id: &str, prefixes: &[&str]) -> anyhow::Result<()> {
        let space = json!({ "addressSpace": { "addressPrefixes": prefixes } });
        self.put(tenant, id, &json!({ "location": "westeurope", "properties": space }), None).await
    }

    /// Opens a half towards a network of the other tenant, which takes a token of each.
    pub(super) async fn open_half(&self, tenant: Tenant, half: &str, remote: &str) -> anyhow::Result<()> {
        let properties = json!({
            "remoteVirtualNetwork": { "id": remote },
            "allowVirtualNetworkAccess": true,
            "allowForwardedTraffic": true,
        });
        self.put(tenant, half, &json!({ "properties": properties }), Some(partner(tenant))).await
    }

    pub(super) async fn delete(&self, tenant: Tenant, id: &str) -> anyhow::Result<()> {
        let response = self.request(Method::DELETE, tenant, id).send().await?;
        self.finish(tenant, response, id).await
    }

    /// The records of a tenant's app, as its `Handshakes` function gives them.
    pub(super) async fn handshakes(&self, tenant: Tenant) -> anyhow::Result<Vec<Value>> {
        let url = format!("{}/api/handshakes", self.app(tenant)?.0);
        let response = self.http.get(url).header("x-functions-key", self.app(tenant)?.1).send().await?;
        match body(response, "the app's handshakes").await? {
            Value::Array(records) => Ok(records),
            other => bail!("the app answered {other} instead of a list"),
        }
    }

    /// A tenant's queues, as its own programs reach them.
    pub(super) fn queues(&self, tenant: Tenant) -> anyhow::Result<ServiceBus> {
        let address = ServiceBusAddress::parse(&self.tenant(tenant).service_bus)?;
        let settings = ServiceBusSettings { address, entra: None, ca_bundle: None, seed: 1 };
        Ok(ServiceBus::new(settings, Clock::system()))
    }

    /// Starts the app's timer function at once.
    pub(super) async fn sweep(&self, tenant: Tenant) -> anyhow::Result<()> {
        let (origin, key) = self.app(tenant)?;
        let url = format!("{origin}/admin/functions/StatusSweep");
        let request = self.http.post(url).header("x-functions-key", key);
        let response =
            request.header("content-type", "application/json").body(r#"{"input":""}"#).send().await?;
        ensure!(response.status() == 202, "the Functions host answered {}", response.status());
        Ok(())
    }

    /// Has every event lost from now on, or none.
    pub(super) async fn lose_events(&self, lose: bool) -> anyhow::Result<()> {
        let url = format!("{}/faults", self.ready.control);
        let request = match lose {
            true => self.http.post(url).body(json!({ "events": { "drop": 1.0 } }).to_string()),
            false => self.http.delete(url),
        };
        let response = request.header("content-type", "application/json").send().await?;
        ensure!(response.status().is_success(), "the sandbox answered {}", response.status());
        Ok(())
    }

    /// Every call since the one with this number.
    pub(super) async fn calls(&self, since: u64) -> anyhow::Result<Vec<Value>> {
        let url = format!("{}/calls?since={since}", self.ready.control);
        match body(self.http.get(url).send().await?, "the history of calls").await? {
            Value::Array(calls) => Ok(calls),
            other => bail!("the sandbox answered {other} instead of a list"),
        }
    }

    /// Writes a resource and waits for its operation; `other` is the tenant whose token goes along.
    pub(super) async fn put(
        &self,
        tenant: Tenant,
        id: &str,
        value: &Value,
        other: Option<Tenant>,
    ) -> anyhow::Result<()> {
        let mut request = self.request(Method::PUT, tenant, id).header("content-type", "application/json");
        if let Some(other) = other {
            request = request.header("x-ms-authorization-auxiliary", format!("Bearer {}", self.token(other)));
        }
        let response = request.body(value.to_string()).send().await?;
        self.finish(tenant, response, id).await
    }

    /// Waits for a write's operation.
    async fn finish(&self, tenant: Tenant, response: Response, id: &str) -> anyhow::Result<()> {
        let operation = response
            .headers()
            .get("azure-asyncoperation")
            .and_then(|url| url.to_str().ok())
            .map(str::to_owned);
        if !response.status().is_success() {
            body(response, id).await?;
        }
        let Some(operation) = operation else { return Ok(()) };
        for _ in 0..MOST_POLLS {
            let request = self.http.get(&operation).bearer_auth(self.token(tenant));
            let answer = body(request.send().await?, "an operation").await?;
            match answer["status"].as_str() {
                Some("Succeeded") => return Ok(()),
                Some("Failed" | "Canceled") => bail!("Azure gave up on {id}: {answer}"),
                _ => tokio::time::sleep(POLL).await,
            }
        }
        bail!("the operation on {id} does not end")
    }

    fn request(&self, method: Method, tenant: Tenant, id: &str) -> RequestBuilder {
        let url = format!("{}{id}?api-version={VERSION}", self.ready.resource_manager);
        self.http.request(method, url).bearer_auth(self.token(tenant))
    }

    fn token(&self, tenant: Tenant) -> &str {
        match tenant {
            Tenant::Contoso => &self.tokens[0],
            Tenant::Fabrikam => &self.tokens[1],
        }
    }

    fn app(&self, tenant: Tenant) -> anyhow::Result<(&str, &str)> {
        let functions = &self.tenant(tenant).functions;
        functions.functions.as_deref().zip(functions.master_key.as_deref()).context("this tenant has no app")
    }

    fn tenant(&self, tenant: Tenant) -> &TenantReady {
        match tenant {
            Tenant::Contoso => &self.ready.tenants.contoso,
            Tenant::Fabrikam => &self.ready.tenants.fabrikam,
        }
    }
}

pub(super) fn partner(tenant: Tenant) -> Tenant {
    match tenant {
        Tenant::Contoso => Tenant::Fabrikam,
        Tenant::Fabrikam => Tenant::Contoso,
    }
}

fn client(ca_bundle: &Path) -> anyhow::Result<reqwest::Client> {
    // reqwest takes the process's provider; that one is installed already is no fault.
    let _installed = rustls::crypto::ring::default_provider().install_default();
    let certificates = azure::certificates(ca_bundle)?;
    let trusted = certificates.iter().map(|one| reqwest::Certificate::from_der(one));
    let trusted: Vec<_> = trusted.collect::<Result<_, _>>()?;
    Ok(reqwest::Client::builder().tls_certs_only(trusted).build()?)
}

async fn sign_in(http: &reqwest::Client, ready: &ReadyFile, tenant: Tenant) -> anyhow::Result<String> {
    let url = format!("{}/{}/oauth2/v2.0/token", ready.authority, tenant.tenant_id());
    let form = format!(
        "grant_type=client_credentials&client_id={}&client_secret={}&scope={}/.default",
        ready.traveller.client_id, ready.traveller.client_secret, ready.resource_manager
    );
    let request = http.post(url).header("content-type", "application/x-www-form-urlencoded").body(form);
    let answer = body(request.send().await?, "a token").await?;
    answer["access_token"].as_str().map(str::to_owned).context("Entra answered without a token")
}

async fn body(response: Response, what: &str) -> anyhow::Result<Value> {
    let status = response.status();
    let bytes = response.bytes().await?;
    ensure!(status.is_success(), "{what}: {status} {}", String::from_utf8_lossy(&bytes));
    serde_json::from_slice(&bytes).with_context(|| format!("{what}: the answer is not JSON"))
}
