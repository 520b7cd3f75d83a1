//! By which queue a request came, and what that has to do with its id and with what it may ask for.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::ids::shown;
use super::request_id::{BadRequestId, RequestId};

const DEFAULT: &str = "connection-requests";
const FUNCTION: &str = "ConnectionRequest";

/// A queue of requests: `connection-requests`, or `connection-requests-` and 1 to 20 of `a`-`z`, `0`-`9` and `-`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RequestQueue(Option<String>);

/// A request as the ledger knows it: its id among those of the queue that it came by. Who sends to one queue can neither
/// take nor read the ids of another.
///
/// As text it is the id alone for the queue `connection-requests`, and `suffix/id` for any other; no id has a slash.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RequestKey {
    /// The queue.
    pub queue: RequestQueue,
    /// The sender's own id.
    pub id: RequestId,
}

impl RequestQueue {
    /// The longest suffix, in bytes.
    pub const SUFFIX_MAX: usize = 20;

    /// The queue whose requests this function receives: `ConnectionRequest`, or `ConnectionRequest-` and the suffix.
    #[must_use]
    pub fn of_function(name: &str) -> Option<Self> {
        Self::behind(FUNCTION, name)
    }

    /// Whether it is the one that every tenant has.
    #[must_use]
    pub fn is_default(&self) -> bool {
        self.0.is_none()
    }

    fn behind(stem: &str, name: &str) -> Option<Self> {
        match name.strip_prefix(stem)? {
            "" => Some(Self(None)),
            rest => rest.strip_prefix('-').and_then(Self::with_suffix),
        }
    }

    fn with_suffix(suffix: &str) -> Option<Self> {
        let fit = suffix.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-'));
        (fit && (1..=Self::SUFFIX_MAX).contains(&suffix.len())).then(|| Self(Some(suffix.to_owned())))
    }
}

impl From<RequestId> for RequestKey {
    /// The request with this id of the queue `connection-requests`.
    fn from(id: RequestId) -> Self {
        Self { queue: RequestQueue::default(), id }
    }
}

impl FromStr for RequestKey {
    type Err = BadRequestId;

    fn from_str(text: &str) -> Result<Self, BadRequestId> {
        let Some((suffix, id)) = text.split_once('/') else {
            return Ok(Self::from(text.parse::<RequestId>()?));
        };
        let queue = RequestQueue::with_suffix(suffix).ok_or_else(|| BadRequestId(shown(text)))?;
        Ok(Self { queue, id: id.parse()? })
    }
}

impl TryFrom<String> for RequestKey {
    type Error = BadRequestId;

    fn try_from(text: String) -> Result<Self, BadRequestId> {
        text.parse()
    }
}

impl From<RequestQueue> for String {
    fn from(queue: RequestQueue) -> Self {
        queue.to_string()
    }
}

impl From<RequestKey> for String {
    fn from(key: RequestKey) -> Self {
        key.to_string()
    }
}

impl fmt::Display for RequestKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.queue.0 {
            None => self.id.fmt(f),
            Some(suffix) => write!(f, "{suffix}/{}", self.id),
        }
    }
}

impl TryFrom<String> for RequestQueue {
    type Error = UnknownRequestQueue;

    fn try_from(text: String) -> Result<Self, UnknownRequestQueue> {
        Self::behind(DEFAULT, &text).ok_or_else(|| UnknownRequestQueue(shown(&text)))
    }
}

impl fmt::Display for RequestQueue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            None => f.write_str(DEFAULT),
            Some(suffix) => write!(f, "{DEFAULT}-{suffix}"),
        }
    }
}

/// Why a text names no queue of requests.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "`{0}` is not a queue of requests; write \"connection-requests\", or \"connection-requests-\" and 1 to 20 of a-z, 0-9 and -"
)]
pub struct UnknownRequestQueue(String);

#[cfg(test)]
mod tests {
    use super::*;

    fn queue(name: &str) -> Result<RequestQueue, UnknownRequestQueue> {
        name.to_owned().try_into()
    }

    #[test]
    fn a_queue_is_the_default_one_or_has_a_short_suffix() {
        assert!(queue("connection-requests").unwrap().is_default());
        for name in
            ["connection-requests-ops", "connection-requests-a-1", "connection-requests-aaaaabbbbbcccccddddd"]
        {
            let queue = queue(name).unwrap();
            assert!(!queue.is_default());
            assert_eq!(queue.to_string(), name);
        }
        for name in [
            "",
            "reconcile",
            "connection-requests-",
            "connection-requestsops",
            "connection-requests-Ops",
            "connection-requests-a/b",
            "connection-requests-a.b",
            "connection-requests-aaaaabbbbbcccccdddddx",
        ] {
            assert!(queue(name).is_err(), "{name}");
        }
    }

    #[test]
    fn a_function_receives_the_requests_of_the_queue_with_its_suffix() {
        assert_eq!(RequestQueue::of_function("ConnectionRequest"), Some(RequestQueue::default()));
        assert_eq!(RequestQueue::of_function("ConnectionRequest-ops"), queue("connection-requests-ops").ok());
        for name in ["ConnectionRequests", "ConnectionRequest-", "ConnectionRequest-Ops", "Reconcile"] {
            assert_eq!(RequestQueue::of_function(name), None, "{name}");
        }
    }

    #[test]
    fn a_key_is_read_back_as_it_was_written_and_keys_of_two_queues_are_two() {
        for text in ["r-1", "ops/r-1", "a-1/r_1.x"] {
            let key: RequestKey = text.parse().unwrap();
            assert_eq!(key.to_string(), text);
            assert_eq!(
                serde_json::from_str::<RequestKey>(&serde_json::to_string(&key).unwrap()).unwrap(),
                key
            );
        }
        let key = |text: &str| text.parse::<RequestKey>();
        assert_ne!(key("r-1"), key("ops/r-1"));
        for text in ["", "/r-1", "ops/", "Ops/r-1", "a/b/c", "ops r/x"] {
            assert!(key(text).is_err(), "{text}");
        }
    }
}
