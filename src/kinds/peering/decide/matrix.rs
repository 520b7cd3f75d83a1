//! The decision table: from what is seen, what is recorded and what is agreed to the one thing to do.

use serde::Deserialize;
use time::OffsetDateTime;

use super::networks::Networks;
use super::outcome::{
    at_work, half_failed, is_changing, mending, refuse, remove_ours, rest, soon, unreadable,
};
use super::table::{Outcome, Table};
use crate::handshake::agreed::Agreed;
use crate::handshake::agreements::{Agreements, OnRemoval};
use crate::handshake::decision::{Decision, Verdict};
use crate::handshake::holding::{confirm_end, hold_refusal};
use crate::handshake::phase::Phase;
use crate::handshake::read::{Denial, Read};
use crate::handshake::reason::{Code, Reason};
use crate::handshake::record::Record;
use crate::handshake::step::Step;
use crate::kinds::grants;
use crate::kinds::peering::admission::Case;
use crate::kinds::peering::agreement::Reach;
use crate::kinds::peering::consent::manages;
use crate::kinds::peering::ends::PeeringEnds;
use crate::kinds::peering::flags::AskedFlags;
use crate::kinds::peering::halves::{Network, PeeringHalf, SyncLevel};
use crate::kinds::peering::observation::{HalfState, Observation};
use crate::kinds::peering::{messages, rows};

/// A peering that we opened is reported as stalled after this long without an answer.
pub const STALLED_AFTER: time::Duration = time::Duration::hours(1);

/// Decides. Pure: the same arguments give the same decision.
#[must_use]
pub fn decide(
    ends: &PeeringEnds,
    observation: &Observation,
    record: Option<&Record>,
    agreements: &Agreements,
    now: OffsetDateTime,
) -> Decision {
    let table = Table { ends, record, agreements, now };
    let covering = agreements.covering(ends);
    let agreement = covering.map(|(partner, agreement)| partner.label(agreement));
    let (row, verdict) = table.at(observation);
    let decision =
        Decision { row, verdict, agreement, agreed: None, opened: only_theirs_is_missing(ends, observation) };
    let decision = hold_refusal(decision, || observation.fingerprint(), record, now);
    let mut decision = confirm_end(decision, record, now);
    let agreed = covering.filter(|_| match &decision.verdict {
        Verdict::Write(write) => write.step.needs_consent(),
        Verdict::Undo { .. } | Verdict::Confirm(_) => false,
        Verdict::Rest { .. } => table.is_covered(observation.our_end(ends)),
    });
    decision.agreed = agreed.map(|(partner, agreement)| Agreed::of(partner, agreement));
    decision
}

fn only_theirs_is_missing(ends: &PeeringEnds, observation: &Observation) -> bool {
    let Read::Found((_, None)) = observation.their_end(ends) else { return false };
    let ours = observation.our_end(ends);
    matches!(ours, Read::Found((_, half)) if HalfState::of(half) == HalfState::Initiated)
}

