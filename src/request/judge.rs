//! Whether our agreements let a request be asked. What only Azure can tell is left to the pass.

use super::action::{Action, AskedMember, Request};
use super::refusal::BadRequest;
use crate::handshake::admission;
use crate::handshake::agreements::{Agreements, Partner, PeeringAgreement, Reach, Whose};
use crate::handshake::ids::TenantId;
use crate::handshake::management::ends::{ManagementEnds, Seat};
use crate::handshake::management::tell;
use crate::handshake::pair::{HalfId, Pair, Resource};
use crate::handshake::reason::Reason;
use crate::handshake::wish::AskedFlags;

/// A request that may be carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// Write our half of this pair, with these flags where it is a peering's.
    Connect(Pair, AskedFlags),
    /// Remove this half: ours, or the partner's where the agreement's reach is both.
    Disconnect(HalfId),
    /// Look at this pair.
    Recheck(Pair),
}

/// Judges a request by what our tenant, `home`, agreed to.
///
/// # Errors
/// The first field that goes beyond it, and what to write.
pub fn judge(request: &Request, home: TenantId, agreements: &Agreements) -> Result<Asked, BadRequest> {
    let court = Court { home, agreements };
    let asked = match &request.action {
        Action::ConnectPeering { ours, theirs, flags } => {
            let (ours, theirs) = (Resource::Network(ours.clone()), Resource::Network(theirs.clone()));
            court.peering(&ours, &theirs, *flags)
        }
        Action::ConnectManagement { manager, scope, members } => {
            let (manager, scope) = (Resource::Manager(manager.clone()), Resource::Scope(scope.clone()));
            court.management(&manager, &scope, members)
        }
        Action::Disconnect { half } => court.disconnect(half),
        Action::Recheck { ours, theirs } => court.pair(ours, theirs).map(Asked::Recheck),
    };
    asked.map_err(|bad| bad.of(Some(request.id.clone())))
}

struct Court<'a> {
    home: TenantId,
    agreements: &'a Agreements,
}

