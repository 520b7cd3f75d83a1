//! Overlap: of the two networks, and of either with a neighbour of the other.

use peerpact::handshake::reason::Code;
use peerpact::kinds::peering::PeeringState;
use peerpact_fixtures::{NetworkBuilder, agreements, id, network};

use super::admission::{codes, is_admitted, ours, refusal, refusals, theirs};

#[test]
fn overlap_with_our_own_space_is_refused_with_both_prefixes() {
    let reason = refusal(network("ours", "10.1.128.0/24"), theirs(), &agreements(""));
    assert_eq!(reason.code, Code::Overlap);
    assert_eq!(
        reason.message,
        format!(
            "10.1.128.0/24 of our network {} overlaps 10.1.0.0/16 of the partner's network {}",
            id("ours"),
            id("theirs")
        )
    );
    let wider = refusal(network("ours", "10.0.0.0/12"), theirs(), &agreements(""));
    assert_eq!(wider.code, Code::Overlap, "also when ours holds theirs");
}

#[test]
fn every_overlap_is_told_and_touching_is_none() {
    let ours = network("ours", "10.1.0.0/24").prefix("10.1.2.0/24").prefix("10.2.0.0/16");
    let reasons = refusals(ours, theirs().prefix("10.3.0.0/16"), &agreements(""));
    assert_eq!(codes(&reasons), [Code::Overlap, Code::Overlap]);
    is_admitted(network("ours", "10.0.0.0/16"), theirs(), &agreements(""));
}

#[test]
fn overlap_with_a_neighbour_of_ours_is_refused_with_network_prefix_and_peering() {
    let ours = ours().neighbour("spoke", &["10.1.4.0/24"]);
    let reason = refusal(ours, theirs(), &agreements(""));
    assert_eq!(reason.code, Code::OverlapWithNeighbour);
    assert_eq!(
        reason.message,
        format!(
            "10.1.0.0/16 of {} overlaps 10.1.4.0/24 of {}, with which {} is peered already",
            id("theirs"),
            id("spoke"),
            id("ours")
        )
    );
    assert_eq!(
        reason.fix.unwrap(),
        format!(
            "change the address space, or remove the peering {}/virtualNetworkPeerings/to-spoke",
            id("ours")
        )
    );
}

#[test]
fn overlap_with_a_neighbour_of_theirs_is_refused_with_network_prefix_and_peering() {
    let theirs = theirs().neighbour("spoke", &["10.2.4.0/24"]);
    let reason = refusal(ours(), theirs, &agreements(""));
    assert_eq!(reason.code, Code::OverlapWithNeighbour);
    assert_eq!(
        reason.message,
        format!(
            "10.2.0.0/16 of {} overlaps 10.2.4.0/24 of {}, with which {} is peered already",
            id("ours"),
            id("spoke"),
            id("theirs")
        )
    );
}

#[test]
fn a_neighbour_counts_with_what_is_routed_and_with_what_it_has_grown_to_and_each_once() {
    let space = |prefixes: &[&str]| prefixes.iter().map(|prefix| prefix.parse().unwrap()).collect::<Vec<_>>();
    let ours = ours().half("spoke", |half| {
        half.peered = space(&["10.1.1.0/24", "10.1.2.0/24", "10.7.0.0/16"]);
        half.current = space(&["10.1.1.0/24", "10.1.3.0/24", "10.7.0.0/16"]);
    });
    let reasons = refusals(ours, theirs(), &agreements(""));
    let told: Vec<&str> =
        reasons.iter().map(|reason| reason.message.split(" overlaps ").nth(1).unwrap()).collect();
    let told: Vec<&str> = told.iter().map(|rest| rest.split(' ').next().unwrap()).collect();
    assert_eq!(told, ["10.1.1.0/24", "10.1.3.0/24", "10.1.2.0/24"]);
}

#[test]
fn a_neighbour_in_sync_that_clashes_twice_is_told_twice_and_not_four_times() {
    let reasons =
        refusals(ours().neighbour("spoke", &["10.1.1.0/24", "10.1.2.0/24"]), theirs(), &agreements(""));
    assert_eq!(reasons.len(), 2, "{reasons:?}");
}

#[test]
fn a_disconnected_neighbour_routes_nothing_and_does_not_count() {
    let gone = |network: NetworkBuilder, prefix: &str| {
        let space = vec![prefix.parse().unwrap()];
        network.half("spoke", |half| {
            (half.state, half.peered) = (PeeringState::Disconnected, space.clone());
            half.current = space;
        })
    };
    is_admitted(gone(ours(), "10.1.0.0/16"), gone(theirs(), "10.2.0.0/16"), &agreements(""));
    let initiated = ours().half("spoke", |half| {
        (half.state, half.current) = (PeeringState::Initiated, vec!["10.1.0.0/16".parse().unwrap()]);
    });
    assert_eq!(codes(&refusals(initiated, theirs(), &agreements(""))), [Code::OverlapWithNeighbour]);
}

#[test]
fn the_pair_itself_is_no_neighbour_that_clashes() {
    let space = vec!["10.1.0.0/16".parse().unwrap()];
    let ours = ours().half("theirs", |half| {
        (half.state, half.peered, half.current) = (PeeringState::Disconnected, space.clone(), space);
    });
    is_admitted(ours, theirs(), &agreements("adopt = \"manage\""));
}

#[test]
fn neighbours_of_both_may_overlap_each_other_because_peering_is_not_transitive() {
    let (ours, theirs) = (ours().neighbour("a", &["10.9.0.0/16"]), theirs().neighbour("b", &["10.9.0.0/16"]));
    is_admitted(ours, theirs, &agreements(""));
}
