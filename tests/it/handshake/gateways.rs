//! Gateway flags: whom our half lends to and borrows from, over every combination of what they depend on.

use peerpact::handshake::decision::Verdict;
use peerpact::handshake::phase::Phase;
use peerpact::handshake::read::Read;
use peerpact::handshake::reason::{Code, Reason};
use peerpact::handshake::step::Side;
use peerpact::kinds::peering::Case;
use peerpact::kinds::peering::Observation;
use peerpact::kinds::peering::decide;
use peerpact::kinds::peering::rows;
use peerpact::kinds::peering::{Network, PeeringFlags, PeeringState, SyncLevel};
use peerpact_fixtures::{agreements, ends, id, network, now, peering_of};

const BOTH: [bool; 2] = [false, true];

/// What the flags of a half depend on.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "a row of a truth table")]
struct Situation {
    transit_agreed: bool,
    remote_agreed: bool,
    gateway_here: bool,
    gateway_there: bool,
    they_lend: bool,
    they_borrow: bool,
    we_borrow_elsewhere: bool,
    they_borrow_elsewhere: bool,
    forwarded_agreed: bool,
}

fn every_situation() -> Vec<Situation> {
    (0..1 << 9)
        .map(|bits: u32| {
            let bit = |place: u32| bits & (1 << place) != 0;
            Situation {
                transit_agreed: bit(0),
                remote_agreed: bit(1),
                gateway_here: bit(2),
                gateway_there: bit(3),
                they_lend: bit(4),
                they_borrow: bit(5),
                we_borrow_elsewhere: bit(6),
                they_borrow_elsewhere: bit(7),
                forwarded_agreed: bit(8),
            }
        })
        .collect()
}

impl Situation {
    fn terms(self) -> String {
        let Self { transit_agreed, remote_agreed, forwarded_agreed, .. } = self;
        format!(
            "gateway_transit = {transit_agreed}\nremote_gateways = {remote_agreed}\nforwarded_traffic = {forwarded_agreed}"
        )
    }

    /// The network at one end, with or without a gateway and a neighbour whose gateway it uses.
    fn end(
        name: &str,
        prefix: &str,
        gateway: bool,
        borrows_elsewhere: bool,
    ) -> peerpact_fixtures::NetworkBuilder {
        let mut network = network(name, prefix);
        if gateway {
            network = network.gateway();
        }
        if borrows_elsewhere {
            network = network.half("hub", |half| half.flags.use_remote_gateways = true);
        }
        network
    }

    fn ours(self) -> Network {
        Self::end("ours", "10.2.0.0/16", self.gateway_here, self.we_borrow_elsewhere).build()
    }

    fn theirs(self) -> Network {
        Self::end("theirs", "10.1.0.0/16", self.gateway_there, self.they_borrow_elsewhere)
            .half("ours", |half| {
                half.state = PeeringState::Initiated;
                half.flags.allow_gateway_transit = self.they_lend;
                half.flags.use_remote_gateways = self.they_borrow;
            })
            .build()
    }

    /// Azure's rules and the agreement's, written down a second time.
    fn is_admissible(self) -> bool {
        !self.they_borrow
            || (self.transit_agreed
                && self.gateway_here
                && !self.gateway_there
                && !self.they_lend
                && !self.they_borrow_elsewhere)
    }

    fn may_borrow(self) -> bool {
        self.remote_agreed
            && self.they_lend
            && self.gateway_there
            && !self.gateway_here
            && !self.we_borrow_elsewhere
    }
}

#[test]
fn our_half_is_written_with_the_flags_that_are_agreed_and_that_azure_takes() {
    let mut written = 0;
    for situation in every_situation() {
        let agreements = agreements(&situation.terms());
        let observation =
            Observation { ours: Read::Found(situation.ours()), theirs: Read::Found(situation.theirs()) };
        let decision = decide(&ends(), &observation, None, &agreements, now());
        match decision.verdict {
            Verdict::Write(write) => {
                written += 1;
                assert!(situation.is_admissible(), "{situation:?} is written");
                let expected = PeeringFlags {
                    allow_virtual_network_access: true,
                    allow_forwarded_traffic: situation.forwarded_agreed,
                    allow_gateway_transit: situation.transit_agreed && situation.gateway_here,
                    use_remote_gateways: situation.may_borrow(),
                };
                assert_eq!(peering_of(&write).1, expected, "{situation:?}");
            }
            Verdict::Rest { phase, reasons, .. } => {
                assert_eq!(phase, Phase::Refused);
                assert!(!situation.is_admissible(), "{situation:?} is refused: {reasons:?}");
            }
            other @ (Verdict::Undo { .. } | Verdict::Confirm(_)) => panic!("{situation:?}: {other:?}"),
        }
    }
    assert_eq!(
        written,
        256 + 8,
        "of 512 situations: all in which they do not borrow, and those in which they may"
    );
}

