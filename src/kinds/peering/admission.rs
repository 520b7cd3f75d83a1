//! Admission: whether our tenant agreed to a pair. It answers with every reason at once, not with the first.

use ipnet::IpNet;

use super::agreement::PeeringAgreement;
use super::ends::PeeringEnds;
use super::flags::{AskedFlags, PeeringFlags};
use super::halves::{Network, PeeringHalf, PeeringState};
use crate::handshake::agreements::{Agreements, Partner};
use crate::handshake::ids::VirtualNetworkId;
use crate::handshake::quote::quote;
use crate::handshake::reason::{Code, Reason};
use crate::handshake::step::Side;

/// How many peerings Azure allows in one virtual network.
pub const PEERING_LIMIT: usize = 500;

/// A pair with the agreement that covers it, and both networks as read now.
#[derive(Clone, Copy, Debug)]
pub struct Case<'a> {
    /// All that our tenant agreed to.
    pub agreements: &'a Agreements,
    /// The partner at the other end.
    pub partner: &'a Partner,
    /// The agreement that covers both ends.
    pub agreement: &'a PeeringAgreement,
    /// Our network.
    pub ours: &'a Network,
    /// Theirs.
    pub theirs: &'a Network,
}

impl<'a> Case<'a> {
    /// Finds the agreement for two networks.
    ///
    /// # Errors
    /// No agreement covers both ends; the reason says what to write.
    pub fn find(
        agreements: &'a Agreements,
        ends: &PeeringEnds,
        ours: &'a Network,
        theirs: &'a Network,
    ) -> Result<Self, Vec<Reason>> {
        match agreements.covering(ends) {
            Some((partner, agreement)) => Ok(Self { agreements, partner, agreement, ours, theirs }),
            None => Err(vec![no_agreement(agreements, ends)]),
        }
    }

    /// Whether our tenant consents to the pair.
    ///
    /// # Errors
    /// Every reason against it.
    pub fn admit(&self) -> Result<(), Vec<Reason>> {
        let mut reasons = Vec::new();
        for network in [self.ours, self.theirs] {
            denied_by_name(self.agreements, &network.id, &mut reasons);
        }
        reasons.extend(tag_missing(self.agreement, self.ours));
        reasons.extend([self.our_half(), self.their_half()].into_iter().flatten().filter_map(partial));
        self.prefixes_outside(&mut reasons);
        self.overlaps(&mut reasons);
        self.no_room(&mut reasons);
        self.gateways_apart(&mut reasons);
        if reasons.is_empty() { Ok(()) } else { Err(reasons) }
    }

    /// Whether their network as it is now stays within what is agreed: what a pair that is connected would route after a
    /// sync. Overlaps and gateways are Azure's to judge then, and it has.
    ///
    /// # Errors
    /// Every prefix that does not.
    pub fn still_agreed(&self) -> Result<(), Vec<Reason>> {
        let mut reasons = Vec::new();
        self.prefixes_outside(&mut reasons);
        reasons.extend(self.their_half().and_then(partial));
        if reasons.is_empty() { Ok(()) } else { Err(reasons) }
    }

    /// The flags of the half on this side, when it is created.
    ///
    /// Transit is allowed as soon as the agreement does and there is a gateway to use: Azure takes the partner's
    /// `useRemoteGateways` only after the other half allows transit, so to wait for their flag would wait for ever.
    #[must_use]
    pub fn flags(&self, side: Side) -> PeeringFlags {
        let Self { agreement, ours, theirs, .. } = self;
        let (here, there, may_lend, may_borrow) = match side {
            Side::Ours => (ours, theirs, agreement.gateway_transit, agreement.remote_gateways),
            Side::Theirs => (theirs, ours, agreement.remote_gateways, agreement.gateway_transit),
        };
        let there_half = there.half_towards(&here.id);
        let wanted = there_half.is_some_and(|half| half.flags.use_remote_gateways);
        let lent = there_half.is_some_and(|half| half.flags.allow_gateway_transit);
        let lend = may_lend && (wanted || here.has_gateway);
        PeeringFlags {
            allow_virtual_network_access: true,
            allow_forwarded_traffic: agreement.forwarded_traffic,
            allow_gateway_transit: lend,
            use_remote_gateways: may_borrow
                && !lend
                && lent
                && there.has_gateway
                && !here.has_gateway
                && borrower(here, &there.id).is_none(),
        }
    }

