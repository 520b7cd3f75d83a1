//! Reading agreement files.

use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, Visitor};

use super::all::Agreements;
use super::check::Check;
use super::error::AgreementError;
use super::partner::{DenyRule, Partner};
use super::requests::RequestRule;
use super::terms::Section;
use crate::handshake::ids::TenantId;

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

/// Takes one key, so that an unknown one is reported with its line.
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
