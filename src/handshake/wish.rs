//! What a request asks of a handshake, kept on its record until it is done or has become void.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;
use uuid::Uuid;

use super::halves::PeeringFlags;
use super::ids::shown;
use super::request_queue::RequestKey;
use super::step::Side;

/// A request's id, made by whoever asks: 1 to 64 letters, digits, `.`, `_` and `-`, the first one a letter or digit.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RequestId(String);

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Wish {
    /// Who asks.
    pub request: RequestKey,
    /// For what.
    pub aim: Aim,
}

/// The two things that can be asked of a handshake.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Aim {
    /// Our half is to be there; theirs follows by their own app.
    Connect {
        /// The flags that our half of a peering is to have; what is not asked for is as the agreement has it.
        flags: AskedFlags,
        /// Our half was made or seen since, so that its absence from now on is somebody's decision.
        opened: bool,
    },
    /// This side's half is to go.
    Disconnect {
        /// Whose.
        side: Side,
    },
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

impl RequestId {
    /// The longest id, in bytes.
    pub const LENGTH_MAX: usize = 64;

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for RequestId {
    type Err = BadRequestId;

    fn from_str(text: &str) -> Result<Self, BadRequestId> {
        let lead = text.starts_with(|c: char| c.is_ascii_alphanumeric());
        let fit = text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'));
        if lead && fit && text.len() <= Self::LENGTH_MAX {
            Ok(Self(text.to_owned()))
        } else {
            Err(BadRequestId(shown(text)))
        }
    }
}

impl From<Uuid> for RequestId {
    fn from(id: Uuid) -> Self {
        Self(format!("r-{}", id.simple()))
    }
}

impl TryFrom<String> for RequestId {
    type Error = BadRequestId;

    fn try_from(text: String) -> Result<Self, BadRequestId> {
        text.parse()
    }
}

impl From<RequestId> for String {
    fn from(id: RequestId) -> Self {
        id.0
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why a text is not a request's id.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "`{0}` is not a request's id: 1 to 64 letters (A-Z, a-z), digits, `.`, `_` and `-`, the first one a letter or digit"
)]
pub struct BadRequestId(pub(super) String);