    /// The flags of our half when somebody asked for some of them: never more than is agreed.
    #[must_use]
    pub fn asked_flags(&self, asked: &AskedFlags) -> PeeringFlags {
        let flags = self.flags(Side::Ours);
        let lend = asked.gateway_transit.unwrap_or(flags.allow_gateway_transit);
        self.within_agreement(PeeringFlags {
            allow_virtual_network_access: true,
            allow_forwarded_traffic: asked.forwarded_traffic.unwrap_or(flags.allow_forwarded_traffic),
            allow_gateway_transit: lend,
            // Azure refuses it as long as theirs does not allow transit, however much it is wanted.
            use_remote_gateways: flags.use_remote_gateways
                && !lend
                && asked.remote_gateways.unwrap_or(flags.use_remote_gateways),
        })
    }

    /// The flags of our half cut down to what is agreed; equal to its own when it stays within.
    #[must_use]
    pub fn within_agreement(&self, flags: PeeringFlags) -> PeeringFlags {
        flags.intersection(self.agreement.flags())
    }

    fn our_half(&self) -> Option<&'a PeeringHalf> {
        self.ours.half_towards(&self.theirs.id)
    }

    fn their_half(&self) -> Option<&'a PeeringHalf> {
        self.theirs.half_towards(&self.ours.id)
    }

    fn prefixes_outside(&self, reasons: &mut Vec<Reason>) {
        let agreed = self.agreement.prefixes.get_ref();
        if self.theirs.prefixes.is_empty() {
            let message = format!(
                "the partner's network {} shows no address space, so none of it is agreed",
                self.theirs.id
            );
            let fix = format!("give {} an address space inside {}", self.theirs.id, list(agreed));
            reasons.push(Reason::new(Code::PrefixNotAgreed, message).fixed_by(fix));
        }
        let before: &[IpNet] = self.our_half().map_or(&[], |half| &half.peered);
        for prefix in outside(&self.theirs.prefixes, agreed) {
            let widened = !before.is_empty() && !before.contains(prefix);
            let (code, what) = if widened {
                (Code::WideningNotAgreed, "grew the prefix")
            } else {
                (Code::PrefixNotAgreed, "has the prefix")
            };
            let (theirs, label) = (&self.theirs.id, self.partner.label(self.agreement));
            let message = format!(
                "the partner's network {theirs} {what} {prefix}, which lies outside {} of {label}",
                list(agreed)
            );
            let fix =
                format!("take {prefix} off {theirs}, or add a range that holds it to `prefixes` of {label}");
            reasons.push(Reason::new(code, message).fixed_by(fix));
        }
    }

    fn overlaps(&self, reasons: &mut Vec<Reason>) {
        let (ours, theirs) = (self.ours, self.theirs);
        for (one, other) in overlapping(&ours.prefixes, &theirs.prefixes) {
            let message = format!(
                "{one} of our network {} overlaps {other} of the partner's network {}",
                ours.id, theirs.id
            );
            reasons
                .push(Reason::new(Code::Overlap, message).fixed_by("change one of the two address spaces"));
        }
        for (network, incoming) in [(ours, theirs), (theirs, ours)] {
            for half in neighbours(network, &incoming.id) {
                // What is routed and what is there now differ while a sync is due; most often they are the same.
                let new = half.peered.iter().filter(|prefix| !half.current.contains(prefix));
                let space: Vec<IpNet> = half.current.iter().chain(new).copied().collect();
                for (prefix, taken) in overlapping(&incoming.prefixes, &space) {
                    let message = format!(
                        "{prefix} of {} overlaps {taken} of {}, with which {} is peered already",
                        incoming.id, half.remote, network.id
                    );
                    let fix = format!("change the address space, or remove the peering {}", half.id);
                    reasons.push(Reason::new(Code::OverlapWithNeighbour, message).fixed_by(fix));
                }
            }
        }
    }

    fn no_room(&self, reasons: &mut Vec<Reason>) {
        for (network, half) in [(self.ours, self.our_half()), (self.theirs, self.their_half())] {
            if half.is_none() && network.peerings.len() >= PEERING_LIMIT {
                let count = network.peerings.len();
                let message =
                    format!("{} holds {count} peerings, and Azure allows {PEERING_LIMIT}", network.id);
                reasons.push(
                    Reason::new(Code::PeeringLimit, message).fixed_by("remove a peering that is not needed"),
                );
            }
        }
    }

    fn gateways_apart(&self, reasons: &mut Vec<Reason>) {
        let Some(half) = self.their_half().filter(|half| half.flags.use_remote_gateways) else { return };
        let (id, label) = (&half.id, self.partner.label(self.agreement));
        if !self.agreement.gateway_transit {
            let message = format!("{id} uses our gateway (useRemoteGateways), which {label} does not allow");
            let fix =
                format!("set useRemoteGateways of {id} to false, or `gateway_transit = true` in {label}");
            reasons.push(Reason::new(Code::GatewayTransitNotAgreed, message).fixed_by(fix));
        }
        if half.flags.allow_gateway_transit {
            let message = format!(
                "{id} both uses a remote gateway and allows transit through its own; only one can be"
            );
            let fix = format!("set one of useRemoteGateways and allowGatewayTransit of {id} to false");
            reasons.push(Reason::new(Code::GatewayPair, message).fixed_by(fix));
        }
        if !self.ours.has_gateway {
            let message = format!(
                "{id} uses our gateway (useRemoteGateways), and our network {} has none",
                self.ours.id
            );
            let fix =
                format!("set useRemoteGateways of {id} to false, or make a virtual network gateway first");
            reasons.push(Reason::new(Code::GatewayPair, message).fixed_by(fix));
        }
        if self.theirs.has_gateway {
            let message =
                format!("{id} uses our gateway, and its network {} has a gateway of its own", self.theirs.id);
            let fix = format!("set useRemoteGateways of {id} to false");
            reasons.push(Reason::new(Code::GatewayPair, message).fixed_by(fix));
        }
        if let Some(other) = borrower(self.theirs, &self.ours.id) {
            let message =
                format!("{id} uses a remote gateway, and so does {}; a network may do so once", other.id);
            let fix = format!("set useRemoteGateways of {id} to false");
            reasons.push(Reason::new(Code::GatewayPair, message).fixed_by(fix));
        }
    }
}

