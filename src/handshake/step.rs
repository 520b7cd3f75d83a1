//! Steps: the writes that a decision can ask for, at most one a pass.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::halves::{AsRead, PeeringFlags, PeeringHalf};
use super::ids::{PeeringId, TenantId, VirtualNetworkId};
use super::management::ids::{
    NetworkManagerConnectionId, NetworkManagerId, Scope, ScopeConnectionId, StaticMemberId,
};
use super::pair::{HalfId, Target};

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
    /// A network of theirs joins a network group of ours.
    AddMember,
    /// A network of theirs leaves a network group of ours.
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

/// One write, complete: repeating it is the same write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Write {
    /// Which.
    pub step: Step,
    /// What is written, and where.
    pub body: Body,
}

/// What is written, and where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Body {
    /// A peering.
    Peering {
        /// The peering.
        id: PeeringId,
        /// The network that it points at.
        remote: VirtualNetworkId,
        /// The flags that it is to have.
        flags: PeeringFlags,
        /// The half that is written over, where there is one.
        #[serde(skip)]
        over: AsRead,
    },
    /// A scope connection.
    ScopeConnection {
        /// The connection.
        id: ScopeConnectionId,
        /// The scope's tenant.
        tenant: TenantId,
        /// The scope that is to be taken.
        scope: Scope,
    },
    /// A network manager connection.
    Connection {
        /// The connection.
        id: NetworkManagerConnectionId,
        /// The manager that may take the scope.
        manager: NetworkManagerId,
    },
    /// A static member.
    Member {
        /// The member.
        id: StaticMemberId,
        /// The network that joins.
        network: VirtualNetworkId,
    },
    /// This goes.
    Removal(Target),
}

impl Write {
    /// The same write over a half that exists: whatever it does not name of it stays.
    #[must_use]
    pub fn over(mut self, half: Option<&PeeringHalf>) -> Self {
        if let (Body::Peering { over, .. }, Some(half)) = (&mut self.body, half) {
            *over = half.as_read.clone();
        }
        self
    }

    /// What it writes.
    #[must_use]
    pub fn target(&self) -> Target {
        match &self.body {
            Body::Peering { id, .. } => Target::Half(HalfId::Peering(id.clone())),
            Body::ScopeConnection { id, .. } => Target::Half(HalfId::ScopeConnection(id.clone())),
            Body::Connection { id, .. } => Target::Half(HalfId::Connection(id.clone())),
            Body::Member { id, .. } => Target::Member(id.clone()),
            Body::Removal(target) => target.clone(),
        }
    }
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

    /// Whether a peering is to take over the remote address space (`syncRemoteAddressSpace`).
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
