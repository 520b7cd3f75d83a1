//! Writes, as the record keeps them: the one that was about to be sent, and the one that Azure refused.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use uuid::Uuid;

use super::resource_id::ResourceId;
use super::step::Step;

/// A write that is about to be sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intent {
    /// Which one.
    pub step: Step,
    /// What it writes.
    pub target: ResourceId,
    /// Sent as `x-ms-correlation-request-id`; the event that the write raises carries it back.
    pub correlation: Uuid,
    /// When it was recorded.
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
}

/// A write that Azure refused, and what was seen then: it is not tried again while nothing changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// The fingerprint of the observation.
    pub fingerprint: String,
    /// When.
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
}
