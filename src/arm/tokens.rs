//! One token for each tenant, and never one tenant's for another's.

use std::collections::HashMap;
use std::error::Error as StdError;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use azure_core::base64;
use azure_core::cloud::CustomConfiguration;
use azure_core::credentials::{Secret, TokenCredential, TokenRequestOptions};
use azure_core::error::ErrorKind;
use azure_core::http::policies::{Policy, PolicyResult};
use azure_core::http::request::options::ClientRequestId;
use azure_core::http::{ClientMethodOptions, ClientOptions, Context, Request, RetryOptions, Transport};
use azure_identity::{ClientSecretCredential, ClientSecretCredentialOptions};
use thiserror::Error;

use super::Settings;
use super::client::{Agent, pass_on};
use super::envelope;
use super::error::{AzureFailure, Fault};
use super::transport::TransportError;
use crate::clock::Clock;
use crate::handshake::ids::TenantId;

/// The credentials of our application, one for each tenant that it was asked for.
pub(super) struct Tokens {
    options: ClientOptions,
    client_id: String,
    secret: Secret,
    scope: String,
    slots: Mutex<HashMap<TenantId, Slot>>,
}

#[derive(Clone)]
struct Slot {
    credential: Arc<ClientSecretCredential>,
    generation: u64,
}

/// A token, and which credential of its tenant's gave it.
pub(super) struct Bearer {
    pub(super) secret: Secret,
    pub(super) tenant: TenantId,
    generation: u64,
}

impl Bearer {
    /// The object id of our application in the token's tenant, if the token is one that can be read. It serves to tell
    /// an administrator whom to grant a right, and is not relied on.
    pub(super) fn object_id(&self) -> Option<String> {
        let payload = self.secret.secret().split('.').nth(1)?;
        let claims: serde_json::Value =
            serde_json::from_slice(&base64::decode_url_safe(payload).ok()?).ok()?;
        claims.get("oid")?.as_str().map(str::to_owned)
    }
}

impl Tokens {
    pub(super) fn new(settings: &Settings, transport: Transport, clock: Clock) -> Self {
        let mut cloud = CustomConfiguration::default();
        cloud.authority_host = settings.authority.to_string();
        Self {
            options: ClientOptions {
                transport: Some(transport),
                retry: RetryOptions::none(),
                per_try_policies: vec![Arc::new(Agent), Arc::new(Refusals(clock))],
                cloud: Some(Arc::new(cloud.into())),
                ..ClientOptions::default()
            },
            client_id: settings.client_id.clone(),
            secret: settings.client_secret.clone(),
            scope: format!("{}/.default", settings.endpoint.as_str().trim_end_matches('/')),
            slots: Mutex::new(HashMap::new()),
        }
    }

    /// The tenant's token, from the cache of its credential where that holds a fresh one.
    pub(super) async fn bearer(&self, tenant: TenantId, request_id: String) -> Result<Bearer, Fault> {
        let slot = self.slot(tenant).map_err(|error| Fault::Unusable {
            what: format!("no credential can be made for tenant {tenant}"),
            source: Some(error.into()),
        })?;
        let mut context = Context::new();
        context.insert(ClientRequestId::new(request_id));
        let options = TokenRequestOptions { method_options: ClientMethodOptions { context } };
        let token = slot
            .credential
            .get_token(&[&self.scope], Some(options))
            .await
            .map_err(|error| fault(tenant, error))?;
        if token.token.secret().is_empty() {
            let what = format!("the token endpoint of tenant {tenant} gave an empty token");
            return Err(Fault::Malformed { what, source: None });
        }
        Ok(Bearer { secret: token.token, tenant, generation: slot.generation })
    }

    /// Puts a fresh credential in the place of the one that gave this token, unless somebody did so already.
    ///
    /// A credential caches by the machine's clock and cannot be told that its token was refused.
    pub(super) fn renew(&self, refused: &Bearer) {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(slot) = slots.get_mut(&refused.tenant) else { return };
        if slot.generation != refused.generation {
            return;
        }
        if let Ok(credential) = self.credential(refused.tenant) {
            *slot = Slot { credential, generation: refused.generation + 1 };
        }
    }

    fn slot(&self, tenant: TenantId) -> azure_core::Result<Slot> {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(slot) = slots.get(&tenant) {
            return Ok(slot.clone());
        }
        let slot = Slot { credential: self.credential(tenant)?, generation: 0 };
        slots.insert(tenant, slot.clone());
        Ok(slot)
    }

    fn credential(&self, tenant: TenantId) -> azure_core::Result<Arc<ClientSecretCredential>> {
        let options = ClientSecretCredentialOptions { client_options: self.options.clone() };
        ClientSecretCredential::new(
            &tenant.to_string(),
            self.client_id.clone(),
            self.secret.clone(),
            Some(options),
        )
    }
}

/// What a token endpoint refused with.
#[derive(Debug, Error)]
#[error("{status} {failure}")]
struct Refusal {
    status: u16,
    failure: AzureFailure,
    after: Option<Duration>,
}

/// Reads refusals of a token endpoint: the credential itself forgets the status of one that is not plain JSON, and
/// `Retry-After` of each.
#[derive(Debug)]
struct Refusals(Clock);

#[async_trait]
impl Policy for Refusals {
    async fn send(&self, context: &Context, request: &mut Request, next: &[Arc<dyn Policy>]) -> PolicyResult {
        let answer = pass_on(context, request, next).await?;
        if answer.status().is_success() {
            return Ok(answer);
        }
        let (status, headers, body) = answer.deconstruct();
        let status = u16::from(status);
        let body = body.collect().await?;
        Err(azure_core::Error::new(
            ErrorKind::Credential,
            Refusal {
                status,
                failure: envelope::token_failure(status, &body),
                after: envelope::retry_after(&headers, self.0.now()),
            },
        ))
    }
}

fn fault(tenant: TenantId, error: azure_core::Error) -> Fault {
    let mut beneath: Option<&(dyn StdError + 'static)> = Some(&error);
    while let Some(one) = beneath {
        if let Some(Refusal { status, failure, after }) = one.downcast_ref() {
            let (status, failure, after) = (Some(*status), failure.clone(), *after);
            return Fault::Token { tenant, status, failure, after, source: None };
        }
        beneath = one.source();
    }
    if TransportError::beneath(&error).is_some() {
        return Fault::of_transport(error);
    }
    let failure =
        AzureFailure { code: "NoAnswer".to_owned(), message: "the token endpoint did not answer".to_owned() };
    Fault::Token { tenant, status: None, failure, after: None, source: Some(Box::new(error)) }
}
