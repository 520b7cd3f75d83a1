//! Static members: every small case of what a group holds and what the partner has.

use peerpact::handshake::agreements::Agreements;
use peerpact::handshake::decision::Row;
use peerpact::handshake::decision::Verdict;
use peerpact::handshake::ids::{HandshakeId, Name, VirtualNetworkId};
use peerpact::handshake::phase::Phase;
use peerpact::handshake::provisioning::Provisioning;
use peerpact::handshake::provisioning::Provisioning::{Deleting, Failed, Succeeded, Updating};
use peerpact::handshake::reason::Code;
use peerpact::handshake::step::Step;
use peerpact::kinds::network_manager::ManagementObservation;
use peerpact::kinds::network_manager::Seat;
use peerpact::kinds::network_manager::StaticMember;
use peerpact::kinds::network_manager::decide;
use peerpact::kinds::network_manager::rows;
use peerpact::kinds::network_manager::{GroupAgreement, ManagementBody};
use peerpact::kinds::network_manager::{GroupSeen, MemberMove, MembersSeen, next_move};
use peerpact::kinds::network_manager::{NetworkGroupId, StaticMemberId};
use peerpact_fixtures::{FABRIKAM_SUBSCRIPTION, now};

use super::{Cell, agreements, ends, manager, seen};

fn handshake() -> HandshakeId {
    ends(Seat::Central).pair().id()
}

/// A network of fabrikam's, the partner of the central tenant.
fn network(name: &str) -> VirtualNetworkId {
    networks(name).parse().unwrap()
}

fn networks(name: &str) -> String {
    format!(
        "/subscriptions/{FABRIKAM_SUBSCRIPTION}/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/{name}"
    )
}

fn group(name: &str) -> NetworkGroupId {
    NetworkGroupId { manager: manager(), name: name.parse().unwrap() }
}

/// An agreement that fills these groups with the networks of these names.
fn filling(groups: &[(&str, &str)], deny: &str) -> Agreements {
    let groups: Vec<String> = groups
        .iter()
        .map(|(group, members)| format!("{{ name = \"{group}\", members = \"{}\" }}", networks(members)))
        .collect();
    agreements(Seat::Central, &format!("groups = [{}]\n{deny}", groups.join(", ")))
}

fn wanted(agreements: &Agreements) -> Vec<GroupAgreement> {
    agreements.partners()[0].managements()[0].groups.clone()
}

fn ours(group_name: &str, name: &str, provisioning: Provisioning) -> StaticMember {
    let id = StaticMemberId { group: group(group_name), name: Name::of_member(&handshake(), &network(name)) };
    StaticMember { id, network: network(name), provisioning }
}

fn by_others(group_name: &str, name: &str, provisioning: Provisioning) -> StaticMember {
    let mut member = ours(group_name, name, provisioning);
    member.id.name = "by-hand".parse().unwrap();
    member
}

fn holding(members: Vec<StaticMember>) -> Vec<GroupSeen> {
    vec![GroupSeen { id: group("spokes"), members: Some(members) }]
}

fn moved(groups: Vec<GroupSeen>, names: Option<&[&str]>) -> Option<MemberMove> {
    let wanted = wanted(&filling(&[("spokes", "spoke-*")], ""));
    let networks = names.map(|names| names.iter().map(|name| network(name)).collect());
    next_move(&handshake(), &manager(), &wanted, |_| false, &MembersSeen { groups, networks })
}

fn add(name: &str) -> Option<MemberMove> {
    let member = ours("spokes", name, Succeeded);
    Some(MemberMove::Add(member.id, member.network))
}

fn remove(name: &str) -> Option<MemberMove> {
    let member = ours("spokes", name, Succeeded);
    Some(MemberMove::Remove(member.id, member.network))
}

/// What can stand in the group for one network.
const STANDING: [Option<(bool, Provisioning)>; 9] = [
    None,
    Some((true, Succeeded)),
    Some((true, Updating)),
    Some((true, Deleting)),
    Some((true, Failed)),
    Some((false, Succeeded)),
    Some((false, Updating)),
    Some((false, Deleting)),
    Some((false, Failed)),
];

#[test]
fn one_network_in_every_standing() {
    for (exists, name) in [(true, "spoke-1"), (true, "hub"), (false, "spoke-1"), (false, "hub")] {
        let belongs = exists && name == "spoke-1";
        for standing in STANDING {
            let member = standing.map(|(mine, provisioning)| match mine {
                true => ours("spokes", name, provisioning),
                false => by_others("spokes", name, provisioning),
            });
            let expected = match standing {
                None if belongs => add(name),
                None | Some((false, _) | (true, Succeeded)) if belongs || !is_mine(standing) => None,
                Some((true, Deleting)) => Some(MemberMove::Wait),
                Some((true, _)) if !belongs => remove(name),
                Some((true, Updating)) => Some(MemberMove::Wait),
                Some((true, Failed)) => {
                    let member = ours("spokes", name, Failed);
                    Some(MemberMove::Failed(member.id, member.network))
                }
                other => panic!("{other:?}"),
            };
            let there: &[&str] = if exists { &[name] } else { &[] };
            let found = moved(holding(member.into_iter().collect()), Some(there));
            assert_eq!(found, expected, "{name}, exists: {exists}, {standing:?}");
        }
    }
}

fn is_mine(standing: Option<(bool, Provisioning)>) -> bool {
    matches!(standing, Some((true, _)))
}

