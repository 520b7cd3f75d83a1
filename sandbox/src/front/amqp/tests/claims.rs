//! Tokens: which are taken, what they open and when they stop.

use base64::{Engine, engine::general_purpose::STANDARD};
use fe2o3_amqp_types::messaging::{AmqpValue, ApplicationProperties, MessageId, Properties};
use fe2o3_amqp_types::performatives::Close;
use fe2o3_amqp_types::primitives::SimpleValue;
use hmac::{Hmac, Mac};
use http::Request;
use serde_amqp::primitives::OrderedMap;
use sha2::Sha256;

use super::*;
use crate::Principal;
use crate::front::amqp::message::read;
use crate::service_bus::Value;

impl Peer {
    fn stranger() -> Self {
        Self::on(azure(), Rights::default(), 64 * 1024)
    }

    /// Brings a token and gives the status of the answer.
    fn put(&mut self, kind: &str, audience: &str, token: &str) -> i32 {
        if !self.connection_has_claims() {
            self.sender(200, "$cbs");
            self.receiver(201, "$cbs", 100);
        }
        self.send(200, 0, &put_token(kind, audience, token));
        assert!(matches!(self.outcome(), DeliveryState::Accepted(_)));
        let (_, _, bytes) = self.message();
        let answer = read(&bytes).unwrap().message;
        assert_eq!(answer.correlation_id.as_deref(), Some("7"));
        match answer.application_properties["status-code"] {
            Value::Int(status) => status,
            ref other => panic!("{other:?}"),
        }
    }

    fn connection_has_claims(&self) -> bool {
        self.next_delivery_id > 0
    }

    /// Whether a link to the queue is taken.
    fn may(&mut self, handle: u32, address: &str) -> bool {
        self.attach_receiver(handle, address);
        assert!(matches!(self.next(), Performative::Attach(_)));
        let refused = self.heard.pop_front().map(|(performative, _)| match performative {
            Performative::Detach(Detach { error: Some(error), .. }) => condition(&error),
            other => panic!("{other:?}"),
        });
        assert!(refused.as_deref().is_none_or(|refused| refused == "amqp:unauthorized-access"));
        refused.is_none()
    }

    fn signed(&self, resource: &str, lifetime: i64) -> String {
        let expiry = self.azure.clock().now().unix_timestamp() + lifetime;
        signature(self.broker().key(), resource, expiry, "RootManageSharedAccessKey")
    }
}

fn put_token(kind: &str, audience: &str, token: &str) -> Vec<u8> {
    let mut map = OrderedMap::new();
    for (name, value) in [("operation", "put-token"), ("type", kind), ("name", audience)] {
        map.insert(name.to_owned(), SimpleValue::String(value.to_owned()));
    }
    let properties = Properties { message_id: Some(MessageId::Ulong(7)), ..Properties::default() };
    let mut encoded = serde_amqp::to_vec(&properties).unwrap();
    encoded.extend(serde_amqp::to_vec(&ApplicationProperties(map)).unwrap());
    encoded.extend(serde_amqp::to_vec(&AmqpValue(token.to_owned())).unwrap());
    encoded
}

fn signature(key: &str, resource: &str, expiry: i64, rule: &str) -> String {
    let encode = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let resource = encode(resource);
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).unwrap();
    mac.update(format!("{resource}\n{expiry}").as_bytes());
    let signature = encode(&STANDARD.encode(mac.finalize().into_bytes()));
    format!("SharedAccessSignature sr={resource}&sig={signature}&se={expiry}&skn={rule}")
}

async fn entra(azure: &Azure, principal: &Principal, tenant: Tenant, resource: &str) -> String {
    let form = form_urlencoded::Serializer::new(String::new())
        .append_pair("grant_type", "client_credentials")
        .append_pair("client_id", &principal.client_id)
        .append_pair("client_secret", &principal.client_secret)
        .append_pair("scope", &format!("{resource}/.default"))
        .finish();
    let request = Request::post(format!("https://sandbox.test/{}/oauth2/v2.0/token", tenant.tenant_id()))
        .body(Bytes::from(form));
    let response = azure.call(request.unwrap()).await.unwrap();
    let body: serde_json::Value = serde_json::from_slice(response.body()).unwrap();
    body["access_token"].as_str().unwrap_or_else(|| panic!("{body}")).to_owned()
}

