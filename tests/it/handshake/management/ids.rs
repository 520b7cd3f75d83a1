//! Ids of managers, scopes, halves, groups and members.

use peerpact::handshake::kind_name::KindName;
use std::fmt::{Debug, Display};
use std::str::FromStr;

use peerpact::handshake::ids::{HandshakeId, LONGEST_ID, Name, TenantId, VirtualNetworkId};
use peerpact::handshake::pair::Pair;
use peerpact::handshake::resource_id::ResourceId;
use peerpact::handshake::scope::Scope;
use peerpact::kinds::Kinds;
use peerpact::kinds::network_manager::{
    NetworkGroupId, NetworkManagerConnectionId, NetworkManagerId, ScopeConnectionId, StaticMemberId,
};
use peerpact_fixtures::id;

use super::{SEATS, ends, manager, scope};

const MANAGER: &str = "/subscriptions/6a5f35e9-6951-499d-a36b-83c6c6eed44a/resourceGroups/rg/providers/Microsoft.Network/networkManagers/manager";
const SUBSCRIPTION: &str = "/subscriptions/dec492d3-4f4e-493b-aa47-7bdf2f96a6fc";
const GROUP: &str = "/providers/Microsoft.Management/managementGroups/fabrikam-root";

fn children() -> [String; 4] {
    [
        format!("{MANAGER}/scopeConnections/to-fabrikam"),
        format!("{SUBSCRIPTION}/providers/Microsoft.Network/networkManagerConnections/to-contoso"),
        format!("{GROUP}/providers/Microsoft.Network/networkManagerConnections/to-contoso"),
        format!("{MANAGER}/networkGroups/spokes/staticMembers/one"),
    ]
}

/// Printed as given, equal in any case and with the slashes that Azure adds or leaves out, and no more of them.
fn is_read_tolerantly<T: FromStr + Display + PartialEq + Debug>(text: &str)
where
    T::Err: Debug,
{
    let read = |text: &str| text.parse::<T>();
    let given = read(text).unwrap();
    assert_eq!(given.to_string(), text);
    let bare = text.trim_start_matches('/');
    for same in [text.to_uppercase(), text.to_lowercase(), format!("{text}/"), bare.to_owned()] {
        assert_eq!(read(&same).unwrap(), given, "{same}");
    }
    for other in [format!("/{text}"), format!("{text}//"), format!("{text}/x"), text.replace("ider", "//")] {
        if other != text {
            assert!(read(&other).is_err(), "{other}");
        }
    }
    let cut = text.rsplit_once('/').unwrap().0;
    assert!(read(cut).is_err(), "{cut}");
}

#[test]
fn every_id_is_printed_as_given_and_equal_in_any_case_and_with_a_trailing_slash() {
    let [scope_connection, of_subscription, of_group, member] = children();
    is_read_tolerantly::<NetworkManagerId>(MANAGER);
    is_read_tolerantly::<Scope>(SUBSCRIPTION);
    is_read_tolerantly::<Scope>(GROUP);
    is_read_tolerantly::<ScopeConnectionId>(&scope_connection);
    is_read_tolerantly::<NetworkManagerConnectionId>(&of_subscription);
    is_read_tolerantly::<NetworkManagerConnectionId>(&of_group);
    is_read_tolerantly::<NetworkGroupId>(&format!("{MANAGER}/networkGroups/spokes"));
    is_read_tolerantly::<StaticMemberId>(&member);
}

#[test]
fn the_parts_of_an_id_are_where_azure_has_them() {
    let [scope_connection, _, of_group, member] = children().map(|text| text.to_uppercase());
    let scope_connection: ScopeConnectionId = scope_connection.parse().unwrap();
    assert_eq!(scope_connection.manager, manager());
    assert_eq!(scope_connection.name.as_str(), "TO-FABRIKAM", "the case that was given is kept");
    let connection: NetworkManagerConnectionId = of_group.parse().unwrap();
    assert_eq!(connection.scope, Scope::ManagementGroup("fabrikam-root".parse().unwrap()));
    let member: StaticMemberId = member.parse().unwrap();
    assert_eq!((member.group.manager, member.group.name), (manager(), "spokes".parse().unwrap()));
}

#[test]
fn ids_with_tricks_in_them_are_refused() {
    let [scope_connection, of_subscription, of_group, member] = children();
    let kinds = Kinds::built_in();
    let texts = [MANAGER, SUBSCRIPTION, GROUP, &scope_connection, &of_subscription, &of_group, &member];
    for text in texts {
        let (parent, last) = text.rsplit_once('/').unwrap();
        for name in
            ["", ".", "..", "%2e%2e", "a b", "a?b", "a#b", "a\nb", "a\0", "*", "a\\b", &"x".repeat(91)]
        {
            let hostile = format!("{parent}/{name}");
            assert!(kinds.parse_half(&hostile).is_err(), "{hostile:?}");
            assert!(kinds.parse_end(&hostile).is_err(), "{hostile:?}");
            assert!(hostile.parse::<StaticMemberId>().is_err(), "{hostile:?}");
        }
        let climbing = format!("{parent}/x/../{last}");
        assert!(kinds.parse_half(&climbing).is_err() && kinds.parse_end(&climbing).is_err(), "{climbing}");
    }
    let long = format!("{SUBSCRIPTION}{}", "/".repeat(LONGEST_ID));
    assert!(long.parse::<Scope>().unwrap_err().to_string().ends_with("it is longer than 1024 bytes"));
}

