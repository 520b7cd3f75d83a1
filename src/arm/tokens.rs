//! One token for each tenant, and never one tenant's for another's.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use azure_core::base64;
use azure_core::http::Transport;

use super::settings::Settings;
use crate::azure::CallFault;
use crate::azure::entra::{Application, Entra, Granted};
use crate::clock::Clock;
use crate::handshake::ids::TenantId;

/// The tokens of our application, one for each tenant that it was asked for.
pub(super) struct TenantTokens {
    application: Application,
    transport: Transport,
    clock: Clock,
    tenants: Mutex<HashMap<TenantId, Arc<Entra>>>,
}

/// A token, and whose it is.
pub(super) struct Bearer {
    pub(super) granted: Granted,
    tenant: TenantId,
}

impl Bearer {
    /// The object id of our application in the token's tenant, if the token is one that can be read. It serves to tell
    /// an administrator whom to grant a right, and is not relied on.
    pub(super) fn object_id(&self) -> Option<String> {
        let payload = self.granted.token.reveal().split('.').nth(1)?;
        let claims: serde_json::Value =
            serde_json::from_slice(&base64::decode_url_safe(payload).ok()?).ok()?;
        claims.get("oid")?.as_str().map(str::to_owned)
    }
}

impl TenantTokens {
    pub(super) fn new(settings: &Settings, transport: Transport, clock: Clock) -> Self {
        let application = Application::new(
            settings.authority.clone(),
            settings.client_id.clone(),
            settings.client_secret.clone(),
            settings.endpoint.as_str(),
        );
        Self { application, transport, clock, tenants: Mutex::default() }
    }

    /// The tenant's token.
    pub(super) async fn bearer(&self, tenant: TenantId, request_id: String) -> Result<Bearer, CallFault> {
        let granted = self.of(tenant).token(Some(request_id)).await?;
        Ok(Bearer { granted, tenant })
    }

    /// This token was refused: the next one is another.
    pub(super) fn renew(&self, refused: &Bearer) {
        self.of(refused.tenant).renew(&refused.granted);
    }

    fn of(&self, tenant: TenantId) -> Arc<Entra> {
        let mut tenants = self.tenants.lock().unwrap_or_else(PoisonError::into_inner);
        let made =
            || Arc::new(Entra::new(tenant, self.application.clone(), self.transport.clone(), self.clock));
        tenants.entry(tenant).or_insert_with(made).clone()
    }
}
