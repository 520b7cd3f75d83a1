//! Agreements on management: which network managers may take which scopes.

use std::sync::Arc;

use serde::Deserialize;
use toml::Spanned;

use super::agreement::ManagementAgreement;
use super::ends::{ManagementEnds, Seat};
use super::ids::NetworkManagerId;
use crate::handshake::agreements::{
    Agreements, Broken, Claim, DenyRule, Partner, Section, ShownAgreement, Terms, Whose,
};
use crate::handshake::ids::TenantId;
use crate::handshake::scope::Scope;

/// `[[management]]`
pub(super) const SECTION: Section = Section {
    key: "management",
    actions: &[ACTION],
    fix: FIX,
    read: |text| Ok(Arc::new(toml::from_str::<ManagementTerms>(text)?)),
};

/// The action by which our half of a management connection is asked for.
pub const ACTION: &str = "connect-management";
/// What makes a manager or a scope known.
pub(super) const FIX: &str =
    "add a [[management]] whose `manager` and `scope` match both to the agreement with the partner";

/// The managements of a file; of those that cover both ends the first counts.
#[derive(Clone, Debug, Deserialize)]
pub struct ManagementTerms {
    #[serde(default)]
    management: Vec<ManagementAgreement>,
}

impl Terms for ManagementTerms {
    fn names(&self) -> Vec<&Spanned<String>> {
        self.management.iter().map(|agreement| &agreement.name).collect()
    }

    fn claims(&self) -> Vec<Claim<'_>> {
        self.management.iter().flat_map(ManagementAgreement::claims).collect()
    }

    fn check(&self) -> Result<(), Broken> {
        self.management.iter().try_for_each(ManagementAgreement::check)
    }

    fn shown(&self, label: &dyn Fn(&Spanned<String>) -> String) -> Vec<ShownAgreement> {
        self.management.iter().map(|agreement| agreement.shown(label(&agreement.name))).collect()
    }
}

impl Partner {
    /// The network managers that may take scopes.
    #[must_use]
    pub fn managements(&self) -> &[ManagementAgreement] {
        self.terms::<ManagementTerms>().map_or(&[], |terms| &terms.management)
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

    /// The partner at the other end and the agreement that covers the handshake, if one does.
    #[must_use]
    pub fn covering_management(&self, ends: &ManagementEnds) -> Option<(&Partner, &ManagementAgreement)> {
        let partner = self.partner(ends.partner)?;
        let agreement = partner.managements().iter().find(|agreement| agreement.covers(ends))?;
        Some((partner, agreement))
    }

    /// The management agreement that a record calls by this label, whatever it covers now.
    #[must_use]
    pub fn labelled_management(&self, partner: TenantId, label: &str) -> Option<&ManagementAgreement> {
        let partner = self.partner(partner)?;
        partner.managements().iter().find(|agreement| partner.label_of(&agreement.name) == label)
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
        self.partners()
            .iter()
            .flat_map(|partner| partner.managements().iter().map(move |agreement| (partner, agreement)))
    }
}
