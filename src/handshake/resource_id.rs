//! The id of any resource of Azure.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize};

use super::ids::{IdError, segments};

const EXPECTED: &str = "a resource id (/subscriptions/… or /providers/…)";

/// The id of a resource, of whatever type: kept as given, compared without regard to ASCII case. What a kind knows more
/// exactly, it parses from it.
#[derive(Clone, Serialize)]
#[serde(transparent)]
pub struct ResourceId(String);

impl ResourceId {
    /// The id that a typed one prints.
    #[must_use]
    pub fn of(id: &impl fmt::Display) -> Self {
        Self(id.to_string())
    }

    /// The id as text, with a leading slash.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What holds it: the parent of a child resource, or what an extension resource is attached to.
    #[must_use]
    pub fn holder(&self) -> Self {
        let segments: Vec<&str> = self.0.split('/').collect();
        let attached =
            |at: usize| segments.get(at).is_some_and(|word| word.eq_ignore_ascii_case("providers"));
        let kept = match segments.len() {
            count if count > 5 && attached(count - 4) => count - 4,
            count => count.saturating_sub(2),
        };
        Self(segments[..kept].join("/"))
    }

    /// Its own name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or_default()
    }
}

impl FromStr for ResourceId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let parts = segments(text, EXPECTED)?;
        let rooted = parts.first().is_some_and(|first| {
            first.eq_ignore_ascii_case("subscriptions") || first.eq_ignore_ascii_case("providers")
        });
        let plain = |part: &&str| !part.is_empty() && !part.contains(char::is_control);
        if rooted && parts.len() > 1 && parts.iter().all(plain) {
            return Ok(Self(format!("/{}", parts.join("/"))));
        }
        Err(IdError::new(text, EXPECTED, "it does not begin so, or a segment of it is empty"))
    }
}

impl<'de> Deserialize<'de> for ResourceId {
    /// Also an id below the names of its type, as ledgers of earlier formats hold it.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Tagged::deserialize(deserializer)?.into_text().parse().map_err(serde::de::Error::custom)
    }
}

/// A text, or one below tags.
#[derive(Deserialize)]
#[serde(untagged)]
enum Tagged {
    Text(String),
    Below(BTreeMap<String, Tagged>),
}

impl Tagged {
    fn into_text(self) -> String {
        match self {
            Self::Text(text) => text,
            Self::Below(tags) => tags.into_values().next().map_or_else(String::new, Self::into_text),
        }
    }
}

/// Reads a text that may stand below a tag, as ledgers of earlier formats hold states.
pub(super) fn untagged<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(Option::<Tagged>::deserialize(deserializer)?.map(Tagged::into_text))
}

impl PartialEq for ResourceId {
    fn eq(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

impl Eq for ResourceId {}

impl Ord for ResourceId {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.to_ascii_lowercase().cmp(&other.0.to_ascii_lowercase())
    }
}

impl PartialOrd for ResourceId {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Hash for ResourceId {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.to_ascii_lowercase().hash(state);
    }
}

impl fmt::Display for ResourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for ResourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SUBSCRIPTION: &str = "/subscriptions/11111111-2222-3333-4444-555555555555";

    fn id(text: &str) -> ResourceId {
        text.parse().unwrap()
    }

    #[test]
    fn a_child_is_held_by_its_parent_and_an_extension_by_what_it_is_attached_to() {
        let network =
            format!("{SUBSCRIPTION}/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/hub");
        assert_eq!(id(&format!("{network}/virtualNetworkPeerings/p")).holder(), id(&network));
        let connection = "providers/Microsoft.Network/networkManagerConnections/c";
        assert_eq!(id(&format!("{SUBSCRIPTION}/{connection}")).holder(), id(SUBSCRIPTION));
        let group = "/providers/Microsoft.Management/managementGroups/mg";
        assert_eq!(id(&format!("{group}/{connection}")).holder(), id(group));
        assert_eq!(id(&format!("{group}/{connection}")).name(), "c");
    }

    #[test]
    fn ids_are_one_whatever_their_case_and_are_shown_as_they_were_given() {
        let (one, other) = (id("/subscriptions/A/x/Y"), id("subscriptions/a/X/y/"));
        assert_eq!(one, other);
        assert_eq!(one.to_string(), "/subscriptions/A/x/Y");
        for text in
            ["", "/", "/subscriptions", "/subscriptions//x", "/resourceGroups/x", "/subscriptions/a\n"]
        {
            assert!(text.parse::<ResourceId>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn what_an_earlier_format_put_below_a_tag_is_read() {
        let read = |json: &str| serde_json::from_str::<ResourceId>(json).unwrap();
        assert_eq!(read(r#"{"half":{"peering":"/subscriptions/a/b/c"}}"#), read(r#""/subscriptions/a/b/c""#));
        assert!(serde_json::from_str::<ResourceId>("{}").is_err());
    }
}