impl Table<'_> {
    fn at(&self, observation: &Observation) -> Outcome {
        use Read::{Absent, Denied, Found};
        let (theirs, ours) = (observation.their_end(self.ends), observation.our_end(self.ends));
        if let Found((network, Some(half))) = ours
            && let Some(outcome) = self.goes_beyond(network, half)
        {
            return outcome;
        }
        match (theirs, ours) {
            (Denied(_) | Absent, Found((_, Some(half)))) if self.wants_ours_gone(half) => {
                remove_ours(rows::DISCONNECT, half, messages::removed_on_request(half))
            }
            (Denied(denial), Found((_, None))) if self.wants_gone() => {
                rest(rows::CLOSED, Phase::Closed, messages::ours_removed_theirs_unread(&denial))
            }
            (Denied(theirs), Denied(ours)) => unreadable(vec![self.grant(&theirs), self.grant(&ours)]),
            (Denied(denial), _) | (_, Denied(denial)) => unreadable(vec![self.grant(&denial)]),
            (_, Absent) => {
                rest(rows::NETWORK_GONE, Phase::Closed, messages::network_gone(&self.ends.ours, "our"))
            }
            (Absent, Found((_, None))) => {
                rest(rows::CLOSED, Phase::Closed, messages::network_gone(&self.ends.theirs, "the partner's"))
            }
            (Absent, Found((network, Some(half)))) => self.their_network_gone(network, half),
            (Found((theirs, their_half)), Found((ours, our_half))) => {
                self.with(theirs, their_half, ours, our_half)
            }
        }
    }

    /// A 404 alone proves little, so ours goes only when Azure itself says that the other side went.
    fn their_network_gone(&self, network: &Network, half: &PeeringHalf) -> Outcome {
        match HalfState::of(Some(half)) {
            HalfState::Changing => at_work(),
            HalfState::Disconnected => match self.agreements.covering(self.ends) {
                Some((_, agreement))
                    if agreement.on_removal == OnRemoval::Remove
                        && (self.made(half) || manages(self.agreements, self.ends, agreement, network)) =>
                {
                    remove_ours(rows::REMOVE_OURS, half, messages::removed_with_theirs(half))
                }
                _ => rest(rows::KEEP_OURS, Phase::Broken, messages::partner_removed(half)),
            },
            HalfState::Absent
            | HalfState::Failed
            | HalfState::Initiated
            | HalfState::Connected(_)
            | HalfState::Unknown => {
                let reason = messages::network_unseen(&self.ends.theirs, &network.id);
                soon(rows::NETWORK_GONE, Phase::Blocked, reason)
            }
        }
    }

    fn with(
        &self,
        theirs: &Network,
        their_half: Option<&PeeringHalf>,
        ours: &Network,
        our_half: Option<&PeeringHalf>,
    ) -> Outcome {
        let case = Case::find(self.agreements, self.ends, ours, theirs);
        let made = |half: &PeeringHalf| self.made(half);
        let pair = Networks {
            ours,
            theirs,
            our_half,
            their_half,
            ours_is_managed: our_half.is_some_and(made) || self.is_adopted(&case),
            theirs_is_managed: their_half.is_some_and(made) || self.is_adopted(&case),
            case,
        };
        let outcome = self.row(&pair);
        match &outcome.1 {
            Verdict::Write(_) if is_changing(ours) || is_changing(theirs) => at_work(),
            Verdict::Write(_) | Verdict::Undo { .. } | Verdict::Confirm(_) | Verdict::Rest { .. } => outcome,
        }
    }

    fn is_adopted(&self, case: &Result<Case<'_>, Vec<Reason>>) -> bool {
        case.as_ref().is_ok_and(|case| manages(self.agreements, self.ends, case.agreement, case.ours))
    }

    /// What was asked for comes first, and then the table.
    fn row(&self, pair: &Networks<'_>) -> Outcome {
        let (theirs, ours) = (HalfState::of(pair.their_half), HalfState::of(pair.our_half));
        if theirs == HalfState::Changing || ours == HalfState::Changing {
            return at_work();
        }
        let record = self.record;
        if let Some(side) = record.and_then(Record::wants_gone)
            && let Some(outcome) = self.disconnect(pair, side)
        {
            return outcome;
        }
        if let Some(flags) =
            record.and_then(Record::wants_ours).and_then(|asked| AskedFlags::deserialize(asked).ok())
            && let Some(outcome) = pair.open(theirs, ours, &flags)
        {
            return outcome;
        }
        self.table(pair, theirs, ours)
    }

    /// The table itself.
    fn table(&self, pair: &Networks<'_>, theirs: HalfState, ours: HalfState) -> Outcome {
        use HalfState::{Absent, Changing, Connected, Disconnected, Failed, Initiated, Unknown};
        match (theirs, ours) {
            (Changing, _) | (_, Changing) => at_work(),
            (Failed, _) => self.theirs_failed(pair),
            (Initiated | Connected(_), Failed) => self.ours_failed(pair),
            (Absent | Disconnected | Unknown, Failed) => half_failed(pair.our_half),

            (Absent, Absent) => rest(rows::CLOSED, Phase::Closed, messages::closed(self.ends)),
            (Initiated, Absent) => pair.with_consent(|case| pair.answer_theirs(case, Step::CreateOurs)),
            (Initiated, Disconnected) => {
                pair.with_consent(|case| pair.managed_ours(|| pair.answer_theirs(case, Step::RewriteOurs)))
            }
            (Absent, Initiated) => self.answer_ours(pair),
            (Connected(theirs), Connected(ours)) => self.connected(pair, theirs, ours),

            (Absent, Disconnected) => self.theirs_removed(pair),
            (Disconnected, Disconnected) => self.both_disconnected(pair),
            (Disconnected, Absent) => self.ours_removed(pair),

            (Initiated, Initiated | Connected(_))
            | (Connected(_), Absent | Initiated | Disconnected)
            | (Absent, Connected(_))
            | (Disconnected, Initiated | Connected(_))
            | (Unknown, _)
            | (_, Unknown) => {
                soon(rows::UNCLEAR, Phase::Waiting, messages::unclear(pair.their_half, pair.our_half))
            }
        }
    }

    fn answer_ours(&self, pair: &Networks<'_>) -> Outcome {
        if pair.reach() == Reach::Both {
            return pair.with_consent(|case| pair.create_theirs(case));
        }
        if self.waited() > STALLED_AFTER {
            return rest(rows::WAIT_FOR_THEIRS, Phase::Waiting, messages::stalled(self.ends));
        }
        rest(rows::WAIT_FOR_THEIRS, Phase::Waiting, messages::awaiting_partner(self.ends))
    }

    /// How long ours has waited: since it was opened, or, in a pair that was connected before, since it came back.
    fn waited(&self) -> time::Duration {
        let Some(record) = self.record.filter(|record| record.phase != Phase::Closed) else {
            return time::Duration::ZERO;
        };
        let told = |code| record.reasons.iter().any(|reason| reason.code == code);
        let since = match record.connected_at {
            None => record.opened_at,
            Some(_) if told(Code::Stalled) => record.opened_at,
            Some(_) if told(Code::AwaitingPartner) => record.updated_at,
            Some(_) => self.now,
        };
        self.now - since
    }

    fn connected(&self, pair: &Networks<'_>, theirs: SyncLevel, ours: SyncLevel) -> Outcome {
        use SyncLevel::{FullyInSync, LocalAndRemoteNotInSync, LocalNotInSync, RemoteNotInSync, Unknown};
        match (theirs, ours) {
            (FullyInSync, FullyInSync) => pair.settled(),
            (_, LocalNotInSync | LocalAndRemoteNotInSync) => match pair.consent() {
                Ok(_) => pair.write_ours(rows::SYNC_OURS, Step::SyncOurs),
                Err(reasons) => refuse(rows::REFUSE_WIDENING, reasons),
            },
            (_, RemoteNotInSync) | (LocalNotInSync | LocalAndRemoteNotInSync, FullyInSync) => {
                if pair.reach() == Reach::Both {
                    pair.with_consent(|_| pair.write_theirs(rows::SYNC_THEIRS, Step::SyncTheirs))
                } else {
                    rest(
                        rows::WAIT_FOR_THEIR_SYNC,
                        Phase::Waiting,
                        messages::awaiting_their_sync(pair.their_half),
                    )
                }
            }
            (RemoteNotInSync | Unknown, FullyInSync) | (_, Unknown) => {
                soon(rows::UNCLEAR, Phase::Waiting, messages::unclear(pair.their_half, pair.our_half))
            }
        }
    }

    fn theirs_removed(&self, pair: &Networks<'_>) -> Outcome {
        let Some(half) = pair.our_half else { return at_work() };
        match pair.on_removal().filter(|_| pair.ours_is_managed) {
            Some(OnRemoval::Remove) => {
                remove_ours(rows::REMOVE_OURS, half, messages::removed_with_theirs(half))
            }
            Some(OnRemoval::Restore) => {
                pair.with_consent(|_| pair.write_ours(rows::RESTORE_OURS, Step::RewriteOurs))
            }
            Some(OnRemoval::Keep) | None => {
                rest(rows::KEEP_OURS, Phase::Broken, messages::partner_removed(half))
            }
        }
    }

    fn both_disconnected(&self, pair: &Networks<'_>) -> Outcome {
        match pair.on_removal().filter(|_| pair.ours_is_managed) {
            Some(OnRemoval::Remove | OnRemoval::Restore) => pair.our_half.map_or_else(at_work, |half| {
                remove_ours(rows::REMOVE_OURS, half, messages::removed_with_theirs(half))
            }),
            Some(OnRemoval::Keep) | None => rest(
                rows::KEEP_OURS,
                Phase::Broken,
                messages::both_disconnected(pair.their_half, pair.our_half),
            ),
        }
    }

    fn ours_removed(&self, pair: &Networks<'_>) -> Outcome {
        if pair.reach() == Reach::Both && pair.theirs_is_managed {
            return pair.with_consent(|_| pair.write_theirs(rows::REWRITE_THEIRS, Step::RewriteTheirs));
        }
        if let (Some(reason), Err(reasons)) =
            (self.record.and_then(|record| record.undone.as_ref()), pair.consent())
        {
            return refuse(rows::REFUSE, [vec![reason.clone()], reasons].concat());
        }
        rest(rows::OURS_GONE, Phase::Broken, messages::ours_removed(self.ends, pair.their_half))
    }

    fn ours_failed(&self, pair: &Networks<'_>) -> Outcome {
        if self.was_mended() || !pair.ours_is_managed {
            return half_failed(pair.our_half);
        }
        mending(pair.with_consent(|_| pair.write_ours(rows::MEND_OURS, Step::RewriteOurs)))
    }

    fn theirs_failed(&self, pair: &Networks<'_>) -> Outcome {
        if pair.reach() == Reach::Ours || self.was_mended() || !pair.theirs_is_managed {
            return half_failed(pair.their_half);
        }
        mending(pair.with_consent(|_| pair.write_theirs(rows::MEND_THEIRS, Step::RewriteTheirs)))
    }

    fn was_mended(&self) -> bool {
        self.record.is_some_and(|record| record.mended > 0)
    }

    fn grant(&self, denial: &Denial) -> Reason {
        grants::access_missing(denial, self.agreements)
    }
}