#[test]
fn whatever_is_there_no_half_lends_and_borrows_at_once_or_beyond_the_agreement() {
    for situation in every_situation() {
        let agreements = agreements(&situation.terms());
        let (theirs, ours) = (situation.theirs(), situation.ours());
        // The same pair from the other side: our half is there and theirs is the one to be written.
        let their_bare =
            Situation::end("theirs", "10.1.0.0/16", situation.gateway_there, situation.they_borrow_elsewhere)
                .build();
        let our_open =
            Situation::end("ours", "10.2.0.0/16", situation.gateway_here, situation.we_borrow_elsewhere)
                .half("theirs", |half| {
                    half.flags.allow_gateway_transit = situation.they_lend;
                    half.flags.use_remote_gateways = situation.they_borrow;
                })
                .build();
        for (side, ours, theirs) in [(Side::Ours, &ours, &theirs), (Side::Theirs, &our_open, &their_bare)] {
            let flags = Case::find(&agreements, &ends(), ours, theirs).unwrap().flags(side);
            assert!(!(flags.allow_gateway_transit && flags.use_remote_gateways), "{side:?} {situation:?}");
            let (may_lend, may_borrow) = match side {
                Side::Ours => (situation.transit_agreed, situation.remote_agreed),
                Side::Theirs => (situation.remote_agreed, situation.transit_agreed),
            };
            assert!(may_lend || !flags.allow_gateway_transit, "{side:?} lends in {situation:?}");
            assert!(may_borrow || !flags.use_remote_gateways, "{side:?} borrows in {situation:?}");
            assert_eq!(flags.allow_forwarded_traffic, situation.forwarded_agreed);
        }
    }
}

#[test]
fn the_half_that_lends_is_written_before_the_one_that_borrows() {
    let terms = agreements("remote_gateways = true");
    let hub = network("theirs", "10.1.0.0/16").gateway();
    let flags = |lends: bool| {
        let theirs = hub.clone().half("ours", |half| half.flags.allow_gateway_transit = lends).build();
        let ours = network("ours", "10.2.0.0/16").build();
        Case::find(&terms, &ends(), &ours, &theirs).unwrap().flags(Side::Ours)
    };
    assert!(!flags(false).use_remote_gateways, "Azure refuses it before the other half allows transit");
    assert!(flags(true).use_remote_gateways);
}

/// Why a half of theirs that borrows our gateway is refused.
#[track_caller]
fn refusals(terms: &str, ours: Network, theirs: Network) -> Vec<Reason> {
    let observation = Observation { ours: Read::Found(ours), theirs: Read::Found(theirs) };
    match decide(&ends(), &observation, None, &agreements(terms), now()).verdict {
        Verdict::Rest { phase: Phase::Refused, reasons, .. } => reasons,
        other => panic!("it is not refused: {other:?}"),
    }
}

fn borrowing() -> peerpact_fixtures::NetworkBuilder {
    network("theirs", "10.1.0.0/16").half("ours", |half| {
        (half.state, half.flags.use_remote_gateways) = (PeeringState::Initiated, true);
    })
}

#[test]
fn each_gateway_rule_alone_is_told_with_the_half_and_the_rule() {
    let half = format!("{}/virtualNetworkPeerings/to-ours", id("theirs"));
    let with_gateway = || network("ours", "10.2.0.0/16").gateway().build();
    let agreed = "gateway_transit = true";
    let both_flags = network("theirs", "10.1.0.0/16").half("ours", |half| {
        half.state = PeeringState::Initiated;
        (half.flags.use_remote_gateways, half.flags.allow_gateway_transit) = (true, true);
    });
    let twice = borrowing().half("hub", |half| half.flags.use_remote_gateways = true);
    let cases = [
        (
            refusals("", with_gateway(), borrowing().build()),
            Code::GatewayTransitNotAgreed,
            format!("{half} uses our gateway (useRemoteGateways), which contoso/all does not allow"),
        ),
        (
            refusals(agreed, with_gateway(), both_flags.build()),
            Code::GatewayPair,
            format!("{half} both uses a remote gateway and allows transit through its own; only one can be"),
        ),
        (
            refusals(agreed, network("ours", "10.2.0.0/16").build(), borrowing().build()),
            Code::GatewayPair,
            format!("{half} uses our gateway (useRemoteGateways), and our network {} has none", id("ours")),
        ),
        (
            refusals(agreed, with_gateway(), borrowing().gateway().build()),
            Code::GatewayPair,
            format!("{half} uses our gateway, and its network {} has a gateway of its own", id("theirs")),
        ),
        (
            refusals(agreed, with_gateway(), twice.build()),
            Code::GatewayPair,
            format!(
                "{half} uses a remote gateway, and so does {}/virtualNetworkPeerings/to-hub; a network may do so once",
                id("theirs")
            ),
        ),
    ];
    for (reasons, code, message) in cases {
        assert_eq!(reasons.len(), 1, "{reasons:?}");
        assert_eq!((reasons[0].code, reasons[0].message.as_str()), (code, message.as_str()));
        assert!(reasons[0].fix.as_ref().unwrap().contains(&half));
    }
}

