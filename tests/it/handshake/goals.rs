//! What a request asks for, over the whole product of what can be seen: where the decision is another one than without it.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use peerpact::handshake::agreements::Agreements;
use peerpact::handshake::decision::{Decision, Verdict};
use peerpact::handshake::goal::Wanted;
use peerpact::handshake::pair::Pair;
use peerpact::handshake::phase::Phase;
use peerpact::handshake::record::{ASKED_MAX, Record};
use peerpact::handshake::request_queue::RequestKey;
use peerpact::handshake::step::{Side, Step};
use peerpact::kinds::network_manager::Seat;
use peerpact::kinds::network_manager::decide as management;
use peerpact::kinds::peering::AskedFlags;
use peerpact::kinds::peering::decide;
use peerpact::kinds::peering::rows;
use peerpact_fixtures::{CONTOSO, FABRIKAM, agreements, ends, now};

use super::decide::{AGREED, By, CELLS, Cell, OUTSIDE, observed};
use super::grid::{self, Grid, is_written_down};
use super::management::{self as managed, SEATS, seen};

const TERMS: [(&str, &str); 2] = [
    ("reach ours", "forwarded_traffic = true"),
    ("reach both", "reach = \"both\"\nforwarded_traffic = true"),
];

/// What is asked for, in words. The halves of the table allow no forwarded traffic.
fn goals() -> [(&'static str, Wanted); 4] {
    let connect = |forwarded_traffic| Wanted::Connect {
        asked: asked(AskedFlags { forwarded_traffic, ..AskedFlags::default() }),
        opened: false,
    };
    [
        ("connect", connect(None)),
        ("connect with a flag", connect(Some(true))),
        ("disconnect ours", Wanted::Disconnect { side: Side::Ours }),
        ("disconnect theirs", Wanted::Disconnect { side: Side::Theirs }),
    ]
}

fn asked(flags: AskedFlags) -> serde_json::Value {
    serde_json::to_value(flags).unwrap()
}

fn id(text: &str) -> RequestKey {
    text.parse().unwrap()
}

fn with_goal(pair: &Pair, home: &str, wanted: Option<Wanted>) -> Record {
    let mut record = Record::new(pair, home.parse().unwrap(), now());
    assert!(record.ask(id("r-1"), wanted));
    record
}

fn decided(
    theirs: Cell,
    ours: Cell,
    prefix: &str,
    agreements: &Agreements,
    wanted: Option<Wanted>,
) -> Decision {
    let record = with_goal(&ends().pair(), FABRIKAM, wanted);
    decide(&ends(), &observed(theirs, ours, prefix, By::People), Some(&record), agreements, now())
}

/// Calls `check` with every cell of the peering's product: the terms, consent, the goal, both cells, the decision with
/// the goal and the one without it.
fn everywhere(mut check: impl FnMut(&str, &str, [Cell; 2], &Decision, &Decision)) {
    for (name, terms) in TERMS {
        let agreements = agreements(terms);
        for (consent, prefix) in [("their space is agreed", AGREED), ("their space is not agreed", OUTSIDE)] {
            for (goal, wanted) in goals() {
                for (theirs, ours) in CELLS.into_iter().flat_map(|theirs| CELLS.map(|ours| (theirs, ours))) {
                    let with = decided(theirs, ours, prefix, &agreements, Some(wanted.clone()));
                    let without = decided(theirs, ours, prefix, &agreements, None);
                    check(&format!("{name}, {consent}"), goal, [theirs, ours], &with, &without);
                }
            }
        }
    }
}

/// The same of the management handshake.
fn everywhere_managed(mut check: impl FnMut(Seat, &str, [managed::Cell; 2], &Decision, &Decision)) {
    let all = managed::Cell::ALL;
    for seat in SEATS {
        let (ends, agreements) = (managed::ends(seat), managed::agreements(seat, ""));
        let home = if seat == Seat::Central { CONTOSO } else { FABRIKAM };
        let pair = ends.clone().pair();
        for (goal, wanted) in
            goals().into_iter().filter(|(goal, _)| ["connect", "disconnect ours"].contains(goal))
        {
            for (theirs, ours) in all.into_iter().flat_map(|theirs| all.map(|ours| (theirs, ours))) {
                let observation = seen(seat, theirs, ours, "by-hand");
                let [with, without] = [Some(wanted.clone()), None].map(|wanted| {
                    let record = with_goal(&pair, home, wanted);
                    management(&ends, &observation, Some(&record), &agreements, now())
                });
                check(seat, goal, [theirs, ours], &with, &without);
            }
        }
    }
}

#[test]
fn each_cell_in_which_a_goal_matters_is_written_down() {
    fn note(grid: &mut Grid, at: (usize, usize), with: &Decision, without: &Decision) {
        if with != without {
            grid.insert(at, format!("{:?}", with.row));
        }
    }
    let (mut peerings, mut managers) = (BTreeMap::<String, Grid>::new(), BTreeMap::<String, Grid>::new());
    everywhere(|terms, goal, [theirs, ours], with, without| {
        let grid = peerings.entry(format!("{goal}: {terms}")).or_default();
        note(grid, (theirs as usize, ours as usize), with, without);
    });
    everywhere_managed(|seat, goal, [theirs, ours], with, without| {
        let grid = managers.entry(format!("{goal}: management, {seat:?}")).or_default();
        note(grid, (theirs as usize, ours as usize), with, without);
    });
    let mut text = String::from(
        "Where a request changes what is decided, and to what, theirs down and ours across. Made by\n\
         tests/it/handshake/goals.rs; a change here is a change of behaviour.\n",
    );
    let none = Grid::new();
    let peerings = peerings.iter().map(|(section, grid)| (section, grid::text(&CELLS, grid, Some(&none))));
    let cells = managed::Cell::ALL;
    let managers = managers.iter().map(|(section, grid)| (section, grid::text(&cells, grid, Some(&none))));
    for (section, grid) in peerings.chain(managers) {
        write!(text, "\n# {section}\n{grid}").unwrap();
    }
    is_written_down("goals.txt", &text);
}

#[test]
fn a_request_is_no_consent() {
    everywhere(|terms, goal, cells, with, _| {
        let Verdict::Write(write) = &with.verdict else { return };
        let removes = matches!(write.step, Step::RemoveOurs | Step::RemoveTheirs);
        assert!(removes || terms.ends_with("is agreed"), "{terms}, {goal}, {cells:?}: {}", write.step);
    });
}

#[test]
fn only_a_disconnect_removes_a_half_that_azure_does_not_call_disconnected() {
    everywhere(|terms, goal, cells, with, without| {
        let Verdict::Write(write) = &with.verdict else { return };
        if matches!(write.step, Step::RemoveOurs | Step::RemoveTheirs) && with != without {
            assert!(goal.starts_with("disconnect"), "{terms}, {goal}, {cells:?}");
        }
    });
}

#[test]
fn theirs_is_removed_only_where_both_are_ours_to_write() {
    everywhere(|terms, goal, cells, with, _| {
        let Verdict::Write(write) = &with.verdict else { return };
        let theirs = write.step.side() == Side::Theirs;
        assert!(!theirs || terms.starts_with("reach both"), "{terms}, {goal}, {cells:?}: {}", write.step);
    });
}

#[test]
fn while_azure_works_nothing_is_written_whatever_is_asked_for() {
    everywhere(|terms, goal, cells, with, _| {
        let busy = cells.iter().any(|cell| matches!(cell, Cell::Updating | Cell::Deleting));
        let rests = with.verdict.write().is_none();
        assert!(!busy || rests, "{terms}, {goal}, {cells:?}: {:?}", with.row);
    });
}

#[test]
fn a_half_of_ours_that_is_seen_goes_when_that_is_asked_for_from_either_seat() {
    everywhere_managed(|seat, goal, [theirs, ours], with, _| {
        if goal == "disconnect ours" && ours.state().is_some() {
            assert_eq!(with.row, rows::DISCONNECT, "{seat:?}, {theirs:?}|{ours:?}");
        }
    });
}

#[test]
fn a_goal_whose_half_was_made_decides_nothing_any_more() {
    let wanted = Wanted::Connect {
        asked: asked(AskedFlags { forwarded_traffic: Some(true), ..AskedFlags::default() }),
        opened: true,
    };
    for (_, terms) in TERMS {
        let agreements = agreements(terms);
        for (theirs, ours) in CELLS.into_iter().flat_map(|theirs| CELLS.map(|ours| (theirs, ours))) {
            let with = decided(theirs, ours, AGREED, &agreements, Some(wanted.clone()));
            let without = decided(theirs, ours, AGREED, &agreements, None);
            assert_eq!(with, without, "{theirs:?}|{ours:?}");
        }
    }
}

#[test]
fn a_goal_ends_with_every_final_phase_and_outlives_the_others() {
    for phase in Phase::ALL {
        for (goal, wanted) in goals() {
            let mut record = with_goal(&ends().pair(), FABRIKAM, Some(wanted));
            record.settle(phase, Vec::new(), now()).unwrap();
            assert_eq!(record.goal.is_none(), phase.is_final(), "{goal}, {phase}");
            assert_eq!(record.asked, [id("r-1")], "who asked is told by the ledger");
        }
    }
}

#[test]
fn a_goal_takes_the_place_of_the_one_before_and_a_recheck_of_none() {
    let [(_, connect), _, (_, disconnect), _] = goals();
    let mut record = with_goal(&ends().pair(), FABRIKAM, Some(connect));
    assert!(record.ask(id("r-2"), Some(disconnect)));
    assert_eq!(record.wants_gone(), Some(Side::Ours));
    assert!(record.ask(id("r-3"), None));
    assert!(record.ask(id("r-3"), None));
    assert_eq!(record.goal.as_ref().unwrap().request, id("r-2"));
    assert_eq!(record.asked, ["r-1", "r-2", "r-3"].map(id));
}

#[test]
fn so_many_who_ask_are_remembered_and_nobody_is_forgotten_for_one_more() {
    let [(_, connect), ..] = goals();
    let mut record = with_goal(&ends().pair(), FABRIKAM, None);
    for number in 1..ASKED_MAX {
        assert!(record.ask(id(&format!("later-{number}")), None));
    }
    let full = record.clone();
    assert!(!record.ask(id("one-too-many"), Some(connect)));
    assert_eq!(record, full, "it leaves no goal either");
    assert!(record.ask(id("r-1"), None), "who waits already may ask again");
    assert_eq!(record.asked.len(), ASKED_MAX);
}