/// Every rule that denies this network, as a reason.
pub(super) fn denied_by_name(agreements: &Agreements, id: &VirtualNetworkId, reasons: &mut Vec<Reason>) {
    for rule in agreements.denials().filter(|rule| rule.network.matches(id)) {
        let message = format!("{id} is never to be connected: {}", rule.reason);
        let fix = "take the [[deny]] out of the agreements, if its reason holds no longer";
        reasons.push(Reason::new(Code::DeniedByName, message).fixed_by(fix));
    }
}

pub(super) fn tag_missing(agreement: &PeeringAgreement, ours: &Network) -> Option<Reason> {
    let tag = agreement.tag.as_ref().filter(|_| !agreement.is_tagged(ours))?;
    let (id, key, value) = (&ours.id, &tag.key, &tag.value);
    let message = format!("our network {id} lacks the tag {key}={value} by which its owner consents");
    let tag = quote(format!("tags.{key}={value}"));
    let fix = format!("az network vnet update --ids {} --set {tag}", quote(id));
    Some(Reason::new(Code::TagMissing, message).fixed_by(fix))
}

pub(super) fn partial(half: &PeeringHalf) -> Option<Reason> {
    let told = (!half.whole).then(|| {
        format!("{} peers only subnets or only IPv6, and agreements are about whole networks", half.id)
    });
    let fix = "peer the complete virtual networks (peerCompleteVnets true, enableOnlyIPv6Peering false)";
    Some(Reason::new(Code::PartialPeering, told?).fixed_by(fix))
}

pub(super) fn no_agreement(agreements: &Agreements, ends: &PeeringEnds) -> Reason {
    let name = agreements.partner(ends.partner).map_or("the partner", |partner| partner.name.as_str());
    let message =
        format!("no agreement with {name} covers {} (ours) and {} (theirs)", ends.ours, ends.theirs);
    let fix = format!("add a [[peering]] whose `ours` and `theirs` match both to the agreement with {name}");
    Reason::new(Code::NoAgreement, message).fixed_by(fix)
}

/// The peerings with other networks whose space is taken; a Disconnected one routes nothing.
fn neighbours<'a>(
    network: &'a Network,
    except: &'a VirtualNetworkId,
) -> impl Iterator<Item = &'a PeeringHalf> {
    network
        .peerings
        .iter()
        .filter(move |half| half.remote != *except && half.state != PeeringState::Disconnected)
}

/// Another peering of the network that uses a remote gateway; Azure allows one.
fn borrower<'a>(network: &'a Network, except: &'a VirtualNetworkId) -> Option<&'a PeeringHalf> {
    network.peerings.iter().find(|half| half.remote != *except && half.flags.use_remote_gateways)
}

fn overlapping(some: &[IpNet], others: &[IpNet]) -> Vec<(IpNet, IpNet)> {
    let clash = |one: &IpNet, other: &IpNet| one.contains(other) || other.contains(one);
    let pairs = some.iter().flat_map(|one| others.iter().map(move |other| (*one, *other)));
    pairs.filter(|(one, other)| clash(one, other)).collect()
}

/// The prefixes that lie in none of the ranges.
pub(super) fn outside<'a>(prefixes: &'a [IpNet], ranges: &'a [IpNet]) -> impl Iterator<Item = &'a IpNet> {
    prefixes.iter().filter(|prefix| !ranges.iter().any(|range| range.contains(*prefix)))
}

pub(super) fn list(prefixes: &[IpNet]) -> String {
    prefixes.iter().map(IpNet::to_string).collect::<Vec<_>>().join(", ")
}
