//! Records: phases and their moves, generations, and what is taken over from a look.

use peerpact::handshake::agreed::Agreed;
use peerpact::handshake::ids::{HandshakeId, TenantId};
use peerpact::handshake::intent::{Intent, Refusal};
use peerpact::handshake::phase::{IllegalMove, Phase};
use peerpact::handshake::read::{Denial, Read};
use peerpact::handshake::reason::{Code, Reason};
use peerpact::handshake::record::{LEASE, Record};
use peerpact::handshake::resource_id::ResourceId;
use peerpact::handshake::seen::HalvesSeen;
use peerpact::handshake::step::Step;
use peerpact::kinds::View as _;
use peerpact::kinds::peering::Observation;
use peerpact::kinds::peering::PeeringView;
use peerpact::kinds::peering::{PeeringState, SyncLevel};

use peerpact_fixtures::{FABRIKAM, NetworkBuilder, ends, id, network, now};
use time::Duration;
use uuid::Uuid;

fn home() -> TenantId {
    FABRIKAM.parse().unwrap()
}

fn record() -> Record {
    Record::new(&ends().pair(), home(), now())
}

fn reasons() -> Vec<Reason> {
    vec![Reason::new(Code::Closed, "it is over")]
}

/// A record with something in every field.
fn full(phase: Phase) -> Record {
    let mut record = record();
    record.phase = phase;
    record.connected_at = Some(now());
    record.intent = Some(Intent {
        step: Step::CreateOurs,
        target: half("ours", "p"),
        correlation: Uuid::nil(),
        at: now(),
    });
    record.mended = 1;
    record.refusal = Some(Refusal { fingerprint: "f".to_owned(), at: now() });
    record
}

#[test]
fn from_an_open_phase_every_phase_can_follow_and_after_the_end_only_the_end() {
    for from in Phase::ALL {
        for to in Phase::ALL {
            let moved = from.advance(to);
            if from == Phase::Closed && to != Phase::Closed {
                assert_eq!(moved, Err(IllegalMove { from, to }));
            } else {
                assert_eq!(moved, Ok(to), "{from} to {to}");
            }
        }
    }
    assert_eq!(
        IllegalMove { from: Phase::Closed, to: Phase::Connected }.to_string(),
        "a record cannot move from `closed` to `connected` within one generation: this is a defect in peerpact"
    );
}

#[test]
fn a_phase_is_read_as_it_is_printed_in_any_case_and_every_phase_is_listed() {
    let names = ["waiting", "completing", "connected", "refused", "blocked", "broken", "closed"];
    assert_eq!(Phase::ALL.map(|phase| phase.to_string()), names);
    for (phase, name) in Phase::ALL.into_iter().zip(names) {
        assert_eq!(name.to_uppercase().parse::<Phase>().unwrap(), phase);
        assert_eq!(serde_json::to_value(phase).unwrap(), name);
    }
    assert_eq!(
        "done".parse::<Phase>().unwrap_err().to_string(),
        "`done` is not a phase; there are waiting, completing, connected, refused, blocked, broken and closed"
    );
}

#[test]
fn what_moves_on_by_itself_is_not_final() {
    let open = Phase::ALL.into_iter().filter(|phase| !phase.is_final()).collect::<Vec<_>>();
    assert_eq!(open, [Phase::Waiting, Phase::Completing, Phase::Blocked]);
}

#[test]
fn what_was_agreed_is_forgotten_when_a_pair_closes_and_not_when_it_is_opened_again() {
    let agreed = || Some(Agreed { agreement: "contoso/all".to_owned(), terms: serde_json::Map::new() });
    for from in Phase::ALL {
        for to in Phase::ALL {
            let mut record = full(from);
            (record.agreed, record.undone) = (agreed(), Some(Reason::new(Code::ConsentExceeded, "too far")));
            record.settle(to, reasons(), now()).unwrap();
            let kept = to != Phase::Closed;
            assert_eq!((record.agreed == agreed(), record.undone.is_some()), (kept, kept), "{from} to {to}");
        }
    }
}

