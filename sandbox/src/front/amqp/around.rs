//! What is around a session: its connection, the peer's rights, the time.

use time::OffsetDateTime;

use super::claims::{Gate, Rights};
use super::wire::Outgoing;
use crate::service_bus::Broker;

/// What a session uses of its connection.
pub(super) struct Around<'a> {
    pub(super) gate: &'a Gate,
    pub(super) rights: &'a mut Rights,
    pub(super) out: &'a mut Outgoing,
    /// The largest frame that the peer takes.
    pub(super) frame_limit: usize,
    pub(super) now: OffsetDateTime,
}

impl Around<'_> {
    pub(super) fn broker(&self) -> &Broker {
        &self.gate.broker
    }
}
