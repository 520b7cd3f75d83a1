//! A request, and what it asks for.

use serde::{Deserialize, Serialize};

use crate::handshake::ids::{HandshakeId, Name, VirtualNetworkId};
use crate::handshake::management::ids::{NetworkManagerId, Scope};
use crate::handshake::pair::{HalfId, Resource};
use crate::handshake::request_queue::RequestAction;
use crate::handshake::wish::{AskedFlags, RequestId};

/// A request that is well-formed. Whether it may be asked is for [`judge`](super::judge) to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Made by whoever asks.
    pub id: RequestId,
    /// What is asked for.
    pub action: Action,
}

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Write our half of a peering.
    ConnectPeering {
        /// Our network.
        ours: VirtualNetworkId,
        /// The partner's; another one than ours.
        theirs: VirtualNetworkId,
        /// What our half shall allow; what is not said is left to the agreement.
        flags: AskedFlags,
    },
    /// Write our half of a management connection.
    ConnectManagement {
        /// The network manager, ours or the partner's.
        manager: NetworkManagerId,
        /// What it is to take, in the other tenant.
        scope: Scope,
        /// Networks that are to join groups of the manager.
        members: Vec<AskedMember>,
    },
    /// Remove a half.
    Disconnect {
        /// Which one.
        half: HalfId,
    },
    /// Look at a pair again.
    Recheck {
        /// Our end.
        ours: Resource,
        /// The partner's; the two make a pair by their kinds.
        theirs: Resource,
    },
}

/// A network that is to be a static member of a network group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AskedMember {
    /// The name of the network group in the manager.
    pub group: Name,
    /// The partner's virtual network.
    pub network: VirtualNetworkId,
}

impl Request {
    /// The handshake that is asked about; unknown for a half alone, whose other end only Azure tells.
    #[must_use]
    pub fn handshake(&self) -> Option<HandshakeId> {
        match &self.action {
            Action::ConnectPeering { ours, theirs, .. } => Some(HandshakeId::of_peering(ours, theirs)),
            Action::ConnectManagement { manager, scope, .. } => {
                Some(HandshakeId::of_management(manager, scope))
            }
            Action::Disconnect { .. } => None,
            Action::Recheck { ours, theirs } => handshake_of(ours, theirs),
        }
    }
}

impl Action {
    /// Every action as it is written.
    pub const NAMES: [&str; 4] = ["connect-peering", "connect-management", "disconnect", "recheck"];

    /// Which action it is.
    #[must_use]
    pub(crate) fn kind(&self) -> RequestAction {
        match self {
            Self::ConnectPeering { .. } => RequestAction::ConnectPeering,
            Self::ConnectManagement { .. } => RequestAction::ConnectManagement,
            Self::Disconnect { .. } => RequestAction::Disconnect,
            Self::Recheck { .. } => RequestAction::Recheck,
        }
    }

    /// The action as it is written.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.kind().name()
    }
}

/// The handshake of two ends, where their kinds make a pair.
pub(super) fn handshake_of(ours: &Resource, theirs: &Resource) -> Option<HandshakeId> {
    match (ours, theirs) {
        (Resource::Network(ours), Resource::Network(theirs)) => Some(HandshakeId::of_peering(ours, theirs)),
        (Resource::Manager(manager), Resource::Scope(scope))
        | (Resource::Scope(scope), Resource::Manager(manager)) => {
            Some(HandshakeId::of_management(manager, scope))
        }
        (Resource::Network(_) | Resource::Manager(_) | Resource::Scope(_), _) => None,
    }
}
