//! Admission: every reason against a pair, alone and together, told before anything is written.

use peerpact::handshake::agreements::Agreements;
use peerpact::handshake::decision::{Decision, Verdict};
use peerpact::handshake::phase::Phase;
use peerpact::handshake::read::Read;
use peerpact::handshake::reason::{Code, Reason};
use peerpact::kinds::Kinds;
use peerpact::kinds::peering::Observation;
use peerpact::kinds::peering::PEERING_LIMIT;
use peerpact::kinds::peering::decide;
use peerpact::kinds::peering::rows;
use peerpact::kinds::peering::{PeeringState, SyncLevel};
use peerpact_fixtures::{
    CONTOSO, CONTOSO_SUBSCRIPTION, FABRIKAM, FABRIKAM_SUBSCRIPTION, NetworkBuilder, agreements, ends, id,
    network, now,
};

pub(crate) fn ours() -> NetworkBuilder {
    network("ours", "10.2.0.0/16")
}

/// Theirs, which waits for ours.
pub(crate) fn theirs() -> NetworkBuilder {
    network("theirs", "10.1.0.0/16").initiated("ours")
}

fn decided(ours: NetworkBuilder, theirs: NetworkBuilder, agreements: &Agreements) -> Decision {
    let observation = Observation { ours: Read::Found(ours.build()), theirs: Read::Found(theirs.build()) };
    decide(&ends(), &observation, None, agreements, now())
}

/// Why the pair is refused; it fails if anything would be written.
#[track_caller]
pub(crate) fn refusals(ours: NetworkBuilder, theirs: NetworkBuilder, agreements: &Agreements) -> Vec<Reason> {
    match decided(ours, theirs, agreements).verdict {
        Verdict::Rest { phase: Phase::Refused, reasons, .. } => reasons,
        other => panic!("it is not refused: {other:?}"),
    }
}

#[track_caller]
pub(crate) fn refusal(ours: NetworkBuilder, theirs: NetworkBuilder, agreements: &Agreements) -> Reason {
    let reasons = refusals(ours, theirs, agreements);
    assert_eq!(reasons.len(), 1, "{reasons:?}");
    reasons.into_iter().next().unwrap()
}

#[track_caller]
pub(crate) fn is_admitted(ours: NetworkBuilder, theirs: NetworkBuilder, agreements: &Agreements) {
    let decision = decided(ours, theirs, agreements);
    assert!(matches!(decision.verdict, Verdict::Write(_)), "{decision:?}");
}

pub(crate) fn codes(reasons: &[Reason]) -> Vec<Code> {
    reasons.iter().map(|reason| reason.code).collect()
}

fn deny(network: &str, reason: &str) -> String {
    format!("[[deny]]\nnetwork = \"{network}\"\nreason = \"{reason}\"\n")
}

#[test]
fn a_pair_that_is_agreed_is_admitted() {
    is_admitted(ours(), theirs(), &agreements(""));
}

#[test]
fn a_pair_that_no_agreement_covers_is_refused_with_what_to_write() {
    let elsewhere = peerpact_fixtures::agreements_between("ours", "theirs-2", "");
    let reason = refusal(ours(), theirs(), &elsewhere);
    assert_eq!(reason.code, Code::NoAgreement);
    assert_eq!(
        reason.message,
        format!("no agreement with contoso covers {} (ours) and {} (theirs)", id("ours"), id("theirs"))
    );
    assert_eq!(
        reason.fix.unwrap(),
        "add a [[peering]] whose `ours` and `theirs` match both to the agreement with contoso"
    );
}

#[test]
fn a_prefix_outside_the_agreed_ranges_is_refused_by_name() {
    let reason = refusal(ours(), theirs().prefix("192.168.0.0/24"), &agreements(""));
    assert_eq!(reason.code, Code::PrefixNotAgreed);
    assert_eq!(
        reason.message,
        format!(
            "the partner's network {} has the prefix 192.168.0.0/24, which lies outside 10.0.0.0/8 of contoso/all",
            id("theirs")
        )
    );
    assert!(reason.fix.unwrap().contains("`prefixes` of contoso/all"));
}

