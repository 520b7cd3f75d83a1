//! Agreement files: what is taken, what is refused and how that is told.

use peerpact::kinds::Kinds;
use std::error::Error;

use peerpact::handshake::agreements::{Agreements, OnRemoval, Whose};
use peerpact::handshake::ids::{TenantId, VirtualNetworkId};
use peerpact::kinds::peering::{PeeringEnds, Reach};
use peerpact_fixtures::{CONTOSO, CONTOSO_SUBSCRIPTION, FABRIKAM, FABRIKAM_SUBSCRIPTION, id};

const THIRD: &str = "11111111-2222-3333-4444-555555555555";
const THIRD_SUBSCRIPTION: &str = "99999999-8888-7777-6666-555555555555";

/// Networks of a subscription.
fn all_of(subscription: &str) -> String {
    format!("/subscriptions/{subscription}/resourceGroups/*/providers/Microsoft.Network/virtualNetworks/*")
}

/// An agreement of fabrikam's with contoso, key by key, so that a test can write one of them otherwise.
fn peering(changes: &[(&str, &str)]) -> String {
    let keys = [
        ("name", "\"all\"".to_owned()),
        ("ours", format!("\"{}\"", all_of(FABRIKAM_SUBSCRIPTION))),
        ("theirs", format!("\"{}\"", all_of(CONTOSO_SUBSCRIPTION))),
        ("prefixes", "[\"10.0.0.0/8\"]".to_owned()),
    ];
    let mut lines = vec!["[[peering]]".to_owned()];
    for (key, value) in &keys {
        let changed = changes.iter().find(|(changed, _)| changed == key).map(|(_, value)| *value);
        match changed {
            Some("") => {}
            Some(value) => lines.push(format!("{key} = {value}")),
            None => lines.push(format!("{key} = {value}")),
        }
    }
    let known = |key: &str| keys.iter().any(|(known, _)| *known == key);
    lines
        .extend(changes.iter().filter(|(key, _)| !known(key)).map(|(key, value)| format!("{key} = {value}")));
    lines.join("\n") + "\n"
}

fn head() -> String {
    format!("partner = \"contoso\"\ntenant = \"{CONTOSO}\"\n")
}

fn with(changes: &[(&str, &str)]) -> String {
    head() + &peering(changes)
}

fn parse(files: &[&str]) -> Result<Agreements, String> {
    let named = ["a.toml", "b.toml", "c.toml"].into_iter().zip(files.iter().copied());
    Kinds::built_in().agreements(Some(FABRIKAM.parse().unwrap()), named).map_err(|error| {
        let source = error.source().map(|source| format!("\n{source}")).unwrap_or_default();
        format!("{error}{source}").trim_end().to_owned()
    })
}

