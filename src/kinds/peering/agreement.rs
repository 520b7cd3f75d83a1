//! An agreement on peerings: which networks may be peered with which, and how.

use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use toml::Spanned;

use super::flags::PeeringFlags;
use super::halves::Network;
use super::range;
use crate::handshake::agreements::{Adopt, Broken, OnRemoval, Remedy};
use crate::handshake::pattern::NetworkPattern;

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

    pub(super) fn check(&self) -> Result<(), Broken> {
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
