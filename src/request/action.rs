//! A request, and what it asks for.

use sha2::{Digest, Sha256};

use super::documents::{disconnect, recheck, with_action};
use crate::handshake::ids::HandshakeId;
use crate::handshake::request_id::RequestId;
use crate::handshake::resource_id::ResourceId;
use crate::hex::hex;
use crate::kinds::ConnectRequest;

/// A request that is well-formed. Whether it may be asked is for [`authorize`](super::authorize()) to say.
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
    /// Write our half, in the words of its kind.
    Connect(ConnectRequest),
    /// Remove a half.
    Disconnect {
        /// Which one.
        half: ResourceId,
    },
    /// Reconcile a pair.
    Recheck {
        /// Our end.
        ours: ResourceId,
        /// The partner's; the two make a pair of some kind.
        theirs: ResourceId,
        /// The handshake between them.
        handshake: HandshakeId,
    },
}

impl Request {
    /// The request in its canonical form: fields in a fixed order, no white space, nothing that says nothing.
    /// [`Request::parse`] reads it back as an equal request.
    #[must_use]
    pub fn to_json(&self) -> String {
        match &self.action {
            Action::Connect(asked) => with_action(asked.action, &asked.document),
            Action::Disconnect { half } => disconnect(self.id.clone(), half.clone()),
            Action::Recheck { ours, theirs, .. } => recheck(self.id.clone(), ours.clone(), theirs.clone()),
        }
    }

    /// SHA-256 of the canonical form, 64 hexadecimal digits: two requests with one id are the same request exactly if
    /// their digests are. The case of resource ids counts as little as the order of fields.
    #[must_use]
    pub fn digest(&self) -> String {
        let digest = Sha256::digest(self.to_json().to_ascii_lowercase());
        hex(&digest)
    }

    /// The handshake that is asked about; unknown for a half alone, whose other end only Azure knows.
    #[must_use]
    pub fn handshake(&self) -> Option<&HandshakeId> {
        match &self.action {
            Action::Connect(ConnectRequest { handshake, .. }) | Action::Recheck { handshake, .. } => {
                Some(handshake)
            }
            Action::Disconnect { .. } => None,
        }
    }
}

impl Action {
    /// The action as it is written.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Connect(asked) => asked.action,
            Self::Disconnect { .. } => "disconnect",
            Self::Recheck { .. } => "recheck",
        }
    }
}