#[test]
fn a_prefix_has_to_lie_inside_one_range_whole() {
    for prefix in ["10.0.0.0/7", "8.0.0.0/6", "11.0.0.0/8", "9.255.255.0/24"] {
        let reasons = refusals(
            network("ours", "172.16.0.0/16"),
            network("theirs", prefix).initiated("ours"),
            &agreements(""),
        );
        assert_eq!(codes(&reasons), [Code::PrefixNotAgreed], "{prefix}");
    }
    for prefix in ["10.0.0.0/8", "10.255.255.255/32"] {
        is_admitted(
            network("ours", "172.16.0.0/16"),
            network("theirs", prefix).initiated("ours"),
            &agreements(""),
        );
    }
}

#[test]
fn a_network_that_shows_no_address_space_is_not_agreed() {
    let mut hidden = theirs().build();
    hidden.prefixes.clear();
    let observation = Observation { ours: Read::Found(ours().build()), theirs: Read::Found(hidden) };
    let decision = decide(&ends(), &observation, None, &agreements(""), now());
    let Verdict::Rest { phase: Phase::Refused, reasons, .. } = decision.verdict else {
        panic!("{decision:?}");
    };
    assert_eq!(codes(&reasons), [Code::PrefixNotAgreed]);
    assert!(reasons[0].message.ends_with("shows no address space, so none of it is agreed"));
}

#[test]
fn what_grew_since_the_halves_were_peered_is_told_as_grown() {
    let ours = ours().half("theirs", |half| {
        half.sync = SyncLevel::LocalNotInSync;
        half.peered = vec!["10.1.0.0/16".parse().unwrap()];
    });
    let theirs = network("theirs", "10.1.0.0/16")
        .prefix("10.9.0.0/16")
        .prefix("192.168.0.0/24")
        .half("ours", |half| half.sync = SyncLevel::RemoteNotInSync);
    let decision = decided(ours, theirs, &agreements(""));
    assert_eq!(decision.row, rows::REFUSE_WIDENING);
    let Verdict::Rest { phase: Phase::Refused, reasons, .. } = decision.verdict else { panic!() };
    assert_eq!(codes(&reasons), [Code::WideningNotAgreed]);
    assert!(reasons[0].message.contains("grew the prefix 192.168.0.0/24"), "{}", reasons[0].message);
}

#[test]
fn what_was_peered_before_and_is_agreed_no_longer_has_not_grown() {
    let ours = ours().half("theirs", |half| {
        half.sync = SyncLevel::LocalNotInSync;
        half.peered = vec!["10.1.0.0/16".parse().unwrap(), "192.168.0.0/24".parse().unwrap()];
    });
    let theirs = network("theirs", "10.1.0.0/16")
        .prefix("192.168.0.0/24")
        .half("ours", |half| half.sync = SyncLevel::RemoteNotInSync);
    assert_eq!(codes(&refusals(ours, theirs, &agreements(""))), [Code::PrefixNotAgreed]);
}

fn crowded(mut network: NetworkBuilder, with: usize) -> NetworkBuilder {
    for number in 0..with {
        network = network.half(&format!("spoke-{number}"), |_| {});
    }
    network
}

#[test]
fn a_network_that_holds_as_many_peerings_as_azure_allows_takes_no_more() {
    assert_eq!(PEERING_LIMIT, 500);
    let reason = refusal(crowded(ours(), 500), theirs(), &agreements(""));
    assert_eq!(reason.code, Code::PeeringLimit);
    assert_eq!(reason.message, format!("{} holds 500 peerings, and Azure allows 500", id("ours")));
    is_admitted(crowded(ours(), 499), theirs(), &agreements(""));
}

