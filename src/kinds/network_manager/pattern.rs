//! Which network managers an agreement means.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::ids::NetworkManagerId;
use crate::handshake::ids::SubscriptionId;
use crate::handshake::pattern::{Pattern, PatternError, pattern_of};

/// Which network managers are meant, as an agreement writes it.
#[derive(Clone, PartialEq, Eq)]
pub struct ManagerPattern(Pattern);

impl ManagerPattern {
    /// The subscription all its managers live in.
    #[must_use]
    pub fn subscription(&self) -> SubscriptionId {
        self.0.subscription
    }

    /// The one manager it means, when that is spelt out.
    #[must_use]
    pub fn literal(&self) -> Option<NetworkManagerId> {
        let (resource_group, name) = (self.0.literal_group()?, self.0.literal_name()?);
        Some(NetworkManagerId { subscription: self.0.subscription, resource_group, name })
    }

    /// Whether this manager is meant.
    #[must_use]
    pub fn matches(&self, id: &NetworkManagerId) -> bool {
        self.0.matches(id.subscription, &id.resource_group, &id.name)
    }
}

pattern_of!(ManagerPattern => "networkManagers");
