//! What the table is asked with and what it answers.

use time::OffsetDateTime;

use crate::handshake::agreements::Agreements;
use crate::handshake::decision::{Row, Verdict};
use crate::handshake::record::Record;
use crate::kinds::peering::ends::PeeringEnds;

/// A pair that was read, with what is known beside it.
pub(super) struct Table<'a> {
    pub(super) ends: &'a PeeringEnds,
    pub(super) record: Option<&'a Record>,
    pub(super) agreements: &'a Agreements,
    pub(super) now: OffsetDateTime,
}

/// A row of the table, and what is to be done.
pub(super) type Outcome = (Row, Verdict);
