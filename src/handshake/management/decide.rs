//! The decision table of the management handshake: from what is seen, what is recorded and what is agreed to the one
//! thing to do.

mod consent;

use std::time::Duration;

use time::OffsetDateTime;

pub use self::consent::beyond;
use super::ends::{ManagementEnds, Seat};
use super::halves::ConnectionState;
use super::ids::{NetworkManagerConnectionId, ScopeConnectionId};
use super::members::{MemberMove, next_move};
use super::observation::{EndSeen, ManagementObservation};
use super::tell;
use crate::handshake::agreements::{Agreements, ManagementAgreement, OnRemoval, Partner};
use crate::handshake::consent::Agreed;
use crate::handshake::decision::{Decision, Row, Verdict};
use crate::handshake::grants;
use crate::handshake::halves::{Denial, PeeringFlags};
use crate::handshake::holding::{confirm_end, hold_refusal};
use crate::handshake::ids::{HandshakeId, Name, VirtualNetworkId};
use crate::handshake::pair::{HalfId, Target};
use crate::handshake::phase::Phase;
use crate::handshake::reason::Reason;
use crate::handshake::record::Record;
use crate::handshake::step::{Body, Step, Write};

/// A half of ours that stays Pending for this long without a counterpart is told to be stalled, or taken back if it was
/// made on an event alone. The flip takes 1 to 3 s.
pub const PENDING_DEADLINE: time::Duration = time::Duration::minutes(10);
/// The target's half is removed this long after theirs went: a network manager that is deleted within a second of a
/// connection to it leaves the subscription unusable (azure-rest-api-specs issue 23188), and who removes their half is
/// likely to remove their manager next.
pub const REMOVAL_DELAY: time::Duration = time::Duration::seconds(60);

/// Decides. Pure: the same arguments give the same decision.
#[must_use]
pub fn decide(
    ends: &ManagementEnds,
    observation: &ManagementObservation,
    record: Option<&Record>,
    agreements: &Agreements,
    now: OffsetDateTime,
) -> Decision {
    let covering = agreements.covering_management(ends);
    let look = Look { ends, record, agreements, covering, observation, now };
    let (row, verdict) = look.row();
    let agreement = covering.map(|(partner, agreement)| partner.label_of(&agreement.name));
    let decision = Decision { row, verdict, agreement: agreement.clone(), agreed: None };
    let decision = hold_refusal(decision, || observation.fingerprint(), record, now);
    let mut decision = confirm_end(decision, record, now);
    let agreed = agreement.filter(|_| match &decision.verdict {
        Verdict::Write(write) => write.step.needs_consent(),
        Verdict::Undo { .. } | Verdict::LookTwice(_) => false,
        Verdict::Rest { .. } => look.our_half().is_some_and(|(half, _)| look.refusals(half).is_empty()),
    });
    let (prefixes, flags) = (Vec::new(), PeeringFlags::default());
    decision.agreed = agreed.map(|agreement| Agreed { agreement, prefixes, flags });
    decision
}

struct Look<'a> {
    ends: &'a ManagementEnds,
    record: Option<&'a Record>,
    agreements: &'a Agreements,
    covering: Option<(&'a Partner, &'a ManagementAgreement)>,
    observation: &'a ManagementObservation,
    now: OffsetDateTime,
}

type Outcome = (Row, Verdict);

