//! Scopes: subscriptions and management groups.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::ids::{
    IdError, Name, SubscriptionId, as_text, expect, name_of, segments, serialize_display, subscription_of,
};
use super::resource_id::ResourceId;

/// A subscription or a management group: what tells whose a resource is. Azure takes it with a trailing slash too.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// `/subscriptions/…`
    Subscription(SubscriptionId),
    /// `/providers/Microsoft.Management/managementGroups/…`
    ManagementGroup(Name),
}

impl Scope {
    /// The subscription or management group that a resource lies in.
    #[must_use]
    pub fn holding(id: &ResourceId) -> Option<Self> {
        let segments: Vec<&str> = id.as_str().split('/').skip(1).collect();
        let count = if segments.first()?.eq_ignore_ascii_case("subscriptions") { 2 } else { 4 };
        segments.get(..count)?.join("/").parse().ok()
    }
}

const SCOPE: &str = "a scope (/subscriptions/… or /providers/Microsoft.Management/managementGroups/…)";

impl FromStr for Scope {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        scope_of(text, SCOPE, &segments(text, SCOPE)?)
    }
}

pub(crate) fn scope_of(text: &str, expected: &'static str, parts: &[&str]) -> Result<Scope, IdError> {
    match parts {
        [subscriptions, subscription] => {
            expect(text, expected, subscriptions, "subscriptions")?;
            Ok(Scope::Subscription(subscription_of(text, expected, subscription)?))
        }
        [providers, provider, groups, group] => {
            expect(text, expected, providers, "providers")?;
            expect(text, expected, provider, "Microsoft.Management")?;
            expect(text, expected, groups, "managementGroups")?;
            Ok(Scope::ManagementGroup(name_of(text, expected, group)?))
        }
        _ => Err(IdError::new(text, expected, format!("a scope has 2 or 4 segments, not {}", parts.len()))),
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Subscription(id) => write!(f, "/subscriptions/{id}"),
            Self::ManagementGroup(name) => {
                write!(f, "/providers/Microsoft.Management/managementGroups/{name}")
            }
        }
    }
}

as_text!(Scope => serialize_display);
