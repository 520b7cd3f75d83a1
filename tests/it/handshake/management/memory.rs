//! Decisions that depend on what is on record: deadlines, answers that were not finished, refusals that hold.

use peerpact::handshake::decision::{Decision, Verdict};
use peerpact::handshake::holding;
use peerpact::handshake::holding::REFUSAL_HOLDS;
use peerpact::handshake::intent::Refusal;
use peerpact::handshake::phase::Phase;
use peerpact::handshake::read::Denial;
use peerpact::handshake::read::Read;
use peerpact::handshake::reason::{Code, Reason};
use peerpact::handshake::record::Record;
use peerpact::handshake::resource_id::ResourceId;
use peerpact::handshake::step::Step;
use peerpact::kinds::View as _;
use peerpact::kinds::network_manager::ConnectionState;
use peerpact::kinds::network_manager::ManagementView;
use peerpact::kinds::network_manager::Seat;
use peerpact::kinds::network_manager::rows;
use peerpact::kinds::network_manager::{Found, ManagementObservation};
use peerpact::kinds::network_manager::{PENDING_DEADLINE, decide};

use peerpact_fixtures::{FABRIKAM, now};
use time::{Duration, OffsetDateTime};

use super::decide::{Memory, agreed, derived};
use super::{Cell, SEATS, connection, ends, scope_connection, seen};

fn decided(
    seat: Seat,
    observation: &ManagementObservation,
    record: Option<&Record>,
    at: OffsetDateTime,
) -> Decision {
    decide(&ends(seat), observation, record, &agreed(seat, "on removal remove"), at)
}

fn code(decision: &Decision) -> Code {
    match &decision.verdict {
        Verdict::Rest { reasons, .. } => reasons[0].code,
        _ => panic!("{decision:?}"),
    }
}

/// A record on which this was seen at that time.
fn having_seen(seat: Seat, observation: &ManagementObservation, at: OffsetDateTime) -> Record {
    let mut record = Record::new(&ends(seat).pair(), FABRIKAM.parse().unwrap(), at);
    record.see(&ManagementView { ends: ends(seat), observation: observation.clone() }.halves(), at);
    record
}

#[test]
fn a_half_that_waited_for_days_is_not_stuck_when_theirs_comes() {
    for seat in SEATS {
        let alone = seen(seat, Cell::Absent, Cell::Pending, "by-hand");
        let both = seen(seat, Cell::Pending, Cell::Pending, "by-hand");
        let opened = now() - Duration::days(2);
        let mut record = having_seen(seat, &alone, opened);
        assert_eq!(code(&decided(seat, &alone, Some(&record), now())), Code::Stalled);
        let at_first = decided(seat, &both, Some(&record), now());
        assert_eq!(code(&at_first), Code::AwaitingAzure, "the flip has only just begun");
        record.see(&ManagementView { ends: ends(seat), observation: both.clone() }.halves(), now());
        let at = |age| code(&decided(seat, &both, Some(&record), now() + age));
        assert_eq!(at(PENDING_DEADLINE), Code::AwaitingAzure);
        assert_eq!(at(PENDING_DEADLINE + Duration::SECOND), Code::AzureRefused);
    }
}

#[test]
fn what_we_made_on_an_event_is_taken_back_after_the_deadline_and_what_people_made_waits() {
    for (seat, theirs) in SEATS.into_iter().flat_map(|seat| [(seat, Cell::Absent), (seat, Cell::Denied)]) {
        let ours = seen(seat, theirs, Cell::Pending, &derived());
        let record = having_seen(seat, &ours, now());
        let at = |age| decided(seat, &ours, Some(&record), now() + age);
        assert_eq!(code(&at(PENDING_DEADLINE)), Code::AwaitingAzure);
        let late = at(PENDING_DEADLINE + Duration::SECOND);
        assert_eq!(late.row, rows::TAKE_BACK);
        assert!(matches!(&late.verdict, Verdict::Write(write) if write.step == Step::RemoveOurs));
        let unknown = decided(seat, &ours, None, now() + Duration::days(9));
        assert_eq!(code(&unknown), Code::AwaitingAzure, "without a record nobody knows how long it stood");

        let by_hand = seen(seat, theirs, Cell::Pending, "by-hand");
        let record = having_seen(seat, &by_hand, now());
        let late = decided(seat, &by_hand, Some(&record), now() + Duration::days(9));
        assert_eq!((late.row, code(&late)), (rows::WAIT_FOR_THEIRS, Code::Stalled));
    }
}

#[test]
fn what_we_made_is_told_as_withdrawn_and_left_to_people_once_no_agreement_covers_it() {
    for seat in SEATS {
        let ours = seen(seat, Cell::Absent, Cell::Pending, &derived());
        let record = having_seen(seat, &ours, now());
        let gone = agreed(seat, "no agreement covers it");
        let late = decide(&ends(seat), &ours, Some(&record), &gone, now() + Duration::days(1));
        assert_eq!((late.row, code(&late)), (rows::BEYOND, Code::ConsentWithdrawn));
    }
}

