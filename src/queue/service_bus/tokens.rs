//! What is shown to Service Bus for the right to a queue.

use std::sync::Arc;
use std::time::Duration;

use azure_core::base64;
use azure_core::http::Transport;
use ring::hmac;
use time::OffsetDateTime;
use url::form_urlencoded::byte_serialize;

use super::address::{Identity, ServiceBusAddress};
use super::failure::BusFailure;
use crate::azure::entra::{Application, Entra, Granted};
use crate::azure::{AzureConfig, CallFault, Https, Secret};
use crate::clock::{Clock, Freshness};

/// How long a token that we make of a key holds.
const LIFETIME: Duration = Duration::from_secs(3600);
/// For how long it is used: what is left is for whoever was just shown it.
const USED: Duration = Duration::from_secs(2700);
const AUDIENCE: &str = "https://servicebus.azure.net";

/// A token for one path of the namespace.
pub(super) struct Token {
    pub(super) text: Secret,
    /// The kind, as `put-token` has it.
    pub(super) kind: &'static str,
    pub(super) expires: OffsetDateTime,
    pub(super) stands: Stands,
}

/// For how long a token that was shown stands, and where it is from.
pub(super) struct Stands {
    pub(super) fresh: Freshness,
    /// None where we made it of a key.
    granted: Option<Granted>,
}

/// Makes or fetches tokens. Nothing is contacted before the first.
pub(super) struct Tokens {
    entra: Option<Entra>,
    clock: Clock,
}

impl Tokens {
    pub(super) fn new(entra: Option<AzureConfig>, clock: Clock) -> Self {
        let entra = entra.map(|azure| {
            let (client, secret) = (azure.client.to_string(), azure.client_secret);
            let application = Application::new(azure.authority, client, secret, AUDIENCE);
            let transport = Transport::new(Arc::new(Https::new(azure.ca_bundle)));
            Entra::new(azure.tenant.into(), application, transport, clock)
        });
        Self { entra, clock }
    }

    /// A token that names `audience`.
    pub(super) async fn token(
        &self,
        address: &ServiceBusAddress,
        audience: &str,
    ) -> Result<Token, BusFailure> {
        match address.identity() {
            Identity::SharedKey { name, key } => Ok(shared_access(name, key, audience, &self.clock)),
            Identity::Entra => self.entra().await,
        }
    }

    /// Service Bus does not take this token, or no longer: the next one is another.
    pub(super) fn renew(&self, refused: &Stands) {
        if let (Some(entra), Some(granted)) = (&self.entra, &refused.granted) {
            entra.renew(granted);
        }
    }

    async fn entra(&self) -> Result<Token, BusFailure> {
        let Some(entra) = &self.entra else {
            return Err(BusFailure::Refused(
                "a namespace without a key needs AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET"
                    .to_owned(),
            ));
        };
        let granted = entra.token(None).await.map_err(|fault| {
            let told = format!("Entra gave no token for Service Bus: {fault}");
            match fault {
                CallFault::Unusable { .. } => BusFailure::Refused(told),
                _ => BusFailure::Disconnected(told),
            }
        })?;
        Ok(Token {
            text: granted.token.clone(),
            kind: "jwt",
            expires: granted.expires,
            stands: Stands { fresh: granted.fresh, granted: Some(granted) },
        })
    }
}

/// The signature covers the percent-encoded audience and the second at which it ends. The key is the text's bytes.
fn shared_access(name: &str, key: &Secret, audience: &str, clock: &Clock) -> Token {
    let expires = clock.now() + LIFETIME;
    let resource: String = byte_serialize(audience.as_bytes()).collect();
    let end = expires.unix_timestamp();
    let key = hmac::Key::new(hmac::HMAC_SHA256, key.reveal().as_bytes());
    let signature = base64::encode(hmac::sign(&key, format!("{resource}\n{end}").as_bytes()));
    let signature: String = byte_serialize(signature.as_bytes()).collect();
    let name: String = byte_serialize(name.as_bytes()).collect();
    Token {
        text: Secret::new(format!("SharedAccessSignature sr={resource}&sig={signature}&se={end}&skn={name}")),
        kind: "servicebus.windows.net:sastoken",
        expires,
        stands: Stands { fresh: Freshness::new(clock, USED), granted: None },
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_shared_access_token_is_signed_over_its_audience_and_end() {
        let now = datetime!(2026-01-02 03:04:05.6 UTC);
        let clock = Clock::starting_at(now);
        let token = shared_access("Root", &Secret::new("s3cret"), "sb://127.0.0.1:5672/handshakes", &clock);
        // Checked against another implementation:
        // printf 'sb%%3A%%2F%%2F127.0.0.1%%3A5672%%2Fhandshakes\n1767326645' | openssl dgst -sha256 -hmac s3cret -binary | base64
        assert_eq!(
            token.text.reveal(),
            "SharedAccessSignature sr=sb%3A%2F%2F127.0.0.1%3A5672%2Fhandshakes&sig=RZvlM2%2F%2Ba1nlrFUPxZqxtlsg9Bi7vUTS8QdepGoDmnM%3D&se=1767326645&skn=Root"
        );
        assert_eq!(token.expires, now + LIFETIME);
    }
}
