//! An agreement on management: which network managers may take which scope.

use serde::Deserialize;
use toml::Spanned;

use super::ends::{ManagementEnds, Seat};
use super::pattern::ManagerPattern;
use crate::handshake::agreements::{Adopt, Broken, Claim, OnRemoval, Remedy};
use crate::handshake::ids::Name;
use crate::handshake::pattern::NetworkPattern;
use crate::handshake::scope::Scope;

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
    pub(super) fn claims(&self) -> Vec<Claim<'_>> {
        let manager = (Scope::Subscription(self.manager.subscription()), self.ours == Seat::Central);
        let scope = (self.scope.clone(), self.ours == Seat::Target);
        let members =
            self.groups.iter().map(|group| (Scope::Subscription(group.members.subscription()), false));
        let claims = [manager, scope].into_iter().chain(members);
        claims.map(|(scope, ours)| Claim { agreement: &self.name, scope, ours }).collect()
    }

    pub(super) fn check(&self) -> Result<(), Broken> {
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

    pub(super) fn covers(&self, ends: &ManagementEnds) -> bool {
        self.ours == ends.seat && self.scope == ends.scope && self.manager.matches(&ends.manager)
    }
}
