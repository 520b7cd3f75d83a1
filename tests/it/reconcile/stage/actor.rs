//! An engineer: raw requests to the sandbox, with nothing of the product in them.

use std::collections::BTreeMap;
use std::sync::Mutex;

use bytes::Bytes;
use http::{Method, Request, StatusCode};
use peerpact_sandbox::{Azure, Principal, Tenant};
use serde_json::{Value, json};

use super::{ORIGIN, half, wait};

pub(crate) struct Actor {
    azure: Azure,
    principal: Principal,
    tokens: Mutex<BTreeMap<Tenant, String>>,
}

impl Actor {
    pub(crate) async fn sign_in(azure: Azure, principal: Principal) -> Self {
        let actor = Self { azure, principal, tokens: Default::default() };
        for tenant in Tenant::ALL {
            if actor.principal.object_id(tenant).is_some() {
                actor.token(tenant).await;
            }
        }
        actor
    }

    pub(crate) async fn resource_group(&self, tenant: Tenant, name: &str) {
        let id = format!("/subscriptions/{}/resourceGroups/{name}", tenant.subscription_id());
        self.put(&id, &json!({ "location": "westeurope" })).await;
    }

    pub(crate) async fn network(&self, id: &str, prefixes: &[&str]) {
        let space = json!({ "addressSpace": { "addressPrefixes": prefixes } });
        self.put(id, &json!({ "location": "westeurope", "properties": space })).await;
    }

    pub(crate) async fn open(&self, half: &str, remote: &str) {
        self.open_with(half, remote, json!({})).await;
    }

    /// Opens a half with further properties.
    pub(crate) async fn open_with(&self, half: &str, remote: &str, more: Value) {
        let mut properties =
            json!({ "remoteVirtualNetwork": { "id": remote }, "allowVirtualNetworkAccess": true });
        for (key, value) in more.as_object().unwrap() {
            properties[key] = value.clone();
        }
        self.put(half, &json!({ "properties": properties })).await;
    }

    /// Writes a resource and waits until Azure is done with it.
    pub(crate) async fn put(&self, id: &str, body: &Value) {
        let (status, answer) = self.call(Method::PUT, id, Some(body)).await;
        assert!(status.is_success(), "PUT {id}: {status} {answer}");
        wait(2).await;
        self.azure.settle();
    }

    /// Writes a resource, and goes on at once.
    pub(crate) async fn put_quickly(&self, id: &str, body: &Value) {
        let (status, answer) = self.call(Method::PUT, id, Some(body)).await;
        assert!(status.is_success(), "PUT {id}: {status} {answer}");
    }

    pub(crate) async fn delete(&self, id: &str) {
        let (status, answer) = self.call(Method::DELETE, id, None).await;
        assert!(status.is_success(), "DELETE {id}: {status} {answer}");
        wait(2).await;
        self.azure.settle();
    }

    pub(crate) async fn get(&self, id: &str) -> Option<Value> {
        let (status, answer) = self.call(Method::GET, id, None).await;
        (status == StatusCode::OK).then_some(answer)
    }

    /// Every peering of a network by name, or `None` if there is no such network.
    pub(crate) async fn halves(&self, network: &str) -> Option<BTreeMap<String, Value>> {
        let network = self.get(network).await?;
        let peerings =
            network["properties"]["virtualNetworkPeerings"].as_array().cloned().unwrap_or_default();
        let named =
            |peering: Value| (peering["name"].as_str().unwrap().to_owned(), peering["properties"].clone());
        Some(peerings.into_iter().map(named).collect())
    }

    /// `Connected/FullyInSync` and the like for the only half of a network; `none` if it has none.
    pub(crate) async fn state(&self, network: &str) -> String {
        let halves = self.halves(network).await.expect("the network is there");
        assert!(halves.len() <= 1, "{network} has several halves");
        let Some(half) = halves.values().next() else { return "none".to_owned() };
        format!("{}/{}", half["peeringState"].as_str().unwrap(), half["peeringSyncLevel"].as_str().unwrap())
    }

    pub(crate) async fn call(&self, method: Method, id: &str, body: Option<&Value>) -> (StatusCode, Value) {
        let tenant = Tenant::of_scope(id).expect("an id in one of the two tenants");
        let version = if id.contains("Microsoft.Authorization") { "2022-04-01" } else { "2024-05-01" };
        let separator = if id.contains('?') { '&' } else { '?' };
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{ORIGIN}{id}{separator}api-version={version}"))
            .header("authorization", format!("Bearer {}", self.token(tenant).await))
            .header("content-type", "application/json");
        let other = if tenant == Tenant::Contoso { Tenant::Fabrikam } else { Tenant::Contoso };
        if self.principal.object_id(other).is_some() {
            request =
                request.header("x-ms-authorization-auxiliary", format!("Bearer {}", self.token(other).await));
        }
        let body = body.map(|body| Bytes::from(body.to_string())).unwrap_or_default();
        let response =
            self.azure.call(request.body(body).unwrap()).await.expect("nobody cuts an engineer's calls");
        let (parts, body) = response.into_parts();
        (parts.status, serde_json::from_slice(&body).unwrap_or(Value::Null))
    }

    async fn token(&self, tenant: Tenant) -> String {
        if let Some(token) = self.tokens.lock().unwrap().get(&tenant) {
            return token.clone();
        }
        let form = format!(
            "grant_type=client_credentials&client_id={}&client_secret={}&scope={ORIGIN}/.default",
            self.principal.client_id, self.principal.client_secret
        );
        let request = Request::post(format!("{ORIGIN}/{}/oauth2/v2.0/token", tenant.tenant_id()))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(Bytes::from(form))
            .unwrap();
        let response = self.azure.call(request).await.unwrap();
        let answer: Value = serde_json::from_slice(response.body()).unwrap();
        let token = answer["access_token"].as_str().expect("a token").to_owned();
        self.tokens.lock().unwrap().insert(tenant, token.clone());
        token
    }

    /// Lets operations that are due end.
    pub(crate) fn settle(&self) {
        self.azure.settle();
    }

    /// Forgets its tokens, as after a long time.
    pub(crate) fn sign_out(&self) {
        self.tokens.lock().unwrap().clear();
    }

    /// Widens, narrows or sets a network's space.
    pub(crate) async fn respace(&self, network: &str, prefixes: &[&str]) {
        self.network(network, prefixes).await;
    }

    /// Deletes the half with this name.
    pub(crate) async fn close(&self, network: &str, name: &str) {
        self.delete(&half(network, name)).await;
    }
}
