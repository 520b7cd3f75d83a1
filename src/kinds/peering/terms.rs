//! Agreements on peerings: which networks may be peered with which, and how.

use std::sync::Arc;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use serde_json::json;
use toml::Spanned;

use super::ends::PeeringEnds;
use super::flags::PeeringFlags;
use super::halves::Network;
use super::range;
use super::shown::{effects, summary};
use crate::handshake::agreements::{
    Adopt, Agreements, Broken, Claim, OnRemoval, Partner, Remedy, Section, ShownAgreement, Terms, Whose,
};
use crate::handshake::ids::{TenantId, VirtualNetworkId};
use crate::handshake::pattern::NetworkPattern;
use crate::handshake::scope::Scope;

/// `[[peering]]`
pub(super) const SECTION: Section = Section {
    key: "peering",
    actions: &[ACTION],
    hint: HINT,
    read: |text| Ok(Arc::new(toml::from_str::<PeeringTerms>(text)?)),
};

/// The action by which our half of a peering is asked for.
pub const ACTION: &str = "connect-peering";
/// What makes a network known.
pub(super) const HINT: &str =
    "add a [[peering]] whose `ours` and `theirs` match both networks to the agreement with the partner";

/// The peerings of a file; of those that cover both ends of a pair the first counts.
#[derive(Clone, Debug, Deserialize)]
pub struct PeeringTerms {
    #[serde(default)]
    peering: Vec<PeeringAgreement>,
}

/// Which networks may be peered with which, and how.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PeeringAgreement {
    /// Unique for the partner; records name it as `partner/name`.
    pub name: Spanned<String>,
    /// Our networks.
    pub ours: NetworkPattern,
    /// The partner's networks.
    pub theirs: NetworkPattern,
    /// Every prefix of the partner's network lies inside one of these.
    #[serde(deserialize_with = "range::list")]
    pub prefixes: Spanned<Vec<IpNet>>,
    /// Our half may allow traffic that the partner's network forwards.
    #[serde(default)]
    pub forwarded_traffic: bool,
    /// The partner's network may use our gateway.
    #[serde(default)]
    pub gateway_transit: bool,
    /// Our network may use the partner's gateway.
    #[serde(default)]
    pub remote_gateways: bool,
    /// What becomes of our half when the partner removes theirs.
    #[serde(default)]
    pub on_removal: OnRemoval,
    /// What becomes of a half that we wrote and that came to route more than is agreed.
    #[serde(default = "Remedy::remove")]
    pub on_breach: Remedy,
    /// What becomes of a half that was agreed to and is not any more.
    #[serde(default = "Remedy::tell")]
    pub on_withdrawal: Remedy,
    /// What may be done to halves that people made.
    #[serde(default)]
    pub adopt: Adopt,
    /// Whether only our half is ours to write.
    #[serde(default)]
    pub reach: Reach,
    /// `key=value`: only networks of ours that carry this tag, so that their owner consents too.
    #[serde(default)]
    pub tag: Option<Tag>,
}

/// Whose halves this app writes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Reach {
    /// Ours only; the partner's app writes theirs.
    #[default]
    Ours,
    /// Both, for a team that holds both tenants.
    Both,
}

/// A tag that a network must carry.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Tag {
    /// The tag's name; Azure compares it without regard to case.
    pub key: String,
    /// The tag's value; compared exactly.
    pub value: String,
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

impl PeeringAgreement {
    /// As far as a half of ours may go in its flags.
    #[must_use]
    pub fn flags(&self) -> PeeringFlags {
        PeeringFlags {
            allow_virtual_network_access: true,
            allow_forwarded_traffic: self.forwarded_traffic,
            allow_gateway_transit: self.gateway_transit,
            use_remote_gateways: self.remote_gateways,
        }
    }

    /// Whether one of our networks carries the tag that this agreement asks for.
    #[must_use]
    pub fn is_tagged(&self, network: &Network) -> bool {
        self.tag.as_ref().is_none_or(|tag| {
            network.tags.iter().any(|(key, value)| key.eq_ignore_ascii_case(&tag.key) && *value == tag.value)
        })
    }

    fn check(&self) -> Result<(), Broken> {
        if self.prefixes.get_ref().is_empty() {
            let problem = "`prefixes` is empty, which allows nothing; name the ranges the partner may use";
            return Err(Broken { at: self.prefixes.span().start, problem: problem.into() });
        }
        if self.on_removal == OnRemoval::Restore && self.reach != Reach::Both {
            let problem =
                "`on_removal = \"restore\"` writes the partner's half, which needs `reach = \"both\"`";
            return Err(Broken { at: self.name.span().start, problem: problem.into() });
        }
        Ok(())
    }

    fn shown(&self, label: String) -> ShownAgreement {
        let prefixes: Vec<String> = self.prefixes.get_ref().iter().map(ToString::to_string).collect();
        let mut lines = vec![
            format!("ours     {}", self.ours),
            format!("theirs   {}", self.theirs),
            format!("prefixes {}", prefixes.join(", ")),
            summary(self),
        ];
        lines.extend(effects(self));
        let json = json!({
            "name": label, "ours": self.ours, "theirs": self.theirs, "prefixes": prefixes,
            "forwardedTraffic": self.forwarded_traffic, "gatewayTransit": self.gateway_transit,
            "remoteGateways": self.remote_gateways, "onRemoval": self.on_removal, "onBreach": self.on_breach,
            "onWithdrawal": self.on_withdrawal, "adopt": self.adopt, "reach": self.reach,
            "tag": self.tag.as_ref().map(|tag| format!("{}={}", tag.key, tag.value)),
        });
        ShownAgreement { label, lines, json }
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

impl TryFrom<String> for Tag {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match text.split_once('=') {
            Some((key, value)) if !key.is_empty() => {
                Ok(Self { key: key.to_owned(), value: value.to_owned() })
            }
            _ => Err(format!("`{text}` is not a tag; write \"key=value\"")),
        }
    }
}
