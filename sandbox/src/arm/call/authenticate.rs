//! Tokens of a call: the primary one, and the auxiliary ones that prove the same application in other tenants.

use http::HeaderMap;
use time::OffsetDateTime;

use super::error::ArmError;
use crate::entra::{Claims, Signer};
use crate::events::stamp;
use crate::world::{Tenant, World};

/// Who calls, proved.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub(crate) tenant: Tenant,
    pub(crate) claims: Claims,
    pub(crate) auxiliaries: Vec<Auxiliary>,
}

/// The same application in another tenant, proved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Auxiliary {
    pub(crate) tenant: Tenant,
    pub(crate) object_id: String,
}

impl Caller {
    /// The application's object in `tenant`, if the call proved it there.
    pub(crate) fn object_in(&self, tenant: Tenant) -> Option<&str> {
        if tenant == self.tenant {
            return Some(&self.claims.oid);
        }
        self.auxiliaries.iter().find(|other| other.tenant == tenant).map(|other| other.object_id.as_str())
    }
}

/// Azure's limit.
const MOST_AUXILIARIES: usize = 3;
const AUXILIARY: &str = "x-ms-authorization-auxiliary";

/// The claims of the primary token if it was signed here, whatever else may be wrong with it.
pub(crate) fn identify(signer: &mut Signer, headers: &HeaderMap) -> Option<Claims> {
    signer.verify(bearer(headers)?).ok()
}

/// Checks all tokens of a call to `audience` about a resource in `wanted`.
pub(crate) fn authenticate(
    signer: &mut Signer,
    world: &World,
    now: OffsetDateTime,
    headers: &HeaderMap,
    audience: &str,
    wanted: Option<Tenant>,
) -> Result<Caller, ArmError> {
    let token = bearer(headers).ok_or(ArmError::NoToken)?;
    let claims = signer.verify(token).map_err(|_| ArmError::InvalidToken)?;
    if now.unix_timestamp() >= claims.exp {
        return Err(ArmError::ExpiredToken { expiry: expiry(&claims), now: stamp(now) });
    }
    if !claims.aud.trim_end_matches('/').eq_ignore_ascii_case(audience) {
        return Err(ArmError::WrongAudience { given: claims.aud, wanted: audience.to_owned() });
    }
    let tenant = Tenant::by_tenant_id(&claims.tid).ok_or(ArmError::InvalidToken)?;
    if let Some(wanted) = wanted.filter(|&wanted| wanted != tenant) {
        return Err(ArmError::WrongTenant {
            given: claims.iss,
            wanted: crate::entra::issuer(world, wanted.tenant_id()),
            authority: authority(world, Some(wanted)),
        });
    }
    let auxiliaries = auxiliaries(signer, now, headers, audience, &claims)?;
    Ok(Caller { tenant, claims, auxiliaries })
}

/// Where to get a token for a tenant; for any tenant if it is not known.
pub(crate) fn authority(world: &World, tenant: Option<Tenant>) -> String {
    format!("{}/{}", world.resource_manager(), tenant.map_or("common", Tenant::tenant_id))
}

fn auxiliaries(
    signer: &mut Signer,
    now: OffsetDateTime,
    headers: &HeaderMap,
    audience: &str,
    primary: &Claims,
) -> Result<Vec<Auxiliary>, ArmError> {
    let mut tokens = Vec::new();
    for value in headers.get_all(AUXILIARY) {
        let value = value.to_str().map_err(|_| ArmError::AuxiliaryInvalid("the header is not text"))?;
        // The CLI joins with commas, older samples with semicolons.
        for part in value.split([',', ';']).map(str::trim).filter(|part| !part.is_empty()) {
            tokens.push(strip_bearer(part).ok_or(ArmError::AuxiliaryInvalid("it is not a bearer token"))?);
        }
    }
    if tokens.len() > MOST_AUXILIARIES {
        return Err(ArmError::AuxiliaryInvalid("there are more than three"));
    }
    let mut proved = Vec::with_capacity(tokens.len());
    let mut others = Vec::new();
    for token in tokens {
        let claims = signer
            .verify(token)
            .map_err(|_| ArmError::AuxiliaryInvalid("it was not signed by this authority"))?;
        if now.unix_timestamp() >= claims.exp {
            let expiry = expiry(&claims);
            return Err(ArmError::AuxiliaryExpired { client: claims.appid, tenant: claims.tid, expiry });
        }
        if !claims.aud.trim_end_matches('/').eq_ignore_ascii_case(audience) {
            return Err(ArmError::AuxiliaryInvalid("it is for another audience"));
        }
        let tenant =
            Tenant::by_tenant_id(&claims.tid).ok_or(ArmError::AuxiliaryInvalid("its tenant is unknown"))?;
        if claims.appid.eq_ignore_ascii_case(&primary.appid) {
            proved.push(Auxiliary { tenant, object_id: claims.oid });
        } else {
            others.push(claims.appid);
        }
    }
    if !others.is_empty() {
        return Err(ArmError::AuxiliaryOtherApplication {
            count: others.len(),
            others: others.join(","),
            primary: primary.appid.clone(),
        });
    }
    Ok(proved)
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    strip_bearer(headers.get(http::header::AUTHORIZATION)?.to_str().ok()?)
}

fn strip_bearer(value: &str) -> Option<&str> {
    let (scheme, token) = value.trim().split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn expiry(claims: &Claims) -> String {
    OffsetDateTime::from_unix_timestamp(claims.exp).map(stamp).unwrap_or_default()
}
