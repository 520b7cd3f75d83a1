//! What was asked for, and what has still to be told.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::handshake::ids::HandshakeId;
use crate::handshake::request_id::RequestId;
use crate::handshake::request_queue::RequestKey;

/// A request that was received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Its id, and the queue that it came by.
    pub id: RequestKey,
    /// Equal for equal content.
    pub digest: String,
    /// The request itself, as JSON.
    pub body: String,
    /// What became of it.
    pub standing: Standing,
    /// When it was first received.
    pub at: OffsetDateTime,
}

/// What became of a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Standing {
    /// Which handshake it is about is still to be found out.
    Pending,
    /// This handshake's record has taken it up.
    Placed(HandshakeId),
    /// It was refused, and nothing else was done on it.
    Refused,
}

/// A message for the queue of outcomes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The message's id: the same outcome has the same one.
    pub id: String,
    /// How it ended, in a word.
    pub subject: String,
    /// The request that it answers, by its sender's own id.
    pub request: Option<RequestId>,
    /// JSON.
    pub body: String,
}
