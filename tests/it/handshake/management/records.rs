//! Records of management handshakes.

use peerpact::handshake::intent::Intent;
use peerpact::handshake::kind_name::KindName;
use peerpact::handshake::phase::Phase;
use peerpact::handshake::reason::{Code, Reason};
use peerpact::handshake::record::Record;
use peerpact::handshake::resource_id::ResourceId;
use peerpact::handshake::step::Step;
use peerpact::kinds::View as _;
use peerpact::kinds::network_manager::ConnectionState;
use peerpact::kinds::network_manager::ManagementView;
use peerpact::kinds::network_manager::Seat;

use peerpact_fixtures::{CONTOSO, FABRIKAM, now};
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::{Cell, SEATS, connection, ends, manager, scope, scope_connection, seen};

fn record(seat: Seat) -> Record {
    let home = if seat == Seat::Central { CONTOSO } else { FABRIKAM };
    Record::new(&ends(seat).pair(), home.parse().unwrap(), now())
}

fn see(record: &mut Record, seat: Seat, theirs: Cell, ours: Cell, at: OffsetDateTime) {
    record.see(
        &ManagementView { ends: ends(seat), observation: seen(seat, theirs, ours, "half") }.halves(),
        at,
    );
}

fn settle(record: &mut Record, phase: Phase, at: OffsetDateTime) {
    record.settle(phase, vec![Reason::new(Code::PartnerRemoved, "it went")], at).unwrap();
}

fn at(seconds: i64) -> OffsetDateTime {
    now() + Duration::seconds(seconds)
}

#[test]
fn a_new_record_is_of_its_pair_from_either_seat() {
    for seat in SEATS {
        let record = record(seat);
        assert_eq!((record.kind.clone(), record.pair()), (KindName::new("management"), ends(seat).pair()));
        assert_eq!(record.theirs.tenant, ends(seat).partner);
    }
}

#[test]
fn what_was_seen_is_taken_over_and_a_half_that_went_leaves_its_id() {
    for seat in SEATS {
        let mut record = record(seat);
        see(&mut record, seat, Cell::Connected, Cell::Pending, now());
        assert_eq!(record.theirs.state, Some(ConnectionState::Connected.to_string()));
        assert_eq!(record.ours.state, Some(ConnectionState::Pending.to_string()));
        let (ours, theirs) = (record.ours.half.clone().unwrap(), record.theirs.half.clone().unwrap());
        assert!(record.shows(&ours) && record.shows(&theirs) && ours != theirs);
        for gone in [Cell::Absent, Cell::Denied] {
            let mut record = record.clone();
            see(&mut record, seat, gone, gone, now());
            assert_eq!((&record.ours.state, &record.theirs.state), (&None, &None));
            assert_eq!(
                (record.ours.half.as_ref(), record.theirs.half.as_ref()),
                (Some(&ours), Some(&theirs))
            );
            assert!(!record.shows(&ours) && !record.shows(&theirs));
        }
        see(&mut record, seat, Cell::NotAsked, Cell::Connected, now());
        assert_eq!(
            record.theirs.state,
            Some(ConnectionState::Connected.to_string()),
            "not asked is not gone"
        );
    }
}

#[test]
fn states_stand_since_they_last_changed_at_either_end() {
    for seat in SEATS {
        let mut record = record(seat);
        let since = |record: &Record| {
            record.stand_since(record.ours.state.as_deref(), record.theirs.state.as_deref())
        };
        see(&mut record, seat, Cell::Absent, Cell::Pending, at(10));
        see(&mut record, seat, Cell::Denied, Cell::Pending, at(20));
        assert_eq!(since(&record), Some(at(10)), "denied or absent is no state of theirs");
        see(&mut record, seat, Cell::Pending, Cell::Pending, at(30));
        see(&mut record, seat, Cell::Pending, Cell::Pending, at(40));
        assert_eq!(since(&record), Some(at(30)));
        let ours = record.ours.state.clone();
        assert_eq!(record.stand_since(ours.as_deref(), None), None, "that is not how they stood");
        see(&mut record, seat, Cell::Pending, Cell::Connected, at(50));
        assert_eq!(since(&record), Some(at(50)));
    }
}

