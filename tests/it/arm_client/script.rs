//! A transport that plays a script: each call must be the next one expected, and every one expected must be made.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use azure_core::error::ErrorKind;
use azure_core::http::headers::{HeaderName, HeaderValue, Headers};
use azure_core::http::{AsyncRawResponse, Body, HttpClient, Request, Url};
use peerpact::arm::{Deadline, ResourceManager, Settings};
use peerpact::clock::Clock;
use peerpact::handshake::ids::{TenantId, VirtualNetworkId};
use peerpact::kinds::peering::PeeringId;
use peerpact::kinds::peering::PeeringWrite;
use peerpact::kinds::peering::{AsRead, PeeringFlags};
use serde_json::{Value, json};
use time::macros::datetime;
use uuid::Uuid;

pub(crate) const CONTOSO: &str = "72f988bf-86f1-41af-91ab-2d7cd011db47";
pub(crate) const FABRIKAM: &str = "79686033-97a2-4ebd-8e7d-0cae2c7df00e";
pub(crate) const CLIENT_ID: &str = "c11e0000-0000-4000-8000-000000000001";
pub(crate) const SECRET: &str = "hush-this-is-the-client-secret";
pub(crate) const A: &str = "/subscriptions/6a5f35e9-6951-499d-a36b-83c6c6eed44a/resourceGroups/rg-a/providers/Microsoft.Network/virtualNetworks/vnet-a";
pub(crate) const B: &str = "/subscriptions/dec492d3-4f4e-493b-aa47-7bdf2f96a6fc/resourceGroups/rg-b/providers/Microsoft.Network/virtualNetworks/vnet-b";
pub(crate) const MANAGER: &str = "/subscriptions/6a5f35e9-6951-499d-a36b-83c6c6eed44a/resourceGroups/rg-a/providers/Microsoft.Network/networkManagers/nm";
pub(crate) const SCOPE: &str = "/subscriptions/dec492d3-4f4e-493b-aa47-7bdf2f96a6fc";
pub(crate) const GROUP_SCOPE: &str = "/providers/Microsoft.Management/managementGroups/fabrikam-root";
pub(crate) const CORRELATION: Uuid = Uuid::from_u128(0x1234);

const API: &str = "api-version=2024-05-01";

/// What the script answers to one call.
pub(crate) enum Reply {
    Answer {
        status: u16,
        headers: Vec<(&'static str, String)>,
        body: String,
    },
    /// The connection breaks.
    Reset,
    /// Nothing ever comes.
    Silence,
    /// The reply comes this late.
    Late(Duration, Box<Reply>),
}

/// A call as it was made, `at` milliseconds after the start.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) at: u128,
    pub(crate) line: String,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
}

impl Seen {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }
}

#[derive(Debug)]
struct Transport {
    clock: Clock,
    start: tokio::time::Instant,
    expected: Mutex<VecDeque<(String, Reply)>>,
    /// Answered where it is asked for, which need not be.
    optional: Mutex<Option<(String, Reply)>>,
    seen: Mutex<Vec<Seen>>,
}

impl std::fmt::Debug for Reply {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Reply")
    }
}

#[async_trait]
impl HttpClient for Transport {
    async fn execute_request(&self, request: &Request) -> azure_core::Result<AsyncRawResponse> {
        let line = format!("{} {}", request.method(), request.url());
        let Body::Bytes(body) = request.body() else { panic!("a streamed body") };
        let headers = request.headers().iter();
        self.seen.lock().unwrap().push(Seen {
            at: (self.clock.instant() - self.start).as_millis(),
            line: line.clone(),
            headers: headers.map(|(n, v)| (n.as_str().to_owned(), v.as_str().to_owned())).collect(),
            body: String::from_utf8(body.to_vec()).unwrap(),
        });
        let optional = self.optional.lock().unwrap().take_if(|(asked, _)| *asked == line);
        let next = optional.or_else(|| self.expected.lock().unwrap().pop_front());
        let Some((expected, reply)) = next else { panic!("a call that nobody expects: {line}") };
        assert_eq!(line, expected, "another call was expected");
        let reply = match reply {
            Reply::Late(pause, reply) => {
                tokio::time::sleep(pause).await;
                *reply
            }
            reply => reply,
        };
        match reply {
            Reply::Late(..) => panic!("late twice"),
            Reply::Answer { status, headers, body } => {
                let mut map = Headers::new();
                for (name, value) in headers {
                    map.insert(HeaderName::from(name.to_owned()), HeaderValue::from(value));
                }
                Ok(AsyncRawResponse::from_bytes(status.into(), map, body))
            }
            Reply::Reset => Err(azure_core::Error::with_message(ErrorKind::Io, "connection reset")),
            Reply::Silence => std::future::pending().await,
        }
    }
}

