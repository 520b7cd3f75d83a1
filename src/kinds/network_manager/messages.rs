//! The sentences of the reasons that the management table gives.

use super::ends::{ManagementEnds, Seat};
use super::ids::{NetworkGroupId, StaticMemberId};
use super::observation::ManagementObservation;
use crate::handshake::agreed::Agreed;
use crate::handshake::agreements::Agreements;
use crate::handshake::ids::VirtualNetworkId;
use crate::handshake::read::{Denial, Read};
use crate::handshake::reason::{Code, Reason};
use crate::handshake::resource_id::ResourceId;

pub(super) fn connected(
    ends: &ManagementEnds,
    ours: &ResourceId,
    observation: &ManagementObservation,
) -> Reason {
    let (manager, scope) = (&ends.manager, &ends.scope);
    let mut message = format!("{ours} is Connected: {manager} has taken {scope}");
    if let Some(Read::Denied(denial)) = observation.at(ends.seat.other()) {
        message += &format!(
            "; the partner's half was not verified, as our application {} lacks {} there",
            denial.principal, denial.action
        );
    }
    Reason::new(Code::Connected, message)
}

pub(super) fn closed(ends: &ManagementEnds) -> Reason {
    let message = format!("neither {} nor {} holds a connection to the other", ends.manager, ends.scope);
    Reason::new(Code::Closed, message)
}

pub(super) fn awaiting_their_removal(ends: &ManagementEnds, theirs: &ResourceId) -> Reason {
    let message = format!("our half was removed on request; tenant {} has to remove {theirs}", ends.partner);
    Reason::new(Code::Disconnecting, message)
        .fixed_by(format!("the partner removes {theirs}; their app does so within two minutes"))
}

pub(super) fn unverified(denial: &Denial, ends: &ManagementEnds) -> Reason {
    let Denial { principal, action, scope, .. } = denial;
    let message = format!(
        "we hold no connection between {} and {}; whether the partner does cannot be seen, as our application {principal} lacks {action} on {scope}",
        ends.manager, ends.scope
    );
    Reason::new(Code::Closed, message)
}

pub(super) fn no_agreement(ends: &ManagementEnds, agreements: &Agreements) -> Reason {
    let name = agreements.partner(ends.partner).map_or("the partner", |partner| partner.name.as_str());
    let message =
        format!("no agreement with {name} covers the manager {} and the scope {}", ends.manager, ends.scope);
    let fix =
        format!("add a [[management]] whose `manager` and `scope` match both to the agreement with {name}");
    Reason::new(Code::NoAgreement, message).fixed_by(fix)
}

pub(super) fn denied(ends: &ManagementEnds, why: &str) -> Reason {
    let (manager, scope) = (&ends.manager, &ends.scope);
    let message =
        format!("{manager} would reach every network in {scope}, and one is never to be connected: {why}");
    let fix = "agree on a scope without that network, or take the [[deny]] out of the agreements, if its reason holds no longer";
    Reason::new(Code::DeniedByName, message).fixed_by(fix)
}

pub(super) fn withdrawn(half: &ResourceId, agreed: Option<&Agreed>, mended: bool) -> Reason {
    let under = agreed.map_or(String::new(), |agreed| format!(" under {}", agreed.agreement));
    let done = if mended { "; it is removed" } else { "" };
    let message = format!("{half} was agreed to{under}, and is not any more{done}");
    let fix = if mended {
        "put back what the agreements said before if this was not meant".to_owned()
    } else {
        format!("put back what the agreements said before, or delete {half}")
    };
    Reason::new(Code::ConsentWithdrawn, message).fixed_by(fix)
}

pub(super) fn names_taken(ends: &ManagementEnds) -> Reason {
    let at = ends.at(ends.seat);
    let message = format!(
        "other connections of {at} have the names `peerpact-…` that the half of this pair would have"
    );
    Reason::new(Code::NameTaken, message).fixed_by("rename or delete the connections that lead elsewhere")
}

pub(super) fn awaiting_partner(ends: &ManagementEnds, seat: Seat) -> Reason {
    let message = format!("our half is Pending; tenant {} has to write {}", ends.partner, wanted(ends, seat));
    Reason::new(Code::AwaitingPartner, message)
}

pub(super) fn stalled(ends: &ManagementEnds, seat: Seat) -> Reason {
    let message = format!(
        "our half has been Pending for over ten minutes; tenant {} has not written {}",
        ends.partner,
        wanted(ends, seat)
    );
    let fix =
        format!("ask tenant {} what its record of this handshake says, or remove our half", ends.partner);
    Reason::new(Code::Stalled, message).fixed_by(fix)
}

