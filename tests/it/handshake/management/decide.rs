//! The management table over the whole product of what can be seen, agreed, remembered and announced.

use peerpact::handshake::read::Read;
use peerpact::kinds::network_manager::ManagementBody;
use std::collections::BTreeMap;
use std::fmt::Write as _;

use peerpact::handshake::agreements::Agreements;
use peerpact::handshake::decision::{Decision, Verdict};
use peerpact::handshake::ids::Name;
use peerpact::handshake::intent::Intent;
use peerpact::handshake::phase::Phase;
use peerpact::handshake::record::Record;
use peerpact::handshake::step::{Side, Step};
use peerpact::kinds::View as _;
use peerpact::kinds::network_manager::ManagementObservation;
use peerpact::kinds::network_manager::ManagementView;
use peerpact::kinds::network_manager::Seat;
use peerpact::kinds::network_manager::{PENDING_DEADLINE, REMOVAL_DELAY, decide};

use peerpact_fixtures::{CONTOSO, FABRIKAM, now};
use time::Duration;
use uuid::Uuid;

use super::super::grid::{self, Grid, is_written_down};
use super::{Cell, SEATS, agreements_on, ends, scope, seen};

const TERMS: [&str; 3] = ["on removal remove", "on removal keep", "no agreement covers it"];
const TAKEN: [(&str, Option<bool>); 3] =
    [("", None), (", taken", Some(true)), (", not taken yet", Some(false))];

/// What is on record of the halves that are seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Memory {
    Nothing,
    JustSeen,
    SeenForTheDeadline,
    SeenForLonger,
    Connected,
    Answering,
    RemovalSeen59SecondsAgo,
    RemovalSeen61SecondsAgo,
}

const MEMORIES: [Memory; 8] = [
    Memory::Nothing,
    Memory::JustSeen,
    Memory::SeenForTheDeadline,
    Memory::SeenForLonger,
    Memory::Connected,
    Memory::Answering,
    Memory::RemovalSeen59SecondsAgo,
    Memory::RemovalSeen61SecondsAgo,
];

impl Memory {
    pub(super) fn record(self, seat: Seat, observation: &ManagementObservation) -> Option<Record> {
        let home = if seat == Seat::Central { CONTOSO } else { FABRIKAM };
        let seen_for = |age: Duration| {
            let pair = ends(seat).pair();
            let mut record = Record::new(&pair, home.parse().unwrap(), now() - Duration::days(9));
            record.see(
                &ManagementView { ends: ends(seat), observation: observation.clone() }.halves(),
                now() - age,
            );
            record
        };
        let removal_seen = |age: Duration| Record { removal_seen_at: Some(now() - age), ..seen_for(age) };
        Some(match self {
            Self::Nothing => return None,
            Self::JustSeen => seen_for(Duration::ZERO),
            Self::SeenForTheDeadline => seen_for(PENDING_DEADLINE),
            Self::SeenForLonger => seen_for(PENDING_DEADLINE + Duration::SECOND),
            Self::Connected => Record { phase: Phase::Connected, ..seen_for(Duration::DAY) },
            Self::Answering => answering(seat, seen_for(Duration::DAY)),
            Self::RemovalSeen59SecondsAgo => removal_seen(REMOVAL_DELAY - Duration::SECOND),
            Self::RemovalSeen61SecondsAgo => removal_seen(REMOVAL_DELAY + Duration::SECOND),
        })
    }
}

/// The intent to create ours is on record, and what became of it is not.
fn answering(seat: Seat, mut record: Record) -> Record {
    let half = seen(seat, Cell::Absent, Cell::Pending, &derived());
    let Some(Read::Found((id, ..))) = half.at(seat) else { panic!("{half:?}") };
    record.phase = Phase::Completing;
    record.intent = Some(Intent {
        step: Step::CreateOurs,
        target: id,
        correlation: Uuid::nil(),
        at: now() - Duration::minutes(1),
    });
    record
}

/// The name of halves that we make for this pair.
pub(super) fn derived() -> String {
    Name::of_half(&ends(Seat::Central).pair().id()).as_str().to_owned()
}

pub(super) fn agreed(seat: Seat, terms: &str) -> Agreements {
    let scope = scope().to_string();
    match terms {
        "on removal remove" => agreements_on(seat, "manager", &scope, ""),
        "on removal keep" => agreements_on(seat, "manager", &scope, "on_removal = \"keep\""),
        _ => agreements_on(seat, "another", &scope, ""),
    }
}

/// One place in the product.
struct At<'a> {
    seat: Seat,
    terms: &'a str,
    by_us: bool,
    announced: bool,
    memory: Memory,
    taken: &'a str,
    theirs: Cell,
    ours: Cell,
    decision: Decision,
}

