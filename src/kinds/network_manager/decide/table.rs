//! What the table is asked with and what it answers.

use time::OffsetDateTime;

use crate::handshake::agreements::{Agreements, Partner};
use crate::handshake::decision::{Row, Verdict};
use crate::handshake::ids::HandshakeId;
use crate::handshake::record::Record;
use crate::handshake::resource_id::ResourceId;
use crate::kinds::network_manager::agreement::ManagementAgreement;
use crate::kinds::network_manager::ends::ManagementEnds;
use crate::kinds::network_manager::observation::ManagementObservation;

/// A pair that was read, with what is known beside it.
pub(super) struct Table<'a> {
    pub(super) ends: &'a ManagementEnds,
    pub(super) record: Option<&'a Record>,
    pub(super) agreements: &'a Agreements,
    pub(super) covering: Option<(&'a Partner, &'a ManagementAgreement)>,
    pub(super) observation: &'a ManagementObservation,
    pub(super) now: OffsetDateTime,
}

/// A row of the table, and what is to be done.
pub(super) type Outcome = (Row, Verdict);

impl Table<'_> {
    pub(super) fn wants_gone(&self) -> bool {
        self.record.is_some_and(|record| record.wants_gone().is_some())
    }

    pub(super) fn wants_ours(&self) -> bool {
        self.record.is_some_and(|record| record.wants_ours().is_some())
    }

    pub(super) fn id(&self) -> HandshakeId {
        HandshakeId::of_management(&self.ends.manager, &self.ends.scope)
    }

    /// Made by us, by the record or its derived name; that is not consent, and nothing but our own half is removed
    /// by it.
    pub(super) fn made_by_us(&self, id: &ResourceId) -> bool {
        Record::made(self.record, &self.id(), id)
    }
}
