//! What the tests speak through: a sandbox under virtual time, and clients that hold a token.

#![allow(dead_code, reason = "each test binary uses its own part")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, Request};
use peerpact_sandbox::{Azure, Clock, Cut, Delivery, Pace, Principal, Settings, Tenant, World};
use serde_json::{Value, json};
use time::macros::datetime;

pub(crate) const ORIGIN: &str = "https://sandbox.test";
pub(crate) const VERSION: &str = "api-version=2024-05-01";

/// A world that starts at a fixed time.
pub(crate) fn azure(world: World, settings: Settings) -> Azure {
    Azure::new(world, Clock::starting_at(datetime!(2026-01-02 03:04:05 UTC)), settings)
}

pub(crate) fn default_azure() -> Azure {
    azure(World::new(ORIGIN, 7), Settings::new(Pace::Quick, 7))
}

#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    pub(crate) fn code(&self) -> &str {
        self.body["error"]["code"].as_str().unwrap_or_default()
    }

    pub(crate) fn message(&self) -> &str {
        self.body["error"]["message"].as_str().unwrap_or_default()
    }

    /// Fails with the whole answer, so that a test says what came instead.
    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.body);
        self
    }

    pub(crate) fn refused(self, status: u16, code: &str) -> Self {
        assert_eq!((self.status, self.code()), (status, code), "{}", self.body);
        self
    }
}

pub(crate) async fn send(azure: &Azure, request: Request<Bytes>) -> Result<Answer, Cut> {
    let response = azure.call(request).await?;
    let (parts, body) = response.into_parts();
    let body = if body.is_empty() { Value::Null } else { serde_json::from_slice(&body).unwrap() };
    Ok(Answer { status: parts.status.as_u16(), headers: parts.headers, body })
}

pub(crate) async fn ask_token(
    azure: &Azure,
    tenant: &str,
    client: &str,
    secret: &str,
    scope: &str,
) -> Answer {
    let form = form_urlencoded::Serializer::new(String::new())
        .append_pair("grant_type", "client_credentials")
        .append_pair("client_id", client)
        .append_pair("client_secret", secret)
        .append_pair("scope", scope)
        .finish();
    let request = Request::post(format!("{ORIGIN}/{tenant}/oauth2/v2.0/token"))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(Bytes::from(form))
        .unwrap();
    send(azure, request).await.unwrap()
}

pub(crate) async fn token(azure: &Azure, principal: &Principal, tenant: Tenant) -> String {
    let scope = format!("{ORIGIN}/.default");
    let answer = ask_token(azure, tenant.tenant_id(), &principal.client_id, &principal.client_secret, &scope)
        .await
        .expect(200);
    answer.body["access_token"].as_str().unwrap().to_owned()
}

/// Somebody with a token, and perhaps one of the other tenant.
#[derive(Clone)]
pub(crate) struct Client {
    pub(crate) azure: Azure,
    pub(crate) token: String,
    pub(crate) auxiliary: Option<String>,
    pub(crate) version: String,
}

pub(crate) async fn operator(azure: &Azure, tenant: Tenant) -> Client {
    let token = token(azure, azure.world().operator(tenant), tenant).await;
    Client { azure: azure.clone(), token, auxiliary: None, version: VERSION.into() }
}

/// The traveller, at home in `tenant`, with proof of the other.
pub(crate) async fn traveller(azure: &Azure, tenant: Tenant) -> Client {
    both(azure, &azure.world().traveller().clone(), tenant).await
}

pub(crate) async fn app(azure: &Azure, tenant: Tenant) -> Client {
    both(azure, &azure.world().app(tenant).clone(), tenant).await
}

async fn both(azure: &Azure, principal: &Principal, tenant: Tenant) -> Client {
    let auxiliary = Some(token(azure, principal, tenant.other()).await);
    let token = token(azure, principal, tenant).await;
    Client { azure: azure.clone(), token, auxiliary, version: VERSION.into() }
}

impl Client {
    pub(crate) fn alone(&self) -> Self {
        Self { auxiliary: None, ..self.clone() }
    }

    pub(crate) fn request(&self, method: Method, path: &str, body: Option<&Value>) -> Request<Bytes> {
        let mark = if path.contains('?') { '&' } else { '?' };
        let uri = if path.starts_with("https://") || path.contains("api-version=") {
            path.to_owned()
        } else {
            format!("{path}{mark}{}", self.version)
        };
        let mut request = Request::builder()
            .method(method)
            .uri(uri)
            .header("authorization", format!("Bearer {}", self.token));
        if let Some(auxiliary) = &self.auxiliary {
            request = request.header("x-ms-authorization-auxiliary", format!("Bearer {auxiliary}"));
        }
        request.body(body.map_or_else(Bytes::new, |body| Bytes::from(body.to_string()))).unwrap()
    }

    pub(crate) async fn try_send(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Answer, Cut> {
        send(&self.azure, self.request(method, path, body)).await
    }

    pub(crate) async fn send(&self, method: Method, path: &str, body: Option<&Value>) -> Answer {
        self.try_send(method, path, body).await.unwrap()
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, None).await
    }

    pub(crate) async fn put(&self, path: &str, body: &Value) -> Answer {
        self.send(Method::PUT, path, Some(body)).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.send(Method::DELETE, path, None).await
    }