/// The client under test, with the script it plays against.
pub(crate) struct Stage {
    pub(crate) arm: ResourceManager,
    pub(crate) clock: Clock,
    transport: Arc<Transport>,
}

impl Stage {
    pub(crate) fn new() -> Self {
        Self::at("https://arm.test/")
    }

    pub(crate) fn at(endpoint: &str) -> Self {
        let start = datetime!(2026-11-22 08:00 UTC);
        let clock = Clock::starting_at(start);
        let transport = Arc::new(Transport {
            clock,
            start: clock.instant(),
            expected: Mutex::default(),
            optional: Mutex::default(),
            seen: Mutex::default(),
        });
        let arm = ResourceManager::new(settings(endpoint), transport.clone(), clock);
        Self { arm, clock, transport }
    }

    /// The next call is `line` (`GET https://…`), answered with `reply`.
    pub(crate) fn expect(&self, line: impl Into<String>, reply: Reply) -> &Self {
        self.transport.expected.lock().unwrap().push_back((line.into(), reply));
        self
    }

    /// The next call asks for this tenant's token and gets `token`.
    pub(crate) fn expect_token(&self, tenant: &str, token: &str) -> &Self {
        let body = json!({"token_type": "Bearer", "expires_in": 3599, "access_token": token});
        self.expect(token_line(tenant), answer(200, &body))
    }

    /// Whenever this tenant's token is asked for, it is `token`, once.
    pub(crate) fn may_be_asked_for_a_token(&self, tenant: &str, token: &str) {
        let body = json!({"token_type": "Bearer", "expires_in": 3599, "access_token": token});
        *self.transport.optional.lock().unwrap() = Some((token_line(tenant), answer(200, &body)));
    }

    pub(crate) fn until(&self, seconds: u64) -> Deadline {
        Deadline::after(&self.clock, Duration::from_secs(seconds))
    }

    /// Every call that was made; fails if one expected was not.
    pub(crate) fn played(&self) -> Vec<Seen> {
        let left = self.transport.expected.lock().unwrap();
        let left: Vec<&str> = left.iter().map(|(line, _)| line.as_str()).collect();
        assert!(left.is_empty(), "these calls were not made: {left:#?}");
        self.transport.seen.lock().unwrap().clone()
    }

    /// When each call to Resource Manager was made, in milliseconds from the start.
    pub(crate) fn times(&self) -> Vec<u128> {
        self.played().iter().filter(|seen| seen.line.contains("//arm.test")).map(|seen| seen.at).collect()
    }
}

pub(crate) fn settings(endpoint: &str) -> Settings {
    Settings {
        endpoint: Url::parse(endpoint).unwrap(),
        authority: Url::parse("https://login.test/").unwrap(),
        home: tenant(CONTOSO),
        client_id: CLIENT_ID.to_owned(),
        client_secret: SECRET.into(),
    }
}

pub(crate) fn tenant(text: &str) -> TenantId {
    text.parse().unwrap()
}

pub(crate) fn network(text: &str) -> VirtualNetworkId {
    text.parse().unwrap()
}

pub(crate) fn half() -> PeeringId {
    network(A).peering("to-b".parse().unwrap())
}

/// Contoso's half towards fabrikam's network.
pub(crate) fn write() -> PeeringWrite {
    PeeringWrite {
        tenant: tenant(CONTOSO),
        auxiliary: Some(tenant(FABRIKAM)),
        id: half(),
        remote: network(B),
        flags: PeeringFlags { allow_virtual_network_access: true, ..PeeringFlags::default() },
        over: AsRead::default(),
        sync: false,
        correlation: CORRELATION,
    }
}

