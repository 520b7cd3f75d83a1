//! The decision table over the whole product of what can be seen of two halves.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use peerpact::handshake::agreements::Agreements;
use peerpact::handshake::decision::{Decision, Verdict};
use peerpact::handshake::ids::{HandshakeId, Name};
use peerpact::handshake::phase::Phase;
use peerpact::handshake::provisioning::Provisioning;
use peerpact::handshake::read::{Denial, Read};
use peerpact::handshake::step::{Side, Step};
use peerpact::kinds::peering::Observation;
use peerpact::kinds::peering::decide;
use peerpact::kinds::peering::{Network, PeeringHalf, PeeringState, SyncLevel};
use peerpact_fixtures::{NetworkBuilder, agreements, agreements_between, ends, network, now};

use super::grid::{self, Grid, is_written_down};

/// What can be seen at one end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Cell {
    Absent,
    Updating,
    Deleting,
    Failed,
    Initiated,
    InSync,
    RemoteBehind,
    LocalBehind,
    BothBehind,
    SyncUnknown,
    Disconnected,
    StateUnknown,
    NoNetwork,
    Denied,
}

pub(crate) const CELLS: [Cell; 14] = [
    Cell::Absent,
    Cell::Updating,
    Cell::Deleting,
    Cell::Failed,
    Cell::Initiated,
    Cell::InSync,
    Cell::RemoteBehind,
    Cell::LocalBehind,
    Cell::BothBehind,
    Cell::SyncUnknown,
    Cell::Disconnected,
    Cell::StateUnknown,
    Cell::NoNetwork,
    Cell::Denied,
];

/// The agreements under which every cell is decided.
const TERMS: [(&str, &str); 5] = [
    ("reach ours, on removal remove", ""),
    ("reach ours, on removal keep", "on_removal = \"keep\""),
    ("reach both, on removal remove", "reach = \"both\""),
    ("reach both, on removal keep", "reach = \"both\"\non_removal = \"keep\""),
    ("reach both, on removal restore", "reach = \"both\"\non_removal = \"restore\""),
];

/// The terms from which the others are told to differ.
const PLAIN: &str = "made by us, reach ours, on removal remove";

pub(crate) const AGREED: &str = "10.1.0.0/16";
pub(crate) const OUTSIDE: &str = "192.168.0.0/16";

/// Who made the halves that are seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum By {
    People,
    Us,
}

impl By {
    const ALL: [Self; 2] = [Self::People, Self::Us];

    fn name(self) -> Name {
        match self {
            Self::People => "by-hand".parse().unwrap(),
            Self::Us => Name::of_half(&HandshakeId::of_peering(&ends().ours, &ends().theirs)),
        }
    }
}

impl Cell {
    /// A half here routes what it was given at its last sync.
    fn read(self, here: NetworkBuilder, there: &str, space: &str, by: By) -> Read<Network> {
        use PeeringState::{Connected, Disconnected, Initiated, Unknown};
        let behind = matches!(self, Self::LocalBehind | Self::BothBehind);
        let made = |edit: &dyn Fn(&mut PeeringHalf)| {
            let build = |half: &mut PeeringHalf| {
                half.id.name = by.name();
                half.peered = vec![if behind { AGREED } else { space }.parse().unwrap()];
                half.current = vec![space.parse().unwrap()];
                edit(half);
            };
            Read::Found(here.clone().half(there, build).build())
        };
        let half = |state, sync| made(&|half| (half.state, half.sync) = (state, sync));
        let provisioning = |value| made(&|half| half.provisioning = value);
        match self {
            Self::Absent => Read::Found(here.build()),
            Self::Updating => provisioning(Provisioning::Updating),
            Self::Deleting => provisioning(Provisioning::Deleting),
            Self::Failed => provisioning(Provisioning::Failed),
            Self::Initiated => half(Initiated, SyncLevel::RemoteNotInSync),
            Self::InSync => half(Connected, SyncLevel::FullyInSync),
            Self::RemoteBehind => half(Connected, SyncLevel::RemoteNotInSync),
            Self::LocalBehind => half(Connected, SyncLevel::LocalNotInSync),
            Self::BothBehind => half(Connected, SyncLevel::LocalAndRemoteNotInSync),
            Self::SyncUnknown => half(Connected, SyncLevel::Unknown),
            Self::Disconnected => half(Disconnected, SyncLevel::FullyInSync),
            Self::StateUnknown => half(Unknown, SyncLevel::FullyInSync),
            Self::NoNetwork => Read::Absent,
            Self::Denied => Read::Denied(Denial {
                principal: "app".to_owned(),
                action: "Microsoft.Network/virtualNetworks/read".to_owned(),
                scope: ends().ours.to_string(),
                code: "AuthorizationFailed".to_owned(),
            }),
        }
    }
}

pub(crate) fn observed(theirs: Cell, ours: Cell, their_prefix: &str, by: By) -> Observation {
    Observation {
        ours: ours.read(network("ours", "10.2.0.0/16"), "theirs", their_prefix, by),
        theirs: theirs.read(network("theirs", their_prefix), "ours", "10.2.0.0/16", by),
    }
}

fn decided(theirs: Cell, ours: Cell, their_prefix: &str, by: By, agreements: &Agreements) -> Decision {
    decide(&ends(), &observed(theirs, ours, their_prefix, by), None, agreements, now())
}

