//! Agreements: what our tenant consents to with a partner. Nothing is allowed without one.

mod check;
mod management;
mod range;
mod requests;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use toml::Spanned;

use self::check::Check;
pub use self::management::{GroupAgreement, ManagementAgreement, OurEnd};
pub use self::requests::RequestRule;
use super::halves::{Network, PeeringFlags};
use super::ids::{SubscriptionId, TenantId, VirtualNetworkId};
use super::management::ids::Scope;
use super::pattern::NetworkPattern;

/// All agreements of our tenant, one [`Partner`] a file.
///
/// Guarantee: every subscription and every management group named in them belongs to exactly one tenant, so that a
/// resource id tells whose it is.
#[derive(Clone, Debug, Default)]
pub struct Agreements {
    partners: Vec<Partner>,
}

/// What is agreed with one partner.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Partner {
    /// What we call the partner.
    #[serde(rename = "partner")]
    pub name: String,
    /// The partner's tenant.
    pub tenant: TenantId,
    /// Peerings we consent to; of those that cover both ends of a pair the first counts.
    #[serde(default, rename = "peering")]
    pub peerings: Vec<PeeringAgreement>,
    /// Network managers that may take scopes; of those that cover both ends the first counts.
    #[serde(default, rename = "management")]
    pub managements: Vec<ManagementAgreement>,
    /// What may be asked for by which queue; without any, everything by `connection-requests`.
    #[serde(default)]
    pub requests: Vec<RequestRule>,
    /// What is never allowed, whatever is agreed, with this partner or with another one.
    #[serde(default, rename = "deny")]
    pub denials: Vec<DenyRule>,
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

/// What becomes of our half when the partner removes theirs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnRemoval {
    /// It is removed, and the handshake closed.
    #[default]
    Remove,
    /// It stays, and the handshake is told to be broken.
    Keep,
    /// The partner's half is written again; needs `reach = "both"`.
    Restore,
}

/// What becomes of a half of ours that goes beyond what is agreed. It is told in either case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Remedy {
    /// It is removed, or its flags are cut down where only they go too far.
    Remove,
    /// It stays.
    Tell,
}

/// What may be done to halves that people made, within an agreement that covers them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Adopt {
    /// They are read, told and synced.
    #[default]
    Sync,
    /// They are written, cut down and removed like our own.
    Manage,
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

/// A network that is never to be connected, to nobody.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DenyRule {
    /// Ours or theirs.
    pub network: NetworkPattern,
    /// Told to whoever is refused.
    pub reason: String,
}

/// Whose network one is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// Our tenant's.
    Ours,
    /// This partner's.
    Theirs(TenantId),
}

/// The two ends of a peering, told apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ends {
    /// Our network.
    pub ours: VirtualNetworkId,
    /// The partner's network.
    pub theirs: VirtualNetworkId,
    /// The partner's tenant.
    pub partner: TenantId,
}

/// Why an agreement file is not taken. Every variant names the file.
#[derive(Debug, Error)]
pub enum AgreementError {
    /// The text is not TOML, or a key is unknown, missing or of another shape.
    #[error("{file} cannot be read as an agreement")]
    Syntax {
        /// The file.
        file: String,
        /// Says line and column, what is wrong and what may stand there.
        source: Box<toml::de::Error>,
    },
    /// A rule between keys is broken.
    #[error("{file}, line {line}: {problem}")]
    Rule {
        /// The file.
        file: String,
        /// Counted from 1.
        line: usize,
        /// What is wrong and what to write instead.
        problem: String,
    },
}

impl Agreements {
    /// Reads the files' texts, given with their names, for the home tenant where that is known.
    ///
    /// # Errors
    /// The first thing that is wrong in any of them.
    pub fn parse<'a>(
        home: Option<TenantId>,
        files: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self, AgreementError> {
        let mut agreements = Self::default();
        for (file, text) in files {
            let partner: Partner = toml::from_str(text).map_err(|source| AgreementError::Syntax {
                file: file.to_owned(),
                source: Box::new(source),
            })?;
            Check { file, text, home, known: &agreements }.check(&partner)?;
            agreements.partners.push(partner);
        }
        Ok(agreements)
    }

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

    /// Tells the two ends of a peering apart; `None` unless one is ours and the other a partner's.
    #[must_use]
    pub fn ends(&self, one: &VirtualNetworkId, other: &VirtualNetworkId) -> Option<Ends> {
        let (ours, theirs, partner) = match (self.whose(one.subscription)?, self.whose(other.subscription)?) {
            (Whose::Ours, Whose::Theirs(partner)) => (one, other, partner),
            (Whose::Theirs(partner), Whose::Ours) => (other, one, partner),
            (Whose::Ours, Whose::Ours) | (Whose::Theirs(_), Whose::Theirs(_)) => return None,
        };
        Some(Ends { ours: ours.clone(), theirs: theirs.clone(), partner })
    }

    /// The partner at the other end and the agreement that covers the pair, if one does.
    #[must_use]
    pub fn covering(&self, ends: &Ends) -> Option<(&Partner, &PeeringAgreement)> {
        let partner = self.partner(ends.partner)?;
        let covers = |agreement: &&PeeringAgreement| {
            agreement.ours.matches(&ends.ours) && agreement.theirs.matches(&ends.theirs)
        };
        partner.peerings.iter().find(covers).map(|agreement| (partner, agreement))
    }

    /// The peering agreement that a record calls by this label, whatever it covers now.
    #[must_use]
    pub fn labelled(&self, partner: TenantId, label: &str) -> Option<&PeeringAgreement> {
        let partner = self.partner(partner)?;
        partner.peerings.iter().find(|agreement| partner.label(agreement) == label)
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
}

impl Partner {
    /// The `partner/name` by which records and people call an agreement.
    #[must_use]
    pub fn label(&self, agreement: &PeeringAgreement) -> String {
        self.label_of(&agreement.name)
    }

    /// The `partner/name` of any agreement.
    #[must_use]
    pub fn label_of(&self, name: &Spanned<String>) -> String {
        format!("{}/{}", self.name, name.get_ref())
    }

    fn whose(&self, subscription: SubscriptionId) -> Option<Whose> {
        let of_peering = self.peerings.iter().flat_map(|agreement| {
            [(agreement.ours.subscription(), true), (agreement.theirs.subscription(), false)]
        });
        let of_management = self.managements.iter().flat_map(ManagementAgreement::subscriptions);
        let mut claims = of_peering.chain(of_management);
        claims.find(|(named, _)| *named == subscription).map(|(_, ours)| self.claim(ours))
    }

    fn whose_scope(&self, scope: &Scope) -> Option<Whose> {
        match scope {
            Scope::Subscription(subscription) => self.whose(*subscription),
            Scope::ManagementGroup(_) => {
                let named = self.managements.iter().find(|agreement| agreement.scope == *scope)?;
                Some(self.claim(named.ours == OurEnd::Scope))
            }
        }
    }

    fn claim(&self, ours: bool) -> Whose {
        if ours { Whose::Ours } else { Whose::Theirs(self.tenant) }
    }
}

impl Remedy {
    fn remove() -> Self {
        Self::Remove
    }

    fn tell() -> Self {
        Self::Tell
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
