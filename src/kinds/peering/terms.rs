//! Agreements on peerings: which networks may be peered with which, and how.

use std::sync::Arc;

use serde::Deserialize;
use toml::Spanned;

use super::agreement::PeeringAgreement;
use super::ends::PeeringEnds;
use crate::handshake::agreements::{
    Agreements, Broken, Claim, Partner, Section, ShownAgreement, Terms, Whose,
};
use crate::handshake::ids::{TenantId, VirtualNetworkId};
use crate::handshake::scope::Scope;

/// `[[peering]]`
pub(super) const SECTION: Section = Section {
    key: "peering",
    actions: &[ACTION],
    fix: FIX,
    read: |text| Ok(Arc::new(toml::from_str::<PeeringTerms>(text)?)),
};

/// The action by which our half of a peering is asked for.
pub const ACTION: &str = "connect-peering";
/// What makes a network known.
pub(super) const FIX: &str =
    "add a [[peering]] whose `ours` and `theirs` match both networks to the agreement with the partner";

/// The peerings of a file; of those that cover both ends of a pair the first counts.
#[derive(Clone, Debug, Deserialize)]
pub struct PeeringTerms {
    #[serde(default)]
    peering: Vec<PeeringAgreement>,
}

impl Terms for PeeringTerms {
    fn names(&self) -> Vec<&Spanned<String>> {
        self.peering.iter().map(|agreement| &agreement.name).collect()
    }

    fn claims(&self) -> Vec<Claim<'_>> {
        let claims = self.peering.iter().flat_map(|agreement| {
            [(&agreement.ours, true), (&agreement.theirs, false)].map(|(pattern, ours)| Claim {
                agreement: &agreement.name,
                scope: Scope::Subscription(pattern.subscription()),
                ours,
            })
        });
        claims.collect()
    }

    fn check(&self) -> Result<(), Broken> {
        self.peering.iter().try_for_each(PeeringAgreement::check)
    }

    fn shown(&self, label: &dyn Fn(&Spanned<String>) -> String) -> Vec<ShownAgreement> {
        self.peering.iter().map(|agreement| agreement.shown(label(&agreement.name))).collect()
    }
}

impl Partner {
    /// The peerings that we consent to.
    #[must_use]
    pub fn peerings(&self) -> &[PeeringAgreement] {
        self.terms::<PeeringTerms>().map_or(&[], |terms| &terms.peering)
    }

    /// The `partner/name` by which records and people call a peering agreement.
    #[must_use]
    pub fn label(&self, agreement: &PeeringAgreement) -> String {
        self.label_of(&agreement.name)
    }
}

impl Agreements {
    /// Tells the two ends of a peering apart; `None` unless one is ours and the other a partner's.
    #[must_use]
    pub fn ends(&self, one: &VirtualNetworkId, other: &VirtualNetworkId) -> Option<PeeringEnds> {
        let (ours, theirs, partner) = match (self.whose(one.subscription)?, self.whose(other.subscription)?) {
            (Whose::Ours, Whose::Theirs(partner)) => (one, other, partner),
            (Whose::Theirs(partner), Whose::Ours) => (other, one, partner),
            (Whose::Ours, Whose::Ours) | (Whose::Theirs(_), Whose::Theirs(_)) => return None,
        };
        Some(PeeringEnds { ours: ours.clone(), theirs: theirs.clone(), partner })
    }

    /// The partner at the other end and the agreement that covers the pair, if one does.
    #[must_use]
    pub fn covering(&self, ends: &PeeringEnds) -> Option<(&Partner, &PeeringAgreement)> {
        let partner = self.partner(ends.partner)?;
        let covers = |agreement: &&PeeringAgreement| {
            agreement.ours.matches(&ends.ours) && agreement.theirs.matches(&ends.theirs)
        };
        partner.peerings().iter().find(covers).map(|agreement| (partner, agreement))
    }

    /// The peering agreement that a record calls by this label, whatever it covers now.
    #[must_use]
    pub fn labelled(&self, partner: TenantId, label: &str) -> Option<&PeeringAgreement> {
        let partner = self.partner(partner)?;
        partner.peerings().iter().find(|agreement| partner.label(agreement) == label)
    }
}