/// A connected pair whose half of ours, made by people, has these flags.
fn connected_with(flags: PeeringFlags) -> Observation {
    let ours = network("ours", "10.2.0.0/16").half("theirs", |half| half.flags = flags).build();
    let theirs = network("theirs", "10.1.0.0/16").half("ours", |_| {}).build();
    Observation { ours: Read::Found(ours), theirs: Read::Found(theirs) }
}

#[test]
fn a_half_whose_flags_go_too_far_is_refused_and_cut_down_only_where_it_is_ours_to_manage() {
    for (bits, manage) in (0..64_u32).flat_map(|bits| [(bits, true), (bits, false)]) {
        let bit = |place: u32| bits & (1 << place) != 0;
        let (forwarded, transit, remote) = (bit(0), bit(1), bit(2));
        let flags = PeeringFlags {
            allow_virtual_network_access: true,
            allow_forwarded_traffic: bit(3),
            allow_gateway_transit: bit(4),
            use_remote_gateways: bit(5),
        };
        let adopt = if manage { "adopt = \"manage\"" } else { "" };
        let terms = format!(
            "forwarded_traffic = {forwarded}\ngateway_transit = {transit}\nremote_gateways = {remote}\n{adopt}"
        );
        let decision = decide(&ends(), &connected_with(flags), None, &agreements(&terms), now());
        let cut = PeeringFlags {
            allow_forwarded_traffic: bit(3) && forwarded,
            allow_gateway_transit: bit(4) && transit,
            use_remote_gateways: bit(5) && remote,
            ..flags
        };
        match decision.verdict {
            Verdict::Undo { write, reasons } => {
                let (id, written) = peering_of(&write);
                assert_eq!((decision.row, written), (rows::NARROW_OURS, cut));
                assert_ne!(cut, flags, "nothing had to be cut");
                assert!(manage, "what people made is not cut down unasked");
                assert_eq!(id.name.as_str(), "to-theirs", "it is written under its own name");
                assert!(reasons.iter().all(|reason| reason.code == Code::FlagNotAgreed), "{reasons:?}");
            }
            Verdict::Rest { phase: Phase::Refused, reasons, .. } => {
                assert!(!manage && cut != flags, "{reasons:?}");
                assert!(reasons.iter().all(|reason| reason.code == Code::FlagNotAgreed), "{reasons:?}");
            }
            Verdict::Rest { phase, .. } => assert_eq!((phase, cut), (Phase::Connected, flags)),
            other @ (Verdict::Write(_) | Verdict::Confirm(_)) => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_half_that_is_synced_keeps_its_flags() {
    for bits in BOTH.iter().flat_map(|a| BOTH.map(|b| (*a, b))) {
        let flags = PeeringFlags {
            allow_virtual_network_access: bits.0,
            allow_forwarded_traffic: bits.1,
            ..PeeringFlags::default()
        };
        let ours = network("ours", "10.2.0.0/16").half("theirs", |half| {
            (half.sync, half.flags) = (SyncLevel::LocalNotInSync, flags);
        });
        let theirs =
            network("theirs", "10.1.0.0/16").half("ours", |half| half.sync = SyncLevel::RemoteNotInSync);
        let observation =
            Observation { ours: Read::Found(ours.build()), theirs: Read::Found(theirs.build()) };
        match decide(&ends(), &observation, None, &agreements("forwarded_traffic = true"), now()).verdict {
            Verdict::Write(write) => assert_eq!(peering_of(&write).1, flags),
            other => panic!("{other:?}"),
        }
    }
}
