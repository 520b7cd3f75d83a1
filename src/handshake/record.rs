//! The ledger's row for a handshake.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use time::OffsetDateTime;

use super::agreed::Agreed;
use super::end::End;
use super::goal::{Goal, Wanted};
use super::ids::{HandshakeId, Name, TenantId};
use super::intent::{Intent, Refusal};
use super::kind_name::KindName;
use super::pair::Pair;
use super::phase::{IllegalMove, Phase};
use super::reason::Reason;
use super::request_queue::RequestKey;
use super::resource_id::ResourceId;
use super::seen::HalvesSeen;
use super::step::{Side, Step};

/// How long a reconciliation holds a handshake at most. One ends far sooner; a crashed one keeps others out for this long.
pub const LEASE: time::Duration = time::Duration::seconds(60);

/// Nobody is kept out for longer by a pause that Azure asked for.
pub const PAUSE_MAX: time::Duration = time::Duration::minutes(5);

/// At most so many requests wait for how a handshake ended.
pub const ASKED_MAX: usize = 32;

/// Places beyond these that only a request to disconnect may take, so that others do not crowd it out.
pub const KEPT_FOR_DISCONNECTS: usize = 8;

/// Everything that is known of one handshake. History is kept beside it, by the ledger.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Which handshake.
    pub id: HandshakeId,
    /// What is connected.
    pub kind: KindName,
    /// Counts the times that the pair was opened anew after it had been closed.
    pub generation: u32,
    /// Where it stands.
    pub phase: Phase,
    /// Why; empty only while `waiting` or `completing` have nothing to say.
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
    /// Until when a reconciliation holds the handshake.
    #[serde(with = "time::serde::rfc3339::option")]
    pub held_until: Option<OffsetDateTime>,
    /// How often a failed half was written again since it was last well.
    pub mended: u8,
    /// The last write that Azure refused by a rule of its own.
    pub refusal: Option<Refusal>,
    /// When the states of the two halves last changed, as far as reads can say.
    #[serde(with = "time::serde::rfc3339")]
    pub states_since: OffsetDateTime,
    /// When our half was first seen to be left alone by the partner's, while it is.
    #[serde(with = "time::serde::rfc3339::option")]
    pub removal_seen_at: Option<OffsetDateTime>,
    /// Since when another read within seconds or minutes has been worth it, without a rest in between.
    #[serde(with = "time::serde::rfc3339::option", default)]
    pub looking_since: Option<OffsetDateTime>,
    /// Azure throttles us, and asked not to be called before.
    #[serde(with = "time::serde::rfc3339::option", default)]
    pub not_before: Option<OffsetDateTime>,
    /// What a request wants, until it is reached or void.
    #[serde(default, alias = "wish")]
    pub goal: Option<Goal>,
    /// The requests that wait for how this ends.
    #[serde(default)]
    pub asked: Vec<RequestKey>,
    /// What was agreed when our half was last written by us or found to be covered.
    #[serde(default)]
    pub agreed: Option<Agreed>,
    /// Why our half was last taken down or cut down: it went beyond what is agreed, and was not within it since.
    #[serde(default)]
    pub undone: Option<Reason>,
    /// When a read first said that it is over, until another one says otherwise.
    #[serde(with = "time::serde::rfc3339::option", default)]
    pub end_seen_at: Option<OffsetDateTime>,
}

impl Record {
    /// A record for a pair that was not known before.
    #[must_use]
    pub fn new(pair: &Pair, home: TenantId, now: OffsetDateTime) -> Self {
        let end = |tenant, resource: &ResourceId| End {
            tenant,
            resource: resource.clone(),
            half: None,
            state: None,
            sync: None,
            alone: false,
            made: false,
        };
        Self {
            id: pair.id(),
            kind: pair.kind().clone(),
            generation: 1,
            phase: Phase::Waiting,
            reasons: Vec::new(),
            ours: end(home, pair.ours()),
            theirs: end(pair.partner(), pair.theirs()),
            agreement: None,
            opened_at: now,
            updated_at: now,
            connected_at: None,
            intent: None,
            held_until: None,
            mended: 0,
            refusal: None,
            states_since: now,
            removal_seen_at: None,
            looking_since: None,
            not_before: None,
            goal: None,
            asked: Vec::new(),
            agreed: None,
            undone: None,
            end_seen_at: None,
        }
    }