impl At<'_> {
    fn told(&self) -> String {
        let Self { seat, terms, theirs, ours, .. } = self;
        format!("{seat:?}, {terms}, {}: {theirs:?}|{ours:?}: {:?}", self.variant(), self.decision)
    }

    fn covered(&self) -> bool {
        self.terms != TERMS[2]
    }

    fn variant(&self) -> String {
        let made = if self.by_us { "made by us" } else { "made by hand" };
        let announced = if self.announced { ", announced" } else { "" };
        format!("{made}{announced}, {:?}{}", self.memory, self.taken)
    }

    /// The row; with a `+` if it is looked at again by itself.
    fn word(&self) -> String {
        let again = matches!(self.decision.verdict, Verdict::Rest { requeue_after: Some(_), .. });
        format!("{:?}{}", self.decision.row, if again { "+" } else { "" })
    }

    fn outcome(&self) -> String {
        match &self.decision.verdict {
            Verdict::Write(write) => format!("{:?}", write.step),
            Verdict::Undo { write, .. } => format!("undo: {:?}", write.step),
            Verdict::Confirm(after) => format!("look in {} s", after.as_secs()),
            Verdict::Rest { phase, requeue_after, .. } => {
                let again = requeue_after.map(|again| format!(", again in {} s", again.as_secs()));
                format!("{phase}{}", again.unwrap_or_default())
            }
        }
    }
}

