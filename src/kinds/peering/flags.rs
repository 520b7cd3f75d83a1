//! The flags of a half of a peering.

use serde::{Deserialize, Serialize};

/// The flags of one half. They are set for each half on its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_excessive_bools, reason = "these are Azure's four flags, each independent")]
pub struct PeeringFlags {
    /// `allowVirtualNetworkAccess`
    pub allow_virtual_network_access: bool,
    /// `allowForwardedTraffic`
    pub allow_forwarded_traffic: bool,
    /// `allowGatewayTransit`
    pub allow_gateway_transit: bool,
    /// `useRemoteGateways`
    pub use_remote_gateways: bool,
}

impl PeeringFlags {
    /// The flags that both have.
    #[must_use]
    pub fn intersection(self, other: Self) -> Self {
        Self {
            allow_virtual_network_access: self.allow_virtual_network_access
                && other.allow_virtual_network_access,
            allow_forwarded_traffic: self.allow_forwarded_traffic && other.allow_forwarded_traffic,
            allow_gateway_transit: self.allow_gateway_transit && other.allow_gateway_transit,
            use_remote_gateways: self.use_remote_gateways && other.use_remote_gateways,
        }
    }

    /// Whether the other has every flag that this has.
    #[must_use]
    pub fn within(self, other: Self) -> bool {
        self.intersection(other) == self
    }
}

/// Flags of our half of a peering, as far as they were asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AskedFlags {
    /// Whether our half lets traffic in that the partner's network forwards (`allowForwardedTraffic`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "bool"))]
    pub forwarded_traffic: Option<bool>,
    /// Whether the partner's network may use our gateway (`allowGatewayTransit`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "bool"))]
    pub gateway_transit: Option<bool>,
    /// Whether our network uses the partner's gateway (`useRemoteGateways`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "bool"))]
    pub remote_gateways: Option<bool>,
}

impl AskedFlags {
    /// Whether a half has a flag other than it was asked for.
    #[must_use]
    pub fn differs(&self, flags: PeeringFlags) -> bool {
        let other = |asked: Option<bool>, has: bool| asked.is_some_and(|asked| asked != has);
        other(self.forwarded_traffic, flags.allow_forwarded_traffic)
            || other(self.gateway_transit, flags.allow_gateway_transit)
            || other(self.remote_gateways, flags.use_remote_gateways)
    }

    /// Nothing is said.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
