//! The decision table of the management handshake: from what is seen, what is recorded and what is agreed to the one
//! thing to do.

use std::time::Duration;

use serde_json::Map;
use time::OffsetDateTime;

use super::outcome::{refuse, remove, rest, soon, soon_in};
use super::table::{Outcome, Table};
use crate::handshake::agreed::Agreed;
use crate::handshake::agreements::{Agreements, OnRemoval};
use crate::handshake::decision::{Decision, Row, Verdict};
use crate::handshake::holding::{confirm_end, hold_refusal};
use crate::handshake::ids::{Name, VirtualNetworkId};
use crate::handshake::phase::Phase;
use crate::handshake::read::{Denial, Read};
use crate::handshake::record::Record;
use crate::handshake::resource_id::ResourceId;
use crate::handshake::step::Step;
use crate::kinds::grants;
use crate::kinds::network_manager::body::ManagementBody;
use crate::kinds::network_manager::ends::{ManagementEnds, Seat};
use crate::kinds::network_manager::halves::ConnectionState;
use crate::kinds::network_manager::ids::{NetworkManagerConnectionId, ScopeConnectionId};
use crate::kinds::network_manager::members::{MemberMove, next_move};
use crate::kinds::network_manager::observation::{End, ManagementObservation};
use crate::kinds::network_manager::{messages, rows};

/// A half of ours that stays Pending for this long without a counterpart is reported as stalled, or taken back if it was
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
    let table = Table { ends, record, agreements, covering, observation, now };
    let (row, verdict) = table.row();
    let agreement = covering.map(|(partner, agreement)| partner.label_of(&agreement.name));
    let decision = Decision {
        row,
        verdict,
        agreement: agreement.clone(),
        agreed: None,
        opened: only_theirs_is_missing(ends, observation),
    };
    let decision = hold_refusal(decision, || observation.fingerprint(), record, now);
    let mut decision = confirm_end(decision, record, now);
    let agreed = agreement.filter(|_| match &decision.verdict {
        Verdict::Write(write) => write.step.needs_consent(),
        Verdict::Undo { .. } | Verdict::Confirm(_) => false,
        Verdict::Rest { .. } => table.our_half().is_some_and(|(half, _)| table.refusals(half).is_empty()),
    });
    decision.agreed = agreed.map(|agreement| Agreed { agreement, terms: Map::new() });
    decision
}

fn only_theirs_is_missing(ends: &ManagementEnds, observation: &ManagementObservation) -> bool {
    let ours = observation.at(ends.seat);
    matches!(observation.at(ends.seat.other()), Some(Read::Absent | Read::Denied(_)))
        && matches!(ours, Some(Read::Found((_, ConnectionState::Pending, _))))
}

