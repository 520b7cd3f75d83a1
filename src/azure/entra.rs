//! The tokens of our application for one audience in one tenant.
//!
//! A credential caches by the machine's clock, cannot be told that its token was refused, and keeps whatever it is given.
//! So it is replaced by a fresh one where its token is old by our clock, was refused, or cannot be used.

use std::error::Error as StdError;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use azure_core::cloud::CustomConfiguration;
use azure_core::credentials::{Secret as AzureSecret, TokenCredential, TokenRequestOptions};
use azure_core::error::ErrorKind;
use azure_core::http::policies::{Policy, PolicyResult};
use azure_core::http::request::options::ClientRequestId;
use azure_core::http::{
    AsyncRawResponse, ClientMethodOptions, ClientOptions, Context, Request, RetryOptions, Transport, Url,
};
use azure_identity::{ClientSecretCredential, ClientSecretCredentialOptions};
use serde::Deserialize;
use thiserror::Error;
use time::OffsetDateTime;

use super::envelope;
use super::failure::AzureFailure;
use super::fault::CallFault;
use super::pipeline::{Agent, pass_on};
use super::secret::Secret;
use super::transport::TransportError;
use crate::clock::{Clock, Freshness};
use crate::handshake::ids::TenantId;

/// No token is used for longer than this, whatever its endpoint says.
const LONGEST_LIFE: Duration = Duration::from_secs(24 * 3600);

/// Whose tokens, and for what.
#[derive(Clone)]
pub(crate) struct Application {
    /// Entra's origin.
    authority: Url,
    client_id: String,
    secret: Secret,
    scope: String,
}

/// The application in one tenant. Nothing is built or contacted before the first token.
pub(crate) struct Entra {
    tenant: TenantId,
    application: Application,
    transport: Transport,
    clock: Clock,
    slot: Mutex<Option<Slot>>,
}

/// A credential, and what its last token is good for.
#[derive(Clone)]
struct Slot {
    credential: Arc<ClientSecretCredential>,
    given: Given,
}

/// How long the token that came last may be used; none before the first.
type Given = Arc<Mutex<Option<Freshness>>>;

/// A token, and which credential gave it.
#[derive(Clone)]
pub(crate) struct Granted {
    pub(crate) token: Secret,
    /// When it ends, by the machine's clock.
    pub(crate) expires: OffsetDateTime,
    /// For how long to use it.
    pub(crate) fresh: Freshness,
    given: Given,
}

impl Application {
    /// An application whose tokens are for `audience`, such as `https://management.azure.com`.
    pub(crate) fn new(authority: Url, client_id: String, secret: Secret, audience: &str) -> Self {
        let scope = format!("{}/.default", audience.trim_end_matches('/'));
        Self { authority, client_id, secret, scope }
    }
}

impl Entra {
    pub(crate) fn new(
        tenant: TenantId,
        application: Application,
        transport: Transport,
        clock: Clock,
    ) -> Self {
        Self { tenant, application, transport, clock, slot: Mutex::default() }
    }

    /// A token that is fresh, from the credential's cache where it holds one.
    pub(crate) async fn token(&self, request_id: Option<String>) -> Result<Granted, CallFault> {
        let slot = self.slot()?;
        let mut context = Context::new();
        if let Some(id) = request_id {
            context.insert(ClientRequestId::new(id));
        }
        let options = TokenRequestOptions { method_options: ClientMethodOptions { context } };
        let token = slot
            .credential
            .get_token(&[&self.application.scope], Some(options))
            .await
            .map_err(|error| fault(self.tenant, error))?;
        let granted = Granted {
            token: Secret::new(token.token.secret()),
            expires: token.expires_on,
            fresh: slot.fresh().unwrap_or_else(|| Freshness::new(&self.clock, Duration::ZERO)),
            given: slot.given,
        };
        if is_usable(granted.token.reveal()) {
            return Ok(granted);
        }
        self.renew(&granted);
        let tenant = self.tenant;
        let what = format!(
            "the token endpoint of tenant {tenant} gave what can be no token: it is empty or holds \
             blanks, control characters or others that no header takes"
        );
        Err(CallFault::Malformed { what, source: None })
    }

    /// Puts a fresh credential in the place of the one that gave this token, unless somebody did so already.
    pub(crate) fn renew(&self, refused: &Granted) {
        let mut slot = self.slot.lock().unwrap_or_else(PoisonError::into_inner);
        slot.take_if(|slot| Arc::ptr_eq(&slot.given, &refused.given));
    }

