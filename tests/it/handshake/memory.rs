//! Decisions that depend on what is on record: deadlines, refusals that hold, and what was mended before.

use peerpact::handshake::decision::{Decision, Verdict};
use peerpact::handshake::holding;
use peerpact::handshake::holding::REFUSAL_HOLDS;
use peerpact::handshake::ids::{HandshakeId, Name};
use peerpact::handshake::intent::Refusal;
use peerpact::handshake::phase::Phase;
use peerpact::handshake::provisioning::Provisioning;
use peerpact::handshake::read::Read;
use peerpact::handshake::reason::{Code, Reason};
use peerpact::handshake::record::Record;
use peerpact::kinds::View as _;
use peerpact::kinds::peering::Observation;
use peerpact::kinds::peering::PeeringBody;
use peerpact::kinds::peering::PeeringState;
use peerpact::kinds::peering::PeeringView;
use peerpact::kinds::peering::rows;
use peerpact::kinds::peering::{STALLED_AFTER, decide};

use peerpact_fixtures::{FABRIKAM, NetworkBuilder, agreements, ends, network, now, peering_of};
use time::{Duration, OffsetDateTime};

fn ours() -> NetworkBuilder {
    network("ours", "10.2.0.0/16")
}

fn theirs() -> NetworkBuilder {
    network("theirs", "10.1.0.0/16")
}

fn seen(ours: NetworkBuilder, theirs: NetworkBuilder) -> Observation {
    Observation { ours: Read::Found(ours.build()), theirs: Read::Found(theirs.build()) }
}

fn record(edit: impl FnOnce(&mut Record)) -> Record {
    let mut record = Record::new(&ends().pair(), FABRIKAM.parse().unwrap(), now());
    edit(&mut record);
    record
}

fn decided(observation: &Observation, record: &Record, terms: &str, at: OffsetDateTime) -> Decision {
    decide(&ends(), observation, Some(record), &agreements(terms), at)
}

fn first_reason(decision: &Decision) -> Code {
    match &decision.verdict {
        Verdict::Rest { reasons, .. } => reasons[0].code,
        other => panic!("it does not rest: {other:?}"),
    }
}

#[test]
fn what_we_opened_waits_and_is_told_as_stalled_past_the_deadline_with_the_record_open() {
    let opened = seen(ours().initiated("theirs"), theirs());
    let record = record(|_| {});
    let at = |age| decided(&opened, &record, "", now() + age);
    for age in [Duration::ZERO, STALLED_AFTER] {
        assert_eq!(first_reason(&at(age)), Code::AwaitingPartner);
    }
    let late = at(STALLED_AFTER + Duration::SECOND);
    assert_eq!((late.row, first_reason(&late)), (rows::WAIT_FOR_THEIRS, Code::Stalled));
    assert!(matches!(late.verdict, Verdict::Rest { phase: Phase::Waiting, .. }), "the record stays open");
}

#[test]
fn a_pair_that_was_connected_and_comes_back_waits_its_full_time() {
    let opened = seen(ours().initiated("theirs"), theirs());
    let back = now() + STALLED_AFTER * 50;
    let connected = record(|record| record.connected_at = Some(now()));
    assert_eq!(first_reason(&decided(&opened, &connected, "", back)), Code::AwaitingPartner);
    let since_then = |code, at| {
        record(|record| {
            record.connected_at = Some(now());
            record.updated_at = at;
            record.reasons = vec![Reason::new(code, "since then")];
        })
    };
    let waiting = since_then(Code::AwaitingPartner, back);
    let late = back + STALLED_AFTER + Duration::SECOND;
    assert_eq!(first_reason(&decided(&opened, &waiting, "", back + STALLED_AFTER)), Code::AwaitingPartner);
    assert_eq!(first_reason(&decided(&opened, &waiting, "", late)), Code::Stalled);
    let stalled = since_then(Code::Stalled, late);
    assert_eq!(first_reason(&decided(&opened, &stalled, "", late)), Code::Stalled, "it stays told");
}

#[test]
fn a_pair_that_comes_back_after_its_end_is_not_stalled_by_its_earlier_life() {
    let opened = seen(ours().initiated("theirs"), theirs());
    let closed = record(|record| record.phase = Phase::Closed);
    let decision = decided(&opened, &closed, "", now() + STALLED_AFTER * 10);
    assert_eq!(first_reason(&decision), Code::AwaitingPartner);
}

/// A record of a write that Azure refused on this observation.
fn refused(observation: &Observation) -> Record {
    record(|record| {
        record.phase = Phase::Blocked;
        record.reasons = vec![Reason::new(Code::AzureRefused, "a policy forbids it")];
        record.refusal = Some(Refusal { fingerprint: observation.fingerprint(), at: now() });
    })
}

#[test]
fn a_write_that_azure_refused_is_not_sent_again_while_nothing_changes() {
    let asked = seen(ours(), theirs().initiated("ours"));
    let record = refused(&asked);
    let held = decided(&asked, &record, "", now() + REFUSAL_HOLDS - Duration::SECOND);
    assert_eq!(held.row, holding::HOLD_REFUSAL);
    let Verdict::Rest { phase: Phase::Blocked, reasons, .. } = held.verdict else { panic!() };
    assert_eq!(reasons, record.reasons, "what Azure said is told again");
}