impl Table<'_> {
    /// The table itself: (theirs, ours).
    fn row(&self) -> Outcome {
        use ConnectionState::{Conflict, Connected, Pending, Rejected, Revoked, Unknown};
        use Read::{Absent, Denied, Found};
        let seat = self.ends.seat;
        if let Some(outcome) = self.goes_beyond() {
            return outcome;
        }
        let Some(ours) = self.observation.at(seat) else {
            return rest(rows::UNCLEAR, Phase::Waiting, messages::flip_to_come(self.ends));
        };
        let Some(theirs) = self.observation.at(seat.other()) else { return self.by_ours_alone(&ours) };
        match (&theirs, &ours) {
            (_, Denied(denial)) => self.unreadable(denial),

            (_, Found((id, _, _))) if self.wants_gone() => self.disconnect(id),
            (Absent | Denied(_), Absent) if self.wants_ours() => self.make(rows::OPEN_OURS),

            (Absent, Absent) => rest(rows::CLOSED, Phase::Closed, messages::closed(self.ends)),
            (Denied(_), Absent)
                if (self.observation.announced || self.is_answering()) && self.is_spelt_out() =>
            {
                self.answer()
            }
            (Denied(denial), Absent) => self.unread_theirs(denial),
            (Found((_, Pending | Unknown, _)), Absent) => self.answer(),
            (Found((id, Connected | Revoked, _)), Absent)
                if self.wants_gone() && self.waited() <= PENDING_DEADLINE =>
            {
                soon(rows::WAIT_FOR_THEIR_REMOVAL, messages::awaiting_their_removal(self.ends, id))
            }
            (Found((id, Connected, _)), Absent) => soon(rows::UNCLEAR, messages::unclear(id)),
            (Found((id, Revoked, _)), Absent) => self.ours_gone(id),
            (Found((id, Conflict, _)), Absent) => {
                rest(rows::CONFLICT, Phase::Blocked, messages::conflict(self.ends, id))
            }
            (Found((id, Rejected, _)), Absent) => {
                rest(rows::REJECTED, Phase::Refused, messages::rejected(id))
            }

            (_, Found((id, Conflict, _))) => {
                rest(rows::CONFLICT, Phase::Blocked, messages::conflict(self.ends, id))
            }
            (_, Found((id, Rejected, _))) => rest(rows::REJECTED, Phase::Refused, messages::rejected(id)),
            (_, Found((id, Revoked, _))) => self.revoked(id),
            (_, Found((id, Unknown, _))) => soon(rows::UNCLEAR, messages::unclear(id)),

            (Found((_, Conflict, _)), Found((id, Pending, _))) => {
                rest(rows::CONFLICT, Phase::Blocked, messages::conflict(self.ends, id))
            }
            (Found((_, Rejected, _)), Found((id, Pending, _))) => {
                rest(rows::REJECTED, Phase::Refused, messages::rejected(id))
            }
            (Found(_), Found((id, Pending, _))) => self.flip_to_come(id),
            (Absent | Denied(_), Found((id, Pending, _))) => self.pending_alone(id, seat),

            // Azure shows on our half, some seconds later, what became of theirs.
            (Absent, Found((id, Connected, _))) => soon(rows::UNCLEAR, messages::unclear(id)),
            (Found((_, Connected, _)) | Denied(_), Found((id, Connected, others))) => {
                self.connected(id, others)
            }
            (
                Found((other, Pending | Conflict | Revoked | Rejected | Unknown, _)),
                Found((_, Connected, _)),
            ) => soon(rows::UNCLEAR, messages::unclear(other)),
        }
    }

    /// Theirs was not asked for, as ours is connected and on record as such: it would be Revoked were theirs gone.
    fn by_ours_alone(&self, ours: &End<'_>) -> Outcome {
        match ours {
            Read::Found((id, _, _)) if self.wants_gone() => self.disconnect(id),
            Read::Found((id, ConnectionState::Connected, others)) => self.connected(id, others),
            Read::Found((id, _, _)) => soon(rows::UNCLEAR, messages::unclear(id)),
            Read::Denied(denial) => self.unreadable(denial),
            Read::Absent => rest(rows::UNCLEAR, Phase::Waiting, messages::flip_to_come(self.ends)),
        }
    }

    fn unreadable(&self, denial: &Denial) -> Outcome {
        let reasons = vec![grants::access_missing(denial, self.agreements)];
        (rows::UNREADABLE, Verdict::Rest { phase: Phase::Blocked, reasons, requeue_after: None })
    }

    /// Theirs cannot be read, and nobody announced it: as far as we can see there is nothing.
    fn unread_theirs(&self, denial: &Denial) -> Outcome {
        let reason = messages::unverified(denial, self.ends);
        rest(rows::CLOSED, Phase::Closed, reason)
    }

    /// Their half is there or announced: ours is made if our tenant agreed to it.
    fn answer(&self) -> Outcome {
        self.make(rows::ANSWER_THEIRS)
    }

    fn make(&self, row: Row) -> Outcome {
        let objections = self.objections();
        if !objections.is_empty() {
            return refuse(objections);
        }
        let is_free = |name: &Name| !self.observation.taken_names.contains(name);
        let Some(name) = Name::of_halves(&self.id()).into_iter().find(is_free) else {
            return rest(rows::NAME_TAKEN, Phase::Blocked, messages::names_taken(self.ends));
        };
        let ManagementEnds { manager, scope, partner, seat } = self.ends.clone();
        let body = match seat {
            Seat::Central => {
                let id = ScopeConnectionId { manager, name };
                ManagementBody::ScopeConnection { id, tenant: partner, scope }
            }
            Seat::Target => {
                ManagementBody::Connection { id: NetworkManagerConnectionId { scope, name }, manager }
            }
        };
        (row, Verdict::Write(body.by(Step::CreateOurs)))
    }

    /// Both halves exist; the service flips them by itself within seconds.
    fn flip_to_come(&self, id: &ResourceId) -> Outcome {
        if self.waited() > PENDING_DEADLINE {
            return rest(rows::FLIP_TO_COME, Phase::Blocked, messages::never_flips(id));
        }
        soon(rows::FLIP_TO_COME, messages::flip_to_come(self.ends))
    }

    /// Theirs is not there, or cannot be read, and ours tells how it went. One that we made in answer was made in vain; one
    /// that our own engineer made waits for theirs.
    fn pending_alone(&self, id: &ResourceId, seat: Seat) -> Outcome {
        let asked_for = self.record.is_some_and(|record| record.goal.is_some());
        if self.made_by_us(id) && self.covering.is_some() && !asked_for {
            return self.take_back_after_deadline(id);
        }
        let late = self.waited() > PENDING_DEADLINE;
        let reason = if late {
            messages::stalled(self.ends, seat)
        } else {
            messages::awaiting_partner(self.ends, seat)
        };
        rest(rows::WAIT_FOR_THEIRS, Phase::Waiting, reason)
    }

    fn take_back_after_deadline(&self, id: &ResourceId) -> Outcome {
        if self.waited() > PENDING_DEADLINE {
            return remove(rows::TAKE_BACK, id, messages::taken_back(id));
        }
        soon(rows::FLIP_TO_COME, messages::flip_to_come(self.ends))
    }

    /// Theirs was removed. The central half goes at once; the target's when the manager had time to go first.
    fn revoked(&self, id: &ResourceId) -> Outcome {
        let managed = self.made_by_us(id) || self.is_adopted();
        match self.covering.filter(|_| managed).map(|(_, agreement)| agreement.on_removal) {
            Some(OnRemoval::Remove) => {
                let since = self.record.and_then(|record| record.removal_seen_at);
                let due =
                    self.ends.seat == Seat::Central || since.is_some_and(|at| self.now - at >= REMOVAL_DELAY);
                if due {
                    return remove(rows::REMOVE_OURS, id, messages::removed_with_theirs(id));
                }
                let reasons = vec![messages::removal_due(id)];
                let requeue_after = Some(Duration::from_secs(60));
                (rows::REMOVAL_DUE, Verdict::Rest { phase: Phase::Waiting, reasons, requeue_after })
            }
            Some(OnRemoval::Keep | OnRemoval::Restore) | None => {
                rest(rows::KEEP_OURS, Phase::Broken, messages::partner_removed(id))
            }
        }
    }

    fn connected(&self, id: &ResourceId, others: &[ResourceId]) -> Outcome {
        if self.observation.taken == Some(false) {
            return soon(rows::FLIP_TO_COME, messages::not_taken_yet(self.ends));
        }
        if let Some(outcome) = self.members() {
            return outcome;
        }
        let mut reasons = vec![messages::connected(self.ends, id, self.observation)];
        reasons.extend(others.iter().map(messages::duplicate));
        (rows::CONNECTED, Verdict::Rest { phase: Phase::Connected, reasons, requeue_after: None })
    }

    /// The follow-on of a connected handshake: the groups that the agreement fills.
    fn members(&self) -> Option<Outcome> {
        let (_, agreement) = self.covering?;
        let seen = self.observation.members.as_ref()?;
        let id = self.id();
        let write =
            |step, body: ManagementBody| Some((rows::MEMBERS, Verdict::Write(body.by(step).rereading_all())));
        let denied =
            |network: &VirtualNetworkId| self.agreements.denials().any(|rule| rule.network.matches(network));
        match next_move(&id, &self.ends.manager, &agreement.groups, denied, seen)? {
            MemberMove::Add(id, network) => write(Step::AddMember, ManagementBody::Member { id, network }),
            MemberMove::Remove(id, _) => write(Step::RemoveMember, ManagementBody::RemovedMember(id)),
            MemberMove::NoGroup(group) => {
                Some(rest(rows::MEMBERS, Phase::Connected, messages::no_group(&group)))
            }
            MemberMove::Failed(id, network) => {
                Some(rest(rows::MEMBERS, Phase::Connected, messages::member_failed(&id, &network)))
            }
            MemberMove::Wait => Some(soon_in(rows::MEMBERS, Phase::Connected, messages::member_at_work())),
        }
    }

    /// We set out to answer what an event announced, and have not seen our half since: another read of a half that
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
        let state = |seat| match self.observation.at(seat) {
            Some(Read::Found((_, state, _))) => Some(state.to_string()),
            Some(Read::Absent | Read::Denied(_)) | None => None,
        };
        let (ours, theirs) = (state(seat), state(seat.other()));
        let stand_since = |record: &Record| record.stand_since(ours.as_deref(), theirs.as_deref());
        self.record
            .filter(|record| record.phase != Phase::Closed)
            .and_then(stand_since)
            .map_or(time::Duration::ZERO, |since| self.now - since)
    }
}