    /// The credential that stands; another one where its token is old.
    fn slot(&self) -> Result<Slot, CallFault> {
        let mut slot = self.slot.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(slot) = &*slot
            && slot.fresh().is_none_or(|fresh| fresh.holds(&self.clock))
        {
            return Ok(slot.clone());
        }
        let given = Given::default();
        let made = Slot { credential: self.credential(given.clone())?, given };
        Ok(slot.insert(made).clone())
    }

    fn credential(&self, given: Given) -> Result<Arc<ClientSecretCredential>, CallFault> {
        let Application { authority, client_id, secret, .. } = &self.application;
        let mut cloud = CustomConfiguration::default();
        cloud.authority_host = authority.to_string();
        let answers = Answers { clock: self.clock, given };
        let client_options = ClientOptions {
            transport: Some(self.transport.clone()),
            // What asked for the token is tried again as a whole.
            retry: RetryOptions::none(),
            per_try_policies: vec![Arc::new(Agent), Arc::new(answers)],
            cloud: Some(Arc::new(cloud.into())),
            ..ClientOptions::default()
        };
        let options = ClientSecretCredentialOptions { client_options };
        let tenant = self.tenant;
        let secret = AzureSecret::new(secret.reveal().to_owned());
        ClientSecretCredential::new(&tenant.to_string(), client_id.clone(), secret, Some(options)).map_err(
            |error| CallFault::Unusable {
                what: format!("no credential can be made for tenant {tenant}"),
                source: Some(error.into()),
            },
        )
    }
}

impl Slot {
    fn fresh(&self) -> Option<Freshness> {
        *self.given.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether it can stand in a header: visible ASCII, and at least one of it.
fn is_usable(token: &str) -> bool {
    !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic())
}

/// What a token endpoint refused with.
#[derive(Debug, Error)]
#[error("{status} {failure}")]
struct Refusal {
    status: u16,
    failure: AzureFailure,
    after: Option<Duration>,
}

/// How long a token lives, as its endpoint says.
#[derive(Deserialize)]
struct Lifetime {
    expires_in: u64,
}

/// Reads the answers of a token endpoint. Of a refusal the credential itself forgets the status, where it is not plain
/// JSON, and `Retry-After`; of a token it turns the lifetime into a time of the machine's clock.
#[derive(Debug)]
struct Answers {
    clock: Clock,
    given: Given,
}

#[async_trait]
impl Policy for Answers {
    async fn send(&self, context: &Context, request: &mut Request, next: &[Arc<dyn Policy>]) -> PolicyResult {
        let (status, headers, body) = pass_on(context, request, next).await?.deconstruct();
        let body = body.collect().await?;
        if status.is_success() {
            let lifetime = serde_json::from_slice(&body).map_or(0, |Lifetime { expires_in }| expires_in);
            // What is left is for whoever was just given it.
            let used = Duration::from_secs(lifetime).min(LONGEST_LIFE) * 3 / 4;
            *self.given.lock().unwrap_or_else(PoisonError::into_inner) =
                Some(Freshness::new(&self.clock, used));
            return Ok(AsyncRawResponse::from_bytes(status, headers, body));
        }
        let status = u16::from(status);
        Err(azure_core::Error::new(
            ErrorKind::Credential,
            Refusal {
                status,
                failure: envelope::token_failure(status, &body),
                after: envelope::retry_after(&headers, self.clock.now()),
            },
        ))
    }
}

fn fault(tenant: TenantId, error: azure_core::Error) -> CallFault {
    let mut beneath: Option<&(dyn StdError + 'static)> = Some(&error);
    while let Some(one) = beneath {
        if let Some(Refusal { status, failure, after }) = one.downcast_ref() {
            let (status, failure, after) = (Some(*status), failure.clone(), *after);
            return CallFault::Token { tenant, status, failure, after, source: None };
        }
        beneath = one.source();
    }
    if TransportError::beneath(&error).is_some() {
        return CallFault::of_transport(error);
    }
    let failure =
        AzureFailure { code: "NoAnswer".to_owned(), message: "the token endpoint did not answer".to_owned() };
    CallFault::Token { tenant, status: None, failure, after: None, source: Some(Box::new(error)) }
}
