//! Agreements on requests: what the senders of a queue may ask for with a partner.

use serde::Deserialize;
use toml::Spanned;

use super::partner::Partner;
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

impl Partner {
    /// Whether the senders of this queue may ask for this with the partner. Without any rule those of
    /// `connection-requests` may ask for everything and others for nothing; with one, only what is listed may be asked.
    #[must_use]
    pub fn may_ask(&self, queue: &RequestQueue, action: &str) -> bool {
        if self.requests.is_empty() {
            return queue.is_default();
        }
        let mut rules = self.requests.iter().filter(|rule| rule.queue.get_ref() == queue);
        rules.any(|rule| rule.actions.iter().any(|listed| listed.get_ref() == action))
    }
}
