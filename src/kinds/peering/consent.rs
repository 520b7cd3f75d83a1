//! Consent, judged on what is: whether what our half of a peering routes and allows now is what our tenant agrees to now.

use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::admission::{self, no_agreement, outside};
use super::agreement::PeeringAgreement;
use super::ends::PeeringEnds;
use super::flags::PeeringFlags;
use super::halves::{Network, PeeringHalf};
use crate::handshake::agreed::Agreed;
use crate::handshake::agreements::{Adopt, Agreements, Partner, Remedy};
use crate::handshake::ids::VirtualNetworkId;
use crate::handshake::quote::quote;
use crate::handshake::reason::{Code, Reason};

/// A half of ours that goes beyond what is agreed: it is never connected for us, whatever Azure calls it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Breach {
    /// Why, all of it.
    pub reasons: Vec<Reason>,
    /// What we do about it, if anything is ours to do.
    pub mend: Option<Mend>,
}

/// What mends a half that goes beyond what is agreed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mend {
    /// It goes.
    Remove,
    /// Only its flags go too far: these are left.
    Narrow(PeeringFlags),
}

/// Our half, where it stands, and what is known of it.
#[derive(Clone, Copy, Debug)]
pub struct OurHalf<'a> {
    /// The two networks.
    pub ends: &'a PeeringEnds,
    /// Ours.
    pub network: &'a Network,
    /// The half.
    pub half: &'a PeeringHalf,
    /// We made it, not people.
    pub made: bool,
    /// What was agreed before, if that is on record.
    pub agreed: Option<&'a Agreed>,
}

/// How far an agreement on a peering goes, as a record keeps it.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Limits {
    prefixes: Vec<IpNet>,
    flags: PeeringFlags,
}

/// How a half came to lie outside of what is agreed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Cause {
    /// It goes beyond what was agreed when it was last read or written: somebody else changed something.
    Exceeded,
    /// It was agreed to as it is, and our own agreement changed. So it is told, too, if nobody knows: a slip in a file
    /// must not cut a network.
    Withdrawn,
    /// People made it, and it never was agreed to.
    Never,
}

impl Breach {
    /// Whether somebody else went further than what was agreed, and not our agreement back.
    pub(super) fn is_exceeded(&self) -> bool {
        self.reasons.first().is_some_and(|reason| reason.code == Code::ConsentExceeded)
    }
}

impl Agreed {
    /// What an agreement says now.
    #[must_use]
    pub fn of(partner: &Partner, agreement: &PeeringAgreement) -> Self {
        let terms = Limits { prefixes: agreement.prefixes.get_ref().clone(), flags: agreement.flags() };
        let terms = match serde_json::to_value(terms) {
            Ok(Value::Object(terms)) => terms,
            _ => Map::new(),
        };
        Self { agreement: partner.label(agreement), terms }
    }

    fn holds(&self, half: &PeeringHalf) -> bool {
        let limits = Limits::deserialize(&self.terms).unwrap_or_default();
        half.flags.within(limits.flags) && outside(routed(half), &limits.prefixes).next().is_none()
    }
}