impl Court<'_> {
    fn peering(&self, ours: &Resource, theirs: &Resource, flags: AskedFlags) -> Result<Asked, BadRequest> {
        let pair = self.pair(ours, theirs)?;
        if let Pair::Peering(ends) = &pair {
            let Some((partner, agreement)) = self.agreements.covering(ends) else {
                return Err(uncovered("theirs", admission::no_agreement(self.agreements, ends)));
            };
            within(flags, partner, agreement)?;
        }
        Ok(Asked::Connect(pair, flags))
    }

    fn management(
        &self,
        manager: &Resource,
        scope: &Resource,
        members: &[AskedMember],
    ) -> Result<Asked, BadRequest> {
        let (whose_manager, whose_scope) = (self.known("manager", manager)?, self.known("scope", scope)?);
        let pair = match (whose_manager, whose_scope) {
            (Whose::Ours, Whose::Theirs(_)) => self.agreements.pair(manager, scope),
            (Whose::Theirs(_), Whose::Ours) => self.agreements.pair(scope, manager),
            (Whose::Ours, Whose::Ours) | (Whose::Theirs(_), Whose::Theirs(_)) => None,
        };
        let Some(pair) = pair else {
            let (manager, scope) = (self.tenant(whose_manager), self.tenant(whose_scope));
            let rule = format!(
                "is in {scope} and `manager` in {manager}; one of them has to be ours and the other a partner's"
            );
            return Err(BadRequest::new("scope", rule));
        };
        if let Pair::Management(ends) = &pair {
            self.members(ends, members)?;
        }
        Ok(Asked::Connect(pair, AskedFlags::default()))
    }

    fn members(&self, ends: &ManagementEnds, members: &[AskedMember]) -> Result<(), BadRequest> {
        let Some((partner, agreement)) = self.agreements.covering_management(ends) else {
            return Err(uncovered("scope", tell::no_agreement(ends, self.agreements)));
        };
        if ends.seat == Seat::Target && !members.is_empty() {
            let rule = "is only for managers of ours: the groups of the partner's manager are theirs to fill";
            return Err(BadRequest::new("members", rule).fixed_by("leave `members` out"));
        }
        let label = partner.label_of(&agreement.name);
        for (index, AskedMember { group, network }) in members.iter().enumerate() {
            let mut named = agreement.groups.iter().filter(|agreed| agreed.name == *group).peekable();
            if named.peek().is_none() {
                let rule = format!("is a group that the agreement {label} does not fill");
                let fix = format!("add {{ name = \"{group}\", members = … }} to the `groups` of {label}");
                return Err(BadRequest::new(format!("members[{index}].group"), rule).fixed_by(fix));
            }
            let field = format!("members[{index}].network");
            if !named.any(|agreed| agreed.members.matches(network)) {
                let rule = format!("is not among the members that {label} agrees for the group {group}");
                let fix = format!("widen the `members` of that group in {label}, or leave the network out");
                return Err(BadRequest::new(field, rule).fixed_by(fix));
            }
            if let Some(denied) = self.agreements.denials().find(|rule| rule.network.matches(network)) {
                return Err(BadRequest::new(field, format!("is never to be connected: {}", denied.reason)));
            }
        }
        Ok(())
    }

    fn disconnect(&self, half: &HalfId) -> Result<Asked, BadRequest> {
        let holder = half.holder();
        let allowed = match self.known("half", &holder)? {
            Whose::Ours => true,
            Whose::Theirs(tenant) => {
                self.agreements.partner(tenant).is_some_and(|partner| reaches(partner, half))
            }
        };
        if allowed {
            return Ok(Asked::Disconnect(half.clone()));
        }
        let whose = self.known("half", &holder)?;
        let rule = format!(
            "is in {}, and no agreement of ours with reach = \"both\" covers it: a half is removed by the tenant that holds it",
            self.tenant(whose)
        );
        Err(BadRequest::new("half", rule).fixed_by("name our half, or let the partner remove theirs"))
    }

    /// The pair of our end and the partner's.
    fn pair(&self, ours: &Resource, theirs: &Resource) -> Result<Pair, BadRequest> {
        let whose = (self.known("ours", ours)?, self.known("theirs", theirs)?);
        let bad = match whose {
            (Whose::Ours, Whose::Theirs(_)) => match self.agreements.pair(ours, theirs) {
                Some(pair) => return Ok(pair),
                None => BadRequest::new("theirs", "makes no pair with `ours`"),
            },
            (Whose::Theirs(_), other) => {
                let rule = format!(
                    "is in {}; our half is written in our own tenant {} only",
                    self.tenant(whose.0),
                    self.home
                );
                let bad = BadRequest::new("ours", rule);
                if other == Whose::Ours { bad.fixed_by("swap `ours` and `theirs`") } else { bad }
            }
            (Whose::Ours, Whose::Ours) => {
                let rule = format!("is in our own tenant {} too; the other end is a partner's", self.home);
                BadRequest::new("theirs", rule)
            }
        };
        Err(bad)
    }

    fn known(&self, field: &str, resource: &Resource) -> Result<Whose, BadRequest> {
        let whose = match resource {
            Resource::Network(id) => self.agreements.whose(id.subscription),
            Resource::Manager(id) => self.agreements.whose(id.subscription),
            Resource::Scope(scope) => self.agreements.whose_scope(scope),
        };
        whose.ok_or_else(|| {
            let rule = format!("is {resource}, which no agreement names, so that nobody knows whose it is");
            let fix = match resource {
                Resource::Network(_) => "add a [[peering]] whose `ours` and `theirs` match both networks to the agreement with the partner",
                Resource::Manager(_) | Resource::Scope(_) => "add a [[management]] whose `manager` and `scope` match both to the agreement with the partner",
            };
            BadRequest::new(field, rule).fixed_by(fix)
        })
    }

    fn tenant(&self, whose: Whose) -> String {
        match whose {
            Whose::Ours => format!("our own tenant {}", self.home),
            Whose::Theirs(tenant) => {
                let name =
                    self.agreements.partner(tenant).map_or("a partner", |partner| partner.name.as_str());
                format!("the tenant {tenant} of {name}")
            }
        }
    }
}

/// Whether a peering agreement lets us write this half of the partner's.
fn reaches(partner: &Partner, half: &HalfId) -> bool {
    let HalfId::Peering(id) = half else { return false };
    let covers = |agreement: &PeeringAgreement| {
        agreement.reach == Reach::Both && agreement.theirs.matches(&id.network)
    };
    partner.peerings.iter().any(covers)
}

fn within(flags: AskedFlags, partner: &Partner, agreement: &PeeringAgreement) -> Result<(), BadRequest> {
    let asked = [
        ("forwardedTraffic", flags.forwarded_traffic, "forwarded_traffic", agreement.forwarded_traffic),
        ("gatewayTransit", flags.gateway_transit, "gateway_transit", agreement.gateway_transit),
        ("remoteGateways", flags.remote_gateways, "remote_gateways", agreement.remote_gateways),
    ];
    for (flag, wanted, key, agreed) in asked {
        if wanted == Some(true) && !agreed {
            let label = partner.label(agreement);
            let rule = format!("is true, and the agreement {label} does not allow it");
            let fix = format!("write {key} = true into {label}, or leave the flag out");
            return Err(BadRequest::new(format!("flags.{flag}"), rule).fixed_by(fix));
        }
    }
    Ok(())
}

fn uncovered(field: &str, reason: Reason) -> BadRequest {
    BadRequest { fix: reason.fix, ..BadRequest::new(field, format!("is not covered: {}", reason.message)) }
}
