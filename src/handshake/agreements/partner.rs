//! What is agreed with one partner.

use std::any::Any;
use std::sync::Arc;

use serde::Deserialize;
use toml::Spanned;

use super::requests::RequestRule;
use super::terms::Terms;
use crate::handshake::ids::{SubscriptionId, TenantId};
use crate::handshake::pattern::NetworkPattern;
use crate::handshake::request_queue::RequestQueue;
use crate::handshake::scope::Scope;

/// What is agreed with one partner: a file.
#[derive(Clone, Debug)]
pub struct Partner {
    /// What we call the partner.
    pub name: String,
    /// The partner's tenant.
    pub tenant: TenantId,
    /// What may be asked for by which queue; without any, everything by `connection-requests`.
    pub requests: Vec<RequestRule>,
    /// What is never allowed, whatever is agreed, with this partner or with another one.
    pub denials: Vec<DenyRule>,
    /// What each kind reads from the file, with its name.
    pub(super) terms: Vec<(&'static str, Arc<dyn Terms>)>,
    /// Every scope that the file names, and whether it is called ours.
    pub(super) claims: Vec<(Scope, bool)>,
}

/// A network that is never to be connected, to nobody.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DenyRule {
    /// Ours or theirs.
    pub network: NetworkPattern,
    /// Told to whoever is refused.
    pub reason: String,
}

/// Whose a resource is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// Our tenant's.
    Ours,
    /// This partner's.
    Theirs(TenantId),
}

impl Partner {
    /// The terms of one kind, in the order of the file.
    #[must_use]
    pub fn terms<T: Terms>(&self) -> Option<&T> {
        self.terms.iter().find_map(|(_, terms)| (&**terms as &dyn Any).downcast_ref())
    }

    /// Every kind's terms, with its name.
    pub fn all_terms(&self) -> impl Iterator<Item = (&'static str, &dyn Terms)> {
        self.terms.iter().map(|(kind, terms)| (*kind, &**terms))
    }

    /// The `partner/name` by which records and people call an agreement.
    #[must_use]
    pub fn label_of(&self, name: &Spanned<String>) -> String {
        format!("{}/{}", self.name, name.get_ref())
    }

    /// Whether the senders of this queue may ask for this with the partner. Without any rule those of
    /// `connection-requests` may ask for everything and others for nothing; with one, only what is listed may be asked.
    #[must_use]
    pub fn may_ask(&self, queue: &RequestQueue, action: &str) -> bool {
        if self.requests.is_empty() {
            return queue.is_default();
        }
        let mut rules = self.requests.iter().filter(|rule| rule.queue.get_ref() == queue);
        rules.any(|rule| rule.actions.iter().any(|listed| listed.get_ref() == action))
    }

    pub(super) fn whose(&self, subscription: SubscriptionId) -> Option<Whose> {
        self.whose_scope(&Scope::Subscription(subscription))
    }

    pub(super) fn whose_scope(&self, scope: &Scope) -> Option<Whose> {
        self.claims.iter().find(|(named, _)| named == scope).map(|(_, ours)| self.claim(*ours))
    }

    pub(super) fn claim(&self, ours: bool) -> Whose {
        if ours { Whose::Ours } else { Whose::Theirs(self.tenant) }
    }
}
