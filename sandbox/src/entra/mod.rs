//! Entra as far as applications need it: discovery, tokens for client credentials, the signing keys, and the two
//! questions that `az role assignment` asks Microsoft Graph.

mod graph;
mod tokens;

use std::collections::BTreeMap;

use http::{Method, StatusCode};
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::macros::format_description;

use crate::mint::Mint;
use crate::reply::Reply;
use crate::world::{Principal, Tenant, World};

pub(crate) use graph::answer as graph;
pub(crate) use tokens::{Claims, Signer};

/// The audience of tokens for Service Bus, whatever the namespace.
pub(crate) const SERVICE_BUS: &str = "https://servicebus.azure.net";

/// What the authority needs to know to answer.
pub(crate) struct Entra<'a> {
    pub(crate) world: &'a World,
    pub(crate) signer: &'a Signer,
    pub(crate) mint: &'a mut Mint,
    pub(crate) now: OffsetDateTime,
    pub(crate) token_lifetime: time::Duration,
}

/// An endpoint of the authority.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum AuthorityEndpoint<'a> {
    Discovery(&'a str),
    Keys,
    Token(&'a str),
}

/// The endpoint behind a path, if it is one of the authority's.
pub(crate) fn endpoint(path: &str) -> Option<AuthorityEndpoint<'_>> {
    let segments: Vec<&str> = path.trim_matches('/').split('/').collect();
    match segments.as_slice() {
        [tenant, "v2.0", ".well-known", "openid-configuration"] => Some(AuthorityEndpoint::Discovery(tenant)),
        [_, "discovery", "v2.0", "keys"] => Some(AuthorityEndpoint::Keys),
        [tenant, "oauth2", "v2.0", "token"] => Some(AuthorityEndpoint::Token(tenant)),
        _ => None,
    }
}

/// The client id in the form of a token request.
pub(crate) fn client_id(form: &[u8]) -> Option<String> {
    form_urlencoded::parse(form).find(|(name, _)| name == "client_id").map(|(_, value)| value.into_owned())
}

impl Entra<'_> {
    pub(crate) fn answer(&mut self, endpoint: &AuthorityEndpoint<'_>, method: &Method, body: &[u8]) -> Reply {
        let answer = match (endpoint, method) {
            (AuthorityEndpoint::Discovery(tenant), &Method::GET) => self.discovery(tenant),
            (AuthorityEndpoint::Keys, &Method::GET) => Ok(self.signer.key_set()),
            (AuthorityEndpoint::Token(tenant), &Method::POST) => self.token(tenant, body),
            _ => return Reply::empty(StatusCode::METHOD_NOT_ALLOWED),
        };
        match answer {
            Ok(body) => Reply::json(StatusCode::OK, body).header("cache-control", "no-store"),
            Err(refusal) => self.refused(&refusal),
        }
    }

    fn discovery(&self, tenant: &str) -> Result<Value, Refusal> {
        let tenant = tenant_of(tenant)?.tenant_id();
        let origin = self.world.resource_manager();
        Ok(json!({
            "token_endpoint": format!("{origin}/{tenant}/oauth2/v2.0/token"),
            "token_endpoint_auth_methods_supported": ["client_secret_post"],
            "jwks_uri": format!("{origin}/{tenant}/discovery/v2.0/keys"),
            "response_types_supported": ["token"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["ES256"],
            "issuer": issuer(self.world, tenant),
            "authorization_endpoint": format!("{origin}/{tenant}/oauth2/v2.0/authorize"),
            "grant_types_supported": ["client_credentials"],
            "tenant_region_scope": "WW",
        }))
    }

    fn token(&mut self, tenant: &str, body: &[u8]) -> Result<Value, Refusal> {
        let tenant = tenant_of(tenant)?;
        let form: BTreeMap<String, String> = form_urlencoded::parse(body).into_owned().collect();
        let field = |name: &'static str| form.get(name).map(String::as_str).ok_or(Refusal::Missing(name));
        if field("grant_type")? != "client_credentials" {
            return Err(Refusal::GrantType(field("grant_type")?.chars().take(64).collect()));
        }
        let client_id = field("client_id")?;
        let not_here = || Refusal::NotInDirectory { client_id: client_id.chars().take(64).collect(), tenant };
        let principal = self.world.principal_by_client_id(client_id).ok_or_else(not_here)?;
        let object_id = principal.object_id(tenant).ok_or_else(not_here)?;
        if field("client_secret")? != principal.client_secret {
            return Err(Refusal::WrongSecret(principal.client_id.clone()));
        }
        let audience = self.audience(field("scope")?, tenant)?;
        let claims = self.claims(principal, object_id, tenant, audience);
        let token = self.signer.sign(&claims).map_err(|_| Refusal::Signing)?;
        let lifetime = self.token_lifetime.whole_seconds();
        Ok(json!({
            "token_type": "Bearer", "expires_in": lifetime, "ext_expires_in": lifetime, "access_token": token,
        }))
    }

    /// The resource a scope names: Resource Manager, the part of it that stands in for Microsoft Graph, or Service Bus.
    fn audience(&self, scope: &str, tenant: Tenant) -> Result<String, Refusal> {
        let resource = scope
            .strip_suffix("/.default")
            .ok_or_else(|| Refusal::Scope(scope.chars().take(200).collect()))?;
        let known = resource.trim_end_matches('/');
        let origin = self.world.resource_manager();
        let served = [origin, &format!("{origin}/graph"), SERVICE_BUS];
        if served.iter().any(|resource| known.eq_ignore_ascii_case(resource)) {
            Ok(resource.to_owned())
        } else {
            Err(Refusal::UnknownResource { resource: resource.chars().take(200).collect(), tenant })
        }
    }

    fn claims(&mut self, principal: &Principal, object_id: &str, tenant: Tenant, aud: String) -> Claims {
        let now = self.now.unix_timestamp();
        Claims {
            aud,
            iss: issuer(self.world, tenant.tenant_id()),
            iat: now,
            nbf: now,
            exp: now + self.token_lifetime.whole_seconds(),
            appid: principal.client_id.clone(),
            appidacr: "1".into(),
            idtyp: "app".into(),
            oid: object_id.to_owned(),
            sub: object_id.to_owned(),
            tid: tenant.tenant_id().into(),
            uti: self.mint.guid().simple().to_string(),
            ver: "1.0".into(),
        }
    }

    fn refused(&mut self, refusal: &Refusal) -> Reply {
        let (trace, correlation) = (self.mint.guid(), self.mint.guid());
        let stamp = self
            .now
            .format(format_description!("[year]-[month]-[day] [hour]:[minute]:[second]Z"))
            .unwrap_or_default();
        let number = refusal.number();
        Reply::json(
            refusal.status(),
            json!({
                "error": refusal.error(),
                "error_description": format!(
                    "AADSTS{number}: {refusal} Trace ID: {trace} Correlation ID: {correlation} Timestamp: {stamp}"
                ),
                "error_codes": [number],
                "timestamp": stamp,
                "trace_id": trace.to_string(),
                "correlation_id": correlation.to_string(),
                "error_uri": format!("{}/error?code={number}", self.world.resource_manager()),
            }),
        )
    }
}