#[tokio::test(start_paused = true)]
async fn a_signature_opens_what_it_is_for_whatever_its_type_is_called() {
    for kind in ["servicebus.windows.net:sastoken", "jwt"] {
        let mut peer = Peer::stranger();
        assert!(!peer.may(0, QUEUE));
        let token = peer.signed("sb://localhost:5671/reconcile", 60);
        assert_eq!(peer.put(kind, "sb://localhost:5671/reconcile", &token), 202);
        assert!(peer.may(1, QUEUE));
        assert!(peer.may(2, "reconcile/$deadletterqueue") && peer.may(3, "reconcile/$management"));
        assert!(!peer.may(4, "connection-requests"));
        let whole = peer.signed("amqp://127.0.0.1:5671", 60);
        assert_eq!(peer.put(kind, "amqp://127.0.0.1:5671/", &whole), 202);
        assert!(peer.may(5, "connection-requests"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_signature_that_is_wrong_in_any_part_opens_nothing() {
    let mut peer = Peer::stranger();
    let (kind, audience) = ("servicebus.windows.net:sastoken", "sb://localhost:5671/reconcile");
    let now = peer.azure.clock().now().unix_timestamp();
    let other_key = peer.azure.service_bus(Tenant::Fabrikam).key().to_owned();
    let key = peer.broker().key().to_owned();
    let good = peer.signed(audience, 60);
    let wrong = [
        (signature(&other_key, audience, now + 60, "RootManageSharedAccessKey"), audience, 401),
        (signature(&key, audience, now + 60, "SomeOtherRule"), audience, 401),
        (signature(&key, audience, now, "RootManageSharedAccessKey"), audience, 401),
        (good.replace(&format!("se={}", now + 60), &format!("se={}", now + 9999)), audience, 401),
        (good.clone(), "sb://localhost:5671/connection-requests", 401),
        (good.clone(), "sb://localhost:5672/reconcile", 401),
        (good.clone(), "sb://example.com/reconcile", 401),
        (peer.signed("sb://example.com/reconcile", 60), audience, 401),
        (peer.signed("sb://localhost:5671/hand", 60), audience, 401),
        ("SharedAccessSignature nothing".to_owned(), audience, 400),
        ("junk".to_owned(), audience, 401),
    ];
    for (token, audience, status) in wrong {
        assert_eq!(peer.put(kind, audience, &token), status, "{token} for {audience}");
        assert!(!peer.may(0, QUEUE));
        peer.say(Performative::Detach(Detach { handle: Handle(0), closed: true, error: None }));
    }
    assert_eq!(peer.put(kind, audience, &good), 202, "the right one is taken on the same connection");
}

#[tokio::test(start_paused = true)]
async fn an_entra_token_opens_the_namespace_to_those_who_may() {
    let azure = azure();
    let world = azure.world().clone();
    let bus = "https://servicebus.azure.net";
    let home = Tenant::Contoso;
    let cases = [
        (world.operator(home), home, bus, 202),
        (world.app(home), home, bus, 202),
        (world.traveller(), home, bus, 202),
        (world.app(Tenant::Fabrikam), home, bus, 401),
        (world.traveller(), Tenant::Fabrikam, bus, 401),
        (world.operator(home), home, "https://sandbox.test", 401),
    ];
    for (principal, tenant, resource, status) in cases {
        let token = entra(&azure, principal, tenant, resource).await;
        let mut peer = Peer::on(azure.clone(), Rights::default(), 64 * 1024);
        let name = &principal.name;
        assert_eq!(peer.put("jwt", "sb://localhost:5671/reconcile", &token), status, "{name} {resource}");
        assert_eq!(peer.may(0, QUEUE), status == 202, "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_link_goes_when_its_token_runs_out_and_stays_when_another_was_brought() {
    let azure = azure();
    let token =
        entra(&azure, azure.world().app(Tenant::Contoso), Tenant::Contoso, "https://servicebus.azure.net")
            .await;
    let mut peer = Peer::on(azure, Rights::default(), 64 * 1024);
    let audience = "sb://localhost:5671/reconcile";
    let short = peer.signed(audience, 60);
    assert_eq!(peer.put("servicebus.windows.net:sastoken", audience, &short), 202);
    peer.broker().send(QUEUE, text("one")).unwrap();
    peer.receiver(0, QUEUE, 1);
    peer.message();
    tokio::time::advance(std::time::Duration::from_secs(25)).await;
    assert_eq!(peer.put("jwt", audience, &token), 202);
    tokio::time::advance(std::time::Duration::from_secs(100)).await;
    peer.silent();
    let now = peer.azure.clock().now();
    assert!(peer.connection.next_wake(now) <= now + time::Duration::minutes(4));
    for _ in 0..20 {
        tokio::time::advance(std::time::Duration::from_secs(200)).await;
        peer.credit(0, 0, 0, false);
    }
    assert_eq!(condition(&peer.detached()), "amqp:unauthorized-access");
    assert_eq!(peer.put("jwt", audience, &token), 401, "the token is expired by now");
}

#[tokio::test(start_paused = true)]
async fn a_connection_without_a_token_is_dropped_after_twenty_seconds() {
    let mut peer = Peer::stranger();
    let now = peer.azure.clock().now();
    assert_eq!(peer.connection.next_wake(now) - now, time::Duration::seconds(20));
    tokio::time::advance(std::time::Duration::from_millis(19_999)).await;
    peer.silent();
    tokio::time::advance(std::time::Duration::from_millis(1)).await;
    peer.listen();
    let Performative::Close(Close { error: Some(error) }) = peer.next() else { panic!("no close") };
    assert_eq!(condition(&error), "amqp:unauthorized-access");
}

#[tokio::test(start_paused = true)]
async fn what_a_token_says_is_in_no_text_that_goes_out() {
    let mut peer = Peer::stranger();
    peer.sender(200, "$cbs");
    peer.receiver(201, "$cbs", 1);
    peer.send(200, 0, &put_token("jwt", "sb://localhost:5671/reconcile", "very-secret"));
    for (performative, payload) in &peer.heard {
        let said = format!("{performative:?} {}", String::from_utf8_lossy(payload));
        assert!(!said.contains("very-secret"), "{said}");
    }
}
