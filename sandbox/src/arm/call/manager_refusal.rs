//! What the network manager's provider refuses. It writes the message before the code and no details (recorded).

use http::StatusCode;

/// A refusal.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ManagerRefusal {
    /// Recorded.
    #[error("Resource [{0}] does not exist or has been deleted")]
    Absent(String),
    /// Recorded.
    #[error(
        "Cannot have two Network Managers applied to the same object overlapping scope accesses. Scope id: {scope}. Failed to create Network Manager with Id: {manager} and Scope: {accesses}. Conflicting with the following Network Manager(s): {others}"
    )]
    ScopeTaken { scope: String, manager: String, accesses: String, others: String },
    /// Quoted by users (azure-rest-api-specs#25774).
    #[error("Resource [{scope}] is not within tenant [{tenant}]")]
    Elsewhere { scope: String, tenant: String },
    /// Quoted by users for another kind of child (azure-rest-api-specs#31688); inferred for those of the sandbox.
    #[error(
        "Cannot delete resource while nested resources exist. Some existing nested resource IDs include: '{0}'. Please delete all nested resources before deleting this resource."
    )]
    Nested(String),
    /// The range is documented; the sentence is the sandbox's, like the following ones.
    #[error("The query parameter $top has to be a number from 1 to 20, but is '{0}'.")]
    Top(String),
    #[error("The query parameter $skipToken is not one that a list gave out.")]
    SkipToken,
    #[error("The property {0} is missing.")]
    Missing(&'static str),
    #[error("The property {property} cannot be '{given}': {wanted} is wanted.")]
    Invalid { property: &'static str, given: String, wanted: &'static str },
}

impl ManagerRefusal {
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Absent(_) => "NotFound",
            Self::Nested(_) => "CannotDeleteResource",
            Self::ScopeTaken { .. }
            | Self::Elsewhere { .. }
            | Self::Top(_)
            | Self::SkipToken
            | Self::Missing(_)
            | Self::Invalid { .. } => "BadRequest",
        }
    }

    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Self::Absent(_) => StatusCode::NOT_FOUND,
            Self::Nested(_) => StatusCode::CONFLICT,
            Self::ScopeTaken { .. }
            | Self::Elsewhere { .. }
            | Self::Top(_)
            | Self::SkipToken
            | Self::Missing(_)
            | Self::Invalid { .. } => StatusCode::BAD_REQUEST,
        }
    }
}
