//! Agreements on management: which network managers may take which scopes.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::json;
use toml::Spanned;

use super::ends::{ManagementEnds, Seat};
use super::ids::NetworkManagerId;
use super::pattern::ManagerPattern;
use super::shown::effects;
use crate::handshake::agreements::{
    Adopt, Agreements, Broken, Claim, DenyRule, OnRemoval, Partner, Remedy, Section, ShownAgreement, Terms,
    Whose,
};
use crate::handshake::ids::{Name, TenantId};
use crate::handshake::pattern::NetworkPattern;
use crate::handshake::scope::Scope;

/// `[[management]]`
pub(super) const SECTION: Section = Section {
    key: "management",
    actions: &[ACTION],
    hint: HINT,
    read: |text| Ok(Arc::new(toml::from_str::<ManagementTerms>(text)?)),
};

/// The action by which our half of a management connection is asked for.
pub const ACTION: &str = "connect-management";
/// What makes a manager or a scope known.
pub(super) const HINT: &str =
    "add a [[management]] whose `manager` and `scope` match both to the agreement with the partner";

/// The managements of a file; of those that cover both ends the first counts.
#[derive(Clone, Debug, Deserialize)]
pub struct ManagementTerms {
    #[serde(default)]
    management: Vec<ManagementAgreement>,
}

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
    pub ours: Seat,
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
    /// The scopes that it names, and whether each is ours.
    fn claims(&self) -> Vec<Claim<'_>> {
        let manager = (Scope::Subscription(self.manager.subscription()), self.ours == Seat::Central);
        let scope = (self.scope.clone(), self.ours == Seat::Target);
        let members =
            self.groups.iter().map(|group| (Scope::Subscription(group.members.subscription()), false));
        let claims = [manager, scope].into_iter().chain(members);
        claims.map(|(scope, ours)| Claim { agreement: &self.name, scope, ours }).collect()
    }

    fn check(&self) -> Result<(), Broken> {
        let broken = |problem: &str| Err(Broken { at: self.name.span().start, problem: problem.to_owned() });
        if self.on_removal == OnRemoval::Restore {
            return broken("`on_removal = \"restore\"` is for peerings; write \"remove\" or \"keep\"");
        }
        if self.ours == Seat::Target && !self.groups.is_empty() {
            return broken("`groups` are of our own manager, which needs `ours = \"manager\"`");
        }
        if let Scope::Subscription(scope) = &self.scope
            && let Some(group) = self.groups.iter().find(|group| group.members.subscription() != *scope)
        {
            return broken(&format!(
                "`members` of group {} lie outside the scope {}",
                group.name, self.scope
            ));
        }
        Ok(())
    }

    fn shown(&self, label: String) -> ShownAgreement {
        let whose = match self.ours {
            Seat::Central => "the manager is ours",
            Seat::Target => "the scope is ours",
        };
        let mut lines =
            vec![format!("manager  {}", self.manager), format!("scope    {} ({whose})", self.scope)];
        lines.extend(effects(self));
        let json = json!({
            "name": label, "manager": self.manager.to_string(), "scope": self.scope, "ours": self.ours,
            "onRemoval": self.on_removal, "onWithdrawal": self.on_withdrawal, "adopt": self.adopt,
        });
        ShownAgreement { label, lines, json }
    }

    fn covers(&self, ends: &ManagementEnds) -> bool {
        self.ours == ends.seat && self.scope == ends.scope && self.manager.matches(&ends.manager)
    }
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