fn everywhere(mut check: impl FnMut(At<'_>)) {
    let by_us = derived();
    for (seat, terms) in SEATS.into_iter().flat_map(|seat| TERMS.map(|terms| (seat, terms))) {
        let agreements = agreed(seat, terms);
        for (memory, (taken, is_taken)) in
            MEMORIES.into_iter().flat_map(|memory| TAKEN.map(|taken| (memory, taken)))
        {
            for (name, announced) in
                [(&*by_us, false), (&*by_us, true), ("by-hand", false), ("by-hand", true)]
            {
                for (theirs, ours) in
                    Cell::ALL.into_iter().flat_map(|theirs| Cell::ALL.map(|ours| (theirs, ours)))
                {
                    if is_taken.is_some() && ours != Cell::Connected {
                        continue; // A manager lists no scope that its half is not connected to.
                    }
                    let observation = ManagementObservation {
                        taken: is_taken,
                        announced,
                        ..seen(seat, theirs, ours, name)
                    };
                    let record = memory.record(seat, &observation);
                    let decision = decide(&ends(seat), &observation, record.as_ref(), &agreements, now());
                    let by_us = name != "by-hand";
                    check(At { seat, terms, by_us, announced, memory, taken, theirs, ours, decision });
                }
            }
        }
    }
}

/// The variant from which the others are told to differ.
const PLAIN: &str = "made by hand, Nothing";

#[test]
fn each_cell_has_the_decision_that_is_written_down() {
    let mut decided: BTreeMap<(String, usize), BTreeMap<String, Grid>> = BTreeMap::new();
    let (mut words, mut cells) = (BTreeMap::new(), 0);
    everywhere(|at| {
        cells += 1;
        if !at.taken.is_empty() && at.variant() != PLAIN.to_owned() + at.taken {
            return; // What `taken` changes does not depend on the rest, which another test makes sure of.
        }
        let terms = TERMS.iter().position(|terms| *terms == at.terms).unwrap();
        let section = decided.entry((format!("{:?}", at.seat), terms)).or_default();
        let outcome = words.entry(at.word()).or_insert_with(|| at.outcome());
        assert_eq!(*outcome, at.outcome(), "one word for two outcomes: {}", at.told());
        let grid = section.entry(at.variant()).or_default();
        grid.insert((at.theirs as usize, at.ours as usize), at.word());
    });
    assert_eq!(cells, 2 * TERMS.len() * MEMORIES.len() * 4 * (81 + 2 * 9));
    let mut text = String::from(
        "What is decided on a network manager, theirs down and ours across. The first grid of a section is a plain look: ours\n\
         was made by hand, and nothing is on record. The others hold what is otherwise than that, for every variant named\n\
         above them. Made by tests/it/handshake/management/decide.rs; a change here is a change of behaviour.\n\n",
    );
    for (word, outcome) in &words {
        writeln!(text, "{word:<16}{outcome}").unwrap();
    }
    for ((seat, terms), grids) in &decided {
        let plain = &grids[PLAIN];
        write!(text, "\n# {seat}, {}\n{}", TERMS[*terms], grid::text(&Cell::ALL, plain, None)).unwrap();
        text += &grid::differences(&Cell::ALL, plain, grids);
    }
    is_written_down("management-decisions.txt", &text);
}

#[test]
fn without_an_agreement_nothing_is_ever_written() {
    everywhere(|at| {
        assert!(at.covered() || at.decision.verdict.write().is_none(), "{}", at.told());
        assert_eq!(at.decision.agreement.is_some(), at.covered());
    });
}

#[test]
fn only_our_own_half_is_written_and_only_where_there_is_none() {
    everywhere(|at| {
        let Verdict::Write(write) = &at.decision.verdict else { return };
        assert_eq!(write.step.side(), Side::Ours);
        match (write.body().unwrap(), at.seat) {
            (ManagementBody::ScopeConnection { tenant, scope: taken, .. }, Seat::Central) => {
                assert_eq!((*tenant, taken), (FABRIKAM.parse().unwrap(), &scope()));
            }
            (ManagementBody::Connection { manager, .. }, Seat::Target) => {
                assert_eq!(*manager, super::manager())
            }
            (ManagementBody::Removal(half), seat) => {
                let ours =
                    seen(seat, Cell::Absent, at.ours, if at.by_us { DERIVED.as_str() } else { "by-hand" });
                let Some(Read::Found((id, ..))) = ours.at(seat) else { panic!("{}", at.told()) };
                assert_eq!(*half, id, "{}", at.told());
            }
            _ => panic!("{}", at.told()),
        }
        assert_eq!(write.step == Step::CreateOurs, at.ours == Cell::Absent, "{}", at.told());
    });
}

static DERIVED: std::sync::LazyLock<String> = std::sync::LazyLock::new(derived);

#[test]
fn ours_is_made_only_for_a_half_of_theirs_that_is_seen_or_was_announced() {
    everywhere(|at| {
        if !matches!(&at.decision.verdict, Verdict::Write(write) if write.step == Step::CreateOurs) {
            return;
        }
        let hinted = at.announced || at.memory == Memory::Answering;
        let there = matches!(at.theirs, Cell::Pending | Cell::Unknown) || at.theirs == Cell::Denied && hinted;
        assert!(there, "{}", at.told());
    });
}

#[test]
fn ours_is_removed_only_when_azure_calls_it_revoked_or_when_we_made_it_in_vain() {
    everywhere(|at| {
        if !matches!(&at.decision.verdict, Verdict::Write(write) if write.step == Step::RemoveOurs) {
            return;
        }
        let long = matches!(at.memory, Memory::SeenForLonger | Memory::Connected | Memory::Answering);
        let in_vain = at.ours == Cell::Pending && at.by_us && long;
        assert!(at.ours == Cell::Revoked || in_vain, "{}", at.told());
        let kept = at.ours == Cell::Revoked && at.terms == TERMS[1];
        assert!(!kept, "{}", at.told());
        assert!(!matches!(at.theirs, Cell::NotAsked), "{}", at.told());
        if in_vain {
            assert!(matches!(at.theirs, Cell::Absent | Cell::Denied), "{}", at.told());
        }
    });
}

#[test]
fn the_targets_half_never_goes_within_a_minute_of_the_removal_being_seen() {
    let mut gone = 0;
    everywhere(|at| {
        let removes = matches!(&at.decision.verdict, Verdict::Write(write) if write.step == Step::RemoveOurs);
        if at.seat == Seat::Target && at.ours == Cell::Revoked && removes {
            gone += 1;
            assert_eq!(at.memory, Memory::RemovalSeen61SecondsAgo, "{}", at.told());
        }
    });
    assert!(gone > 0, "it does go in the end");
}

#[test]
fn connected_means_that_ours_is_connected_as_agreed_and_theirs_does_not_say_otherwise() {
    everywhere(|at| {
        let connected = matches!(at.decision.verdict, Verdict::Rest { phase: Phase::Connected, .. });
        let fit = matches!(at.theirs, Cell::Connected | Cell::Denied | Cell::NotAsked);
        let taken = at.taken != ", not taken yet";
        let is = at.covered() && at.ours == Cell::Connected && fit && taken;
        assert_eq!(connected, is, "{}", at.told());
    });
}

#[test]
fn every_rest_says_why_and_what_is_refused_blocked_or_broken_says_how_to_mend_it() {
    everywhere(|at| {
        let Verdict::Rest { phase, reasons, .. } = &at.decision.verdict else { return };
        assert!(!reasons.is_empty(), "{}", at.told());
        if matches!(phase, Phase::Refused | Phase::Blocked | Phase::Broken) {
            assert!(reasons.iter().all(|reason| reason.fix.is_some()), "{}", at.told());
        }
        assert_ne!(*phase, Phase::Completing, "that is for writes");
    });
}

#[test]
fn what_azure_has_still_to_do_is_looked_at_again_without_a_new_trigger() {
    everywhere(|at| {
        let Verdict::Rest { phase: Phase::Waiting, requeue_after: None, .. } = at.decision.verdict else {
            return;
        };
        let for_the_partner = at.ours == Cell::Pending && matches!(at.theirs, Cell::Absent | Cell::Denied);
        assert!(for_the_partner || at.theirs == Cell::NotAsked || at.ours == Cell::NotAsked, "{}", at.told());
    });
}
