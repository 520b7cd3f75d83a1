//! Requests for our half of a peering.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::admission::no_agreement;
use super::agreement::PeeringAgreement;
use super::ends::PeeringEnds;
use super::flags::AskedFlags;
use super::ids::NAME;
use super::terms::{ACTION, FIX};
use crate::handshake::agreements::{Agreements, Partner};
use crate::handshake::bad_request::BadRequest;
use crate::handshake::fields::{Fields, RequestVersion};
use crate::handshake::ids::{HandshakeId, TenantId, VirtualNetworkId};
use crate::handshake::pair::Pair;
use crate::handshake::request_id::RequestId;
use crate::handshake::resource_id::ResourceId;
use crate::kinds::ConnectRequest;
use crate::kinds::asking::{Asking, uncovered};

/// Write our half of a peering between two virtual networks. The partner's app writes theirs.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ConnectPeering {
    version: RequestVersion,
    id: RequestId,
    /// Our virtual network.
    ours: VirtualNetworkId,
    /// The partner's virtual network.
    theirs: VirtualNetworkId,
    #[serde(default, skip_serializing_if = "AskedFlags::is_empty")]
    flags: AskedFlags,
}

impl ConnectPeering {
    /// A request for our half between these networks.
    #[must_use]
    pub fn new(id: RequestId, ours: VirtualNetworkId, theirs: VirtualNetworkId, flags: AskedFlags) -> Self {
        Self { version: RequestVersion, id, ours, theirs, flags }
    }

    /// The request, if its fields go together.
    ///
    /// # Errors
    /// The field that does not go with another.
    pub fn checked(self) -> Result<ConnectRequest, BadRequest> {
        if self.ours == self.theirs {
            return Err(BadRequest::same_ends());
        }
        if self.flags.gateway_transit == Some(true) && self.flags.remote_gateways == Some(true) {
            let rule = "is true like `flags.gatewayTransit`: a half lends a gateway or uses one, never both";
            return Err(BadRequest::new("flags.remoteGateways", rule));
        }
        let handshake = HandshakeId::of_peering(&self.ours, &self.theirs);
        let document = serde_json::to_string(&self).unwrap_or_default();
        Ok(ConnectRequest { action: ACTION, kind: NAME, handshake, document })
    }
}

pub(super) fn connect(fields: Fields<'_>) -> Result<ConnectRequest, BadRequest> {
    fields.read::<ConnectPeering>()?.checked()
}

/// The pair, and the flags that our half is to have, as far as the agreement that covers it allows them.
pub(super) fn authorize(
    asked: &ConnectRequest,
    home: TenantId,
    agreements: &Agreements,
) -> Result<(Pair, Value), BadRequest> {
    let ConnectPeering { ours, theirs, flags, .. } =
        serde_json::from_str(&asked.document).map_err(|error| BadRequest::body(error.to_string()))?;
    let asking = Asking { home, agreements, fix: FIX };
    let (one, other) = (ResourceId::of(&ours), ResourceId::of(&theirs));
    let partner = asking.partner(&one, &other)?;
    let ends = PeeringEnds { ours, theirs, partner };
    let Some((partner, agreement)) = agreements.covering(&ends) else {
        return Err(uncovered("theirs", no_agreement(agreements, &ends)));
    };
    within(flags, partner, agreement)?;
    Ok((ends.pair(), serde_json::to_value(flags).unwrap_or_default()))
}

fn within(flags: AskedFlags, partner: &Partner, agreement: &PeeringAgreement) -> Result<(), BadRequest> {
    let asked = [
        ("forwardedTraffic", flags.forwarded_traffic, "forwarded_traffic", agreement.forwarded_traffic),
        ("gatewayTransit", flags.gateway_transit, "gateway_transit", agreement.gateway_transit),
        ("remoteGateways", flags.remote_gateways, "remote_gateways", agreement.remote_gateways),
    ];
    for (flag, wanted, key, agreed) in asked {
        if wanted == Some(true) && !agreed {
            let label = partner.label(agreement);
            let rule = format!("is true, and the agreement {label} does not allow it");
            let fix = format!("write {key} = true into {label}, or leave the flag out");
            return Err(BadRequest::new(format!("flags.{flag}"), rule).fixed_by(fix));
        }
    }
    Ok(())
}
