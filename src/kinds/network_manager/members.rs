//! Static members: which of the partner's networks belong in which of our manager's network groups.

use super::agreement::GroupAgreement;
use super::halves::StaticMember;
use super::ids::{NetworkGroupId, NetworkManagerId, StaticMemberId};
use crate::handshake::ids::{HandshakeId, Name, VirtualNetworkId};
use crate::handshake::provisioning::Provisioning;

/// What the groups hold and what the partner's scope holds, as read now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MembersSeen {
    /// Every static member of each group that the agreement fills.
    pub groups: Vec<GroupSeen>,
    /// The partner's networks in the scope; `None` where they could not be listed, and then nobody is removed.
    pub networks: Option<Vec<VirtualNetworkId>>,
}

/// One group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupSeen {
    /// Which group.
    pub id: NetworkGroupId,
    /// Its static members; `None` if there is no such group.
    pub members: Option<Vec<StaticMember>>,
}

/// The next thing to do for the members.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MemberMove {
    /// This network belongs in the group, and is not in it.
    Add(StaticMemberId, VirtualNetworkId),
    /// This member is ours, and does not belong in the group any more.
    Remove(StaticMemberId, VirtualNetworkId),
    /// The group does not exist.
    NoGroup(NetworkGroupId),
    /// Azure failed on this member.
    Failed(StaticMemberId, VirtualNetworkId),
    /// Azure is at work on a member.
    Wait,
}

/// What is to be done next, if anything is. Members that others made are left alone, and what waits for people keeps
/// nobody else waiting.
#[must_use]
pub fn next_move(
    handshake: &HandshakeId,
    manager: &NetworkManagerId,
    wanted: &[GroupAgreement],
    denied: impl Fn(&VirtualNetworkId) -> bool,
    seen: &MembersSeen,
) -> Option<MemberMove> {
    let moves = wanted.iter().filter_map(|group| {
        let id = NetworkGroupId { manager: manager.clone(), name: group.name.clone() };
        let found = seen.groups.iter().find(|seen| seen.id == id).and_then(|seen| seen.members.as_ref());
        let belongs = |network: &VirtualNetworkId| group.members.matches(network) && !denied(network);
        match found {
            None => Some(MemberMove::NoGroup(id)),
            Some(members) => in_group(handshake, &id, belongs, members, seen.networks.as_deref()?),
        }
    });
    moves.min_by_key(|next| match next {
        MemberMove::Add(..) | MemberMove::Remove(..) => 0,
        MemberMove::Wait => 1,
        MemberMove::NoGroup(_) | MemberMove::Failed(..) => 2,
    })
}

fn in_group(
    handshake: &HandshakeId,
    group: &NetworkGroupId,
    belongs: impl Fn(&VirtualNetworkId) -> bool,
    members: &[StaticMember],
    networks: &[VirtualNetworkId],
) -> Option<MemberMove> {
    let missing = networks
        .iter()
        .filter(|network| belongs(network))
        .find(|network| !members.iter().any(|member| member.network == **network));
    if let Some(network) = missing {
        let id = StaticMemberId { group: group.clone(), name: Name::of_member(handshake, network) };
        return Some(MemberMove::Add(id, network.clone()));
    }
    let mine = |member: &&StaticMember| member.id.name == Name::of_member(handshake, &member.network);
    let leaves = |member: &&StaticMember| {
        member.provisioning != Provisioning::Deleting
            && !(networks.contains(&member.network) && belongs(&member.network))
    };
    if let Some(member) = members.iter().filter(mine).find(leaves) {
        return Some(MemberMove::Remove(member.id.clone(), member.network.clone()));
    }
    let at_work = |member: &StaticMember| {
        matches!(member.provisioning, Provisioning::Updating | Provisioning::Deleting)
    };
    if members.iter().filter(mine).any(at_work) {
        return Some(MemberMove::Wait);
    }
    let failed = members.iter().filter(mine).find(|member| member.provisioning == Provisioning::Failed)?;
    Some(MemberMove::Failed(failed.id.clone(), failed.network.clone()))
}