#[test]
fn a_removal_is_dated_when_ours_was_first_seen_revoked_and_as_long_as_it_is() {
    for seat in SEATS {
        let mut record = record(seat);
        see(&mut record, seat, Cell::Absent, Cell::Connected, at(0));
        settle(&mut record, Phase::Connected, at(0));
        assert_eq!(record.removal_seen_at, None);
        see(&mut record, seat, Cell::Absent, Cell::Revoked, at(10));
        settle(&mut record, Phase::Waiting, at(10));
        settle(&mut record, Phase::Waiting, at(30));
        assert_eq!(record.removal_seen_at, Some(at(10)));
        record.settle(Phase::Completing, Vec::new(), at(71)).unwrap();
        let busy = vec![Reason::new(Code::AzureBusy, "later")];
        record.settle(Phase::Waiting, busy, at(72)).unwrap();
        assert_eq!(record.removal_seen_at, Some(at(10)), "a removal that is tried again does not wait again");
        see(&mut record, seat, Cell::Absent, Cell::Absent, at(80));
        settle(&mut record, Phase::Closed, at(80));
        assert_eq!(record.removal_seen_at, None);
    }
}

#[test]
fn a_closed_pair_that_comes_back_is_a_new_generation_that_remembers_no_removal() {
    let mut record = record(Seat::Target);
    see(&mut record, Seat::Target, Cell::Absent, Cell::Revoked, at(0));
    settle(&mut record, Phase::Closed, at(0));
    assert_eq!((record.generation, record.removal_seen_at), (1, Some(at(0))));
    see(&mut record, Seat::Target, Cell::Absent, Cell::Revoked, at(100));
    settle(&mut record, Phase::Waiting, at(100));
    assert_eq!((record.generation, record.opened_at), (2, at(100)));
    assert_eq!((record.removal_seen_at, record.intent.is_none()), (Some(at(100)), true));
}

#[test]
fn a_record_is_read_back_as_it_was_written_in_every_state() {
    for (seat, ours) in SEATS.into_iter().flat_map(|seat| Cell::ALL.map(|cell| (seat, cell))) {
        let mut record = record(seat);
        see(&mut record, seat, Cell::Pending, ours, now());
        record.intent = record.theirs.half.clone().map(|half| Intent {
            step: Step::AddMember,
            target: half,
            correlation: Uuid::nil(),
            at: now(),
        });
        let text = serde_json::to_string(&record).unwrap();
        assert_eq!(serde_json::from_str::<Record>(&text).unwrap(), record, "{text}");
    }
    let member = format!("{}/networkGroups/g/staticMembers/m", manager());
    let target: ResourceId = serde_json::from_value(json!({ "member": member })).unwrap();
    assert_eq!(serde_json::to_value(&target).unwrap(), json!(member), "read as the format before had it");
}

#[test]
fn a_record_is_written_as_ledgers_hold_it() {
    let mut record = record(Seat::Target);
    see(&mut record, Seat::Target, Cell::Pending, Cell::Connected, now());
    let written = serde_json::to_value(&record).unwrap();
    assert_eq!(written["kind"], "management");
    assert_eq!(
        written["ours"],
        json!({
            "tenant": FABRIKAM, "resource": scope().to_string(), "sync": Value::Null, "made": false, "alone": false,
            "half": connection("half", ConnectionState::Connected).id.to_string(),
            "state": "Connected",
        })
    );
    assert_eq!(written["theirs"]["resource"], json!(manager().to_string()));
    let half = scope_connection("half", ConnectionState::Pending).id.to_string();
    assert_eq!(written["theirs"]["half"], json!(half));
}

#[test]
fn a_state_that_is_new_to_this_version_is_unknown_and_not_an_error() {
    let state: ConnectionState = serde_json::from_value(json!("Hibernating")).unwrap();
    assert_eq!(state, ConnectionState::Unknown);
}
