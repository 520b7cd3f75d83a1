//! What a type's file works with.

use http::Method;
use serde_json::Value;
use time::OffsetDateTime;

use crate::arm::call::{ArmCall, ArmError, Caller, Key, Target};
use crate::arm::state::{Provisioning, Store};
use crate::events::{Happening, HttpFacts};
use crate::mint::Mint;
use crate::settings::Settings;
use crate::world::{Tenant, World};

/// Everything a type's file works with.
pub(crate) struct Cx<'a> {
    pub(crate) store: &'a mut Store,
    pub(crate) mint: &'a mut Mint,
    pub(crate) world: &'a World,
    pub(crate) settings: &'a Settings,
    pub(crate) now: OffsetDateTime,
    pub(crate) caller: &'a Caller,
    pub(crate) call: &'a ArmCall,
    /// The operation's name for events, such as `Microsoft.Network/virtualNetworks/write`.
    pub(crate) operation_name: String,
    /// By which role the call is allowed.
    pub(crate) evidence: Value,
    /// What to tell once the call has taken effect.
    pub(crate) happenings: Vec<Happening>,
}

impl Cx<'_> {
    pub(crate) fn group_exists(&self, at: &Target) -> Result<(), ArmError> {
        let group = at.group().ok_or(ArmError::BadUrl("the resource group is missing"))?;
        let key = Key::of(&format!("/subscriptions/{}/resourceGroups/{group}", self.call.subscription));
        match self.store.groups.get(&key) {
            Some(found)
                if found.provisioning == Provisioning::Deleting && self.call.method == Method::PUT =>
            {
                Err(ArmError::Busy(found.id.clone()))
            }
            Some(_) => Ok(()),
            None => Err(ArmError::NoGroup(group.to_owned())),
        }
    }

    /// The id a new resource gets: the group as it was made, the type in Azure's casing, the name as the caller wrote it.
    pub(crate) fn canonical_id(&self, at: &Target, kind: &str) -> String {
        let Some(group) = at.group() else { return at.id() };
        let key = Key::of(&format!("/subscriptions/{}/resourceGroups/{group}", self.call.subscription));
        let scope = self.store.groups.get(&key).map_or_else(|| at.scope.clone(), |group| group.id.clone());
        let mut segments = kind.split('/');
        let mut id = format!("{scope}/providers/{}", segments.next().unwrap_or_default());
        for (kind, name) in segments.zip(&at.names) {
            id.push_str(&format!("/{kind}/{name}"));
        }
        id
    }

    pub(crate) fn happening(&self, resource: String, operation: String) -> Option<Happening> {
        let header = |name: &str| self.call.headers.get(name).and_then(|value| value.to_str().ok());
        let query =
            if self.call.raw_query.is_empty() { String::new() } else { format!("?{}", self.call.raw_query) };
        Some(Happening {
            tenant: Tenant::by_subscription_id(&self.call.subscription)?,
            resource,
            operation,
            claims: self.caller.claims.clone(),
            correlation_id: self.call.correlation_id.clone(),
            http: Some(HttpFacts {
                client_request_id: header("x-ms-client-request-id")
                    .map_or_else(|| self.call.request_id.to_string(), str::to_owned),
                method: self.call.method.to_string(),
                url: format!("{}{}{query}", self.world.resource_manager(), self.call.path),
            }),
            evidence: self.evidence.clone(),
        })
    }

    /// What is told about this call is that it made something. For types that answer a creation with 200.
    pub(crate) fn is_created(&mut self) {
        self.happenings.iter_mut().for_each(|happening| happening.http = None);
    }

    pub(super) fn take_happenings(&mut self, created: bool) -> Vec<Happening> {
        let mut happenings = std::mem::take(&mut self.happenings);
        if created {
            happenings.iter_mut().for_each(|happening| happening.http = None);
        }
        happenings
    }
}
