//! Reading agreement files, and finding in them whose a resource is.

use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, Visitor};
use thiserror::Error as ThisError;

use super::check::Check;
use super::partner::{DenyRule, Partner, Whose};
use super::requests::RequestRule;
use super::terms::Section;
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

/// What a file says whatever kinds there are.
#[derive(Deserialize)]
struct Common {
    partner: String,
    tenant: TenantId,
    #[serde(default)]
    requests: Vec<RequestRule>,
    #[serde(default)]
    deny: Vec<DenyRule>,
}

/// Why an agreement file is not taken. Every variant names the file.
#[derive(Debug, ThisError)]
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
        sections: &[Section],
        files: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self, AgreementError> {
        let mut agreements = Self::default();
        for (file, text) in files {
            let partner = partner(sections, text).map_err(|source| AgreementError::Syntax {
                file: file.to_owned(),
                source: Box::new(source),
            })?;
            Check { file, text, home, sections, known: &agreements }.check(&partner)?;
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

/// Reads a file once for the keys that there may be, once for what every file has, and once for each kind.
fn partner(sections: &[Section], text: &str) -> Result<Partner, toml::de::Error> {
    KnownKeys(sections).deserialize(toml::Deserializer::parse(text)?)?;
    let Common { partner, tenant, requests, deny } = toml::from_str(text)?;
    let mut terms = Vec::with_capacity(sections.len());
    for section in sections {
        terms.push((section.key, (section.read)(text)?));
    }
    let claims = terms.iter().flat_map(|(_, terms)| terms.claims());
    let claims = claims.map(|claim| (claim.scope, claim.ours)).collect();
    Ok(Partner { name: partner, tenant, requests, denials: deny, terms, claims })
}

/// Takes a file whose keys are all known.
struct KnownKeys<'a>(&'a [Section]);

impl KnownKeys<'_> {
    fn all(&self) -> impl Iterator<Item = &'static str> {
        let kinds = self.0.iter().map(|section| section.key);
        ["partner", "tenant"].into_iter().chain(kinds).chain(["requests", "deny"])
    }
}

impl<'de> DeserializeSeed<'de> for KnownKeys<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for KnownKeys<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an agreement")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while map.next_key_seed(KnownKey(&self))?.is_some() {
            map.next_value::<IgnoredAny>()?;
        }
        Ok(())
    }
}

/// Takes one key, so that an unknown one is told with its line.
struct KnownKey<'a>(&'a KnownKeys<'a>);

impl<'de> DeserializeSeed<'de> for KnownKey<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_identifier(self)
    }
}

impl Visitor<'_> for KnownKey<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<(), E> {
        if self.0.all().any(|known| known == key) {
            return Ok(());
        }
        let known: Vec<String> = self.0.all().map(|known| format!("`{known}`")).collect();
        Err(E::custom(format!("unknown field `{key}`, expected one of {}", known.join(", "))))
    }
}