#[test]
fn a_refusal_holds_no_longer_than_its_time_nor_once_anything_is_otherwise() {
    let asked = seen(ours(), theirs().initiated("ours"));
    let record = refused(&asked);
    assert_eq!(decided(&asked, &record, "", now() + REFUSAL_HOLDS).row, rows::ANSWER_THEIRS);
    let mended = seen(ours().tag("cost-centre", "7"), theirs().initiated("ours"));
    assert_eq!(decided(&mended, &record, "", now()).row, rows::ANSWER_THEIRS);
    let other_reason = Record { reasons: vec![Reason::new(Code::AccessMissing, "no right")], ..record };
    assert_eq!(
        decided(&asked, &other_reason, "", now()).row,
        rows::ANSWER_THEIRS,
        "a right may have been granted"
    );
}

#[test]
fn a_refusal_does_not_hide_what_is_no_write() {
    let gone = seen(ours(), theirs());
    assert_eq!(decided(&gone, &refused(&gone), "", now()).row, rows::CLOSED);
}

#[test]
fn a_failed_half_is_written_once_more_and_then_left_to_people() {
    let name = Name::of_half(&HandshakeId::of_peering(&ends().ours, &ends().theirs));
    let failed = |network: NetworkBuilder, remote: &str| {
        network.half(remote, |half| (half.provisioning, half.id.name) = (Provisioning::Failed, name.clone()))
    };
    let ours_failed = seen(failed(ours(), "theirs"), theirs().half("ours", |_| {}));
    let theirs_failed = seen(ours().half("theirs", |_| {}), failed(theirs(), "ours"));
    for (observation, terms, row) in
        [(ours_failed, "", rows::MEND_OURS), (theirs_failed, "reach = \"both\"", rows::MEND_THEIRS)]
    {
        assert_eq!(decided(&observation, &record(|_| {}), terms, now()).row, row);
        let again = decided(&observation, &record(|record| record.mended = 1), terms, now());
        assert_eq!((again.row, first_reason(&again)), (rows::HALF_FAILED, Code::ProvisioningFailed));
        assert!(matches!(again.verdict, Verdict::Rest { phase: Phase::Blocked, .. }));
    }
}

#[test]
fn nothing_is_written_while_azure_works_on_either_network() {
    for busy in [Provisioning::Updating, Provisioning::Deleting] {
        for whose in 0..2 {
            let mut pair = [ours().build(), theirs().initiated("ours").build()];
            pair[whose].provisioning = busy;
            let [ours, theirs] = pair.map(Read::Found);
            let decision = decided(&Observation { ours, theirs }, &record(|_| {}), "", now());
            assert_eq!(decision.row, rows::AZURE_AT_WORK, "{busy:?}");
            let Verdict::Rest { requeue_after: Some(_), .. } = decision.verdict else {
                panic!("it is looked at again")
            };
        }
    }
}

#[test]
fn a_half_made_by_hand_is_left_to_people_or_written_under_its_own_name_where_that_is_agreed() {
    let by_hand = ours().half("theirs", |half| {
        half.id.name = "made-by-hand".parse().unwrap();
        half.state = PeeringState::Disconnected;
    });
    let observation = seen(by_hand, theirs().initiated("ours"));
    let left = decided(&observation, &record(|_| {}), "", now());
    assert_eq!((left.row, first_reason(&left)), (rows::LEFT_TO_PEOPLE, Code::LeftToPeople));
    match decided(&observation, &record(|_| {}), "adopt = \"manage\"", now()).verdict {
        Verdict::Write(write) => assert_eq!(peering_of(&write).0.name.as_str(), "made-by-hand"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_repeated_decision_asks_for_the_same_write_to_the_letter() {
    let asked = seen(ours(), theirs().initiated("ours"));
    let first = decided(&asked, &record(|_| {}), "", now());
    let later = decided(&asked, &record(|record| record.generation = 7), "", now() + Duration::days(1));
    assert_eq!(first, later);
    let Verdict::Write(write) = first.verdict else { panic!("it is answered") };
    assert!(peering_of(&write).0.name.as_str().starts_with("peerpact-"), "{write:?}");
    let Some(PeeringBody::Peering { remote, .. }) = write.body() else { panic!("{write:?}") };
    assert_eq!(*remote, ends().theirs);
}

#[test]
fn what_was_put_down_by_a_clock_that_was_ahead_is_no_longer_ahead_after_a_look() {
    let asked = seen(ours(), theirs().initiated("ours"));
    let tomorrow = now() + Duration::days(1);
    let halves = PeeringView { ends: ends(), observation: asked.clone() }.halves();
    let mut record = refused(&asked);
    record.see(&halves, now());
    for time in [now(), tomorrow] {
        record.states_since = time;
        record.removal_seen_at = Some(time);
        record.looking_since = Some(time);
        record.refusal = Some(Refusal { fingerprint: asked.fingerprint(), at: time });
        record.see(&halves, now());
        let times = (record.states_since, record.removal_seen_at, record.looking_since);
        assert_eq!(times, (now(), Some(now()), Some(now())));
        assert_eq!(record.refusal.is_some(), time == now());
    }
    let row = decided(&asked, &record, "", now()).row;
    assert_eq!(row, rows::ANSWER_THEIRS, "a refusal of tomorrow holds nobody up");
}