#[test]
fn where_the_partners_networks_cannot_be_listed_nobody_is_added_or_removed() {
    for provisioning in [Succeeded, Updating, Failed] {
        let members = vec![ours("spokes", "spoke-1", provisioning), ours("spokes", "hub", provisioning)];
        assert_eq!(moved(holding(members), None), None);
    }
    let empty: &[&str] = &[];
    let members = vec![ours("spokes", "spoke-1", Succeeded)];
    assert_eq!(moved(holding(members), Some(empty)), remove("spoke-1"), "an empty list is a list");
}

#[test]
fn a_group_that_is_not_there_is_told_whatever_is_listed() {
    for names in [None, Some(&["spoke-1"][..])] {
        let missing = vec![GroupSeen { id: group("spokes"), members: None }];
        assert_eq!(moved(missing, names), Some(MemberMove::NoGroup(group("spokes"))));
        assert_eq!(moved(Vec::new(), names), Some(MemberMove::NoGroup(group("spokes"))));
    }
}

#[test]
fn one_move_at_a_time_until_all_is_as_agreed() {
    let mut members = vec![ours("spokes", "spoke-9", Succeeded), by_others("spokes", "spoke-2", Succeeded)];
    let mut made = Vec::new();
    while let Some(next) = moved(holding(members.clone()), Some(&["spoke-1", "spoke-2", "hub", "SPOKE-3"])) {
        match next {
            MemberMove::Add(id, network) => {
                made.push(format!("+{}", network.name));
                members.push(StaticMember { id, network, provisioning: Succeeded });
            }
            MemberMove::Remove(id, network) => {
                made.push(format!("-{}", network.name));
                members.retain(|member| member.id != id);
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(made, ["+spoke-1", "+SPOKE-3", "-spoke-9"]);
}

#[test]
fn a_group_that_waits_for_people_keeps_no_other_group_waiting() {
    let wanted = wanted(&filling(&[("gone", "*"), ("stuck", "spoke-1"), ("spokes", "spoke-*")], ""));
    let stuck = ours("stuck", "spoke-1", Failed);
    let seen = |members| MembersSeen {
        groups: vec![
            GroupSeen { id: group("gone"), members: None },
            GroupSeen { id: group("stuck"), members: Some(vec![stuck.clone()]) },
            GroupSeen { id: group("spokes"), members: Some(members) },
        ],
        networks: Some(vec![network("spoke-1")]),
    };
    let next = |members| next_move(&handshake(), &manager(), &wanted, |_| false, &seen(members));
    assert_eq!(next(Vec::new()), add("spoke-1"));
    assert_eq!(next(vec![ours("spokes", "spoke-1", Updating)]), Some(MemberMove::Wait));
    assert_eq!(next(vec![ours("spokes", "spoke-1", Succeeded)]), Some(MemberMove::NoGroup(group("gone"))));
}

/// The decision on a connected handshake whose groups were looked at.
fn decided(agreements: &Agreements, members: Vec<StaticMember>, names: &[&str]) -> (Row, Verdict) {
    let networks = Some(names.iter().map(|name| network(name)).collect());
    let observation = ManagementObservation {
        taken: Some(true),
        members: Some(MembersSeen { groups: holding(members), networks }),
        ..seen(Seat::Central, Cell::Connected, Cell::Connected, "x")
    };
    let decision = decide(&ends(Seat::Central), &observation, None, agreements, now());
    (decision.row, decision.verdict)
}

#[test]
fn a_connected_handshake_goes_on_to_its_members() {
    let agreements = filling(&[("spokes", "spoke-*")], "");
    let (row, verdict) = decided(&agreements, Vec::new(), &["spoke-1"]);
    let Verdict::Write(write) = verdict else { panic!("{verdict:?}") };
    let StaticMember { id, network, .. } = ours("spokes", "spoke-1", Succeeded);
    assert_eq!(
        (row, write.step, write.body()),
        (rows::MEMBERS, Step::AddMember, Some(&ManagementBody::Member { id, network }))
    );

    let (_, verdict) = decided(&agreements, vec![ours("spokes", "spoke-1", Succeeded)], &[]);
    assert!(matches!(&verdict, Verdict::Write(write) if write.step == Step::RemoveMember), "{verdict:?}");

    let (row, _) = decided(&agreements, vec![ours("spokes", "spoke-1", Succeeded)], &["spoke-1"]);
    assert_eq!(row, rows::CONNECTED);
    for (state, code, again) in
        [(Updating, Code::AwaitingAzure, true), (Failed, Code::ProvisioningFailed, false)]
    {
        let (row, verdict) = decided(&agreements, vec![ours("spokes", "spoke-1", state)], &["spoke-1"]);
        let Verdict::Rest { phase: Phase::Connected, reasons, requeue_after: when } = verdict else {
            panic!("{verdict:?}")
        };
        assert_eq!((row, reasons[0].code, when.is_some()), (rows::MEMBERS, code, again));
    }
}

#[test]
fn a_network_that_is_denied_by_name_never_joins_and_leaves_again() {
    let deny = format!("[[deny]]\nnetwork = \"{}\"\nreason = \"payroll\"", networks("spoke-2"));
    let agreements = filling(&[("spokes", "spoke-*")], &deny);
    let (row, _) = decided(&agreements, vec![ours("spokes", "spoke-1", Succeeded)], &["spoke-1", "spoke-2"]);
    assert_eq!(row, rows::CONNECTED, "spoke-2 is left out");
    let both = vec![ours("spokes", "spoke-1", Succeeded), ours("spokes", "spoke-2", Succeeded)];
    let (_, verdict) = decided(&agreements, both, &["spoke-1", "spoke-2"]);
    let Verdict::Write(write) = verdict else { panic!("{verdict:?}") };
    assert_eq!(write.step, Step::RemoveMember);
    assert_eq!(write.target.to_string(), ours("spokes", "spoke-2", Succeeded).id.to_string());
}
