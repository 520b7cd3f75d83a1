//! What a call is about, as its errors tell it.

use std::fmt;

use crate::handshake::ids::{TenantId, VirtualNetworkId};

/// What a call wanted, so that every error can tell it and a denial can name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The tenant whose token was used.
    pub tenant: TenantId,
    /// The action that Azure checks for it, such as `Microsoft.Network/virtualNetworks/read`.
    pub action: &'static str,
    /// The resource id it was asked on.
    pub resource: String,
    /// The network that a write names, on which Azure checks an action of its own.
    pub linked: Option<Linked>,
    /// Our application's client id.
    pub client_id: String,
}

/// A network that a write names without writing it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Linked {
    /// What Azure checks there, such as `Microsoft.Network/virtualNetworks/peer/action`.
    pub action: &'static str,
    /// The network.
    pub network: VirtualNetworkId,
}

impl fmt::Display for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} on {} with tenant {}", self.action, self.resource, self.tenant)
    }
}
