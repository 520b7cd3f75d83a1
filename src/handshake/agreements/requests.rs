//! Agreements on requests: what the senders of a queue may ask for with a partner.

use serde::Deserialize;
use toml::Spanned;

use crate::handshake::request_queue::RequestQueue;

/// What can be asked for whatever the kind.
pub(crate) const COMMON_ACTIONS: [&str; 2] = ["disconnect", "recheck"];

/// What the senders of one queue may ask for.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RequestRule {
    /// The queue; at most one rule a queue.
    pub queue: Spanned<RequestQueue>,
    /// What may be asked for by it.
    pub actions: Vec<Spanned<String>>,
}