    /// The pair that it is about.
    #[must_use]
    pub fn pair(&self) -> Pair {
        Pair {
            kind: self.kind.clone(),
            id: self.id.clone(),
            ours: self.ours.resource.clone(),
            theirs: self.theirs.resource.clone(),
            partner: self.theirs.tenant,
        }
    }

    /// Until when nobody is to read it, because a reconciliation holds the handshake or Azure asked for a pause.
    #[must_use]
    pub fn held(&self, now: OffsetDateTime) -> Option<OffsetDateTime> {
        let lease = self.held_until.filter(|until| still(*until, LEASE, now));
        let pause = self.not_before.filter(|until| still(*until, PAUSE_MAX, now));
        lease.into_iter().chain(pause).max()
    }

    /// Whether a reconciliation, ours or another instance's, holds the handshake now.
    #[must_use]
    pub fn is_held(&self, now: OffsetDateTime) -> bool {
        self.held_until.is_some_and(|until| still(until, LEASE, now))
    }

    /// Whether this half was there when the handshake was last read.
    #[must_use]
    pub fn shows(&self, half: &ResourceId) -> bool {
        [&self.ours, &self.theirs].iter().any(|end| end.state.is_some() && end.half.as_ref() == Some(half))
    }

    /// Whether we made this half: by what is on record, or by the name that we give to ours.
    #[must_use]
    pub fn made(record: Option<&Self>, handshake: &HandshakeId, half: &ResourceId) -> bool {
        let noted = |end: &End| end.made && end.half.as_ref() == Some(half);
        Name::of_halves(handshake).iter().any(|name| name.as_str().eq_ignore_ascii_case(half.name()))
            || record.is_some_and(|record| noted(&record.ours) || noted(&record.theirs))
    }

    /// A write of ours that was carried out has made this half.
    pub fn note_made(&mut self, side: Side, half: ResourceId) {
        let end = match side {
            Side::Ours => &mut self.ours,
            Side::Theirs => &mut self.theirs,
        };
        (end.half, end.made) = (Some(half), true);
    }

    /// Whether a half was ever seen, or somebody asked for one or for the end of one.
    #[must_use]
    pub fn has_begun(&self) -> bool {
        let asked = self.wants_ours().is_some() || self.wants_gone().is_some();
        asked || self.ours.half.is_some() || self.theirs.half.is_some()
    }

    /// Whether the last thing that we set out to do is to remove a half, and what came of it is being read back.
    #[must_use]
    pub fn is_removing(&self) -> bool {
        let removes = |intent: &Intent| matches!(intent.step, Step::RemoveOurs | Step::RemoveTheirs);
        self.phase == Phase::Completing && self.intent.as_ref().is_some_and(removes)
    }

    /// Since when the halves have stood in these states; `None` if they stood otherwise when they were last read.
    #[must_use]
    pub fn stand_since(&self, ours: Option<&str>, theirs: Option<&str>) -> Option<OffsetDateTime> {
        (self.states() == (ours, theirs)).then_some(self.states_since)
    }

    fn states(&self) -> (Option<&str>, Option<&str>) {
        (self.ours.state.as_deref(), self.theirs.state.as_deref())
    }

    /// Takes over what was seen of the halves.
    pub fn see(&mut self, seen: &HalvesSeen, now: OffsetDateTime) {
        self.forget_times_to_come(now);
        let before = (self.ours.state.clone(), self.theirs.state.clone());
        for (end, half) in [(&mut self.ours, &seen.ours), (&mut self.theirs, &seen.theirs)] {
            if let Some(half) = half {
                end.see(half.as_ref());
            }
        }
        let theirs_waits = seen.theirs.iter().flatten().any(|half| half.waits);
        if self.wants_gone() == Some(Side::Ours) && self.ours.state.is_none() && theirs_waits {
            // Ours is gone, and the partner asks anew: that is for the agreements to answer.
            self.goal = None;
        }
        if (&self.ours.state, &self.theirs.state) != (&before.0, &before.1) {
            self.states_since = now;
            self.looking_since = None;
        }
    }

