//! Static members: which of the partner's networks belong in which of our manager's network groups.

use super::halves::StaticMember;
use super::ids::{NetworkGroupId, NetworkManagerId, StaticMemberId};
use crate::handshake::agreements::GroupAgreement;
use crate::handshake::halves::Provisioning;
use crate::handshake::ids::{HandshakeId, Name, VirtualNetworkId};

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

/// The first thing that is to be done, if anything is. Members that others made are left alone.
#[must_use]
pub fn next_move(
    handshake: &HandshakeId,
    manager: &NetworkManagerId,
    wanted: &[GroupAgreement],
    seen: &MembersSeen,
) -> Option<MemberMove> {
    wanted.iter().find_map(|group| {
        let id = NetworkGroupId { manager: manager.clone(), name: group.name.clone() };
        let found = seen.groups.iter().find(|seen| seen.id == id).and_then(|seen| seen.members.as_ref());
        match found {
            None => Some(MemberMove::NoGroup(id)),
            Some(members) => in_group(handshake, &id, group, members, seen.networks.as_deref()),
        }
    })
}

fn in_group(
    handshake: &HandshakeId,
    group: &NetworkGroupId,
    wanted: &GroupAgreement,
    members: &[StaticMember],
    networks: Option<&[VirtualNetworkId]>,
) -> Option<MemberMove> {
    let networks = networks?;
    let missing = networks
        .iter()
        .filter(|network| wanted.members.matches(network))
        .find(|network| !members.iter().any(|member| member.network == **network));
    if let Some(network) = missing {
        let id = StaticMemberId { group: group.clone(), name: Name::of_member(handshake, network) };
        return Some(MemberMove::Add(id, network.clone()));
    }
    let mine = |member: &&StaticMember| member.id.name == Name::of_member(handshake, &member.network);
    let leftover = members
        .iter()
        .filter(mine)
        .find(|member| !networks.contains(&member.network) || !wanted.members.matches(&member.network));
    if let Some(member) = leftover {
        return Some(MemberMove::Remove(member.id.clone(), member.network.clone()));
    }
    members.iter().filter(mine).find_map(|member| match member.provisioning {
        Provisioning::Failed => Some(MemberMove::Failed(member.id.clone(), member.network.clone())),
        Provisioning::Updating | Provisioning::Deleting => Some(MemberMove::Wait),
        Provisioning::Succeeded => None,
    })
}
