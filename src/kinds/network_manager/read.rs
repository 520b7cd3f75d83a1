//! A pair whose halves were read.

use time::OffsetDateTime;

use super::decide::decide;
use super::ends::{ManagementEnds, Seat};
use super::halves::ConnectionState;
use super::observation::ManagementObservation;
use crate::handshake::agreements::Agreements;
use crate::handshake::decision::Decision;
use crate::handshake::pair::Pair;
use crate::handshake::read::Read;
use crate::handshake::record::Record;
use crate::handshake::seen::{HalvesSeen, SeenHalf};
use crate::kinds::View;

/// A network manager and a scope, with the halves of both freshly read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ManagementView {
    /// The two ends.
    pub ends: ManagementEnds,
    /// What was read.
    pub observation: ManagementObservation,
}

impl ManagementView {
    fn half(&self, seat: Seat) -> Option<Option<SeenHalf>> {
        let half = match self.observation.at(seat)? {
            Read::Found((id, state, _)) => Some(SeenHalf {
                id,
                state: state.to_string(),
                sync: None,
                waits: state == ConnectionState::Pending,
                alone: state == ConnectionState::Revoked,
            }),
            Read::Absent | Read::Denied(_) => None,
        };
        Some(half)
    }
}

impl View for ManagementView {
    fn pair(&self) -> Pair {
        self.ends.pair()
    }

    /// Our half tells, on which Azure shows what becomes of theirs.
    fn is_whole(&self) -> bool {
        !matches!(self.observation.at(self.ends.seat), Some(Read::Denied(_)))
    }

    fn halves(&self) -> HalvesSeen {
        let seat = self.ends.seat;
        HalvesSeen { ours: self.half(seat), theirs: self.half(seat.other()) }
    }

    fn decide(&self, record: Option<&Record>, agreements: &Agreements, now: OffsetDateTime) -> Decision {
        decide(&self.ends, &self.observation, record, agreements, now)
    }

    fn fingerprint(&self) -> String {
        self.observation.fingerprint()
    }
}
