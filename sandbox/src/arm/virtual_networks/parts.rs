//! What of its two networks a half peers: all of their space, or that of some subnets, or of either only the IPv6 part.

use ipnet::IpNet;
use serde_json::Value;

use crate::arm::call::{PeeringRefusal, strings};
use crate::arm::state::{Part, PartSubnets, VirtualNetwork};

impl Part {
    /// As a body's properties say; the names of subnets count only where the networks are not peered as a whole.
    pub(super) fn read(properties: &Value) -> Self {
        let names = || PartSubnets {
            local: strings(&properties["localSubnetNames"]),
            remote: strings(&properties["remoteSubnetNames"]),
        };
        Self {
            subnets: (properties["peerCompleteVnets"] == Value::Bool(false)).then(names),
            only_ipv6: properties["enableOnlyIPv6Peering"] == Value::Bool(true),
        }
    }

    /// Whether it peers complete networks (`peerCompleteVnets`).
    pub(super) fn is_complete(&self) -> bool {
        self.subnets.is_none()
    }

    /// The part of the half's own network.
    pub(super) fn local(&self, network: &VirtualNetwork) -> Vec<IpNet> {
        self.of(network, self.subnets.as_ref().map(|subnets| &subnets.local))
    }

    /// The part of the network that it leads to.
    pub(super) fn remote(&self, network: &VirtualNetwork) -> Vec<IpNet> {
        self.of(network, self.subnets.as_ref().map(|subnets| &subnets.remote))
    }

    fn of(&self, network: &VirtualNetwork, names: Option<&Vec<String>>) -> Vec<IpNet> {
        let space = match names {
            None => network.space.clone(),
            Some(names) => {
                let named = names.iter().filter_map(|name| network.subnets.get(&name.to_lowercase()));
                named.flat_map(|subnet| subnet.prefixes.iter().copied()).collect()
            }
        };
        space.into_iter().filter(|prefix| !self.only_ipv6 || matches!(prefix, IpNet::V6(_))).collect()
    }

    /// Subnets are named on both sides, and are there.
    pub(super) fn check(
        &self,
        peering: &str,
        ours: &VirtualNetwork,
        theirs: &VirtualNetwork,
    ) -> Result<(), PeeringRefusal> {
        let Some(PartSubnets { local, remote }) = &self.subnets else { return Ok(()) };
        for (names, network) in [(local, ours), (remote, theirs)] {
            let (peering, of) = (peering.to_owned(), network.id.clone());
            if names.is_empty() {
                return Err(PeeringRefusal::NoSubnets { peering, network: of });
            }
            if let Some(name) = names.iter().find(|name| !network.subnets.contains_key(&name.to_lowercase()))
            {
                return Err(PeeringRefusal::NoSubnet { peering, subnet: name.clone(), network: of });
            }
        }
        Ok(())
    }
}
