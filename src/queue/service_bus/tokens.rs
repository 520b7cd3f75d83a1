//! What is shown to Service Bus for the right to a queue.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use azure_core::base64;
use azure_core::cloud::CustomConfiguration;
use azure_core::credentials::{Secret as AzureSecret, TokenCredential};
use azure_core::http::{ClientOptions, RetryOptions, Transport};
use azure_identity::{ClientSecretCredential, ClientSecretCredentialOptions};
use ring::hmac;
use time::OffsetDateTime;
use url::form_urlencoded::byte_serialize;

use super::address::{Identity, ServiceBusAddress};
use super::failure::Failure;
use crate::arm::transport::Https;
use crate::clock::Clock;
use crate::config::{AzureConfig, Secret};

/// How long a token that we make of a key holds.
const LIFETIME: Duration = Duration::from_secs(3600);
const SCOPE: &str = "https://servicebus.azure.net/.default";

/// A token for one path of the namespace.
pub(super) struct Token {
    pub(super) text: Secret,
    /// The kind, as `put-token` has it.
    pub(super) kind: &'static str,
    pub(super) expires: OffsetDateTime,
}

/// Makes or fetches tokens. Nothing is built or contacted before the first.
pub(super) struct Tokens {
    entra: Option<AzureConfig>,
    credential: OnceLock<Arc<ClientSecretCredential>>,
    clock: Clock,
}

impl Tokens {
    pub(super) fn new(entra: Option<AzureConfig>, clock: Clock) -> Self {
        Self { entra, credential: OnceLock::new(), clock }
    }

    /// A token that names `audience`.
    pub(super) async fn token(&self, address: &ServiceBusAddress, audience: &str) -> Result<Token, Failure> {
        match address.identity() {
            Identity::SharedKey { name, key } => Ok(shared_access(name, key, audience, self.clock.now())),
            Identity::Entra => self.entra().await,
        }
    }

    async fn entra(&self) -> Result<Token, Failure> {
        let credential = self.credential()?;
        // The error's own text names no secret; what lies beneath says why.
        let token = credential.get_token(&[SCOPE], None).await.map_err(|error| {
            Failure::Disconnected(format!("Entra gave no token for Service Bus: {error}"))
        })?;
        Ok(Token { text: Secret::new(token.token.secret()), kind: "jwt", expires: token.expires_on })
    }

    fn credential(&self) -> Result<Arc<ClientSecretCredential>, Failure> {
        if let Some(credential) = self.credential.get() {
            return Ok(credential.clone());
        }
        let Some(azure) = &self.entra else {
            return Err(Failure::Refused(
                "a namespace without a key needs AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET"
                    .to_owned(),
            ));
        };
        let mut cloud = CustomConfiguration::default();
        cloud.authority_host = azure.authority.to_string();
        let client_options = ClientOptions {
            transport: Some(Transport::new(Arc::new(Https::new(azure.ca_bundle.clone())))),
            // A send is tried again as a whole.
            retry: RetryOptions::none(),
            cloud: Some(Arc::new(cloud.into())),
            ..ClientOptions::default()
        };
        let made = ClientSecretCredential::new(
            &azure.tenant.to_string(),
            azure.client.to_string(),
            AzureSecret::new(azure.client_secret.reveal().to_owned()),
            Some(ClientSecretCredentialOptions { client_options }),
        )
        .map_err(|error| Failure::Refused(format!("no credential can be made for Service Bus: {error}")))?;
        Ok(self.credential.get_or_init(|| made).clone())
    }
}

/// The signature covers the percent-encoded audience and the second at which it ends. The key is the text's bytes.
fn shared_access(name: &str, key: &Secret, audience: &str, now: OffsetDateTime) -> Token {
    let expires = now + LIFETIME;
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
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn a_shared_access_token_is_signed_over_its_audience_and_end() {
        let now = datetime!(2026-01-02 03:04:05.6 UTC);
        let token = shared_access("Root", &Secret::new("s3cret"), "sb://127.0.0.1:5672/handshakes", now);
        // Checked against another implementation:
        // printf 'sb%%3A%%2F%%2F127.0.0.1%%3A5672%%2Fhandshakes\n1767326645' | openssl dgst -sha256 -hmac s3cret -binary | base64
        assert_eq!(
            token.text.reveal(),
            "SharedAccessSignature sr=sb%3A%2F%2F127.0.0.1%3A5672%2Fhandshakes&sig=RZvlM2%2F%2Ba1nlrFUPxZqxtlsg9Bi7vUTS8QdepGoDmnM%3D&se=1767326645&skn=Root"
        );
        assert_eq!(token.expires, now + LIFETIME);
    }
}