    /// Polls the operation to its end.
    pub(crate) async fn finish(&self, started: &Answer) {
        let url = started.header("azure-asyncoperation").expect("an operation").to_owned();
        loop {
            let poll = self.get(&url).await.expect(200);
            match poll.body["status"].as_str() {
                Some("Succeeded") => return,
                Some("InProgress") => {
                    let wait = poll.header("retry-after").unwrap().parse().unwrap();
                    tokio::time::sleep(Duration::from_secs(wait)).await;
                }
                other => panic!("status {other:?}"),
            }
        }
    }

    /// Writes, waits for the operation and gives what stands then.
    pub(crate) async fn put_to_end(&self, path: &str, body: &Value) -> Value {
        let started = self.put(path, body).await;
        assert!(
            started.status == 200 || started.status == 201,
            "{path}: {} {}",
            started.status,
            started.body
        );
        self.finish(&started).await;
        self.get(path).await.expect(200).body
    }

    pub(crate) async fn delete_to_end(&self, path: &str) {
        let started = self.delete(path).await.expect(202);
        self.finish(&started).await;
    }

    pub(crate) async fn group(&self, tenant: Tenant) {
        self.put(&group(tenant), &json!({"location": "westus"})).await.expect(201);
    }

    /// Makes a network with these prefixes in the tenant's group `rg`.
    pub(crate) async fn network(&self, tenant: Tenant, name: &str, prefixes: &[&str]) -> String {
        let id = network(tenant, name);
        self.put_to_end(&id, &network_body(prefixes)).await;
        id
    }

    /// Makes, or writes again, the half `name` from one network to another.
    pub(crate) async fn peer(&self, from: &str, name: &str, to: &str) -> Value {
        self.put_to_end(&half(from, name), &half_body(to)).await
    }
}

pub(crate) fn group(tenant: Tenant) -> String {
    format!("/subscriptions/{}/resourceGroups/rg", tenant.subscription_id())
}

pub(crate) fn network(tenant: Tenant, name: &str) -> String {
    format!("{}/providers/Microsoft.Network/virtualNetworks/{name}", group(tenant))
}

pub(crate) fn network_body(prefixes: &[&str]) -> Value {
    json!({"location": "westus", "properties": {"addressSpace": {"addressPrefixes": prefixes}}})
}

pub(crate) fn half(network: &str, name: &str) -> String {
    format!("{network}/virtualNetworkPeerings/{name}")
}

pub(crate) fn half_body(remote: &str) -> Value {
    half_with(remote, json!({}))
}

pub(crate) fn half_with(remote: &str, flags: Value) -> Value {
    let mut properties = json!({
        "allowVirtualNetworkAccess": true, "allowForwardedTraffic": false, "allowGatewayTransit": false,
        "useRemoteGateways": false, "remoteVirtualNetwork": {"id": remote},
    });
    for (name, value) in flags.as_object().unwrap() {
        properties[name] = value.clone();
    }
    json!({"properties": properties})
}

/// State and sync level of a half.
pub(crate) fn state(half: &Value) -> (&str, &str) {
    let text = |name: &str| half["properties"][name].as_str().unwrap_or_default();
    (text("peeringState"), text("peeringSyncLevel"))
}

/// Lets time pass until the next event is due, and takes what is due then.
pub(crate) async fn next_events(azure: &Azure) -> Vec<Delivery> {
    while let Some(at) = azure.next_event_at() {
        let wait = at - azure.clock().now();
        tokio::time::sleep(wait.max(time::Duration::ZERO).unsigned_abs() + Duration::from_millis(1)).await;
        let due = azure.due_events();
        if !due.is_empty() {
            return due;
        }
    }
    Vec::new()
}

/// Both groups and one network in each tenant: 10.0.0.0/16 in contoso, 10.1.0.0/16 in fabrikam.
pub(crate) struct Pair {
    pub(crate) azure: Azure,
    pub(crate) contoso: Client,
    pub(crate) fabrikam: Client,
    pub(crate) hub: String,
    pub(crate) spoke: String,
}

pub(crate) async fn pair() -> Pair {
    pair_in(default_azure()).await
}

/// A pair whose networks are peered.
pub(crate) async fn connected_pair() -> Pair {
    let pair = pair().await;
    pair.connect().await;
    pair
}

pub(crate) async fn pair_in(azure: Azure) -> Pair {
    let contoso = traveller(&azure, Tenant::Contoso).await;
    let fabrikam = traveller(&azure, Tenant::Fabrikam).await;
    contoso.group(Tenant::Contoso).await;
    fabrikam.group(Tenant::Fabrikam).await;
    let hub = contoso.network(Tenant::Contoso, "hub", &["10.0.0.0/16"]).await;
    let spoke = fabrikam.network(Tenant::Fabrikam, "spoke", &["10.1.0.0/16"]).await;
    Pair { azure, contoso, fabrikam, hub, spoke }
}

impl Pair {
    pub(crate) async fn connect(&self) {
        self.contoso.peer(&self.hub, "to-spoke", &self.spoke).await;
        self.fabrikam.peer(&self.spoke, "to-hub", &self.hub).await;
    }

    pub(crate) async fn hubs_half(&self) -> Value {
        self.contoso.get(&half(&self.hub, "to-spoke")).await.body
    }

    pub(crate) async fn spokes_half(&self) -> Value {
        self.fabrikam.get(&half(&self.spoke, "to-hub")).await.body
    }
}