/// The issuer that this authority writes into a tenant's tokens.
pub(crate) fn issuer(world: &World, tenant_id: &str) -> String {
    format!("{}/{tenant_id}/v2.0", world.resource_manager())
}

fn tenant_of(id: &str) -> Result<Tenant, Refusal> {
    Tenant::by_tenant_id(id).ok_or_else(|| Refusal::NoTenant(id.chars().take(64).collect()))
}

/// Why a request to the authority is refused; the words are Entra's.
#[derive(Debug, thiserror::Error)]
enum Refusal {
    #[error(
        "Tenant '{0}' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud. Check with your subscription administrator, this may happen if there are no active subscriptions for the tenant."
    )]
    NoTenant(String),
    #[error("Application with identifier '{client_id}' was not found in the directory '{}'. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant. You may have sent your authentication request to the wrong tenant.", tenant.tenant_id())]
    NotInDirectory { client_id: String, tenant: Tenant },
    #[error(
        "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app '{0}'."
    )]
    WrongSecret(String),
    #[error("The resource principal named {resource} was not found in the tenant named {}.", tenant.name())]
    UnknownResource { resource: String, tenant: Tenant },
    #[error("The provided request must include a '{0}' input parameter.")]
    Missing(&'static str),
    #[error(
        "The provided value for scope {0} is not valid. Client credential flows must have a scope value with /.default suffixed to the resource identifier (application ID URI)."
    )]
    Scope(String),
    #[error("The app requested an unsupported grant type '{0}'.")]
    GrantType(String),
    #[error("The token could not be signed.")]
    Signing,
}

impl Refusal {
    fn number(&self) -> u32 {
        match self {
            Self::NoTenant(_) => 90002,
            Self::NotInDirectory { .. } => 700_016,
            Self::WrongSecret(_) => 7_000_215,
            Self::UnknownResource { .. } => 500_011,
            Self::Missing(_) => 900_144,
            Self::Scope(_) => 1_002_012,
            Self::GrantType(_) => 70003,
            Self::Signing => 90033,
        }
    }

    fn error(&self) -> &'static str {
        match self {
            Self::NotInDirectory { .. } => "unauthorized_client",
            Self::WrongSecret(_) => "invalid_client",
            Self::UnknownResource { .. } => "invalid_resource",
            Self::Scope(_) => "invalid_scope",
            Self::GrantType(_) => "unsupported_grant_type",
            Self::NoTenant(_) | Self::Missing(_) => "invalid_request",
            Self::Signing => "temporarily_unavailable",
        }
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::WrongSecret(_) => StatusCode::UNAUTHORIZED,
            Self::Signing => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::BAD_REQUEST,
        }
    }
}
