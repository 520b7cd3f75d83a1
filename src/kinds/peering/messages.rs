//! The sentences of the reasons that the decision table gives.

use super::ends::PeeringEnds;
use super::halves::PeeringHalf;
use crate::handshake::ids::VirtualNetworkId;
use crate::handshake::quote::quote;
use crate::handshake::read::Denial;
use crate::handshake::reason::{Code, Reason};

type Half<'a> = Option<&'a PeeringHalf>;

pub(super) fn connected(theirs: Half<'_>, ours: Half<'_>) -> Reason {
    let message = format!("{} and {} are Connected and FullyInSync", id(ours), id(theirs));
    Reason::new(Code::Connected, message)
}

pub(super) fn closed(ends: &PeeringEnds) -> Reason {
    let message = format!("neither {} nor {} holds a half of this pair", ends.ours, ends.theirs);
    Reason::new(Code::Closed, message)
}

pub(super) fn awaiting_partner(ends: &PeeringEnds) -> Reason {
    let message =
        format!("our half is Initiated; tenant {} has to write theirs in {}", ends.partner, ends.theirs);
    Reason::new(Code::AwaitingPartner, message)
}

pub(super) fn stalled(ends: &PeeringEnds) -> Reason {
    let (partner, theirs) = (ends.partner, &ends.theirs);
    let message = format!(
        "our half has been Initiated for over an hour, and tenant {partner} has written none in {theirs}"
    );
    let fix = format!(
        "ask tenant {partner} what its record of this handshake says, or remove our half from {}",
        ends.ours
    );
    Reason::new(Code::Stalled, message).fixed_by(fix)
}

pub(super) fn awaiting_their_sync(theirs: Half<'_>) -> Reason {
    let message = format!("our address space changed; the partner has to sync {}", id(theirs));
    let fix = theirs.map(|half| {
        let (group, network, name) = (&half.id.network.resource_group, &half.id.network.name, &half.id.name);
        format!(
            "az network vnet peering sync -g {} --vnet-name {} -n {}   # in the partner's tenant",
            quote(group),
            quote(network),
            quote(name)
        )
    });
    Reason { fix, ..Reason::new(Code::AwaitingPartnerSync, message) }
}

pub(super) fn azure_at_work() -> Reason {
    Reason::new(Code::AwaitingAzure, "Azure is at work on one of the networks or halves")
}

pub(super) fn unclear(theirs: Half<'_>, ours: Half<'_>) -> Reason {
    let state =
        |half: Half<'_>| half.map_or("absent".to_owned(), |half| format!("{:?}/{:?}", half.state, half.sync));
    let message =
        format!("theirs is {} and ours {}, which do not fit together yet", state(theirs), state(ours));
    Reason::new(Code::Unclear, message)
}

pub(super) fn network_gone(id: &VirtualNetworkId, whose: &str) -> Reason {
    Reason::new(
        Code::NetworkNotFound,
        format!("{whose} network {id} does not exist; nothing of ours is left"),
    )
}

pub(super) fn network_unseen(theirs: &VirtualNetworkId, ours: &VirtualNetworkId) -> Reason {
    let message =
        format!("the partner's network {theirs} was not found, and our half in {ours} still points at it");
    let fix = format!("make {theirs} again, or remove our half from {ours}");
    Reason::new(Code::NetworkNotFound, message).fixed_by(fix)
}

pub(super) fn partner_removed(ours: &PeeringHalf) -> Reason {
    let message = format!("the partner's half is gone, and {} is left Disconnected", ours.id);
    let fix = format!(
        "to connect requeue_after: write {} once more, so that it is Initiated, then let the partner write theirs; to end it: az network vnet peering delete --ids {}",
        ours.id,
        quote(&ours.id)
    );
    Reason::new(Code::PartnerRemoved, message).fixed_by(fix)
}

pub(super) fn awaiting_their_removal(ends: &PeeringEnds, theirs: &PeeringHalf) -> Reason {
    let (partner, id) = (ends.partner, &theirs.id);
    let message = format!("our half was removed on request; tenant {partner} has to remove {id}");
    let fix = format!("az network vnet peering delete --ids {}   # in the partner's tenant", quote(id));
    Reason::new(Code::Disconnecting, message).fixed_by(fix)
}

pub(super) fn ours_removed_theirs_unread(denial: &Denial) -> Reason {
    let message = format!(
        "our half was removed on request; whether the partner's is gone was not verified, as our application {} lacks {} there",
        denial.principal, denial.action
    );
    Reason::new(Code::Closed, message)
}

pub(super) fn ours_removed(ends: &PeeringEnds, theirs: Half<'_>) -> Reason {
    let message = format!("our half in {} is gone, and {} is left Disconnected", ends.ours, id(theirs));
    let fix = format!(
        "the partner removes {0}, or writes {0} once more so that it is Initiated, and ours is then made again",
        id(theirs)
    );
    Reason::new(Code::OursRemoved, message).fixed_by(fix)
}

pub(super) fn both_disconnected(theirs: Half<'_>, ours: Half<'_>) -> Reason {
    let message = format!("{} and {} are both Disconnected, which Azure does not heal", id(ours), id(theirs));
    let fix = format!(
        "remove both, then open the connection requeue_after: az network vnet peering delete --ids {}",
        quote(id(ours))
    );
    Reason::new(Code::BothDisconnected, message).fixed_by(fix)
}

pub(super) fn removed_on_request(half: &PeeringHalf) -> Reason {
    Reason::new(Code::Closed, format!("{} was removed on request", half.id))
}

pub(super) fn removed_with_theirs(half: &PeeringHalf) -> Reason {
    Reason::new(Code::Closed, format!("the partner's half was removed, and {} with it", half.id))
}

pub(super) fn half_failed(half: Half<'_>) -> Reason {
    let message = format!("Azure reports {} as Failed", id(half));
    let fix = format!(
        "write {} again, or remove it; Azure's activity log of its resource group says why it failed",
        id(half)
    );
    Reason::new(Code::ProvisioningFailed, message).fixed_by(fix)
}

pub(super) fn left_to_people(half: &PeeringHalf) -> Reason {
    let id = &half.id;
    let message = format!("{id} is left Disconnected; people made it, so it is not written again unasked");
    let fix = format!(
        "write {id} once more, ask for it (`peerpact request peering`), or let the agreement say `adopt = \"manage\"`"
    );
    Reason::new(Code::LeftToPeople, message).fixed_by(fix)
}

pub(super) fn names_taken(network: &VirtualNetworkId) -> Reason {
    let message = format!(
        "other halves in {network} have the names `peerpact-…` that the half of this pair would have"
    );
    let fix = "rename or remove them: `az network vnet peering list` shows which network each leads to";
    Reason::new(Code::NameTaken, message).fixed_by(fix)
}

fn id(half: Half<'_>) -> String {
    half.map_or_else(|| "a half that is not there".to_owned(), |half| half.id.to_string())
}
