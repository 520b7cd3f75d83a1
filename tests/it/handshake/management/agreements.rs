//! `[[management]]` in agreement files.

use peerpact::kinds::Kinds;
use std::error::Error;

use peerpact::handshake::agreements::{Agreements, OnRemoval, Whose};
use peerpact::handshake::resource_id::ResourceId;
use peerpact::handshake::scope::Scope;
use peerpact::kinds::network_manager::{ManagementEnds, Seat};
use peerpact_fixtures::{CONTOSO, CONTOSO_SUBSCRIPTION, FABRIKAM, FABRIKAM_SUBSCRIPTION, id};

use super::{SEATS, agreements, agreements_on, ends, manager, managers, scope};

const GROUP: &str = "/providers/Microsoft.Management/managementGroups/root";
const THIRD: &str = "11111111-2222-3333-4444-555555555555";
const THIRD_SUBSCRIPTION: &str = "99999999-8888-7777-6666-555555555555";

/// fabrikam's file on contoso, with this after the head.
fn file(text: &str) -> String {
    format!("partner = \"contoso\"\ntenant = \"{CONTOSO}\"\n{text}")
}

fn third(text: &str) -> String {
    format!("partner = \"third\"\ntenant = \"{THIRD}\"\n{text}")
}

fn management(name: &str, manager: &str, scope: &str, keys: &str) -> String {
    format!("[[management]]\nname = \"{name}\"\nmanager = \"{manager}\"\nscope = \"{scope}\"\n{keys}\n")
}

/// Fabrikam's scope is taken by contoso's managers.
fn plain(keys: &str) -> String {
    management("central", &managers("*"), &scope().to_string(), keys)
}

/// Fabrikam's manager takes a scope of the partner's.
fn as_central(scope: &str, keys: &str) -> String {
    let manager = managers("*").replace(CONTOSO_SUBSCRIPTION, FABRIKAM_SUBSCRIPTION);
    management("own", &manager, scope, &format!("ours = \"manager\"\n{keys}"))
}

fn parse(files: &[&str]) -> Result<Agreements, String> {
    let named = ["a.toml", "b.toml"].into_iter().zip(files.iter().copied());
    Kinds::built_in().agreements(Some(FABRIKAM.parse().unwrap()), named).map_err(|error| {
        let source = error.source().map(|source| format!("\n{source}")).unwrap_or_default();
        format!("{error}{source}")
    })
}

fn refused(text: &str) -> String {
    parse(&[text]).expect_err(text)
}

#[test]
fn a_file_without_further_keys_lets_the_partner_manage_our_scope() {
    let agreements = parse(&[&file(&plain(""))]).unwrap();
    let agreement = &agreements.partners()[0].managements()[0];
    assert_eq!((agreement.ours, agreement.on_removal), (Seat::Target, OnRemoval::Remove));
    assert_eq!((agreement.ours, agreement.groups.len()), (Seat::Target, 0));
    assert_eq!(agreements.managements().count(), 1);
}

#[test]
fn unknown_keys_and_other_values_are_refused_with_their_place() {
    for (keys, told) in [
        ("reach = \"both\"", "unknown field `reach`"),
        ("ours = \"theirs\"", "unknown variant `theirs`, expected `scope` or `manager`"),
        ("groups = [{ name = \"g\" }]", "missing field `members`"),
        ("groups = [{ name = \"a/b\", members = \"\" }]", "is not a pattern of virtualNetworks"),
        ("on_removal = \"forget\"", "unknown variant `forget`"),
    ] {
        let refusal = refused(&file(&plain(keys)));
        assert!(refusal.contains(told) && refusal.contains("line 7, column"), "{keys}: {refusal}");
    }
    for (manager, scope) in
        [("*", "/subscriptions/*"), (&*managers("*"), "/subscriptions/*"), (&managers("*"), "*")]
    {
        let refusal = refused(&file(&management("m", manager, scope, "")));
        assert!(refusal.contains("is not"), "{refusal}");
    }
}

