//! Steps: the writes that a decision can ask for, at most one a reconciliation.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Which write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    /// Our half, which answers theirs.
    CreateOurs,
    /// Our half again, as it is or as it should be.
    RewriteOurs,
    /// Our half, taking over the partner's address space.
    SyncOurs,
    /// Our half goes.
    RemoveOurs,
    /// Their half, which answers ours.
    CreateTheirs,
    /// Their half again.
    RewriteTheirs,
    /// Their half, taking over our address space.
    SyncTheirs,
    /// Their half goes.
    RemoveTheirs,
    /// Something of theirs joins what our half fills, such as a network group.
    AddMember,
    /// Something of theirs leaves it.
    RemoveMember,
}

/// Whose half a step writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Side {
    /// Our tenant's.
    Ours,
    /// The partner's.
    Theirs,
}

impl Step {
    /// Whose half it writes.
    #[must_use]
    pub fn side(self) -> Side {
        match self {
            Self::CreateOurs
            | Self::RewriteOurs
            | Self::SyncOurs
            | Self::RemoveOurs
            | Self::AddMember
            | Self::RemoveMember => Side::Ours,
            Self::CreateTheirs | Self::RewriteTheirs | Self::SyncTheirs | Self::RemoveTheirs => Side::Theirs,
        }
    }

    /// The removal of this side's half.
    #[must_use]
    pub fn removal(side: Side) -> Self {
        match side {
            Side::Ours => Self::RemoveOurs,
            Side::Theirs => Self::RemoveTheirs,
        }
    }

    /// Whether it makes our half route or allow something, so that it is written only by an agreement.
    #[must_use]
    pub fn needs_consent(self) -> bool {
        matches!(self, Self::CreateOurs | Self::RewriteOurs | Self::SyncOurs)
    }

    /// Whether the half that it writes is to take over the address space of the other end.
    #[must_use]
    pub fn syncs(self) -> bool {
        matches!(self, Self::SyncOurs | Self::SyncTheirs)
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::CreateOurs => "create our half",
            Self::RewriteOurs => "write our half again",
            Self::SyncOurs => "sync our half",
            Self::RemoveOurs => "remove our half",
            Self::CreateTheirs => "create the partner's half",
            Self::RewriteTheirs => "write the partner's half again",
            Self::SyncTheirs => "sync the partner's half",
            Self::RemoveTheirs => "remove the partner's half",
            Self::AddMember => "add a static member",
            Self::RemoveMember => "remove a static member",
        })
    }
}
