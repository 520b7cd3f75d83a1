//! What people and programs ask for: from bytes to a typed request, and whether our agreements let it be asked.
//!
//! Nothing is guessed: what is not understood to the last field is refused, with the field and the rule.

mod fields;
mod json;
mod judge;
mod permit;
mod refusal;
mod wire;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use self::fields::{Value, Wrong, told};
use self::json::Node;
pub use self::json::{BYTES_MAX, DEPTH_MAX};
pub use self::judge::{Asked, judge};
pub use self::permit::permit;
pub use self::refusal::BadRequest;
pub(crate) use self::wire::Document;
use self::wire::Version;
use crate::handshake::ids::{HandshakeId, Name, VirtualNetworkId};
use crate::handshake::management::ids::{NetworkManagerId, Scope};
use crate::handshake::pair::{HalfId, Resource};
use crate::handshake::request_queue::RequestAction;
pub use crate::handshake::wish::{AskedFlags, RequestId};
use crate::hex::hex;

/// A request that is well-formed. Whether it may be asked is for [`judge`] to say.
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
    /// Reads a request.
    ///
    /// # Errors
    /// The first thing that is wrong with it; the request's id too, if that can be read.
    pub fn parse(body: &[u8]) -> Result<Self, BadRequest> {
        parse(body).map_err(|bad| bad.of(json::id_of(body)))
    }

    /// The request in its canonical form: fields in a fixed order, no white space, nothing that says nothing.
    /// [`Request::parse`] reads it back as an equal request.
    #[must_use]
    pub fn to_json(&self) -> String {
        // Texts, flags and lists of them: there is nothing in it that JSON could not say.
        serde_json::to_string(&Document::from(self)).unwrap_or_default()
    }

    /// SHA-256 of the canonical form, 64 hexadecimal digits: two requests with one id are the same request exactly if
    /// their digests are. The case of resource ids counts as little as the order of fields.
    #[must_use]
    pub fn digest(&self) -> String {
        let digest = Sha256::digest(self.to_json().to_ascii_lowercase());
        hex(&digest)
    }

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
    pub fn kind(&self) -> RequestAction {
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

fn parse(body: &[u8]) -> Result<Request, BadRequest> {
    let mut fields = json::read(body)?;
    of_known_version(&fields)?;
    let Some(at) = fields.iter().position(|(name, _)| name == "action") else {
        let fix = format!("write one of {}", Action::NAMES.join(", "));
        return Err(BadRequest::new("action", "is missing").fixed_by(fix));
    };
    let (_, action) = fields.remove(at);
    let request = Request::from(document(&action, Value(Node::Object(fields)))?);
    consistent(&request.action)?;
    Ok(request)
}

/// The version before the rest: another version may have other fields.
fn of_known_version(fields: &[(String, Node)]) -> Result<(), BadRequest> {
    let rule = match fields.iter().find(|(name, _)| name == "version").map(|(_, version)| version) {
        Some(Node::Number(number)) if *number == f64::from(Version::NUMBER) => return Ok(()),
        Some(other) => format!("is {}, and only version {} is known", told(other), Version::NUMBER),
        None => format!("is missing, and only version {} is known", Version::NUMBER),
    };
    Err(BadRequest::new("version", rule).fixed_by(format!("write \"version\":{}", Version::NUMBER)))
}

fn document(action: &Node, fields: Value) -> Result<Document, BadRequest> {
    let [peering, management, disconnect, recheck] = Action::NAMES;
    let read = match action {
        Node::Text(name) if name == peering => Deserialize::deserialize(fields).map(Document::ConnectPeering),
        Node::Text(name) if name == management => {
            Deserialize::deserialize(fields).map(Document::ConnectManagement)
        }
        Node::Text(name) if name == disconnect => Deserialize::deserialize(fields).map(Document::Disconnect),
        Node::Text(name) if name == recheck => Deserialize::deserialize(fields).map(Document::Recheck),
        other => {
            let rule = format!("is {}; there are {}", told(other), Action::NAMES.join(", "));
            return Err(BadRequest::new("action", rule));
        }
    };
    read.map_err(|wrong: Wrong| BadRequest::new(wrong.field(), wrong.rule))
}

/// The rules between fields.
fn consistent(action: &Action) -> Result<(), BadRequest> {
    let same = || BadRequest::new("theirs", "is the same as `ours`, and nothing is connected with itself");
    match action {
        Action::ConnectPeering { ours, theirs, .. } if ours == theirs => Err(same()),
        Action::ConnectPeering { flags, .. }
            if flags.gateway_transit == Some(true) && flags.remote_gateways == Some(true) =>
        {
            let rule = "is true like `flags.gatewayTransit`: a half lends a gateway or uses one, never both";
            Err(BadRequest::new("flags.remoteGateways", rule))
        }
        Action::Recheck { ours, theirs } if ours == theirs => Err(same()),
        Action::Recheck { ours, theirs } if handshake_of(ours, theirs).is_none() => {
            let rule = "makes no pair with `ours`: a virtual network goes with a virtual network, a network manager with a subscription or a management group";
            Err(BadRequest::new("theirs", rule))
        }
        Action::ConnectPeering { .. }
        | Action::ConnectManagement { .. }
        | Action::Disconnect { .. }
        | Action::Recheck { .. } => Ok(()),
    }
}

fn handshake_of(ours: &Resource, theirs: &Resource) -> Option<HandshakeId> {
    match (ours, theirs) {
        (Resource::Network(ours), Resource::Network(theirs)) => Some(HandshakeId::of_peering(ours, theirs)),
        (Resource::Manager(manager), Resource::Scope(scope))
        | (Resource::Scope(scope), Resource::Manager(manager)) => {
            Some(HandshakeId::of_management(manager, scope))
        }
        (Resource::Network(_) | Resource::Manager(_) | Resource::Scope(_), _) => None,
    }
}