#[test]
fn restoring_is_for_peerings_and_groups_are_of_our_own_manager() {
    assert_eq!(
        refused(&file(&plain("on_removal = \"restore\""))),
        "a.toml, line 4: `on_removal = \"restore\"` is for peerings; write \"remove\" or \"keep\""
    );
    let group = |subscription: &str| {
        let networks = id("theirs").to_string().replace(CONTOSO_SUBSCRIPTION, subscription);
        format!("groups = [{{ name = \"spokes\", members = \"{networks}\" }}]")
    };
    assert_eq!(
        refused(&file(&plain(&group(CONTOSO_SUBSCRIPTION)))),
        "a.toml, line 4: `groups` are of our own manager, which needs `ours = \"manager\"`"
    );
    let theirs = format!("/subscriptions/{CONTOSO_SUBSCRIPTION}");
    parse(&[&file(&as_central(&theirs, &group(CONTOSO_SUBSCRIPTION)))]).unwrap();
    assert_eq!(
        refused(&file(&as_central(&theirs, &group(THIRD_SUBSCRIPTION)))),
        format!("a.toml, line 4: `members` of group spokes lie outside the scope {theirs}")
    );
    let under_group = parse(&[&file(&as_central(GROUP, &group(THIRD_SUBSCRIPTION)))]).unwrap();
    let contoso = Some(Whose::Theirs(CONTOSO.parse().unwrap()));
    assert_eq!(under_group.whose(THIRD_SUBSCRIPTION.parse().unwrap()), contoso);
    assert_eq!(
        refused(&file(&as_central(GROUP, &group(FABRIKAM_SUBSCRIPTION)))),
        format!("a.toml, line 4: subscription {FABRIKAM_SUBSCRIPTION} cannot be both ours and a partner's")
    );
}

#[test]
fn names_are_unique_across_both_kinds() {
    let peering = format!(
        "[[peering]]\nname = \"Central\"\nours = \"{}\"\ntheirs = \"{}\"\nprefixes = [\"10.0.0.0/8\"]\n",
        id("ours"),
        id("theirs")
    );
    let told = refused(&file(&(plain("") + &peering)));
    assert!(told.ends_with("a second agreement is named `central`"), "{told}");
    let told = refused(&file(&(plain("") + &plain(""))));
    assert_eq!(told, "a.toml, line 9: a second agreement is named `central`");
    assert!(refused(&file(&management("a/b", &managers("*"), &scope().to_string(), ""))).contains("slash"));
}

#[test]
fn a_subscription_or_management_group_belongs_to_one_tenant() {
    let both = |what: &str| format!("{what} cannot be both ours and a partner's");
    let own = format!("subscription {FABRIKAM_SUBSCRIPTION}");
    let turned = as_central(&scope().to_string(), "");
    assert!(refused(&file(&turned)).ends_with(&both(&own)));
    assert!(refused(&file(&(plain("") + &turned))).ends_with(&both(&own)));

    let group_is_ours = management("root", &managers("*"), GROUP, "");
    let told = refused(&file(&(group_is_ours.clone() + &as_central(&GROUP.to_uppercase(), ""))));
    assert!(told.ends_with("management group ROOT cannot be both ours and a partner's"), "{told}");
    let other = third(&as_central(GROUP, ""));
    let told = parse(&[&file(&group_is_ours), &other]).unwrap_err();
    assert_eq!(told, format!("b.toml, line 4: {}", both("management group root")));
    let told = parse(&[&file(&as_central(GROUP, "")), &other]).unwrap_err();
    assert_eq!(told, format!("b.toml, line 4: management group root is tenant {CONTOSO}'s in another file"));
    let told = parse(&[&file(&plain("")), &third(&plain(""))]).unwrap_err();
    assert!(told.contains(&format!("subscription {CONTOSO_SUBSCRIPTION} is tenant {CONTOSO}'s")), "{told}");
    let shared =
        third(&management("x", &managers("*").replace(CONTOSO_SUBSCRIPTION, THIRD_SUBSCRIPTION), GROUP, ""));
    parse(&[&file(&group_is_ours), &shared]).expect("two partners may be let into one group of ours");
}

