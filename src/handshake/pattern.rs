//! Patterns over resource ids: a literal subscription, and names in which `*` stands for any run of characters.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use thiserror::Error;

use super::ids::{Name, SubscriptionId, VirtualNetworkId};

/// Which virtual networks are meant, as an agreement writes it.
///
/// The subscription is always spelt out: it is what tells whose tenant a network belongs to, so that an event about
/// anybody else's costs no call.
#[derive(Clone, PartialEq, Eq)]
pub struct NetworkPattern(Pattern);

impl NetworkPattern {
    /// The subscription all its networks live in.
    #[must_use]
    pub fn subscription(&self) -> SubscriptionId {
        self.0.subscription
    }

    /// The one resource group it means, when that is spelt out.
    #[must_use]
    pub fn resource_group(&self) -> Option<Name> {
        self.0.literal_group()
    }

    /// Whether this network is meant.
    #[must_use]
    pub fn matches(&self, id: &VirtualNetworkId) -> bool {
        self.0.matches(id.subscription, &id.resource_group, &id.name)
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pattern {
    pub(crate) subscription: SubscriptionId,
    resource_group: NamePattern,
    name: NamePattern,
}

/// A name in which `*` stands for any run of characters, compared without regard to case.
#[derive(Clone, Debug, PartialEq, Eq)]
struct NamePattern(String);

impl NamePattern {
    fn literal(&self) -> Option<Name> {
        if self.0.contains('*') { None } else { self.0.parse().ok() }
    }

    fn matches(&self, name: &Name) -> bool {
        let text = name.as_str().to_ascii_lowercase();
        let mut parts = self.0.split('*');
        let first = parts.next().unwrap_or_default();
        let Some(mut rest) = text.strip_prefix(first) else { return false };
        let mut parts: Vec<&str> = parts.collect();
        let Some(last) = parts.pop() else { return rest.is_empty() };
        for part in parts {
            match rest.find(part) {
                Some(at) => rest = &rest[at + part.len()..],
                None => return false,
            }
        }
        rest.ends_with(last)
    }
}

/// Why a text is not a pattern.
#[derive(Debug, Error, PartialEq, Eq)]
#[error(
    "`{given}` is not a pattern of {collection}: {problem}; write /subscriptions/<subscription id>/resourceGroups/<name or *>/providers/Microsoft.Network/{collection}/<name or *>"
)]
pub struct PatternError {
    given: String,
    collection: &'static str,
    problem: String,
}

impl Pattern {
    pub(crate) fn parse(text: &str, collection: &'static str) -> Result<Self, PatternError> {
        let fail =
            |problem: String| PatternError { given: text.chars().take(200).collect(), collection, problem };
        let parts: Vec<&str> = text.trim_matches('/').split('/').collect();
        let [subscriptions, subscription, groups, group, providers, provider, collections, name] = parts[..]
        else {
            return Err(fail(format!("it has {} segments instead of 8", parts.len())));
        };
        let literals = [
            (subscriptions, "subscriptions"),
            (groups, "resourceGroups"),
            (providers, "providers"),
            (provider, "Microsoft.Network"),
            (collections, collection),
        ];
        for (found, wanted) in literals {
            if !found.eq_ignore_ascii_case(wanted) {
                return Err(fail(format!("`{found}` stands where `{wanted}` belongs")));
            }
        }
        let subscription = subscription.parse().map_err(|_| {
            fail(format!("the subscription must be spelt out, and `{subscription}` is not a subscription id"))
        })?;
        Ok(Self {
            subscription,
            resource_group: name_pattern(group).map_err(fail)?,
            name: name_pattern(name).map_err(fail)?,
        })
    }

    /// The one resource group that it means, when that is spelt out.
    pub(crate) fn literal_group(&self) -> Option<Name> {
        self.resource_group.literal()
    }

    /// The one name that it means, when that is spelt out.
    pub(crate) fn literal_name(&self) -> Option<Name> {
        self.name.literal()
    }

    pub(crate) fn matches(&self, subscription: SubscriptionId, resource_group: &Name, name: &Name) -> bool {
        self.subscription == subscription
            && self.resource_group.matches(resource_group)
            && self.name.matches(name)
    }

    pub(crate) fn write(&self, f: &mut fmt::Formatter<'_>, collection: &str) -> fmt::Result {
        let Self { subscription, resource_group: NamePattern(group), name: NamePattern(name) } = self;
        write!(
            f,
            "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.Network/{collection}/{name}"
        )
    }
}

fn name_pattern(text: &str) -> Result<NamePattern, String> {
    let letters = text.replace('*', "x");
    letters
        .parse::<Name>()
        .map_err(|_| format!("`{text}` is not a name, in which * may stand for any characters"))?;
    Ok(NamePattern(text.to_ascii_lowercase()))
}

/// Reads and writes a pattern of one collection as text.
macro_rules! pattern_of {
    ($($type:ident => $collection:literal),+ $(,)?) => {$(
        impl FromStr for $type {
            type Err = PatternError;

            fn from_str(text: &str) -> Result<Self, PatternError> {
                Pattern::parse(text, $collection).map(Self)
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.write(f, $collection)
            }
        }

        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
            }
        }
    )+};
}

pattern_of!(NetworkPattern => "virtualNetworks");

pub(crate) use pattern_of;