/// Calls `check` with every cell of the product, under all terms, with and without consent to the partner's space.
fn everywhere(mut check: impl FnMut(&str, bool, Cell, Cell, &Decision)) {
    for ((name, terms), by) in TERMS.into_iter().flat_map(|terms| By::ALL.map(|by| (terms, by))) {
        let (agreements, name) = (agreements(terms), format!("made by {by:?}, {name}").to_lowercase());
        for (consent, prefix) in [(true, AGREED), (false, OUTSIDE)] {
            for theirs in CELLS {
                for ours in CELLS {
                    check(&name, consent, theirs, ours, &decided(theirs, ours, prefix, by, &agreements));
                }
            }
        }
    }
}

#[test]
fn each_cell_has_the_decision_that_is_written_down() {
    let mut sections: [BTreeMap<String, Grid>; 2] = Default::default();
    let mut cells = 0;
    everywhere(|terms, consent, theirs, ours, decision| {
        cells += 1;
        let grid = sections[usize::from(!consent)].entry(terms.to_owned()).or_default();
        grid.insert((theirs as usize, ours as usize), format!("{:?}", decision.row));
    });
    assert_eq!(cells, TERMS.len() * 2 * 2 * CELLS.len() * CELLS.len());
    let mut text = String::from(
        "What is decided on a peering, theirs down and ours across, under all terms, by who made the halves. Each section\n\
         begins with one grid; of the others it holds what differs from that. Made by tests/it/handshake/decide.rs; a change\n\
         here is a change of behaviour.\n",
    );
    for (consent, grids) in ["their space is agreed", "their space is not agreed"].into_iter().zip(&sections)
    {
        let plain = &grids[PLAIN];
        write!(text, "\n# {consent}\n\n## {PLAIN}\n{}", grid::text(&CELLS, plain, None)).unwrap();
        text += &grid::differences(&CELLS, plain, grids);
    }
    is_written_down("decisions.txt", &text);
}

#[test]
fn nothing_is_created_synced_or_restored_without_consent() {
    everywhere(|terms, consent, theirs, ours, decision| {
        let Verdict::Write(write) = &decision.verdict else { return };
        assert!(
            consent || write.step == Step::RemoveOurs,
            "{terms}: {theirs:?}|{ours:?} would {} without consent",
            write.step
        );
    });
}

#[test]
fn only_a_half_that_we_made_and_that_azure_calls_disconnected_is_removed() {
    everywhere(|terms, _, theirs, ours, decision| {
        let Verdict::Write(write) = &decision.verdict else { return };
        let removes = write.step == Step::RemoveOurs;
        let may = ours == Cell::Disconnected && terms.starts_with("made by us");
        assert!(!removes || may, "{terms}: {theirs:?}|{ours:?} would remove ours");
    });
}

#[test]
fn what_people_made_is_synced_and_not_written_otherwise() {
    everywhere(|terms, _, theirs, ours, decision| {
        if terms.starts_with("made by us") {
            return;
        }
        let write = match &decision.verdict {
            Verdict::Write(write) => write,
            Verdict::Undo { .. } => panic!("{terms}: {theirs:?}|{ours:?}: {decision:?}"),
            Verdict::Confirm(_) | Verdict::Rest { .. } => return,
        };
        let (there, syncs) =
            (if write.step.side() == Side::Ours { ours } else { theirs }, write.step.syncs());
        assert!(syncs || there == Cell::Absent, "{terms}: {theirs:?}|{ours:?} would {}", write.step);
    });
}

#[test]
fn the_partners_half_is_written_only_when_both_are_ours_to_write() {
    everywhere(|terms, _, theirs, ours, decision| {
        let Verdict::Write(write) = &decision.verdict else { return };
        let reaches = write.step.side() == Side::Theirs;
        assert!(!reaches || terms.contains("reach both"), "{terms}: {theirs:?}|{ours:?} would write theirs");
    });
}

#[test]
fn nothing_is_written_while_azure_works_or_while_an_end_cannot_be_read() {
    let still = [Cell::Updating, Cell::Deleting, Cell::Denied];
    everywhere(|terms, _, theirs, ours, decision| {
        let quiet = still.contains(&theirs) || still.contains(&ours);
        assert!(
            !quiet || matches!(decision.verdict, Verdict::Rest { .. }),
            "{terms}: {theirs:?}|{ours:?} would write"
        );
    });
}

#[test]
fn connected_means_that_both_halves_are_connected_and_in_sync_within_what_is_agreed() {
    everywhere(|terms, consent, theirs, ours, decision| {
        let connected = matches!(decision.verdict, Verdict::Rest { phase: Phase::Connected, .. });
        let is = consent && theirs == Cell::InSync && ours == Cell::InSync;
        assert_eq!(connected, is, "{terms}: {theirs:?}|{ours:?}");
    });
}

#[test]
fn every_rest_says_why_and_every_refusal_says_how_to_mend_it() {
    everywhere(|terms, _, theirs, ours, decision| {
        let Verdict::Rest { phase, reasons, .. } = &decision.verdict else { return };
        let at = format!("{terms}: {theirs:?}|{ours:?} is {phase}");
        assert!(!reasons.is_empty(), "{at} without a reason");
        if matches!(phase, Phase::Refused | Phase::Blocked | Phase::Broken) {
            assert!(reasons.iter().all(|reason| reason.fix.is_some()), "{at} without a fix: {reasons:?}");
        }
    });
}

#[test]
fn without_an_agreement_nothing_is_ever_written() {
    let elsewhere = agreements_between("other", "theirs", "");
    for theirs in CELLS {
        for ours in CELLS {
            for by in By::ALL {
                let decision = decided(theirs, ours, AGREED, by, &elsewhere);
                let rests = !matches!(decision.verdict, Verdict::Rest { phase: Phase::Connected, .. });
                assert!(rests, "{theirs:?}|{ours:?} would be connected");
                assert!(matches!(decision.verdict, Verdict::Rest { .. }), "{theirs:?}|{ours:?} would write");
            }
        }
    }
}
