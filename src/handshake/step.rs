//! Steps: the writes that a decision can ask for, at most one a pass.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::halves::PeeringFlags;
use super::ids::{PeeringId, VirtualNetworkId};

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
}

/// Whose half a step writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Our tenant's.
    Ours,
    /// The partner's.
    Theirs,
}

/// What a step asks of Resource Manager.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request {
    /// PUT the half.
    Put,
    /// PUT the half with `syncRemoteAddressSpace=true`.
    PutAndSync,
    /// DELETE the half.
    Delete,
}

/// One write, complete: repeating it is the same write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Write {
    /// Which.
    pub step: Step,
    /// The half to write.
    pub half: PeeringId,
    /// The network that the half points at.
    pub remote: VirtualNetworkId,
    /// The flags that the half is to have.
    pub flags: PeeringFlags,
}

impl Step {
    /// Whose half it writes.
    #[must_use]
    pub fn side(self) -> Side {
        match self {
            Self::CreateOurs | Self::RewriteOurs | Self::SyncOurs | Self::RemoveOurs => Side::Ours,
            Self::CreateTheirs | Self::RewriteTheirs | Self::SyncTheirs => Side::Theirs,
        }
    }

    /// What it asks of Resource Manager.
    #[must_use]
    pub fn request(self) -> Request {
        match self {
            Self::CreateOurs | Self::RewriteOurs | Self::CreateTheirs | Self::RewriteTheirs => Request::Put,
            Self::SyncOurs | Self::SyncTheirs => Request::PutAndSync,
            Self::RemoveOurs => Request::Delete,
        }
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
        })
    }
}