    /// What was put down as past by a clock that was ahead: from it on everything would wait until that time had come.
    fn forget_times_to_come(&mut self, now: OffsetDateTime) {
        self.states_since = self.states_since.min(now);
        self.removal_seen_at = self.removal_seen_at.map(|at| at.min(now));
        self.looking_since = self.looking_since.map(|at| at.min(now));
        self.refusal.take_if(|refusal| refusal.at > now);
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
        // What closed it is why it is closed, however often nothing is found again.
        let is_closed_already = self.phase == Phase::Closed && !self.reasons.is_empty();
        self.phase = self.phase.advance(phase)?;
        // By the state and not by the reasons, so that a removal that has to be tried again does not wait again.
        self.removal_seen_at = if self.ours.alone { self.removal_seen_at.or(Some(now)) } else { None };
        if !is_closed_already {
            self.reasons = reasons;
        }
        if phase.is_final() {
            self.goal = None;
        }
        // Not when it is opened again: by then what is agreed to now is on record.
        if phase == Phase::Closed {
            self.agreed = None;
            self.undone = None;
        }
        if phase == Phase::Connected {
            self.connected_at = self.connected_at.or(Some(now));
            self.mended = 0;
            self.refusal = None;
        }
        Ok(())
    }

    /// Takes over what a request wants, in the place of an earlier goal. `false`, and nothing is taken over, if as many
    /// requests wait for an outcome as a record holds.
    #[must_use]
    pub fn ask(&mut self, request: impl Into<RequestKey>, wanted: Option<Wanted>) -> bool {
        let request = request.into();
        let waits = self.asked.contains(&request);
        let kept = if matches!(wanted, Some(Wanted::Disconnect { .. })) { KEPT_FOR_DISCONNECTS } else { 0 };
        if !waits && self.asked.len() >= ASKED_MAX + kept {
            return false;
        }
        if let Some(wanted) = wanted {
            self.goal = Some(Goal { request: request.clone(), wanted });
        }
        if !waits {
            self.asked.push(request);
        }
        true
    }

    /// How a request wants our half to be; `None` once it has been written, or if nobody asked.
    #[must_use]
    pub fn wants_ours(&self) -> Option<&Value> {
        match self.goal.as_ref().map(|goal| &goal.wanted) {
            Some(Wanted::Connect { asked, opened: false }) => Some(asked),
            Some(Wanted::Connect { opened: true, .. } | Wanted::Disconnect { .. }) | None => None,
        }
    }

    /// Whose half a request wants to go.
    #[must_use]
    pub fn wants_gone(&self) -> Option<Side> {
        match self.goal.as_ref().map(|goal| &goal.wanted) {
            Some(Wanted::Disconnect { side }) => Some(*side),
            Some(Wanted::Connect { .. }) | None => None,
        }
    }

    /// Our half was made, by us or by people: from here on its absence is somebody's decision.
    pub fn opened(&mut self) {
        if let Some(Goal { wanted: Wanted::Connect { opened, .. }, .. }) = &mut self.goal {
            *opened = true;
        }
    }

    fn reopen(&mut self, now: OffsetDateTime) {
        self.generation += 1;
        self.phase = Phase::Waiting;
        self.opened_at = now;
        self.connected_at = None;
        self.intent = None;
        self.mended = 0;
        self.refusal = None;
        self.removal_seen_at = None;
        self.looking_since = None;
        self.end_seen_at = None;
    }
}

/// Whether a time is still to come. One that is further away than any that is ever put on record was written by a clock
/// that was wrong, and keeps nobody out.
fn still(until: OffsetDateTime, longest: time::Duration, now: OffsetDateTime) -> bool {
    // Clocks of processes differ by a little.
    until > now && until - now <= longest + time::Duration::SECOND
}