#[test]
fn the_limit_is_no_reason_against_a_half_that_is_there_already() {
    let ours = crowded(ours(), 499).half("theirs", |half| half.state = PeeringState::Disconnected);
    is_admitted(ours, crowded(theirs(), 499), &agreements("adopt = \"manage\""));
}

#[test]
fn with_reach_both_the_limit_of_the_partners_network_counts_too() {
    let both = agreements("reach = \"both\"");
    let full = crowded(network("theirs", "10.1.0.0/16"), 500);
    let reason = refusal(ours().initiated("theirs"), full, &both);
    assert_eq!(reason.message, format!("{} holds 500 peerings, and Azure allows 500", id("theirs")));
}

#[test]
fn without_the_agreed_tag_our_networks_owner_has_not_consented() {
    let tagged = agreements("tag = \"peerpact=contoso\"");
    let reason = refusal(ours(), theirs(), &tagged);
    assert_eq!(reason.code, Code::TagMissing);
    assert_eq!(
        reason.message,
        format!("our network {} lacks the tag peerpact=contoso by which its owner consents", id("ours"))
    );
    assert_eq!(
        reason.fix.unwrap(),
        format!("az network vnet update --ids {} --set tags.peerpact=contoso", id("ours"))
    );
    assert_eq!(refusal(ours().tag("peerpact", "Contoso"), theirs(), &tagged).code, Code::TagMissing);
    assert_eq!(refusal(ours().tag("peerpact2", "contoso"), theirs(), &tagged).code, Code::TagMissing);
    assert_eq!(refusal(ours(), theirs().tag("peerpact", "contoso"), &tagged).code, Code::TagMissing);
    is_admitted(ours().tag("PeerPact", "contoso").tag("other", "x"), theirs(), &tagged);
}

#[test]
fn a_tag_that_a_shell_would_take_apart_is_quoted_in_the_fix() {
    let tagged = agreements("tag = \"net owner=a & b\"");
    let fix = refusal(ours(), theirs(), &tagged).fix.unwrap();
    assert!(fix.ends_with("--set 'tags.net owner=a & b'"), "{fix}");
}

#[test]
fn a_denied_network_is_refused_on_either_side_with_the_rules_reason() {
    for (denied, whose) in [("ours", "ours"), ("theirs", "theirs")] {
        let rule = deny(&id(denied).to_string().to_uppercase(), "it holds secrets");
        let reason = refusal(ours(), theirs(), &agreements(&rule));
        assert_eq!(reason.code, Code::DeniedByName, "{whose}");
        assert_eq!(reason.message, format!("{} is never to be connected: it holds secrets", id(denied)));
        assert!(reason.fix.is_some());
    }
    is_admitted(ours(), theirs(), &agreements(&deny(&id("ours-2").to_string(), "x")));
}

#[test]
fn a_deny_in_another_partners_file_beats_the_allow_too() {
    let all = |subscription: &str| {
        format!(
            "/subscriptions/{subscription}/resourceGroups/*/providers/Microsoft.Network/virtualNetworks/*"
        )
    };
    let allow = format!(
        "partner = \"contoso\"\ntenant = \"{CONTOSO}\"\n[[peering]]\nname = \"all\"\nours = \"{}\"\ntheirs = \"{}\"\nprefixes = [\"10.0.0.0/8\"]\n",
        all(FABRIKAM_SUBSCRIPTION),
        all(CONTOSO_SUBSCRIPTION)
    );
    let other = "partner = \"other\"\ntenant = \"11111111-2222-3333-4444-555555555555\"\n".to_owned()
        + &deny(&id("ours").to_string(), "it holds secrets");
    let files = [("a.toml", allow.as_str()), ("b.toml", other.as_str())];
    let both = Kinds::built_in().agreements(Some(FABRIKAM.parse().unwrap()), files).unwrap();
    assert_eq!(refusal(ours(), theirs(), &both).code, Code::DeniedByName);
}

