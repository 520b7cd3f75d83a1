//! Claims-based security: what a connection may do, and the tokens that it brings for it.

use std::collections::BTreeMap;

use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, Mac};
use serde_amqp::Value as Amqp;
use sha2::Sha256;
use time::OffsetDateTime;

use super::address::{authority, path};
use super::message::Sent;
use super::values::text;
use crate::azure::Azure;
use crate::entra::SERVICE_BUS;
use crate::service_bus::{Broker, Value};

/// Checks who may do what in one tenant's namespace.
#[derive(Clone)]
pub(super) struct Gate {
    pub(super) azure: Azure,
    pub(super) broker: Broker,
    /// The port that the namespace answers on.
    pub(super) port: u16,
}

/// What a connection may do, and until when. Sending, receiving and managing go together.
#[derive(Debug, Default)]
pub(super) struct Rights {
    /// By the path that the right is for; an empty one is the whole namespace.
    granted: BTreeMap<String, OffsetDateTime>,
    for_ever: bool,
}

impl Rights {
    pub(super) fn for_ever() -> Self {
        Self { granted: BTreeMap::new(), for_ever: true }
    }

    /// Whether a token was ever brought, or is not needed.
    pub(super) fn any(&self) -> bool {
        self.for_ever || !self.granted.is_empty()
    }

    pub(super) fn cover(&self, entity: &str, now: OffsetDateTime) -> bool {
        self.for_ever || self.granted.iter().any(|(path, until)| *until > now && lies_in(entity, path))
    }

    /// When the next right runs out.
    pub(super) fn next_expiry(&self, now: OffsetDateTime) -> Option<OffsetDateTime> {
        self.granted.values().copied().filter(|until| *until > now).min()
    }
}

/// Why a token gives no right. The words are shown to the client and hold nothing of the token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Denied {
    #[error("InvalidRequest: the operation is not put-token")]
    Operation,
    #[error("InvalidRequest: the body is not a token")]
    NoToken,
    #[error("InvalidAudience: the token is for another namespace or entity")]
    Audience,
    #[error("InvalidSignature: The token has an invalid signature.")]
    Signature,
    #[error("ExpiredToken: The token is expired.")]
    Expired,
    #[error("Unauthorized access: the token is of another tenant")]
    Tenant,
    #[error("Unauthorized access. 'Send, Listen' claim(s) are required to perform this operation.")]
    Principal,
}

impl Denied {
    fn status(self) -> i32 {
        match self {
            Self::Operation | Self::NoToken => 400,
            _ => 401,
        }
    }
}

impl Gate {
    /// SASL PLAIN: a rule's name and key.
    pub(super) fn opens(&self, name: &str, key: &str) -> bool {
        name == Broker::KEY_NAME && same(key.as_bytes(), self.broker.key().as_bytes())
    }

    /// Deals with a message to `$cbs` and says what to answer: application properties with the status.
    pub(super) fn put_token(&self, sent: &Sent, rights: &mut Rights) -> Vec<(&'static str, Value)> {
        let (status, description) = match self.granted_by(sent) {
            Ok((path, until)) => {
                rights.granted.insert(path, until);
                (202, "Accepted".to_owned())
            }
            Err(denied) => (denied.status(), denied.to_string()),
        };
        vec![("status-code", Value::Int(status)), ("status-description", Value::String(description))]
    }

    fn granted_by(&self, sent: &Sent) -> Result<(String, OffsetDateTime), Denied> {
        let property = |name: &str| match sent.message.application_properties.get(name) {
            Some(Value::String(text) | Value::Symbol(text)) => Some(text.as_str()),
            _ => None,
        };
        if property("operation") != Some("put-token") {
            return Err(Denied::Operation);
        }
        let token = match &sent.value {
            Some(Amqp::Binary(bytes)) => std::str::from_utf8(bytes).ok(),
            Some(value) => text(value),
            None => None,
        };
        let token = token.ok_or(Denied::NoToken)?;
        let wanted = self.own_path(property("name").ok_or(Denied::Audience)?).ok_or(Denied::Audience)?;
        // The type is no guide: clients say `jwt` for a shared access signature, too.
        match token.strip_prefix("SharedAccessSignature ") {
            Some(fields) => {
                let (path, until) = self.shared_access(fields)?;
                if !lies_in(&wanted, &path) {
                    return Err(Denied::Audience);
                }
                Ok((wanted, until))
            }
            None => Ok((wanted, self.entra(token)?)),
        }
    }

    /// The path that a signature is for, and until when it holds.
    fn shared_access(&self, fields: &str) -> Result<(String, OffsetDateTime), Denied> {
        let raw: BTreeMap<&str, &str> = fields.split('&').filter_map(|field| field.split_once('=')).collect();
        let field = |name: &str| raw.get(name).copied().ok_or(Denied::NoToken);
        let (resource, expiry) = (field("sr")?, field("se")?);
        let signature = STANDARD.decode(decoded(field("sig")?)).map_err(|_| Denied::Signature)?;
        let mut mac =
            Hmac::<Sha256>::new_from_slice(self.broker.key().as_bytes()).map_err(|_| Denied::Signature)?;
        mac.update(format!("{resource}\n{expiry}").as_bytes());
        if decoded(field("skn")?) != Broker::KEY_NAME || mac.verify_slice(&signature).is_err() {
            return Err(Denied::Signature);
        }
        let until = expiry.parse().ok().and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok());
        let until = until.filter(|until| *until > self.broker.clock().now()).ok_or(Denied::Expired)?;
        let path = self.own_path(&decoded(resource)).ok_or(Denied::Audience)?;
        Ok((path, until))
    }

    /// Until when an Entra token holds. In the sandbox's world the tenant's operator and app and the traveller may send and receive.
    fn entra(&self, token: &str) -> Result<OffsetDateTime, Denied> {
        let claims = self.azure.verify(token).ok_or(Denied::Signature)?;
        let until = OffsetDateTime::from_unix_timestamp(claims.exp).map_err(|_| Denied::Expired)?;
        if until <= self.broker.clock().now() {
            return Err(Denied::Expired);
        }
        if !claims.aud.trim_end_matches('/').eq_ignore_ascii_case(SERVICE_BUS) {
            return Err(Denied::Audience);
        }
        let tenant = self.broker.tenant();
        if !claims.tid.eq_ignore_ascii_case(tenant.tenant_id()) {
            return Err(Denied::Tenant);
        }
        let world = self.azure.world();
        let allowed = [world.operator(tenant), world.app(tenant), world.traveller()];
        let known = allowed.iter().any(|principal| principal.client_id.eq_ignore_ascii_case(&claims.appid));
        known.then_some(until).ok_or(Denied::Principal)
    }

    /// The path in an address of this namespace, in lower case.
    fn own_path(&self, address: &str) -> Option<String> {
        let (host, port) = authority(address).map_or(("localhost", None), |authority| {
            authority.rsplit_once(':').map_or((authority, None), |(host, port)| (host, Some(port)))
        });
        let here = host == "127.0.0.1" || host.eq_ignore_ascii_case("localhost");
        let own = here && port.is_none_or(|port| port.parse() == Ok(self.port));
        own.then(|| path(address).to_ascii_lowercase())
    }
}

fn lies_in(entity: &str, path: &str) -> bool {
    path.is_empty() || entity.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn decoded(text: &str) -> String {
    percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned()
}

/// Compares in a time that does not depend on where the first difference is.
fn same(one: &[u8], other: &[u8]) -> bool {
    one.len() == other.len() && one.iter().zip(other).fold(0, |differs, (a, b)| differs | (a ^ b)) == 0
}