impl OurHalf<'_> {
    /// Judges the half by the agreements as they read now: `None` if they cover it.
    #[must_use]
    pub fn beyond(&self, agreements: &Agreements) -> Option<Breach> {
        let covering = agreements.covering(self.ends);
        let details = self.details(agreements, covering);
        if details.is_empty() {
            return None;
        }
        let (cause, policy) =
            (self.cause(), self.policy(agreements, covering.map(|(_, agreement)| agreement)));
        let managed = self.made || self.is_adopted(agreements, policy);
        let only_flags = details.iter().all(|reason| reason.code == Code::FlagNotAgreed);
        let narrowed = covering
            .filter(|_| only_flags)
            .map(|(_, agreement)| Mend::Narrow(self.half.flags.intersection(agreement.flags())));
        let remedy = match cause {
            Cause::Exceeded => policy.map_or(Remedy::Remove, |agreement| agreement.on_breach),
            Cause::Withdrawn => policy.map_or(Remedy::Tell, |agreement| agreement.on_withdrawal),
            Cause::Never if narrowed.is_some() => Remedy::Remove,
            Cause::Never => Remedy::Tell,
        };
        let mend = (managed && remedy == Remedy::Remove).then(|| narrowed.unwrap_or(Mend::Remove));
        let mut reasons: Vec<Reason> = self.summary(cause, &details, mend).into_iter().collect();
        reasons.extend(details);
        Some(Breach { reasons, mend })
    }

    fn details(
        &self,
        agreements: &Agreements,
        covering: Option<(&Partner, &PeeringAgreement)>,
    ) -> Vec<Reason> {
        let Self { ends, network, half, .. } = self;
        let mut reasons = Vec::new();
        for id in [&ends.ours, &ends.theirs] {
            admission::denied_by_name(agreements, id, &mut reasons);
        }
        let Some((partner, agreement)) = covering else {
            reasons.push(no_agreement(agreements, ends));
            return reasons;
        };
        reasons.extend(admission::tag_missing(agreement, network));
        reasons.extend(admission::partial(half));
        let (label, agreed) = (partner.label(agreement), agreement.prefixes.get_ref());
        reasons.extend(outside(routed(half), agreed).map(|prefix| routes(half, prefix, agreed, &label)));
        reasons.extend(flags_outside(half, agreement, &label));
        reasons
    }

    fn cause(&self) -> Cause {
        match self.agreed {
            Some(agreed) if agreed.holds(self.half) => Cause::Withdrawn,
            Some(_) => Cause::Exceeded,
            None if self.made => Cause::Withdrawn,
            None => Cause::Never,
        }
    }

    /// The agreement that says what is to be done: the one that covers the pair or, where none does any more, the one of
    /// the name under which it was agreed to.
    fn policy<'a>(
        &self,
        agreements: &'a Agreements,
        covering: Option<&'a PeeringAgreement>,
    ) -> Option<&'a PeeringAgreement> {
        covering.or_else(|| agreements.labelled(self.ends.partner, &self.agreed?.agreement))
    }

    /// Whether what people made here is ours to write: `adopt = "manage"`, and neither a deny nor a missing tag says no.
    fn is_adopted(&self, agreements: &Agreements, policy: Option<&PeeringAgreement>) -> bool {
        policy.is_some_and(|agreement| manages(agreements, self.ends, agreement, self.network))
    }

    fn summary(&self, cause: Cause, details: &[Reason], mend: Option<Mend>) -> Option<Reason> {
        let (half, theirs) = (&self.half.id, &self.ends.theirs);
        let done = match mend {
            Some(Mend::Remove) => "; it is removed",
            Some(Mend::Narrow(_)) => "; its flags are cut down",
            None => "",
        };
        let remove = format!("az network vnet peering delete --ids {}", quote(half));
        match cause {
            Cause::Exceeded => {
                let message = format!("{half} came to go beyond what was agreed when it was written{done}");
                let detail = details.iter().find_map(|reason| reason.fix.clone()).unwrap_or_default();
                let fix = match mend {
                    Some(Mend::Remove) => format!("{detail}; then write the half in {theirs} again"),
                    Some(Mend::Narrow(_)) => detail,
                    None => format!("{detail}; or remove the half: {remove}"),
                };
                Some(Reason::new(Code::ConsentExceeded, message).fixed_by(fix))
            }
            Cause::Withdrawn => {
                let under =
                    self.agreed.map_or(String::new(), |agreed| format!(" under {}", agreed.agreement));
                let message = format!("{half} was agreed to{under}, and is not any more{done}");
                let fix = match mend {
                    Some(_) => "put back what the agreements said before if this was not meant".to_owned(),
                    None => format!("put back what the agreements said before, or remove the half: {remove}"),
                };
                Some(Reason::new(Code::ConsentWithdrawn, message).fixed_by(fix))
            }
            Cause::Never => None,
        }
    }
}

/// Whether an agreement lets us write, cut down and remove what people made in one of our networks.
pub(super) fn manages(
    agreements: &Agreements,
    ends: &PeeringEnds,
    agreement: &PeeringAgreement,
    ours: &Network,
) -> bool {
    agreement.adopt == Adopt::Manage && agreement.is_tagged(ours) && !is_denied(agreements, ends)
}

/// What the agreements say against a pair whatever its halves are: a `[[deny]]`, or that none covers it.
pub(super) fn objection(ends: &PeeringEnds, agreements: &Agreements) -> Option<Reason> {
    let denied = agreements.denials().find_map(|rule| {
        let network = [&ends.ours, &ends.theirs].into_iter().find(|id| rule.network.matches(id))?;
        let message = format!("a [[deny]] names {network}: {}", rule.reason);
        Some(Reason::new(Code::DeniedByName, message).fixed_by("take the [[deny]] out"))
    });
    denied.or_else(|| agreements.covering(ends).is_none().then(|| no_agreement(agreements, ends)))
}

/// Whether a `[[deny]]` names one of the two networks.
pub(super) fn is_denied(agreements: &Agreements, ends: &PeeringEnds) -> bool {
    let names = |id: &VirtualNetworkId| agreements.denials().any(|rule| rule.network.matches(id));
    names(&ends.ours) || names(&ends.theirs)
}

/// What the half routes; where Azure does not say, what it would route after a sync.
fn routed(half: &PeeringHalf) -> &[IpNet] {
    if half.peered.is_empty() { &half.current } else { &half.peered }
}

fn routes(half: &PeeringHalf, prefix: &IpNet, agreed: &[IpNet], label: &str) -> Reason {
    let (id, theirs, ranges) = (&half.id, &half.remote, admission::list(agreed));
    let message = format!("{id} routes {prefix} of {theirs}, which lies outside {ranges} of {label}");
    let fix = format!("take {prefix} off {theirs}, or add a range that holds it to `prefixes` of {label}");
    Reason::new(Code::PrefixNotAgreed, message).fixed_by(fix)
}

fn flags_outside(half: &PeeringHalf, agreement: &PeeringAgreement, label: &str) -> Vec<Reason> {
    let (has, may, id) = (half.flags, agreement.flags(), &half.id);
    [
        (
            "allowForwardedTraffic",
            has.allow_forwarded_traffic,
            may.allow_forwarded_traffic,
            "forwarded_traffic",
        ),
        ("allowGatewayTransit", has.allow_gateway_transit, may.allow_gateway_transit, "gateway_transit"),
        ("useRemoteGateways", has.use_remote_gateways, may.use_remote_gateways, "remote_gateways"),
    ]
    .into_iter()
    .filter(|(_, has, may, _)| *has && !*may)
    .map(|(flag, _, _, key)| {
        let message = format!("{id} has {flag}, which {label} does not allow");
        let fix = format!("set {flag} of {id} to false, or `{key} = true` in {label}");
        Reason::new(Code::FlagNotAgreed, message).fixed_by(fix)
    })
    .collect()
}