#[test]
fn what_is_refused_is_told_on_one_short_line() {
    let forged = "x\n2026 ERROR forged\u{1b}[31m".to_owned() + &"y".repeat(900);
    let manager = MANAGER.replace("6a5f35e9-6951-499d-a36b-83c6c6eed44a", &forged);
    for told in [
        format!("/subscriptions/{forged}").parse::<Scope>().unwrap_err().to_string(),
        manager.parse::<NetworkManagerId>().unwrap_err().to_string(),
        Kinds::built_in().parse_end(&manager).unwrap_err().to_string(),
    ] {
        assert!(!told.contains(char::is_control), "{told:?}");
        assert!(told.len() < 800, "{}", told.len());
    }
}

#[test]
fn a_resource_and_a_half_are_told_apart_by_their_shape() {
    let (kinds, network) = (Kinds::built_in(), id("ours"));
    let end = |text: &str| kinds.parse_end(text).ok();
    assert_eq!(end(&network.to_string()), Some(ResourceId::of(&network)));
    assert_eq!(end(MANAGER), Some(ResourceId::of(&manager())));
    assert_eq!(end(&format!("{SUBSCRIPTION}/")), Some(ResourceId::of(&scope())));
    assert_eq!(end(GROUP), GROUP.parse().ok());
    let [scope_connection, of_subscription, of_group, member] = children();
    let kind = |text: &str| kinds.parse_half(text).ok().and_then(|half| Some(kinds.of_half(&half)?.name()));
    for text in [scope_connection, of_subscription, of_group] {
        assert_eq!(kind(&text), Some(KindName::new("management")), "{text}");
    }
    assert_eq!(kind(&format!("{network}/virtualNetworkPeerings/p")), Some(KindName::new("peering")));
    assert_eq!(
        kinds.parse_half(&member).unwrap_err().to_string(),
        format!("`{member}` is not the id of a peering, a scope connection or a network manager connection")
    );
    assert!(kinds.parse_half(MANAGER).is_err());
    let told = kinds.parse_end(&member).unwrap_err().to_string();
    assert!(told.ends_with(
        "is not the id of a virtual network, a network manager, a subscription or a management group"
    ));
}

/// The pair of whatever kind that two ends make.
fn made(ours: &ResourceId, theirs: &ResourceId, partner: TenantId) -> Option<Pair> {
    Kinds::built_in().iter().find_map(|kind| kind.pair(ours, theirs, partner))
}

#[test]
fn both_seats_give_one_handshake_the_same_id_in_any_case_and_it_is_pinned() {
    for seat in SEATS {
        let pair = ends(seat).pair();
        assert_eq!((pair.id().as_str(), pair.kind()), (PINNED, &KindName::new("management")));
        assert_ne!(pair.ours(), pair.theirs());
        assert_eq!(made(pair.ours(), pair.theirs(), pair.partner()), Some(pair));
    }
    let shouted = MANAGER.to_uppercase().parse().unwrap();
    let slashed = format!("{}/", SUBSCRIPTION.to_uppercase()).parse().unwrap();
    assert_eq!(HandshakeId::of_management(&shouted, &slashed).as_str(), PINNED);
    assert_eq!(HandshakeId::of_management(&manager(), &GROUP.parse().unwrap()).as_str(), PINNED_GROUP);
}

/// The first 16 bytes of the SHA-256 of `management`, the manager and the scope, lower-cased, a line each.
const PINNED: &str = "9d822084902d04ab1966524f807a7010";
const PINNED_GROUP: &str = "1848e3d21c01cef1b36725cc2da58596";

#[test]
fn ends_that_cannot_be_connected_make_no_pair() {
    let partner = ends(SEATS[0]).partner;
    let [network, manager, scope] =
        [ResourceId::of(&id("ours")), ResourceId::of(&manager()), ResourceId::of(&scope())];
    for (one, other) in [
        (&network, &manager),
        (&scope, &network),
        (&manager, &manager),
        (&scope, &scope),
        (&manager, &network),
    ] {
        assert_eq!(made(one, other, partner), None, "{one} and {other}");
    }
}

#[test]
fn a_members_name_is_derived_from_handshake_and_network_and_as_stable_as_their_ids() {
    let handshake = ends(SEATS[0]).pair().id();
    let name = |network: &VirtualNetworkId| Name::of_member(&handshake, network);
    let shouted = id("theirs").to_string().to_uppercase().parse().unwrap();
    assert_eq!(name(&id("theirs")).as_str(), name(&shouted).as_str());
    assert_eq!(name(&id("theirs")).as_str(), PINNED_MEMBER);
    assert_ne!(name(&id("theirs")), name(&id("theirs-2")));
    assert_ne!(
        name(&id("theirs-\u{212a}")),
        name(&id("theirs-k")),
        "the Kelvin sign is another name to Azure"
    );
    let other = HandshakeId::of_management(&manager(), &GROUP.parse().unwrap());
    assert_ne!(name(&id("theirs")), Name::of_member(&other, &id("theirs")));
}

const PINNED_MEMBER: &str = "peerpact-f920cd32f28a";
