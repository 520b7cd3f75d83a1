//! All agreements of our tenant, and whose a resource is by them.

use super::partner::{DenyRule, Partner, Whose};
use crate::handshake::ids::{SubscriptionId, TenantId};
use crate::handshake::resource_id::ResourceId;
use crate::handshake::scope::Scope;

/// All agreements of our tenant, one [`Partner`] a file.
///
/// Guarantee: every subscription and every management group named in them belongs to exactly one tenant, so that a
/// resource id tells whose it is.
#[derive(Clone, Debug, Default)]
pub struct Agreements {
    pub(super) partners: Vec<Partner>,
}

impl Agreements {
    /// The partners, in the order of their files.
    #[must_use]
    pub fn partners(&self) -> &[Partner] {
        &self.partners
    }

    /// Whose this subscription is; `None` means that no agreement names it.
    #[must_use]
    pub fn whose(&self, subscription: SubscriptionId) -> Option<Whose> {
        self.partners.iter().find_map(|partner| partner.whose(subscription))
    }

    /// Whose this scope is; `None` means that no agreement names it.
    #[must_use]
    pub fn whose_scope(&self, scope: &Scope) -> Option<Whose> {
        self.partners.iter().find_map(|partner| partner.whose_scope(scope))
    }

    /// Whose this resource is, by the subscription or management group that it lies in.
    #[must_use]
    pub fn whose_resource(&self, id: &ResourceId) -> Option<Whose> {
        self.whose_scope(&Scope::holding(id)?)
    }

    /// What is never allowed, from every partner's file: a `[[deny]]` beats every allow.
    pub fn denials(&self) -> impl Iterator<Item = &DenyRule> {
        self.partners.iter().flat_map(|partner| &partner.denials)
    }

    /// The partner with this tenant.
    #[must_use]
    pub fn partner(&self, tenant: TenantId) -> Option<&Partner> {
        self.partners.iter().find(|partner| partner.tenant == tenant)
    }
}