#[test]
fn an_answer_that_is_not_finished_goes_on_without_another_event() {
    for seat in SEATS {
        let unreadable = seen(seat, Cell::Denied, Cell::Absent, "");
        let asked = ManagementObservation { announced: true, ..unreadable.clone() };
        assert_eq!(decided(seat, &asked, None, now()).row, rows::ANSWER_THEIRS);
        assert_eq!(decided(seat, &unreadable, None, now()).row, rows::CLOSED, "nobody announced anything");

        let record = Memory::Answering.record(seat, &unreadable).unwrap();
        for phase in [Phase::Completing, Phase::Waiting, Phase::Blocked] {
            let record = Record { phase, ..record.clone() };
            assert_eq!(decided(seat, &unreadable, Some(&record), now()).row, rows::ANSWER_THEIRS, "{phase}");
        }
        let over = Record { phase: Phase::Closed, ..record.clone() };
        assert_eq!(decided(seat, &unreadable, Some(&over), now()).row, rows::CLOSED);
        let mut made = record;
        made.see(
            &ManagementView {
                ends: ends(seat),
                observation: seen(seat, Cell::Denied, Cell::Pending, &derived()),
            }
            .halves(),
            now(),
        );
        made.end_seen_at = Some(now() - Duration::seconds(5));
        let removed = decided(seat, &unreadable, Some(&made), now());
        assert_eq!(removed.row, rows::CLOSED, "ours was there and somebody removed it: that is not repeated");
    }
}

#[test]
fn a_write_that_azure_refused_is_not_sent_again_while_nothing_changes() {
    for seat in SEATS {
        let asked = seen(seat, Cell::Pending, Cell::Absent, "theirs");
        let mut record = having_seen(seat, &asked, now());
        record.phase = Phase::Blocked;
        record.reasons = vec![Reason::new(Code::AzureRefused, "a policy forbids it").fixed_by("change it")];
        record.refusal = Some(Refusal { fingerprint: asked.fingerprint(), at: now() });
        let held = decided(seat, &asked, Some(&record), now() + REFUSAL_HOLDS - Duration::SECOND);
        assert_eq!(held.row, holding::HOLD_REFUSAL);
        assert!(
            matches!(&held.verdict, Verdict::Rest { phase: Phase::Blocked, reasons, .. } if *reasons == record.reasons)
        );
        let announced = ManagementObservation { announced: true, ..asked.clone() };
        assert_eq!(
            decided(seat, &announced, Some(&record), now()).row,
            holding::HOLD_REFUSAL,
            "an event changes nothing"
        );
        assert_eq!(decided(seat, &asked, Some(&record), now() + REFUSAL_HOLDS).row, rows::ANSWER_THEIRS);
        let renamed = seen(seat, Cell::Pending, Cell::Absent, "another");
        assert_eq!(decided(seat, &renamed, Some(&record), now()).row, rows::ANSWER_THEIRS);
    }
}

#[test]
fn a_repeated_decision_asks_for_the_same_write_to_the_letter_under_the_derived_name() {
    for seat in SEATS {
        let asked = seen(seat, Cell::Pending, Cell::Absent, "theirs");
        let first = decided(seat, &asked, None, now());
        let record = Record { generation: 7, ..having_seen(seat, &asked, now()) };
        assert_eq!(decided(seat, &asked, Some(&record), now() + Duration::days(1)), first);
        let Verdict::Write(write) = first.verdict else { panic!("it is answered") };
        assert!(write.target.to_string().ends_with(&format!("/{}", derived())), "{}", write.target);
    }
}

#[test]
fn of_two_connections_for_one_scope_the_connected_one_counts_and_the_other_is_told() {
    use ConnectionState::{Connected, Pending};
    let of = |half: &_| {
        let half: &peerpact::kinds::network_manager::ScopeConnection = half;
        (ResourceId::of(&half.id.clone()), half.state)
    };
    let halves = |states: [ConnectionState; 2]| {
        let [one, two] = states;
        vec![scope_connection("B", two), scope_connection("a", one)]
    };
    let name = |states| Found::among(halves(states), of).unwrap().half.id.name.as_str().to_owned();
    assert_eq!(name([Pending, Connected]), "B");
    assert_eq!(name([Connected, Pending]), "a");
    assert_eq!(name([Pending, Pending]), "a", "the first by name, so that every look finds the same");
    assert!(Found::among(Vec::new(), of).is_none());

    let mut observation = seen(Seat::Central, Cell::Connected, Cell::Connected, "a");
    let found = Found::among(halves([Pending, Connected]), of).unwrap();
    observation.central = Some(Read::Found(found));
    let Verdict::Rest { phase: Phase::Connected, reasons, .. } =
        decided(Seat::Central, &observation, None, now()).verdict
    else {
        panic!("it is connected")
    };
    assert_eq!(
        reasons.iter().map(|reason| reason.code).collect::<Vec<_>>(),
        [Code::Connected, Code::Duplicate]
    );
    assert!(reasons[1].fix.as_ref().unwrap().ends_with("/scopeConnections/a"), "{reasons:?}");
}

#[test]
fn what_could_not_be_verified_is_said() {
    for seat in SEATS {
        let observation = seen(seat, Cell::Denied, Cell::Connected, "by-hand");
        let Verdict::Rest { phase: Phase::Connected, reasons, .. } =
            decided(seat, &observation, None, now()).verdict
        else {
            panic!("it works without")
        };
        assert!(reasons[0].message.contains("was not verified, as our application app lacks"), "{reasons:?}");
    }
}

#[test]
fn where_our_own_half_cannot_be_read_the_fix_grants_the_right_role() {
    let denial = Denial {
        principal: "app".to_owned(),
        action: "Microsoft.Network/networkManagerConnections/read".to_owned(),
        scope: connection("x", ConnectionState::Pending).id.scope.to_string(),
        code: "AuthorizationFailed".to_owned(),
    };
    let mut observation = seen(Seat::Target, Cell::Pending, Cell::Absent, "x");
    observation.target = Some(Read::Denied(denial));
    let decision = decided(Seat::Target, &observation, None, now());
    let Verdict::Rest { phase: Phase::Blocked, reasons, .. } = decision.verdict else {
        panic!("{decision:?}")
    };
    assert_eq!(reasons[0].code, Code::AccessMissing);
    assert!(reasons[0].fix.as_ref().unwrap().contains("'peerpact home managers'"), "{reasons:?}");
}
