//! The decisions: from what is seen, what is recorded and what is agreed to the one thing to do.

use peerpact::handshake::agreements::Agreements;
use peerpact::handshake::decision::{Decision, Row, Verdict};
use peerpact::handshake::holding::{confirm_end, hold_refusal};
use peerpact::handshake::ids::Name;
use peerpact::handshake::phase::Phase;
use peerpact::handshake::reason::Reason;
use peerpact::handshake::record::Record;
use peerpact::handshake::resource_id::ResourceId;
use peerpact::handshake::step::Step;
use peerpact::handshake::write::Write;
use peerpact::kinds::View;
use serde_json::Value;
use time::OffsetDateTime;

use super::body::LinkBody;
use super::messages;
use super::read::LinkView;
use super::rooms::{Half, Stands};
use super::terms::{LinkAgreement, covering};

pub(super) fn decide(
    view: &LinkView,
    record: Option<&Record>,
    agreements: &Agreements,
    now: OffsetDateTime,
) -> Decision {
    let covering = covering(agreements, &view.pair);
    let (row, verdict) = table(view, record, covering.map(|(_, agreement)| agreement));
    let decision = Decision {
        row: Row::new(row),
        verdict,
        agreement: covering.map(|(partner, agreement)| partner.label_of(&agreement.name)),
        agreed: None,
        opened: view.theirs.is_none() && view.ours.is_some(),
    };
    let decision = hold_refusal(decision, || view.fingerprint(), record, now);
    confirm_end(decision, record, now)
}

fn table(
    view: &LinkView,
    record: Option<&Record>,
    agreed: Option<&LinkAgreement>,
) -> (&'static str, Verdict) {
    let LinkView { pair, ours, theirs } = view;
    let wants_gone = record.and_then(Record::wants_gone).is_some();
    let asked = record.and_then(Record::wants_ours);
    match (theirs, ours, agreed) {
        (_, Some(ours), _) if wants_gone => ("Disconnect", Verdict::Write(removal(ours))),
        (_, Some(ours), None) => {
            let reasons = vec![messages::withdrawn(ours)];
            ("UndoOurs", Verdict::Undo { write: removal(ours), reasons })
        }
        (Some(theirs), Some(ours), Some(_)) => {
            rest("Connected", Phase::Connected, messages::connected(ours, theirs))
        }
        (None, Some(ours), Some(_)) if ours.stands == Stands::Left => {
            ("RemoveOurs", Verdict::Write(removal(ours).gone(messages::partner_removed(ours))))
        }
        (None, Some(_), Some(_)) => rest("WaitForTheirs", Phase::Waiting, messages::awaiting_partner(pair)),
        (Some(_), None, None) => rest("Refuse", Phase::Refused, messages::no_agreement(pair)),
        (Some(theirs), None, Some(_)) if theirs.stands == Stands::Left => {
            rest("OursGone", Phase::Closed, messages::ours_removed(theirs))
        }
        (Some(_), None, Some(agreed)) => ("AnswerTheirs", Verdict::Write(creation(view, agreed, asked))),
        (None, None, Some(agreed)) if asked.is_some() => {
            ("OpenOurs", Verdict::Write(creation(view, agreed, asked)))
        }
        (None, None, _) => rest("Closed", Phase::Closed, messages::closed(pair)),
    }
}

fn rest(row: &'static str, phase: Phase, reason: Reason) -> (&'static str, Verdict) {
    (row, Verdict::Rest { phase, reasons: vec![reason], requeue_after: None })
}

/// Our half under a derived name, as wide as was asked for, or else as is agreed.
fn creation(view: &LinkView, agreed: &LinkAgreement, asked: Option<&Value>) -> Write {
    let asked = asked.and_then(|asked| asked["width"].as_u64()).and_then(|width| u32::try_from(width).ok());
    let width = asked.unwrap_or(agreed.width).min(agreed.width);
    let name = Name::of_half(&view.pair.id());
    let target: ResourceId = format!("{}/links/{name}", view.pair.ours()).parse().unwrap();
    Write::new(Step::CreateOurs, target, LinkBody::Put { to: view.pair.theirs().clone(), width })
}

fn removal(ours: &Half) -> Write {
    Write::new(Step::RemoveOurs, ours.id.clone(), LinkBody::Removal)
}