impl Look<'_> {
    /// The table itself: (theirs, ours).
    fn row(&self) -> Outcome {
        use ConnectionState::{Conflict, Connected, Pending, Rejected, Revoked, Unknown};
        use EndSeen::{Absent, Denied, Present};
        let seat = self.ends.seat;
        if let Some(outcome) = self.goes_beyond() {
            return outcome;
        }
        let Some(ours) = self.observation.at(seat) else {
            return rest(Row::Unclear, Phase::Waiting, tell::flip_to_come(self.ends));
        };
        let Some(theirs) = self.observation.at(seat.other()) else { return self.by_ours_alone(&ours) };
        match (&theirs, &ours) {
            (_, Denied(denial)) => self.unreadable(denial),

            (_, Present(id, ..)) if self.wants_gone() => self.disconnect(id),
            (Absent | Denied(_), Absent) if self.wants_ours() => self.make(Row::OpenOurs),

            (Absent, Absent) => rest(Row::Closed, Phase::Closed, tell::closed(self.ends)),
            (Denied(_), Absent)
                if (self.observation.announced || self.is_answering()) && self.is_spelt_out() =>
            {
                self.answer()
            }
            (Denied(denial), Absent) => self.unread_theirs(denial),
            (Present(_, Pending | Unknown, _), Absent) => self.answer(),
            (Present(id, Connected | Revoked, _), Absent)
                if self.wants_gone() && self.waited() <= PENDING_DEADLINE =>
            {
                soon(Row::WaitForTheirRemoval, tell::awaiting_their_removal(self.ends, id))
            }
            (Present(id, Connected, _), Absent) => soon(Row::Unclear, tell::unclear(id)),
            (Present(id, Revoked, _), Absent) => self.ours_gone(id),
            (Present(id, Conflict, _), Absent) => {
                rest(Row::Conflict, Phase::Blocked, tell::conflict(self.ends, id))
            }
            (Present(id, Rejected, _), Absent) => rest(Row::Rejected, Phase::Refused, tell::rejected(id)),

            (_, Present(id, Conflict, _)) => {
                rest(Row::Conflict, Phase::Blocked, tell::conflict(self.ends, id))
            }
            (_, Present(id, Rejected, _)) => rest(Row::Rejected, Phase::Refused, tell::rejected(id)),
            (_, Present(id, Revoked, _)) => self.revoked(id),
            (_, Present(id, Unknown, _)) => soon(Row::Unclear, tell::unclear(id)),

            (Present(_, Conflict, _), Present(id, Pending, _)) => {
                rest(Row::Conflict, Phase::Blocked, tell::conflict(self.ends, id))
            }
            (Present(_, Rejected, _), Present(id, Pending, _)) => {
                rest(Row::Rejected, Phase::Refused, tell::rejected(id))
            }
            (Present(..), Present(id, Pending, _)) => self.flip_to_come(id),
            (Absent | Denied(_), Present(id, Pending, _)) => self.pending_alone(id, seat),

            // Azure shows on our half, some seconds later, what became of theirs.
            (Absent, Present(id, Connected, _)) => soon(Row::Unclear, tell::unclear(id)),
            (Present(_, Connected, _) | Denied(_), Present(id, Connected, others)) => {
                self.connected(id, others)
            }
            (
                Present(other, Pending | Conflict | Revoked | Rejected | Unknown, _),
                Present(_, Connected, _),
            ) => soon(Row::Unclear, tell::unclear(other)),
        }
    }

    /// Theirs was not asked for, as ours is connected and on record as such: it would be Revoked were theirs gone.
    fn by_ours_alone(&self, ours: &EndSeen<'_>) -> Outcome {
        match ours {
            EndSeen::Present(id, ..) if self.wants_gone() => self.disconnect(id),
            EndSeen::Present(id, ConnectionState::Connected, others) => self.connected(id, others),
            EndSeen::Present(id, ..) => soon(Row::Unclear, tell::unclear(id)),
            EndSeen::Denied(denial) => self.unreadable(denial),
            EndSeen::Absent => rest(Row::Unclear, Phase::Waiting, tell::flip_to_come(self.ends)),
        }
    }

    fn unreadable(&self, denial: &Denial) -> Outcome {
        let reasons = vec![grants::access_missing(denial, self.agreements)];
        (Row::Unreadable, Verdict::Rest { phase: Phase::Blocked, reasons, again: None })
    }

    /// Theirs cannot be read, and nobody announced it: as far as we can see there is nothing.
    fn unread_theirs(&self, denial: &Denial) -> Outcome {
        let reason = tell::unverified(denial, self.ends);
        rest(Row::Closed, Phase::Closed, reason)
    }

    fn wants_gone(&self) -> bool {
        self.record.is_some_and(|record| record.wants_gone().is_some())
    }

    fn wants_ours(&self) -> bool {
        self.record.is_some_and(|record| record.wants_ours().is_some())
    }

    /// Their half is there or announced: ours is made if our tenant agreed to it.
    fn answer(&self) -> Outcome {
        self.make(Row::AnswerTheirs)
    }

    fn make(&self, row: Row) -> Outcome {
        let objections = self.objections();
        if !objections.is_empty() {
            return refuse(objections);
        }
        let is_free = |name: &Name| !self.observation.taken_names.contains(name);
        let Some(name) = Name::of_halves(&self.id()).into_iter().find(is_free) else {
            return rest(Row::NameTaken, Phase::Blocked, tell::names_taken(self.ends));
        };
        let ManagementEnds { manager, scope, partner, seat } = self.ends.clone();
        let body = match seat {
            Seat::Central => {
                let id = ScopeConnectionId { manager, name };
                Body::ScopeConnection { id, tenant: partner, scope }
            }
            Seat::Target => Body::Connection { id: NetworkManagerConnectionId { scope, name }, manager },
        };
        let write = Write { step: Step::CreateOurs, body };
        (row, Verdict::Write(write))
    }

    /// Both halves exist; the service flips them by itself within seconds.
    fn flip_to_come(&self, id: &HalfId) -> Outcome {
        if self.waited() > PENDING_DEADLINE {
            return rest(Row::FlipToCome, Phase::Blocked, tell::never_flips(id));
        }
        soon(Row::FlipToCome, tell::flip_to_come(self.ends))
    }

    /// Theirs is not there, or cannot be read, and ours tells how it went. One that we made in answer was made in vain; one
    /// that our own engineer made waits for theirs.
    fn pending_alone(&self, id: &HalfId, seat: Seat) -> Outcome {
        let asked_for = self.record.is_some_and(|record| record.wish.is_some());
        if self.made_by_us(id) && self.covering.is_some() && !asked_for {
            return self.take_back_after_deadline(id);
        }
        let late = self.waited() > PENDING_DEADLINE;
        let reason =
            if late { tell::stalled(self.ends, seat) } else { tell::awaiting_partner(self.ends, seat) };
        rest(Row::WaitForTheirs, Phase::Waiting, reason)
    }

    fn take_back_after_deadline(&self, id: &HalfId) -> Outcome {
        if self.waited() > PENDING_DEADLINE {
            return remove(Row::TakeBack, id);
        }
        soon(Row::FlipToCome, tell::flip_to_come(self.ends))
    }

    /// Theirs was removed. The central half goes at once; the target's when the manager had time to go first.
    fn revoked(&self, id: &HalfId) -> Outcome {
        let managed = self.made_by_us(id) || self.is_adopted();
        match self.covering.filter(|_| managed).map(|(_, agreement)| agreement.on_removal) {
            Some(OnRemoval::Remove) => {
                let since = self.record.and_then(|record| record.removal_seen_at);
                let due =
                    self.ends.seat == Seat::Central || since.is_some_and(|at| self.now - at >= REMOVAL_DELAY);
                if due {
                    return remove(Row::RemoveOurs, id);
                }
                let reasons = vec![tell::removal_due(id)];
                let again = Some(Duration::from_secs(60));
                (Row::RemovalDue, Verdict::Rest { phase: Phase::Waiting, reasons, again })
            }
            Some(OnRemoval::Keep | OnRemoval::Restore) | None => {
                rest(Row::KeepOurs, Phase::Broken, tell::partner_removed(id))
            }
        }
    }

    fn connected(&self, id: &HalfId, others: &[HalfId]) -> Outcome {
        if self.observation.taken == Some(false) {
            return soon(Row::FlipToCome, tell::not_taken_yet(self.ends));
        }
        if let Some(outcome) = self.members() {
            return outcome;
        }
        let mut reasons = vec![tell::connected(self.ends, id, self.observation)];
        reasons.extend(others.iter().map(tell::duplicate));
        (Row::Connected, Verdict::Rest { phase: Phase::Connected, reasons, again: None })
    }

    /// The follow-on of a connected handshake: the groups that the agreement fills.
    fn members(&self) -> Option<Outcome> {
        let (_, agreement) = self.covering?;
        let seen = self.observation.members.as_ref()?;
        let id = self.id();
        let write = |step, body| Some((Row::Members, Verdict::Write(Write { step, body })));
        let denied =
            |network: &VirtualNetworkId| self.agreements.denials().any(|rule| rule.network.matches(network));
        match next_move(&id, &self.ends.manager, &agreement.groups, denied, seen)? {
            MemberMove::Add(id, network) => write(Step::AddMember, Body::Member { id, network }),
            MemberMove::Remove(id, _) => write(Step::RemoveMember, Body::Removal(Target::Member(id))),
            MemberMove::NoGroup(group) => Some(rest(Row::Members, Phase::Connected, tell::no_group(&group))),
            MemberMove::Failed(id, network) => {
                Some(rest(Row::Members, Phase::Connected, tell::member_failed(&id, &network)))
            }
            MemberMove::Wait => Some(soon_in(Row::Members, Phase::Connected, tell::member_at_work())),
        }
    }

    fn id(&self) -> HandshakeId {
        HandshakeId::of_management(&self.ends.manager, &self.ends.scope)
    }

    /// Made by us, as the record or its derived name tells; that is not consent, and nothing but our own half is removed
    /// by it.
    fn made_by_us(&self, id: &HalfId) -> bool {
        Record::made(self.record, &self.id(), id)
    }

    /// We set out to answer what an event announced, and have not seen our half since: another look at a half that
    /// cannot be read is no reason to give up.
    fn is_answering(&self) -> bool {
        self.record.is_some_and(|record| {
            let create = record.intent.as_ref().is_some_and(|intent| intent.step == Step::CreateOurs);
            let unfinished = matches!(record.phase, Phase::Completing | Phase::Waiting | Phase::Blocked);
            create && unfinished && record.ours.state.is_none()
        })
    }

    /// For how long both halves have stood as they do now: not since ours was made, which may have been days before
    /// theirs.
    fn waited(&self) -> time::Duration {
        let seat = self.ends.seat;
        let state = |seat| self.observation.at(seat).and_then(|end| end.half().map(|(_, state)| state));
        let stand_since = |record: &Record| record.stand_since(state(seat), state(seat.other()));
        self.record
            .filter(|record| record.phase != Phase::Closed)
            .and_then(stand_since)
            .map_or(time::Duration::ZERO, |since| self.now - since)
    }
}

fn remove(row: Row, id: &HalfId) -> Outcome {
    let write = Write { step: Step::RemoveOurs, body: Body::Removal(Target::Half(id.clone())) };
    (row, Verdict::Write(write))
}

fn rest(row: Row, phase: Phase, reason: Reason) -> Outcome {
    (row, Verdict::Rest { phase, reasons: vec![reason], again: None })
}

/// The flip takes a second or three: look again soon.
fn soon(row: Row, reason: Reason) -> Outcome {
    soon_in(row, Phase::Waiting, reason)
}

fn soon_in(row: Row, phase: Phase, reason: Reason) -> Outcome {
    (row, Verdict::Rest { phase, reasons: vec![reason], again: Some(Duration::from_secs(1)) })
}

fn refuse(reasons: Vec<Reason>) -> Outcome {
    (Row::Refuse, Verdict::Rest { phase: Phase::Refused, reasons, again: None })
}
