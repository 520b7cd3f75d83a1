//! What a read of something in Azure gave.

use serde::{Deserialize, Serialize};

/// What a read gave: "not there" and "not for us" are answers, no errors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Read<T> {
    /// It is there.
    Found(T),
    /// Resource Manager answered 404: it is not there.
    Absent,
    /// Our application may not read it.
    Denied(Denial),
}

impl<T> Read<T> {
    /// What was found.
    #[must_use]
    pub fn found(&self) -> Option<&T> {
        match self {
            Self::Found(found) => Some(found),
            Self::Absent | Self::Denied(_) => None,
        }
    }

    /// The same answer about something that follows from what was found.
    #[must_use]
    pub fn map<U>(self, of: impl FnOnce(T) -> U) -> Read<U> {
        match self {
            Self::Found(found) => Read::Found(of(found)),
            Self::Absent => Read::Absent,
            Self::Denied(denial) => Read::Denied(denial),
        }
    }

    /// The same answer about a reference.
    #[must_use]
    pub fn as_ref(&self) -> Read<&T> {
        match self {
            Self::Found(found) => Read::Found(found),
            Self::Absent => Read::Absent,
            Self::Denied(denial) => Read::Denied(denial.clone()),
        }
    }
}

/// Somebody may not do something somewhere: what a `blocked` record says and the grant that mends it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Denial {
    /// Our application's object id in that tenant (its client id where Azure did not name the object).
    pub principal: String,
    /// The action, such as `Microsoft.Network/virtualNetworks/read`.
    pub action: String,
    /// The resource id on which it is missing.
    pub scope: String,
    /// Azure's code, or that of the token endpoint.
    pub code: String,
}