#[test]
fn a_scope_tells_whose_it_is_in_any_case_and_nobody_elses_counts() {
    for seat in SEATS {
        let expected = match seat {
            Seat::Central => Whose::Theirs(FABRIKAM.parse().unwrap()),
            Seat::Target => Whose::Ours,
        };
        let of_subscription = agreements(seat, "");
        assert_eq!(of_subscription.whose_scope(&scope()), Some(expected));
        assert_eq!(of_subscription.whose_scope(&GROUP.parse().unwrap()), None);
        let of_group = agreements_on(seat, "*", GROUP, "");
        let shouted: Scope = format!("{}/", GROUP.to_uppercase()).parse().unwrap();
        assert_eq!(of_group.whose_scope(&shouted), Some(expected));
        assert_eq!(of_group.whose_scope(&scope()), None, "a group's subscriptions are not known");
        let ends = of_group.management_ends(&manager(), &shouted).unwrap();
        assert_eq!((ends.seat, of_group.covering_management(&ends).is_some()), (seat, true));
    }
}

#[test]
fn the_two_ends_are_told_apart_from_either_seat_and_strangers_make_no_pair() {
    let (m, s) = (ResourceId::of(&manager()), ResourceId::of(&scope()));
    for seat in SEATS {
        let agreements = agreements(seat, "");
        assert_eq!(agreements.management_ends(&manager(), &scope()), Some(ends(seat)));
        let (ours, theirs) = if seat == Seat::Central { (&m, &s) } else { (&s, &m) };
        let kinds = Kinds::built_in();
        assert_eq!(kinds.pair(ours, theirs, &agreements), Some(ends(seat).pair()));
        assert_eq!(kinds.pair(theirs, ours, &agreements), None, "the other way round");
        let network = ResourceId::of(&id("ours"));
        for (one, other) in [(&m, &m), (&s, &s), (&network, &m), (&s, &network)] {
            assert_eq!(kinds.pair(one, other, &agreements), None, "{one} and {other}");
        }
        let stranger: Scope = format!("/subscriptions/{THIRD_SUBSCRIPTION}").parse().unwrap();
        assert_eq!(agreements.management_ends(&manager(), &stranger), None);
        let strange = managers("m").replace(CONTOSO_SUBSCRIPTION, THIRD_SUBSCRIPTION).parse().unwrap();
        assert_eq!(agreements.management_ends(&strange, &scope()), None);
        let own = managers("m").replace(CONTOSO_SUBSCRIPTION, FABRIKAM_SUBSCRIPTION).parse().unwrap();
        assert_eq!(agreements.management_ends(&own, &scope()), None, "both in one tenant");
    }
}

#[test]
fn an_agreement_covers_its_managers_its_scope_and_its_seat_and_no_others() {
    for seat in SEATS {
        let named = agreements_on(seat, "manage*", &scope().to_string(), "");
        let covered = |ends: &ManagementEnds| {
            named.covering_management(ends).map(|(_, found)| found.name.get_ref().clone())
        };
        assert_eq!(covered(&ends(seat)).as_deref(), Some("central"));
        assert_eq!(covered(&ends(seat.other())), None, "the other seat is the partner's");
        let turned = ManagementEnds { seat: seat.other(), ..ends(seat) };
        assert_eq!(covered(&turned), None, "consent to one seat is none to the other");
        let with =
            |manager: &str| ManagementEnds { manager: managers(manager).parse().unwrap(), ..ends(seat) };
        assert_eq!(covered(&with("MANAGER-2")).as_deref(), Some("central"));
        assert_eq!(covered(&with("other")), None);
        assert_eq!(covered(&ManagementEnds { scope: GROUP.parse().unwrap(), ..ends(seat) }), None);
        assert_eq!(covered(&ManagementEnds { partner: THIRD.parse().unwrap(), ..ends(seat) }), None);
    }
}

#[test]
fn of_agreements_that_cover_both_ends_the_first_counts() {
    let scope = scope().to_string();
    let text = file(
        &(management("narrow", &managers("hub"), &scope, "on_removal = \"keep\"")
            + &management("wide", &managers("*"), &scope, "")),
    );
    let agreements = parse(&[&text]).unwrap();
    let label = |name: &str| {
        let ends = ManagementEnds { manager: managers(name).parse().unwrap(), ..ends(Seat::Target) };
        agreements.covering_management(&ends).map(|(partner, found)| partner.label_of(&found.name)).unwrap()
    };
    assert_eq!((label("HUB").as_str(), label("other").as_str()), ("contoso/narrow", "contoso/wide"));
}
