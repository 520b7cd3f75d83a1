//! Whether the caller may, and what they are told if not.

use super::cx::Cx;
use crate::arm::call::{ArmError, Key, LinkedAccess, Target};
use crate::world::Tenant;

impl Cx<'_> {
    /// Refuses the call unless the caller may do this at this scope.
    pub(crate) fn authorise(&mut self, action: &str, scope: &str) -> Result<(), ArmError> {
        let granted = self
            .store
            .grant(self.caller.tenant, &self.caller.claims.oid, action, &Key::of(scope))
            .map(|grant| grant.evidence());
        match granted {
            Some(evidence) => {
                self.evidence = evidence;
                Ok(())
            }
            None => Err(self.forbidden(action, scope)),
        }
    }

    /// Refuses a write unless the caller may also do the link's action on the network that is referred to. If that lies
    /// in another tenant, only an auxiliary token of that tenant can show it.
    pub(crate) fn linked(
        &self,
        link: &'static LinkedAccess,
        at: &Target,
        network: &Target,
    ) -> Result<(), ArmError> {
        let subscription = network.subscription().unwrap_or_default().to_owned();
        let unlinked = || ArmError::LinkedTenant {
            link,
            scope: at.id(),
            tenant: self.caller.claims.tid.clone(),
            subscription: subscription.clone(),
        };
        let tenant = Tenant::by_subscription_id(&subscription).ok_or_else(unlinked)?;
        let object = self.caller.object_in(tenant).ok_or_else(unlinked)?;
        match self.store.grant(tenant, object, link.action, &network.key()) {
            Some(_) => Ok(()),
            None => Err(ArmError::LinkedAction {
                client: self.caller.claims.appid.clone(),
                object: self.caller.claims.oid.clone(),
                link,
                scope: at.id(),
                linked: network.id(),
            }),
        }
    }

    pub(crate) fn may(&self, action: &str, scope: &Key) -> bool {
        self.store.grant(self.caller.tenant, &self.caller.claims.oid, action, scope).is_some()
    }

    pub(crate) fn must_be_known(&self, scope: &Key) -> Result<(), ArmError> {
        if self.store.knows(&self.caller.claims.oid, scope) {
            Ok(())
        } else {
            Err(self.forbidden("Microsoft.Resources/subscriptions/read", scope.as_str()))
        }
    }

    pub(crate) fn forbidden(&self, action: &str, scope: &str) -> ArmError {
        ArmError::Forbidden {
            client: self.caller.claims.appid.clone(),
            object: self.caller.claims.oid.clone(),
            action: action.to_owned(),
            scope: scope.to_owned(),
        }
    }
}
