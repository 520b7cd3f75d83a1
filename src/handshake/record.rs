//! The ledger's row for a handshake.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use uuid::Uuid;

use super::agreements::Ends;
use super::halves::{PeeringState, SyncLevel};
use super::ids::{HandshakeId, PeeringId, TenantId, VirtualNetworkId};
use super::observation::{Observation, Seen};
use super::phase::{IllegalMove, Phase};
use super::reason::Reason;
use super::step::Step;

/// How long a pass holds a handshake at most. A pass ends far sooner; a crashed one keeps others out for this long.
pub const LEASE: time::Duration = time::Duration::seconds(60);

/// Everything that is known of one handshake. History is kept beside it, by the ledger.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Which handshake.
    pub id: HandshakeId,
    /// What is connected.
    pub kind: Kind,
    /// Counts the times that the pair was opened anew after it had been closed.
    pub generation: u32,
    /// Where it stands.
    pub phase: Phase,
    /// Why; empty only while `waiting` or `completing` have nothing to tell.
    pub reasons: Vec<Reason>,
    /// Our end.
    pub ours: End,
    /// The partner's end.
    pub theirs: End,
    /// The agreement that covers the pair, as `partner/name`.
    pub agreement: Option<String>,
    /// When this generation was first seen.
    #[serde(with = "time::serde::rfc3339")]
    pub opened_at: OffsetDateTime,
    /// When the record last changed.
    #[serde(with = "time::serde::rfc3339")]
    pub updated_at: OffsetDateTime,
    /// When both halves were first seen connected in this generation.
    #[serde(with = "time::serde::rfc3339::option")]
    pub connected_at: Option<OffsetDateTime>,
    /// The last write that was about to be sent, recorded before it was.
    pub intent: Option<Intent>,
    /// Until when a pass holds the handshake.
    #[serde(with = "time::serde::rfc3339::option")]
    pub held_until: Option<OffsetDateTime>,
    /// How often a failed half was written again since it was last well.
    pub mended: u8,
    /// The last write that Azure refused by a rule of its own.
    pub refusal: Option<Refusal>,
}

/// What is connected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Two virtual networks.
    Peering,
}

/// One end, as last seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct End {
    /// Its tenant.
    pub tenant: TenantId,
    /// Its network.
    pub network: VirtualNetworkId,
    /// Its half; kept when the half goes, so that an event about it is still understood.
    pub half: Option<PeeringId>,
    /// `peeringState`; `None` when there is no half or it could not be read.
    pub state: Option<PeeringState>,
    /// `peeringSyncLevel`
    pub sync: Option<SyncLevel>,
}

/// A write that is about to be sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intent {
    /// Which one.
    pub step: Step,
    /// The half it writes.
    pub half: PeeringId,
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

impl Record {
    /// A record for a pair that was not known before.
    #[must_use]
    pub fn new(ends: &Ends, home: TenantId, now: OffsetDateTime) -> Self {
        let end = |tenant, network: &VirtualNetworkId| End {
            tenant,
            network: network.clone(),
            half: None,
            state: None,
            sync: None,
        };
        Self {
            id: HandshakeId::of_peering(&ends.ours, &ends.theirs),
            kind: Kind::Peering,
            generation: 1,
            phase: Phase::Waiting,
            reasons: Vec::new(),
            ours: end(home, &ends.ours),
            theirs: end(ends.partner, &ends.theirs),
            agreement: None,
            opened_at: now,
            updated_at: now,
            connected_at: None,
            intent: None,
            held_until: None,
            mended: 0,
            refusal: None,
        }
    }

    /// The two ends.
    #[must_use]
    pub fn ends(&self) -> Ends {
        Ends {
            ours: self.ours.network.clone(),
            theirs: self.theirs.network.clone(),
            partner: self.theirs.tenant,
        }
    }

    /// Whether a pass, ours or another instance's, holds the handshake now.
    #[must_use]
    pub fn is_held(&self, now: OffsetDateTime) -> bool {
        self.held_until.is_some_and(|until| until > now)
    }

    /// Whether this half was there when the handshake was last looked at.
    #[must_use]
    pub fn shows(&self, half: &PeeringId) -> bool {
        [&self.ours, &self.theirs].iter().any(|end| end.state.is_some() && end.half.as_ref() == Some(half))
    }

    /// Takes over what was seen of the halves.
    pub fn see(&mut self, observation: &Observation) {
        let ends = self.ends();
        self.ours.see(observation.our_end(&ends));
        self.theirs.see(observation.their_end(&ends));
    }

    /// Moves to a phase with its reasons; a closed pair that comes back starts a new generation.
    ///
    /// # Errors
    /// The move is a defect in this program.
    pub fn settle(
        &mut self,
        phase: Phase,
        reasons: Vec<Reason>,
        now: OffsetDateTime,
    ) -> Result<(), IllegalMove> {
        if self.phase == Phase::Closed && phase != Phase::Closed {
            self.reopen(now);
        }
        self.phase = self.phase.advance(phase)?;
        self.reasons = reasons;
        if phase == Phase::Connected {
            self.connected_at = self.connected_at.or(Some(now));
            self.mended = 0;
            self.refusal = None;
        }
        Ok(())
    }

    fn reopen(&mut self, now: OffsetDateTime) {
        self.generation += 1;
        self.phase = Phase::Waiting;
        self.opened_at = now;
        self.connected_at = None;
        self.intent = None;
        self.mended = 0;
        self.refusal = None;
    }
}

impl End {
    fn see(&mut self, seen: Seen<'_>) {
        let half = seen.half();
        if let Some(half) = half {
            self.half = Some(half.id.clone());
        }
        self.state = half.map(|half| half.state);
        self.sync = half.map(|half| half.sync);
    }
}