#[test]
fn a_half_that_peers_only_a_part_is_refused_because_agreements_are_about_whole_networks() {
    let partial = network("theirs", "10.1.0.0/16").half("ours", |half| {
        (half.state, half.whole) = (PeeringState::Initiated, false);
    });
    let reason = refusal(ours(), partial, &agreements(""));
    assert_eq!(reason.code, Code::PartialPeering);
    assert!(reason.message.contains(&format!("{}/virtualNetworkPeerings/to-ours", id("theirs"))));
    let ours = ours().half("theirs", |half| (half.state, half.whole) = (PeeringState::Disconnected, false));
    assert_eq!(refusal(ours, theirs(), &agreements("")).code, Code::PartialPeering);
}

#[test]
fn ipv6_is_agreed_and_compared_like_ipv4_and_never_mixed_with_it() {
    let v6 = |terms: &str| agreements(terms);
    let reason = refusal(ours(), theirs().prefix("fd00:1::/48"), &v6(""));
    assert_eq!(reason.code, Code::PrefixNotAgreed);
    assert!(reason.message.contains("fd00:1::/48"));

    let text = format!(
        "partner = \"contoso\"\ntenant = \"{CONTOSO}\"\n[[peering]]\nname = \"all\"\nours = \"{}\"\ntheirs = \"{}\"\nprefixes = [\"fd00::/16\", \"0.0.0.0/0\"]\n",
        id("ours"),
        id("theirs")
    );
    let wide = Kinds::built_in().agreements(None, [("a.toml", text.as_str())]).unwrap();
    is_admitted(ours().prefix("fd00:2::/48"), theirs().prefix("fd00:1::/48"), &wide);
    let clash = refusal(ours().prefix("fd00:1:0:1::/64"), theirs().prefix("fd00:1::/48"), &wide);
    assert_eq!(clash.code, Code::Overlap);
    let outside = refusal(ours(), theirs().prefix("fe80::/16"), &wide);
    assert_eq!(outside.code, Code::PrefixNotAgreed, "a range of all IPv4 holds no IPv6");
    let neighbour =
        refusal(ours().neighbour("spoke", &["fd00:1::/64"]), theirs().prefix("fd00:1::/48"), &wide);
    assert_eq!(neighbour.code, Code::OverlapWithNeighbour);
}

#[test]
fn every_reason_is_told_at_once_and_always_in_the_same_order() {
    let terms =
        "tag = \"peerpact=contoso\"\n".to_owned() + &deny(&id("theirs").to_string(), "they are closed");
    let ours = crowded(network("ours", "10.1.0.0/24").neighbour("spoke", &["192.168.0.0/16"]), 499);
    let theirs = network("theirs", "10.1.0.0/16").prefix("192.168.7.0/24").half("ours", |half| {
        (half.state, half.whole, half.flags.use_remote_gateways) = (PeeringState::Initiated, false, true);
    });
    let reasons = refusals(ours, theirs, &agreements(&terms));
    assert_eq!(
        codes(&reasons),
        [
            Code::DeniedByName,
            Code::TagMissing,
            Code::PartialPeering,
            Code::PrefixNotAgreed,
            Code::Overlap,
            Code::OverlapWithNeighbour,
            Code::PeeringLimit,
            Code::GatewayTransitNotAgreed,
            Code::GatewayPair,
        ]
    );
    assert!(reasons.iter().all(|reason| reason.fix.is_some()), "{reasons:?}");
}

#[test]
fn each_prefix_outside_is_a_reason_of_its_own() {
    let reasons =
        refusals(ours(), theirs().prefix("172.16.0.0/16").prefix("192.168.0.0/16"), &agreements(""));
    assert_eq!(codes(&reasons), [Code::PrefixNotAgreed, Code::PrefixNotAgreed]);
    assert!(reasons[0].message.contains("172.16.0.0/16") && reasons[1].message.contains("192.168.0.0/16"));
}