#[test]
fn settling_from_every_phase_to_every_phase_keeps_the_generation_unless_a_closed_pair_comes_back() {
    let later = now() + Duration::hours(3);
    for from in Phase::ALL {
        for to in Phase::ALL {
            let mut record = full(from);
            record.settle(to, reasons(), later).unwrap();
            let reopened = from == Phase::Closed && to != Phase::Closed;
            assert_eq!(record.phase, to);
            assert_eq!(record.reasons, reasons());
            assert_eq!(record.generation, if reopened { 2 } else { 1 }, "{from} to {to}");
            assert_eq!(record.opened_at, if reopened { later } else { now() }, "{from} to {to}");
            assert_eq!(record.intent.is_none(), reopened, "{from} to {to}");
            let connected = if reopened { (to == Phase::Connected).then_some(later) } else { Some(now()) };
            assert_eq!(record.connected_at, connected, "{from} to {to}");
            let healed = reopened || to == Phase::Connected;
            assert_eq!(
                (record.mended, record.refusal.is_none()),
                (u8::from(!healed), healed),
                "{from} to {to}"
            );
        }
    }
}

#[test]
fn what_closed_a_pair_stays_why_it_is_closed_until_it_comes_back() {
    let mut record = record();
    let why = vec![Reason::new(Code::NoCounterpart, "it was taken back")];
    record.settle(Phase::Closed, why.clone(), now()).unwrap();
    record.settle(Phase::Closed, reasons(), now()).unwrap();
    assert_eq!(record.reasons, why);
    record.settle(Phase::Waiting, reasons(), now()).unwrap();
    record.settle(Phase::Closed, reasons(), now()).unwrap();
    assert_eq!(record.reasons, reasons());
}

#[test]
fn connected_is_dated_when_it_was_first_seen_in_this_generation() {
    let mut record = record();
    let at = |hours| now() + Duration::hours(hours);
    record.settle(Phase::Connected, reasons(), at(1)).unwrap();
    record.settle(Phase::Broken, reasons(), at(2)).unwrap();
    record.settle(Phase::Connected, reasons(), at(3)).unwrap();
    assert_eq!(record.connected_at, Some(at(1)));
    record.settle(Phase::Closed, reasons(), at(4)).unwrap();
    assert_eq!(
        (record.connected_at, record.generation),
        (Some(at(1)), 1),
        "a closed record tells how it was"
    );
    record.settle(Phase::Waiting, reasons(), at(5)).unwrap();
    assert_eq!((record.connected_at, record.generation, record.opened_at), (None, 2, at(5)));
    record.settle(Phase::Connected, reasons(), at(6)).unwrap();
    assert_eq!((record.connected_at, record.generation), (Some(at(6)), 2));
}

#[test]
fn a_new_record_waits_with_nothing_to_tell_under_the_handshakes_own_id() {
    let record = record();
    assert_eq!(record.id, HandshakeId::of_peering(&id("theirs"), &id("ours")));
    assert_eq!((record.phase, record.generation), (Phase::Waiting, 1));
    assert_eq!((record.ours.tenant, record.theirs.tenant), (home(), ends().partner));
    assert_eq!(record.pair(), ends().pair());
    assert!(!record.is_held(now()));
}

#[test]
fn a_lease_holds_until_its_moment_and_not_at_it() {
    let mut record = record();
    record.held_until = Some(now() + LEASE);
    assert!(record.is_held(now()));
    assert!(record.is_held(now() + LEASE - Duration::NANOSECOND));
    assert!(!record.is_held(now() + LEASE));
}

fn seen(ours: NetworkBuilder, theirs: NetworkBuilder) -> Observation {
    Observation { ours: Read::Found(ours.build()), theirs: Read::Found(theirs.build()) }
}

fn view(observation: Observation) -> HalvesSeen {
    PeeringView { ends: ends(), observation }.halves()
}

fn half(network: &str, name: &str) -> ResourceId {
    ResourceId::of(&id(network).peering(name.parse().unwrap()))
}

fn ours() -> NetworkBuilder {
    network("ours", "10.2.0.0/16")
}

fn theirs() -> NetworkBuilder {
    network("theirs", "10.1.0.0/16")
}

