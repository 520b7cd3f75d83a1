//! Goals: what a request wants of a handshake, kept on its record until it is reached or has become void.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::request_queue::RequestKey;
use super::step::Side;

/// What a request wants of a handshake.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Goal {
    /// Who asks.
    pub request: RequestKey,
    /// For what.
    #[serde(alias = "aim")]
    pub wanted: Wanted,
}

/// The two things that can be asked of a handshake.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Wanted {
    /// Our half is to be there; theirs follows by their own app.
    Connect {
        /// How our half is to be, in the words of its kind; what is not asked for is as the agreement has it.
        #[serde(alias = "flags")]
        asked: Value,
        /// Our half was made or seen since, so that its absence from now on is somebody's decision.
        opened: bool,
    },
    /// This side's half is to go.
    Disconnect {
        /// Whose.
        side: Side,
    },
}
