//! Agreements on management: which network managers may take which scopes.

use serde::{Deserialize, Serialize};
use toml::Spanned;

use super::{Adopt, Agreements, DenyRule, OnRemoval, Partner, Remedy, Whose};
use crate::handshake::ids::{Name, SubscriptionId, TenantId};
use crate::handshake::management::ends::{ManagementEnds, Seat};
use crate::handshake::management::ids::{NetworkManagerId, Scope};
use crate::handshake::pair::{Pair, Resource};
use crate::handshake::pattern::{ManagerPattern, NetworkPattern};

/// Which network managers may take which scope.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ManagementAgreement {
    /// Unique for the partner; records name it as `partner/name`.
    pub name: Spanned<String>,
    /// The managers.
    pub manager: ManagerPattern,
    /// The subscription or management group that they may take.
    pub scope: Scope,
    /// Which of the two is ours; the other one is the partner's.
    #[serde(default)]
    pub ours: OurEnd,
    /// What becomes of our half when the partner removes theirs.
    #[serde(default)]
    pub on_removal: OnRemoval,
    /// What becomes of a half of ours that was agreed to and is not any more.
    #[serde(default = "Remedy::tell")]
    pub on_withdrawal: Remedy,
    /// What may be done to halves that people made.
    #[serde(default)]
    pub adopt: Adopt,
    /// Network groups of ours that the partner's networks join as static members, once connected. Only where the
    /// manager is ours.
    #[serde(default)]
    pub groups: Vec<GroupAgreement>,
}

/// Which end of a management agreement is ours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OurEnd {
    /// The partner manages our scope.
    #[default]
    Scope,
    /// We manage the partner's scope.
    Manager,
}

/// A network group of our manager, and which of the partner's networks belong in it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GroupAgreement {
    /// The group's name.
    pub name: Name,
    /// The partner's networks that become static members.
    pub members: NetworkPattern,
}

impl ManagementAgreement {
    /// The subscriptions that it names, and whether each is ours.
    pub(super) fn subscriptions(&self) -> impl Iterator<Item = (SubscriptionId, bool)> {
        let scope = match &self.scope {
            Scope::Subscription(subscription) => Some((*subscription, self.ours == OurEnd::Scope)),
            Scope::ManagementGroup(_) => None,
        };
        let manager = (self.manager.subscription(), self.ours == OurEnd::Manager);
        let members = self.groups.iter().map(|group| (group.members.subscription(), false));
        [manager].into_iter().chain(scope).chain(members)
    }

    /// Where we sit in the handshakes that it covers.
    #[must_use]
    pub fn seat(&self) -> Seat {
        match self.ours {
            OurEnd::Scope => Seat::Target,
            OurEnd::Manager => Seat::Central,
        }
    }

    fn covers(&self, ends: &ManagementEnds) -> bool {
        self.seat() == ends.seat && self.scope == ends.scope && self.manager.matches(&ends.manager)
    }
}

impl Agreements {
    /// Tells the two ends of a management handshake apart; `None` unless one is ours and the other a partner's.
    #[must_use]
    pub fn management_ends(&self, manager: &NetworkManagerId, scope: &Scope) -> Option<ManagementEnds> {
        match (self.whose(manager.subscription)?, self.whose_scope(scope)?) {
            (Whose::Ours, Whose::Theirs(partner)) => {
                Some(ManagementEnds::new(manager, scope, partner, Seat::Central))
            }
            (Whose::Theirs(partner), Whose::Ours) => {
                Some(ManagementEnds::new(manager, scope, partner, Seat::Target))
            }
            (Whose::Ours, Whose::Ours) | (Whose::Theirs(_), Whose::Theirs(_)) => None,
        }
    }

    /// The pair that our end and the partner's make; `None` unless they can, and are whose they are said to be.
    #[must_use]
    pub fn pair(&self, ours: &Resource, theirs: &Resource) -> Option<Pair> {
        let pair = match (ours, theirs) {
            (Resource::Network(ours), Resource::Network(theirs)) => Pair::Peering(self.ends(ours, theirs)?),
            (Resource::Manager(manager), Resource::Scope(scope))
            | (Resource::Scope(scope), Resource::Manager(manager)) => {
                Pair::Management(self.management_ends(manager, scope)?)
            }
            (Resource::Network(_) | Resource::Manager(_) | Resource::Scope(_), _) => return None,
        };
        (pair.ours() == *ours).then_some(pair)
    }

    /// The partner at the other end and the agreement that covers the handshake, if one does.
    #[must_use]
    pub fn covering_management(&self, ends: &ManagementEnds) -> Option<(&Partner, &ManagementAgreement)> {
        let partner = self.partner(ends.partner)?;
        let agreement = partner.managements.iter().find(|agreement| agreement.covers(ends))?;
        Some((partner, agreement))
    }

    /// The management agreement that a record calls by this label, whatever it covers now.
    #[must_use]
    pub fn labelled_management(&self, partner: TenantId, label: &str) -> Option<&ManagementAgreement> {
        let partner = self.partner(partner)?;
        partner.managements.iter().find(|agreement| partner.label_of(&agreement.name) == label)
    }

    /// The `[[deny]]` that keeps a scope of ours from a partner's manager, which would reach every network in it. What
    /// lies under a management group cannot be seen, so every rule on a network that may be ours counts there. Of a
    /// partner's scope only the networks themselves are kept out of our groups.
    #[must_use]
    pub fn denied_scope(&self, ends: &ManagementEnds) -> Option<&DenyRule> {
        if ends.seat == Seat::Central {
            return None;
        }
        self.denials().find(|rule| match &ends.scope {
            Scope::Subscription(subscription) => rule.network.subscription() == *subscription,
            Scope::ManagementGroup(_) => {
                !matches!(self.whose(rule.network.subscription()), Some(Whose::Theirs(_)))
            }
        })
    }

    /// Every management agreement with its partner.
    pub fn managements(&self) -> impl Iterator<Item = (&Partner, &ManagementAgreement)> {
        self.partners
            .iter()
            .flat_map(|partner| partner.managements.iter().map(move |agreement| (partner, agreement)))
    }
}