fn wanted(ends: &ManagementEnds, seat: Seat) -> String {
    match seat {
        Seat::Central => {
            format!("a network manager connection on {} that names {}", ends.scope, ends.manager)
        }
        Seat::Target => format!("a scope connection in {} that names {}", ends.manager, ends.scope),
    }
}

pub(super) fn flip_to_come(ends: &ManagementEnds) -> Reason {
    let message = format!("the service has still to connect {} and {}", ends.manager, ends.scope);
    Reason::new(Code::AwaitingAzure, message)
}

pub(super) fn not_taken_yet(ends: &ManagementEnds) -> Reason {
    let message = format!("{} does not list {} in its crossTenantScopes yet", ends.manager, ends.scope);
    Reason::new(Code::AwaitingAzure, message)
}

pub(super) fn never_flips(ours: &ResourceId) -> Reason {
    let message = format!("both halves exist, and {ours} has stayed Pending for over ten minutes");
    let fix = format!(
        "check that both name exactly the same manager and scope, then delete {ours} and let it be made again"
    );
    Reason::new(Code::AzureRefused, message).fixed_by(fix)
}

pub(super) fn conflict(ends: &ManagementEnds, half: &ResourceId) -> Reason {
    let (manager, scope) = (&ends.manager, &ends.scope);
    let message = format!(
        "{half} is in Conflict: another network manager with overlapping accesses holds {scope}, so {manager} cannot take it"
    );
    let fix = format!(
        "find it with: az rest --url '{scope}/providers/Microsoft.Network/networkManagers?api-version=2024-05-01'; take {scope} out of its scopes, then delete {half} and let it be made again"
    );
    Reason::new(Code::Conflict, message).fixed_by(fix)
}

pub(super) fn rejected(half: &ResourceId) -> Reason {
    let message = format!("{half} is Rejected");
    let fix = format!("ask the partner, then delete {half} and open the connection again");
    Reason::new(Code::Rejected, message).fixed_by(fix)
}

pub(super) fn removed_on_request(half: &ResourceId) -> Reason {
    Reason::new(Code::Closed, format!("{half} was removed on request"))
}

pub(super) fn removed_with_theirs(half: &ResourceId) -> Reason {
    Reason::new(Code::Closed, format!("the partner's half was removed, and {half} with it"))
}

pub(super) fn taken_back(half: &ResourceId) -> Reason {
    Reason::new(Code::NoCounterpart, format!("{half} found no counterpart in time and was taken back"))
}

pub(super) fn removal_due(ours: &ResourceId) -> Reason {
    let message = format!(
        "the partner's half was removed; {ours} is removed a minute later, so that a manager that goes too goes first"
    );
    Reason::new(Code::PartnerRemoved, message)
}

pub(super) fn partner_removed(ours: &ResourceId) -> Reason {
    let message = format!("the partner's half was removed, and {ours} is left Revoked");
    let fix =
        format!("to end it, delete {ours}; to connect again, delete it and let both halves be made anew");
    Reason::new(Code::PartnerRemoved, message).fixed_by(fix)
}

pub(super) fn ours_removed(ends: &ManagementEnds, theirs: &ResourceId) -> Reason {
    let message = format!(
        "our half between {} and {} was removed, and {theirs} is left Revoked",
        ends.manager, ends.scope
    );
    let fix = format!(
        "the partner deletes {theirs}; if the connection is wanted they make it again, and ours is then made"
    );
    Reason::new(Code::OursRemoved, message).fixed_by(fix)
}

pub(super) fn duplicate(other: &ResourceId) -> Reason {
    let message = format!("{other} is a second connection for the same manager and scope");
    Reason::new(Code::Duplicate, message).fixed_by(format!("delete {other}"))
}

pub(super) fn unclear(half: &ResourceId) -> Reason {
    Reason::new(Code::Unclear, format!("{half} and its counterpart do not fit together yet"))
}

pub(super) fn no_group(group: &NetworkGroupId) -> Reason {
    let message = format!("connected, but the agreement fills {group}, which does not exist");
    Reason::new(Code::GroupMissing, message)
        .fixed_by("make the network group, or take it out of the agreement")
}

pub(super) fn member_failed(member: &StaticMemberId, network: &VirtualNetworkId) -> Reason {
    let message = format!("connected, but Azure failed to make {network} a member: {member}");
    Reason::new(Code::ProvisioningFailed, message).fixed_by(format!("delete {member}; it is then made again"))
}

pub(super) fn member_at_work() -> Reason {
    Reason::new(Code::AwaitingAzure, "connected; Azure is at work on a static member")
}