pub(crate) fn token_line(tenant: &str) -> String {
    format!("POST https://login.test/{tenant}/oauth2/v2.0/token")
}

pub(crate) fn get(id: &str) -> String {
    format!("GET https://arm.test{id}?{API}")
}

/// The first page of a list whose pages have a size.
pub(crate) fn get_list(parent: &str, collection: &str) -> String {
    format!("GET https://arm.test{parent}/{collection}?{API}&$top=20")
}

pub(crate) fn put_to(id: &str) -> String {
    format!("PUT https://arm.test{id}?{API}")
}

pub(crate) fn delete_of(id: &str) -> String {
    format!("DELETE https://arm.test{id}?{API}")
}

pub(crate) fn put() -> String {
    put_to(&format!("{A}/virtualNetworkPeerings/to-b"))
}

pub(crate) fn delete() -> String {
    delete_of(&format!("{A}/virtualNetworkPeerings/to-b"))
}

pub(crate) fn answer(status: u16, body: &Value) -> Reply {
    answer_with(status, [], body)
}

pub(crate) fn answer_with<const N: usize>(
    status: u16,
    headers: [(&'static str, &str); N],
    body: &Value,
) -> Reply {
    let headers = headers.map(|(name, value)| (name, value.to_owned())).to_vec();
    let body = if body.is_null() { String::new() } else { body.to_string() };
    Reply::Answer { status, headers, body }
}

/// A 404 as the network manager service writes it, with the message first.
pub(crate) fn not_there(id: &str) -> Reply {
    let message = format!("Resource [{id}] does not exist or has been deleted");
    text(404, &format!(r#"{{"error":{{"message":"{message}","code":"NotFound"}}}}"#))
}

/// An answer whose body is not JSON.
pub(crate) fn text(status: u16, body: &str) -> Reply {
    Reply::Answer { status, headers: Vec::new(), body: body.to_owned() }
}

pub(crate) fn refusal(status: u16, code: &str) -> Reply {
    answer(status, &json!({"error": {"code": code, "message": "because"}}))
}

/// A token that says whose it is.
pub(crate) fn token_of(object_id: &str) -> String {
    let claims = json!({"oid": object_id}).to_string();
    format!("e30.{}.c2ln", azure_core::base64::encode_url_safe(claims))
}

pub(crate) fn scope_connection(name: &str, state: &str) -> Value {
    json!({"id": format!("{MANAGER}/scopeConnections/{name}"), "name": name,
        "type": "Microsoft.Network/networkManagers/scopeConnections", "properties": {"tenantId": FABRIKAM,
        "resourceId": SCOPE, "connectionState": state, "description": "d"}, "systemData": {}})
}

pub(crate) fn connection_of(scope: &str, name: &str, state: &str) -> Value {
    json!({"id": format!("{scope}/providers/Microsoft.Network/networkManagerConnections/{name}"), "name": name,
        "type": "Microsoft.Network/networkManagerConnections",
        "properties": {"networkManagerId": MANAGER, "connectionState": state, "description": "d"}})
}

pub(crate) fn manager(id: &str, taken: &Value) -> Value {
    json!({"id": id, "name": "nm", "etag": "", "properties": {"provisioningState": "Succeeded",
        "networkManagerScopes": {"managementGroups": [], "subscriptions": [], "crossTenantScopes": taken}}})
}

pub(crate) fn member(name: &str, network: &str, state: &str) -> Value {
    json!({"id": format!("{MANAGER}/networkGroups/g/staticMembers/{name}"), "name": name, "etag": "",
        "properties": {"resourceId": network, "provisioningState": state, "location": ""}})
}

pub(crate) fn vnet(id: &str, prefix: &str) -> Value {
    json!({"id": id, "name": id.rsplit('/').next(), "properties": {
        "provisioningState": "Succeeded", "addressSpace": {"addressPrefixes": [prefix]}}})
}

pub(crate) fn peering(state: &str) -> Value {
    json!({"name": "to-b", "id": format!("{A}/virtualNetworkPeerings/to-b"),
        "properties": {"provisioningState": state, "remoteVirtualNetwork": {"id": B}}})
}