fn taken(text: &str) -> Agreements {
    parse(&[text]).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

#[track_caller]
fn refused(text: &str) -> String {
    parse(&[text]).expect_err(text)
}

#[test]
fn what_is_not_written_is_not_allowed() {
    let agreements = taken(&with(&[]));
    let partner = &agreements.partners()[0];
    let agreement = &partner.peerings()[0];
    assert!(!agreement.forwarded_traffic && !agreement.gateway_transit && !agreement.remote_gateways);
    assert_eq!((agreement.on_removal, agreement.reach), (OnRemoval::Remove, Reach::Ours));
    assert_eq!(agreement.tag, None);
    assert_eq!(partner.label(agreement), "contoso/all");
    assert!(partner.denials.is_empty());
}

#[test]
fn without_a_file_nobody_is_known() {
    let agreements = parse(&[]).unwrap();
    assert!(agreements.partners().is_empty());
    assert_eq!(agreements.whose(id("ours").subscription), None);
    assert_eq!(agreements.ends(&id("ours"), &id("theirs")), None);
}

#[test]
fn an_unknown_key_is_refused_with_line_and_column() {
    assert_eq!(
        refused(&with(&[("forwarded_trafic", "true")])),
        "a.toml cannot be read as an agreement
TOML parse error at line 8, column 1
  |
8 | forwarded_trafic = true
  | ^^^^^^^^^^^^^^^^
unknown field `forwarded_trafic`, expected one of `name`, `ours`, `theirs`, `prefixes`, `forwarded_traffic`, \
`gateway_transit`, `remote_gateways`, `on_removal`, `on_breach`, `on_withdrawal`, `adopt`, `reach`, `tag`"
    );
    assert!(refused(&format!("allow_all = true\n{}", with(&[]))).contains("line 1, column 1"));
    let deny = "[[deny]]\nnetwork = \"x\"\nreasn = \"x\"\n";
    assert!(refused(&(with(&[]) + deny)).contains("line 9, column 11"), "the pattern is looked at first");
}

#[test]
fn a_missing_key_is_named_with_the_place_it_is_missing_from() {
    for key in ["name", "ours", "theirs", "prefixes"] {
        let told = refused(&with(&[(key, "")]));
        assert!(told.contains(&format!("missing field `{key}`")), "{told}");
        assert!(told.contains("line 3, column 1"), "{told}");
    }
    assert!(refused(&peering(&[])).contains("missing field `partner`"));
    assert!(refused("partner = \"contoso\"\n").contains("missing field `tenant`"));
    let deny = format!("[[deny]]\nnetwork = \"{}\"\n", all_of(CONTOSO_SUBSCRIPTION));
    assert!(refused(&(head() + &deny)).contains("missing field `reason`"));
}

#[test]
fn values_of_another_shape_are_refused_where_they_stand() {
    for (key, value, told) in [
        ("forwarded_traffic", "\"yes\"", "line 8, column 21"),
        ("on_removal", "\"forget\"", "unknown variant `forget`, expected one of `remove`, `keep`, `restore`"),
        ("reach", "\"theirs\"", "unknown variant `theirs`, expected `ours` or `both`"),
        ("tag", "\"peerpact\"", "`peerpact` is not a tag; write \"key=value\""),
        ("tag", "\"=contoso\"", "`=contoso` is not a tag; write \"key=value\""),
        ("ours", "\"*\"", "line 5, column 8"),
        ("theirs", "\"*\"", "`*` is not a pattern of virtualNetworks: it has 1 segments instead of 8"),
    ] {
        let refusal = refused(&with(&[(key, value)]));
        assert!(refusal.contains(told), "{key} = {value}: {refusal}");
    }
    assert!(refused("partner = \"contoso\"\ntenant = \"contoso\"\n").contains("line 2, column 10"));
    assert!(refused(&with(&[]).replace("[[peering]]", "[peering]")).contains("line 3, column 1"));
    assert!(refused("partner = \"x\npeering").contains("TOML parse error at line"), "no TOML at all");
}

#[test]
fn a_range_that_is_none_is_refused_on_its_own_line() {
    assert_eq!(
        refused(&with(&[("prefixes", "[\n  \"10.0.0.0/8\",\n  \"10.0.0.0/33\",\n]")])),
        "a.toml cannot be read as an agreement
TOML parse error at line 9, column 3
  |
9 |   \"10.0.0.0/33\",
  |   ^^^^^^^^^^^^^
invalid value: string \"10.0.0.0/33\", expected a range of addresses such as \"10.0.0.0/8\" or \"fd00:1::/32\""
    );
    for text in ["10.0.0.0", "10.0.0/8", "", "10.0.0.0/8 ", "ten"] {
        let told = refused(&with(&[("prefixes", &format!("[\"{text}\"]"))]));
        assert!(told.contains("line 7, column 13") && told.contains("expected a range"), "{text:?}: {told}");
    }
}

#[test]
fn a_range_with_bits_beyond_its_length_is_refused_because_it_may_allow_more_than_was_meant() {
    for (text, whole) in
        [("10.1.0.0/8", "10.0.0.0/8"), ("10.0.0.1/31", "10.0.0.0/31"), ("fd00:1::1/64", "fd00:1::/64")]
    {
        let told = refused(&with(&[("prefixes", &format!("[\"{text}\"]"))]));
        let wanted = format!("`{text}` has bits beyond its length; write {whole} if that is what is agreed");
        assert!(told.contains(&wanted), "{told}");
    }
    taken(&with(&[("prefixes", "[\"10.0.0.0/8\", \"10.0.0.1/32\", \"fd00:1::/32\", \"0.0.0.0/0\"]")]));
}

#[test]
fn an_empty_list_of_ranges_is_refused_on_its_line() {
    assert_eq!(
        refused(&with(&[("prefixes", "[]")])),
        "a.toml, line 7: `prefixes` is empty, which allows nothing; name the ranges the partner may use"
    );
}

#[test]
fn two_agreements_of_one_name_are_refused_on_the_second_one() {
    let twice = with(&[]) + &peering(&[("name", "\"All\"")]);
    assert_eq!(refused(&twice), "a.toml, line 9: a second agreement is named `All`");
    taken(&(with(&[]) + &peering(&[("name", "\"some\"")])));
}

#[test]
fn names_that_records_could_not_write_are_refused() {
    assert_eq!(
        refused(&with(&[("name", "\"a/b\"")])),
        "a.toml, line 4: `name` holds a slash or a control character; records write it as `partner/name`"
    );
    assert_eq!(
        refused(&with(&[("name", "\" \"")])),
        "a.toml, line 4: `name` is empty; name it as people call it"
    );
    let nameless = format!("# nobody\npartner = \"\"\ntenant = \"{CONTOSO}\"\n");
    assert_eq!(refused(&nameless), "a.toml, line 2: `partner` is empty; name it as people call it");
    assert!(refused(&nameless.replace("\"\"", "\"a\\u001b[2J\"")).contains("control character"));
}

#[test]
fn one_tenant_in_two_files_is_refused_on_its_line() {
    let other = format!("# again\n\npartner = \"other\"\ntenant = \"{}\"\n", CONTOSO.to_uppercase());
    assert_eq!(
        parse(&[&with(&[]), &other]).unwrap_err(),
        format!("b.toml, line 4: tenant {CONTOSO} has an agreement file already, as `contoso`")
    );
}

#[test]
fn one_name_for_two_partners_is_refused_because_records_could_not_tell_them_apart() {
    let other = format!("partner = \"Contoso\"\ntenant = \"{THIRD}\"\n");
    assert_eq!(
        parse(&[&with(&[]), &other]).unwrap_err(),
        "b.toml, line 1: another file's partner is named `Contoso` already"
    );
}

#[test]
fn an_agreement_with_our_own_tenant_is_refused_where_ours_is_known() {
    let own = format!("partner = \"us\"\n\ntenant = \"{FABRIKAM}\"\n");
    assert_eq!(
        refused(&own),
        "a.toml, line 3: `tenant` is our own tenant; an agreement is made with another one"
    );
    assert!(Kinds::built_in().agreements(None, [("a.toml", own.as_str())]).is_ok());
}

#[test]
fn a_subscription_belongs_to_one_tenant_within_a_file_and_between_files() {
    let both = format!("subscription {FABRIKAM_SUBSCRIPTION} cannot be both ours and a partner's");
    let same = with(&[("theirs", &format!("\"{}\"", all_of(FABRIKAM_SUBSCRIPTION)))]);
    assert_eq!(refused(&same), format!("a.toml, line 4: {both}"));

    let theirs = format!("\"{}\"", all_of(FABRIKAM_SUBSCRIPTION));
    let ours = format!("\"{}\"", all_of(THIRD_SUBSCRIPTION));
    let turned = peering(&[("name", "\"turned\""), ("ours", &ours), ("theirs", &theirs)]);
    assert_eq!(refused(&(with(&[]) + &turned)), format!("a.toml, line 9: {both}"));

    let third = format!("partner = \"third\"\ntenant = \"{THIRD}\"\n");
    let taking_ours = third.clone() + &turned;
    assert_eq!(parse(&[&with(&[]), &taking_ours]).unwrap_err(), format!("b.toml, line 4: {both}"));
    let taking_contosos = third.clone() + &peering(&[]);
    assert_eq!(
        parse(&[&with(&[]), &taking_contosos]).unwrap_err(),
        format!("b.toml, line 4: subscription {CONTOSO_SUBSCRIPTION} is tenant {CONTOSO}'s in another file")
    );
    let lending_theirs =
        third + &peering(&[("ours", &format!("\"{}\"", all_of(CONTOSO_SUBSCRIPTION))), ("theirs", &ours)]);
    let told = parse(&[&with(&[]), &lending_theirs]).unwrap_err();
    assert_eq!(
        told,
        format!("b.toml, line 4: subscription {CONTOSO_SUBSCRIPTION} cannot be both ours and a partner's")
    );
}

#[test]
fn restoring_the_partners_half_needs_reach_both() {
    assert_eq!(
        refused(&with(&[("on_removal", "\"restore\"")])),
        "a.toml, line 4: `on_removal = \"restore\"` writes the partner's half, which needs `reach = \"both\"`"
    );
    let agreements = taken(&with(&[("on_removal", "\"restore\""), ("reach", "\"both\"")]));
    let agreement = &agreements.partners()[0].peerings()[0];
    assert_eq!((agreement.on_removal, agreement.reach), (OnRemoval::Restore, Reach::Both));
}

#[test]
fn a_tag_is_split_at_the_first_equals_sign() {
    let agreements = taken(&with(&[("tag", "\"peerpact=a=b\"")]));
    let tag = agreements.partners()[0].peerings()[0].tag.clone().unwrap();
    assert_eq!((tag.key.as_str(), tag.value.as_str()), ("peerpact", "a=b"));
}

#[test]
fn a_resource_id_tells_whose_it_is_and_nobody_elses_counts() {
    let agreements = taken(&with(&[]));
    let contoso: TenantId = CONTOSO.parse().unwrap();
    let (ours, theirs) = (id("ours"), id("theirs"));
    assert_eq!(agreements.whose(ours.subscription), Some(Whose::Ours));
    assert_eq!(agreements.whose(theirs.subscription), Some(Whose::Theirs(contoso)));
    let stranger: VirtualNetworkId = all_of(THIRD_SUBSCRIPTION).replace('*', "x").parse().unwrap();
    assert_eq!(agreements.whose(stranger.subscription), None);

    let ends = PeeringEnds { ours: ours.clone(), theirs: theirs.clone(), partner: contoso };
    assert_eq!(agreements.ends(&ours, &theirs), Some(ends.clone()));
    assert_eq!(agreements.ends(&theirs, &ours), Some(ends));
    for (one, other) in [(&ours, &ours), (&theirs, &id("theirs-2")), (&ours, &stranger), (&stranger, &theirs)]
    {
        assert_eq!(agreements.ends(one, other), None, "{one} and {other} are no pair of ours");
    }
}

#[test]
fn networks_of_two_partners_are_no_pair_of_ours() {
    let theirs = format!("\"{}\"", all_of(THIRD_SUBSCRIPTION));
    let third = format!("partner = \"third\"\ntenant = \"{THIRD}\"\n") + &peering(&[("theirs", &theirs)]);
    let agreements = parse(&[&with(&[]), &third]).unwrap();
    let of_third: VirtualNetworkId = all_of(THIRD_SUBSCRIPTION).replace('*', "x").parse().unwrap();
    assert_eq!(agreements.ends(&id("theirs"), &of_third), None);
    assert_eq!(agreements.ends(&of_third, &id("ours")).unwrap().partner, THIRD.parse().unwrap());
}

#[test]
fn the_first_agreement_that_covers_both_ends_counts() {
    let pattern = |name: &str| {
        format!(
            "\"{}\"",
            all_of(CONTOSO_SUBSCRIPTION).replace("virtualNetworks/*", &format!("virtualNetworks/{name}"))
        )
    };
    let text = head()
        + &peering(&[
            ("name", "\"narrow\""),
            ("theirs", &pattern("theirs-hub")),
            ("prefixes", "[\"10.1.0.0/16\"]"),
        ])
        + &peering(&[("name", "\"wide\""), ("theirs", &pattern("theirs-*"))])
        + &peering(&[("name", "\"never reached\""), ("theirs", &pattern("theirs-hub"))]);
    let agreements = taken(&text);
    let covering = |theirs: &str| {
        let ends = PeeringEnds { ours: id("ours"), theirs: id(theirs), partner: CONTOSO.parse().unwrap() };
        agreements.covering(&ends).map(|(partner, agreement)| partner.label(agreement))
    };
    assert_eq!(covering("theirs-hub").as_deref(), Some("contoso/narrow"));
    assert_eq!(covering("theirs-spoke").as_deref(), Some("contoso/wide"));
    assert_eq!(covering("theirs"), None);
}

#[test]
fn an_agreement_covers_nothing_for_a_partner_it_is_not_made_with() {
    let agreements = taken(&with(&[]));
    let ends = PeeringEnds { ours: id("ours"), theirs: id("theirs"), partner: THIRD.parse().unwrap() };
    assert!(agreements.covering(&ends).is_none());
    assert!(agreements.partner(THIRD.parse().unwrap()).is_none());
}