#[test]
fn what_was_seen_of_both_halves_is_taken_over() {
    let mut record = record();
    record.see(
        &view(seen(
            ours().half("theirs", |half| half.sync = SyncLevel::LocalNotInSync),
            theirs().half("ours", |half| {
                half.id = id("theirs").peering("by-hand".parse().unwrap());
                half.sync = SyncLevel::RemoteNotInSync;
            }),
        )),
        now(),
    );
    assert_eq!(record.ours.half, Some(half("ours", "to-theirs")));
    assert_eq!(
        (record.ours.state, record.ours.sync),
        (Some(PeeringState::Connected.to_string()), Some(SyncLevel::LocalNotInSync.to_string()))
    );
    assert_eq!(record.theirs.half, Some(half("theirs", "by-hand")), "whatever its name is");
    assert_eq!(record.theirs.sync, Some(SyncLevel::RemoteNotInSync.to_string()));
}

#[test]
fn a_half_towards_somebody_elses_network_is_not_a_half_of_this_pair() {
    let mut record = record();
    record.see(&view(seen(ours().half("theirs-2", |_| {}), theirs().half("ours-2", |_| {}))), now());
    assert_eq!((record.ours.half, record.theirs.half), (None, None));
}

#[test]
fn a_half_that_went_leaves_its_id_and_no_state() {
    let connected = || seen(ours().half("theirs", |_| {}), theirs().half("ours", |_| {}));
    let denied = Read::Denied(Denial {
        principal: "app".to_owned(),
        action: "read".to_owned(),
        scope: id("theirs").to_string(),
        code: "AuthorizationFailed".to_owned(),
    });
    let gone = [
        seen(ours().half("theirs", |_| {}), theirs()),
        Observation { theirs: Read::Absent, ..connected() },
        Observation { theirs: denied, ..connected() },
    ];
    let half = half("theirs", "to-ours");
    for gone in gone {
        let mut record = record();
        record.see(&view(connected()), now());
        assert!(record.shows(&half));
        record.see(&view(gone), now());
        assert_eq!(record.theirs.half.as_ref(), Some(&half), "an event about it is still understood");
        assert_eq!((&record.theirs.state, &record.theirs.sync), (&None, &None));
        assert!(!record.shows(&half));
        assert_eq!(
            record.ours.state,
            Some(PeeringState::Connected.to_string()),
            "the other end is as it was"
        );
    }
}

#[test]
fn a_record_shows_the_halves_of_both_ends_without_regard_to_case() {
    let mut record = record();
    record.see(&view(seen(ours().half("theirs", |_| {}), theirs())), now());
    assert!(record.shows(&"/SUBSCRIPTIONS/dec492d3-4f4e-493b-aa47-7bdf2f96a6fc/resourcegroups/RG/providers/microsoft.network/virtualnetworks/OURS/virtualnetworkpeerings/TO-THEIRS".parse().unwrap()));
    assert!(!record.shows(&half("ours", "to-other")));
    assert!(!record.shows(&half("theirs", "to-ours")));
}

#[test]
fn a_fingerprint_changes_with_anything_that_is_seen_and_with_nothing_else() {
    let base = || (ours().half("theirs", |_| {}), theirs().half("ours", |_| {}));
    let (here, there) = base();
    let fingerprint = seen(here, there).fingerprint();
    let (here, there) = base();
    assert_eq!(seen(here, there).fingerprint(), fingerprint);
    let changed = [
        seen(base().0.prefix("10.5.0.0/16"), base().1),
        seen(base().0.tag("a", "b"), base().1),
        seen(base().0, base().1.gateway()),
        seen(base().0, base().1.half("spoke", |_| {})),
        seen(base().1, base().0),
        Observation { theirs: Read::Absent, ..seen(base().0, base().1) },
    ];
    for other in changed {
        assert_ne!(other.fingerprint(), fingerprint, "{other:?}");
    }
}

#[test]
fn codes_are_what_programs_branch_on() {
    assert_eq!(Code::OverlapWithNeighbour.as_str(), "overlap-with-neighbour");
    assert_eq!(serde_json::to_value(Code::AccessMissing).unwrap(), "access-missing");
}
