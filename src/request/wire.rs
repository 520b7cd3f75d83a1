//! A request as it is written: one flat object. The published schema is made from these types.

use std::fmt::Display;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::action::{Action, AskedMember, Request};
use crate::handshake::ids::{VirtualNetworkId, shown};
use crate::handshake::management::ids::{NetworkManagerId, Scope};
use crate::handshake::pair::{HalfId, Resource};
use crate::handshake::wish::{AskedFlags, RequestId};

/// What peerpact is asked to do, as a message in the queue `connection-requests`.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "action", rename_all = "kebab-case", deny_unknown_fields)]
#[cfg_attr(test, schemars(title = "Connection request"))]
pub(crate) enum Document {
    ConnectPeering(ConnectPeering),
    ConnectManagement(ConnectManagement),
    Disconnect(Disconnect),
    Recheck(Recheck),
}

/// Write our half of a peering between two virtual networks. The partner's app writes theirs.
#[derive(Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ConnectPeering {
    version: Version,
    id: RequestId,
    /// Our virtual network.
    ours: VirtualNetworkId,
    /// The partner's virtual network.
    theirs: VirtualNetworkId,
    #[serde(default, skip_serializing_if = "AskedFlags::is_empty")]
    flags: AskedFlags,
}

/// Write our half of the connection by which a network manager takes a scope of another tenant.
#[derive(Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ConnectManagement {
    version: Version,
    id: RequestId,
    /// The network manager, ours or the partner's.
    manager: NetworkManagerId,
    /// The subscription or management group of the other tenant that it is to take.
    scope: Scope,
    /// Networks of the partner's that are to be static members of our manager's groups.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    members: Vec<AskedMember>,
}

/// Remove a half.
#[derive(Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Disconnect {
    version: Version,
    id: RequestId,
    /// The peering, scope connection or network manager connection to remove.
    #[serde(serialize_with = "as_text", deserialize_with = "half")]
    #[cfg_attr(test, schemars(with = "crate::schemas::HalfText"))]
    half: HalfId,
}

/// Look at a pair again and do what is due. Nothing else is asked for.
#[derive(Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Recheck {
    version: Version,
    id: RequestId,
    /// Our end: a virtual network, a network manager, a subscription or a management group.
    #[serde(serialize_with = "as_text", deserialize_with = "resource")]
    #[cfg_attr(test, schemars(with = "crate::schemas::ResourceText"))]
    ours: Resource,
    /// The partner's end.
    #[serde(serialize_with = "as_text", deserialize_with = "resource")]
    #[cfg_attr(test, schemars(with = "crate::schemas::ResourceText"))]
    theirs: Resource,
}

/// The version of the shape: 1.
#[derive(Clone, Copy)]
pub(crate) struct Version;

impl Version {
    pub(super) const NUMBER: u8 = 1;
}

#[cfg(test)]
impl schemars::JsonSchema for Version {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Version".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "const": Self::NUMBER })
    }
}

impl Serialize for Version {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u8(Self::NUMBER)
    }
}

impl<'de> Deserialize<'de> for Version {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = f64::deserialize(deserializer)?;
        if number == f64::from(Self::NUMBER) { Ok(Self) } else { Err(D::Error::custom("another version")) }
    }
}

impl From<&Request> for Document {
    fn from(request: &Request) -> Self {
        let (version, id) = (Version, request.id.clone());
        match request.action.clone() {
            Action::ConnectPeering { ours, theirs, flags } => {
                Self::ConnectPeering(ConnectPeering { version, id, ours, theirs, flags })
            }
            Action::ConnectManagement { manager, scope, members } => {
                Self::ConnectManagement(ConnectManagement { version, id, manager, scope, members })
            }
            Action::Disconnect { half } => Self::Disconnect(Disconnect { version, id, half }),
            Action::Recheck { ours, theirs } => Self::Recheck(Recheck { version, id, ours, theirs }),
        }
    }
}

impl From<Document> for Request {
    fn from(document: Document) -> Self {
        let (id, action) = match document {
            Document::ConnectPeering(ConnectPeering { version: Version, id, ours, theirs, flags }) => {
                (id, Action::ConnectPeering { ours, theirs, flags })
            }
            Document::ConnectManagement(ConnectManagement {
                version: Version,
                id,
                manager,
                scope,
                members,
            }) => (id, Action::ConnectManagement { manager, scope, members }),
            Document::Disconnect(Disconnect { version: Version, id, half }) => {
                (id, Action::Disconnect { half })
            }
            Document::Recheck(Recheck { version: Version, id, ours, theirs }) => {
                (id, Action::Recheck { ours, theirs })
            }
        };
        Self { id, action }
    }
}

fn as_text<S: Serializer>(id: &impl Display, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(id)
}

fn half<'de, D: Deserializer<'de>>(deserializer: D) -> Result<HalfId, D::Error> {
    let text = String::deserialize(deserializer)?;
    let what = "the id of a peering, a scope connection or a network manager connection";
    text.parse().map_err(|()| D::Error::custom(format!("`{}` is not {what}", shown(&text))))
}

fn resource<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Resource, D::Error> {
    String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
}
