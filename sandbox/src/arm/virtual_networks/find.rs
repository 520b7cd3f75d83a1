//! Which network an address means.

use http::Method;

use crate::arm::call::{ArmError, Key, Target};
use crate::arm::context::Cx;
use crate::arm::state::{Store, VirtualNetwork};

impl Cx<'_> {
    /// The network at this key; the gateway's 404 if there is none.
    pub(super) fn network(&self, at: &Target, key: &Key) -> Result<&VirtualNetwork, ArmError> {
        self.store.networks.get(key).ok_or_else(|| ArmError::NoResource {
            kind: VirtualNetwork::KIND.to_owned(),
            name: at.names.first().cloned().unwrap_or_default(),
            group: at.group().unwrap_or_default().to_owned(),
        })
    }

    /// The network that a child's path lies in. Reads are answered by the gateway's 404 for the network, writes by the one
    /// for a missing parent.
    pub(super) fn parent_network(&self, at: &Target) -> Result<&VirtualNetwork, ArmError> {
        let key = Key::of(&at.parent());
        match self.store.networks.get(&key) {
            Some(network) => Ok(network),
            None if self.call.method == Method::GET => self.network(at, &key),
            None => Err(ArmError::NoParent { verb: "write", kind: at.types.join("/"), parent: at.parent() }),
        }
    }
}

/// The network of a child's key, and the child's name.
pub(super) fn owner<'a>(store: &'a mut Store, child: &Key) -> Option<(&'a mut VirtualNetwork, String)> {
    let (rest, name) = child.as_str().rsplit_once('/')?;
    let (network, _) = rest.rsplit_once('/')?;
    Some((store.networks.get_mut(&Key::of(network))?, name.to_owned()))
}
