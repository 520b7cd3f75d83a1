//! The table of the design, row by row, in the words of the two halves, as the app at each seat has to read it.

use peerpact::handshake::decision::{Decision, Verdict};
use peerpact::handshake::phase::Phase;
use peerpact::handshake::reason::Code;
use peerpact::handshake::step::Step;
use peerpact::kinds::network_manager::Seat;
use peerpact::kinds::network_manager::Seat::{Central, Target};
use peerpact::kinds::network_manager::decide;
use peerpact_fixtures::now;

use super::Cell::{self, Absent, Conflict, Connected, Pending, Rejected, Revoked};
use super::decide::{Memory, agreed, derived};
use super::{SEATS, ends, seen};

/// The decision of the app at `seat` on (scope connection, network manager connection).
fn decided(seat: Seat, scope_connection: Cell, connection: Cell, memory: Memory, terms: &str) -> Decision {
    of_halves("by-hand", seat, scope_connection, connection, memory, terms)
}

fn of_halves(
    name: &str,
    seat: Seat,
    scope_connection: Cell,
    connection: Cell,
    memory: Memory,
    terms: &str,
) -> Decision {
    let (theirs, ours) = match seat {
        Central => (connection, scope_connection),
        Target => (scope_connection, connection),
    };
    let observation = seen(seat, theirs, ours, name);
    let record = memory.record(seat, &observation);
    decide(&ends(seat), &observation, record.as_ref(), &agreed(seat, terms), now())
}

const REMOVE: &str = "on removal remove";
const KEEP: &str = "on removal keep";
const NONE: &str = "no agreement covers it";

fn fresh(seat: Seat, scope_connection: Cell, connection: Cell) -> Decision {
    decided(seat, scope_connection, connection, Memory::Nothing, REMOVE)
}

fn step(decision: &Decision) -> Step {
    match &decision.verdict {
        Verdict::Write(write) => write.step,
        _ => panic!("{decision:?}"),
    }
}

fn rest(decision: &Decision) -> (Phase, Code, bool) {
    match &decision.verdict {
        Verdict::Rest { phase, reasons, requeue_after } => (*phase, reasons[0].code, requeue_after.is_some()),
        _ => panic!("{decision:?}"),
    }
}

#[test]
fn whoever_is_second_answers_if_that_is_agreed_and_refuses_if_not() {
    let waits = (Phase::Waiting, Code::AwaitingPartner, false);
    let refuses = (Phase::Refused, Code::NoAgreement, false);
    assert_eq!(step(&fresh(Target, Pending, Absent)), Step::CreateOurs);
    assert_eq!(rest(&fresh(Central, Pending, Absent)), waits);
    assert_eq!(step(&fresh(Central, Absent, Pending)), Step::CreateOurs);
    assert_eq!(rest(&fresh(Target, Absent, Pending)), waits);
    assert_eq!(rest(&decided(Target, Pending, Absent, Memory::Nothing, NONE)), refuses);
    assert_eq!(rest(&decided(Central, Absent, Pending, Memory::Nothing, NONE)), refuses);
}

#[test]
fn the_flip_is_waited_for_and_called_stuck_only_when_both_halves_stood_for_too_long() {
    for seat in SEATS {
        let flip = |memory| rest(&decided(seat, Pending, Pending, memory, REMOVE));
        for memory in [Memory::Nothing, Memory::JustSeen, Memory::SeenForTheDeadline] {
            assert_eq!(flip(memory), (Phase::Waiting, Code::AwaitingAzure, true), "{memory:?}");
        }
        assert_eq!(flip(Memory::SeenForLonger), (Phase::Blocked, Code::AzureRefused, false));
    }
}

#[test]
fn both_connected_is_final_and_for_the_central_app_once_the_manager_lists_the_scope() {
    for seat in SEATS {
        let done = (Phase::Connected, Code::Connected, false);
        assert_eq!(rest(&fresh(seat, Connected, Connected)), done);
        let observation = seen(seat, Connected, Connected, "by-hand");
        let taken = |taken| {
            let observation =
                peerpact::kinds::network_manager::ManagementObservation { taken, ..observation.clone() };
            rest(&decide(&ends(seat), &observation, None, &agreed(seat, REMOVE), now()))
        };
        assert_eq!(taken(Some(true)), done);
        assert_eq!(taken(Some(false)), (Phase::Waiting, Code::AwaitingAzure, true));
    }
}

#[test]
fn a_conflict_blocks_and_a_rejection_refuses_on_either_half() {
    for seat in SEATS {
        for other in [Absent, Pending, Conflict] {
            for (one, two) in [(Conflict, other), (other, Conflict)] {
                assert_eq!(
                    rest(&fresh(seat, one, two)),
                    (Phase::Blocked, Code::Conflict, false),
                    "{one:?} {two:?}"
                );
            }
        }
        for other in [Absent, Pending, Rejected] {
            for (one, two) in [(Rejected, other), (other, Rejected)] {
                assert_eq!(
                    rest(&fresh(seat, one, two)),
                    (Phase::Refused, Code::Rejected, false),
                    "{one:?} {two:?}"
                );
            }
        }
    }
}

#[test]
fn a_revoked_half_that_we_made_goes_by_agreement_or_is_kept_and_told() {
    let kept = (Phase::Broken, Code::PartnerRemoved, false);
    let central = |memory, terms| of_halves(&derived(), Central, Revoked, Absent, memory, terms);
    let target = |memory, terms| of_halves(&derived(), Target, Absent, Revoked, memory, terms);
    assert_eq!(step(&central(Memory::Nothing, REMOVE)), Step::RemoveOurs);
    assert_eq!(rest(&target(Memory::Nothing, REMOVE)), (Phase::Waiting, Code::PartnerRemoved, true));
    assert_eq!(step(&target(Memory::RemovalSeen61SecondsAgo, REMOVE)), Step::RemoveOurs);
    for terms in [KEEP, NONE] {
        assert_eq!(rest(&central(Memory::Nothing, terms)), kept);
        assert_eq!(rest(&target(Memory::RemovalSeen61SecondsAgo, terms)), kept);
    }
}

#[test]
fn a_revoked_half_that_people_made_is_theirs_to_remove() {
    for terms in [REMOVE, KEEP, NONE] {
        for (seat, halves) in [(Central, [Revoked, Absent]), (Target, [Absent, Revoked])] {
            let decision = decided(seat, halves[0], halves[1], Memory::RemovalSeen61SecondsAgo, terms);
            assert_eq!(rest(&decision), (Phase::Broken, Code::PartnerRemoved, false), "{seat:?}, {terms}");
        }
    }
}

#[test]
fn a_removal_of_ours_that_we_did_not_start_is_told_and_not_made_good() {
    assert_eq!(rest(&fresh(Central, Absent, Revoked)), (Phase::Broken, Code::OursRemoved, false));
    assert_eq!(rest(&fresh(Target, Revoked, Absent)), (Phase::Broken, Code::OursRemoved, false));
}

#[test]
fn nothing_on_either_side_is_the_end() {
    for seat in SEATS {
        assert_eq!(rest(&fresh(seat, Absent, Absent)), (Phase::Closed, Code::Closed, false));
    }
}
