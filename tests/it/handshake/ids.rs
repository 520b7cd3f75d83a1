//! Ids: read tolerantly where Azure varies, refused where somebody plays tricks, and equal without regard to case.

use std::collections::BTreeSet;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;

use peerpact::handshake::ids::{HandshakeId, LONGEST_ID, Name, SubscriptionId, TenantId, VirtualNetworkId};
use peerpact::kinds::peering::PeeringId;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

const NETWORK: &str = "/subscriptions/6a5f35e9-6951-499d-a36b-83c6c6eed44a/resourceGroups/Test-RG/providers/Microsoft.Network/virtualNetworks/vnet-1";
const OTHER: &str = "/subscriptions/dec492d3-4f4e-493b-aa47-7bdf2f96a6fc/resourceGroups/test-rg/providers/Microsoft.Network/virtualNetworks/vnet-2";

fn network(text: &str) -> VirtualNetworkId {
    text.parse().unwrap()
}

fn refusal(text: &str) -> String {
    text.parse::<VirtualNetworkId>().expect_err(text).to_string()
}

/// A network id with this group and name.
fn with(group: &str, name: &str) -> String {
    format!(
        "/subscriptions/6a5f35e9-6951-499d-a36b-83c6c6eed44a/resourceGroups/{group}/providers/Microsoft.Network/virtualNetworks/{name}"
    )
}

#[test]
fn an_id_is_printed_as_it_was_given_and_compared_without_regard_to_case() {
    let (given, shouted) = (network(NETWORK), network(&NETWORK.to_uppercase()));
    assert_eq!(given.to_string(), NETWORK);
    assert_eq!(given, shouted);
    assert_eq!(given.cmp(&shouted), std::cmp::Ordering::Equal);
    let hasher = RandomState::new();
    assert_eq!(hasher.hash_one(&given), hasher.hash_one(&shouted));
    assert_eq!(shouted.resource_group.as_str(), "TEST-RG", "the case that was given is kept");
    assert_ne!(given, network(OTHER));
}

#[test]
fn the_order_of_names_agrees_with_their_equality() {
    let names = ["b", "A", "B", "a", "aB", "Ab"].map(|name| name.parse::<Name>().unwrap());
    let kept: BTreeSet<&Name> = names.iter().collect();
    assert_eq!(kept.iter().map(|name| name.as_str().to_lowercase()).collect::<Vec<_>>(), ["a", "ab", "b"]);
}

#[test]
fn a_missing_leading_slash_and_one_trailing_slash_are_let_pass_and_no_more() {
    let bare = NETWORK.trim_start_matches('/');
    for text in [bare.to_owned(), format!("{NETWORK}/"), format!("{bare}/")] {
        assert_eq!(network(&text), network(NETWORK), "{text}");
    }
    for text in [format!("/{NETWORK}"), format!("{NETWORK}//"), NETWORK.replace("/providers", "//providers")]
    {
        assert!(text.parse::<VirtualNetworkId>().is_err(), "{text}");
    }
}

#[test]
fn a_peering_is_its_network_and_its_name() {
    let text = format!("{NETWORK}/virtualNetworkPeerings/to-vnet-2");
    let peering: PeeringId = text.parse().unwrap();
    assert_eq!(peering.network, network(NETWORK));
    assert_eq!(peering.name.as_str(), "to-vnet-2");
    assert_eq!(peering.to_string(), text);
    assert_eq!(peering, text.to_lowercase().parse().unwrap());
    assert_eq!(peering, network(NETWORK).peering("TO-VNET-2".parse().unwrap()));
}

#[test]
fn an_id_of_something_else_is_refused_and_told_why() {
    assert_eq!(
        refusal("/subscriptions/6a5f35e9-6951-499d-a36b-83c6c6eed44a"),
        "`/subscriptions/6a5f35e9-6951-499d-a36b-83c6c6eed44a` is not a virtual network id \
         (/subscriptions/…/resourceGroups/…/providers/Microsoft.Network/virtualNetworks/…): it has 2 segments instead of 8"
    );
    let subnet = format!("{NETWORK}/subnets/default");
    assert!(refusal(&subnet).ends_with("it has 10 segments instead of 8"));
    let subnet = subnet.parse::<PeeringId>().unwrap_err().to_string();
    assert!(subnet.ends_with("`subnets` stands where `virtualNetworkPeerings` belongs"), "{subnet}");
    let manager = NETWORK.replace("virtualNetworks", "networkManagers");
    assert!(refusal(&manager).ends_with("`networkManagers` stands where `virtualNetworks` belongs"));
    let compute = NETWORK.replace("Microsoft.Network", "Microsoft.Compute");
    assert!(refusal(&compute).ends_with("`Microsoft.Compute` stands where `Microsoft.Network` belongs"));
    let nobody = NETWORK.replace("6a5f35e9-6951-499d-a36b-83c6c6eed44a", "mine");
    assert!(refusal(&nobody).ends_with("`mine` is not a subscription id"));
    assert!(NETWORK.parse::<PeeringId>().unwrap_err().to_string().ends_with("8 segments instead of 10"));
    assert!("".parse::<VirtualNetworkId>().is_err());
    assert!("/".parse::<PeeringId>().is_err());
}

#[test]
fn names_that_could_lead_a_path_elsewhere_are_refused() {
    let long = "a".repeat(91);
    let hostile = [
        "",
        ".",
        "..",
        "...",
        "%2e%2e",
        "a%2fb",
        "a?b",
        "a#b",
        "a\\b",
        "a b",
        "a;b",
        "a'b",
        "a\"b",
        "a\nb",
        "a\r",
        "a\0",
        "a\u{200b}b",
        "a\u{202e}b",
        "a*",
        "$(id)",
        "`id`",
        "<script>",
        "a&b",
        &long,
    ];
    for name in hostile {
        assert!(name.parse::<Name>().is_err(), "{name:?} is taken as a name");
        assert!(with(name, "vnet-1").parse::<VirtualNetworkId>().is_err(), "{name:?} is taken as a group");
        assert!(with("rg", name).parse::<VirtualNetworkId>().is_err(), "{name:?} is taken as a network");
        let peering = format!("{NETWORK}/virtualNetworkPeerings/{name}");
        assert!(peering.parse::<PeeringId>().is_err(), "{name:?} is taken as a peering");
    }
    for name in ["a", "a.b", "_a-b_", "rg(1)", "größe", &"a".repeat(90)] {
        assert!(name.parse::<Name>().is_ok(), "{name:?} is refused, and resource groups may be called that");
    }
}

#[test]
fn an_id_that_climbs_out_of_its_place_is_refused() {
    for text in [
        NETWORK.replace("/Test-RG/", "/Test-RG/../"),
        NETWORK.replace("/Test-RG/", "/%2e%2e/"),
        NETWORK.replace("vnet-1", "vnet-1%2fvirtualNetworkPeerings%2fp"),
        NETWORK.replace("vnet-1", "vnet-1?api-version=2018-08-01"),
        format!("https://management.azure.com{NETWORK}"),
        format!("{NETWORK}\n"),
        format!(" {NETWORK}"),
    ] {
        assert!(text.parse::<VirtualNetworkId>().is_err(), "{text:?}");
    }
}

#[test]
fn an_id_that_is_too_long_is_refused_before_it_is_looked_into() {
    let text = with("rg", &"v".repeat(LONGEST_ID));
    let told = refusal(&text);
    assert!(told.ends_with("it is longer than 1024 bytes"), "{told}");
    assert!(told.len() < 500, "the error is as long as what was given: {} bytes", told.len());
}

#[test]
fn what_is_told_of_a_hostile_id_stays_on_one_line_and_is_short() {
    let lines = with("rg", "v\n2026-03-01 ERROR forged\u{1b}[31m");
    let endless = with(&"g".repeat(800), "v");
    for text in [lines, endless, format!("{NETWORK}/a\n/b"), "\u{1b}[2J".repeat(200), "é".repeat(300)] {
        let told = refusal(&text);
        assert!(!told.chars().any(char::is_control), "{told:?}");
        assert!(told.chars().count() < 600, "{} characters", told.chars().count());
    }
}

#[test]
fn a_tenant_and_a_subscription_are_plain_guids() {
    let plain = "72f988bf-86f1-41af-91ab-2d7cd011db47";
    assert_eq!(plain.to_uppercase().parse::<TenantId>().unwrap(), plain.parse().unwrap());
    assert_eq!(plain.to_uppercase().parse::<SubscriptionId>().unwrap().to_string(), plain);
    for text in [
        "",
        "contoso",
        &plain.replace('-', ""),
        &format!("{{{plain}}}"),
        &format!("urn:uuid:{plain}"),
        &plain[..35],
    ] {
        assert!(text.parse::<TenantId>().is_err(), "{text}");
        assert!(text.parse::<SubscriptionId>().is_err(), "{text}");
    }
}

#[test]
fn a_handshake_has_the_same_id_whoever_looks_and_however_it_is_spelt() {
    let (one, other) = (network(NETWORK), network(OTHER));
    let id = HandshakeId::of_peering(&one, &other);
    // Records of all tenants are found by this value: it may never change.
    assert_eq!(id.as_str(), "70a05eb6d73ac9f20bdf2113898c0393");
    assert_eq!(id, HandshakeId::of_peering(&other, &one));
    assert_eq!(
        id,
        HandshakeId::of_peering(&network(&NETWORK.to_lowercase()), &network(&OTHER.to_uppercase()))
    );
    assert_eq!(Name::of_half(&id).as_str(), format!("peerpact-{}", &id.as_str()[..12]));
}

#[test]
fn networks_that_are_not_equal_make_handshakes_that_are_not_equal() {
    // U+212A, the Kelvin sign, is `k` in lower case: a partner could name a group so that it lands on another's record.
    let (kelvin, k) = (network(&with("\u{212a}", "v")), network(&with("k", "v")));
    let (large, small) = (network(&with("GRÖSSE", "v")), network(&with("größse", "v")));
    for (one, other) in [(kelvin, k), (large, small)] {
        assert_ne!(one, other);
        let end = network(OTHER);
        assert_ne!(HandshakeId::of_peering(&one, &end), HandshakeId::of_peering(&other, &end));
    }
}

#[test]
fn a_handshake_id_is_32_hexadecimal_digits_in_any_case() {
    let id: HandshakeId = "0123456789ABCDEF0123456789abcdef".parse().unwrap();
    assert_eq!(id.as_str(), "0123456789abcdef0123456789abcdef");
    for text in [
        "",
        "0123",
        &"g".repeat(32),
        &"0".repeat(33),
        &format!("{} ", "0".repeat(31)),
        "'; DROP TABLE handshake; --",
    ] {
        assert!(text.parse::<HandshakeId>().is_err(), "{text}");
    }
}

#[test]
fn ids_are_written_as_text_in_json_and_read_back() {
    let peering = format!("{NETWORK}/virtualNetworkPeerings/p");
    let json = serde_json::to_string(&peering.parse::<PeeringId>().unwrap()).unwrap();
    assert_eq!(json, format!("\"{peering}\""));
    assert_eq!(serde_json::from_str::<PeeringId>(&json).unwrap(), peering.parse().unwrap());
    assert!(serde_json::from_str::<VirtualNetworkId>("\"..\"").is_err());
}

fn name() -> impl Strategy<Value = String> {
    let letters: Vec<char> =
        ('a'..='z').chain('A'..='Z').chain('0'..='9').chain("_-.()éßK".chars()).collect();
    proptest::collection::vec(proptest::sample::select(letters), 1..20)
        .prop_map(|letters| letters.into_iter().collect::<String>())
        .prop_filter("dots only", |name| name.chars().any(|c| c != '.'))
}

#[test]
fn any_valid_id_survives_printing_and_any_change_of_ascii_case() {
    let ends = (name(), name(), name(), name());
    TestRunner::deterministic()
        .run(&ends, |(group, one, other_group, other)| {
            let (one, other) = (network(&with(&group, &one)), network(&with(&other_group, &other)));
            prop_assert_eq!(&network(&one.to_string()), &one);
            let (upper, lower) =
                (one.to_string().to_ascii_uppercase(), other.to_string().to_ascii_lowercase());
            let id = HandshakeId::of_peering(&one, &other);
            prop_assert_eq!(&id, &HandshakeId::of_peering(&network(&lower), &network(&upper)));
            let end = network(OTHER);
            let same = HandshakeId::of_peering(&one, &end) == HandshakeId::of_peering(&other, &end);
            prop_assert_eq!(same, one == other);
            Ok(())
        })
        .unwrap();
}

#[test]
fn no_text_at_all_makes_an_id_panic_and_what_is_taken_is_printed_the_same() {
    let texts =
        prop_oneof![any::<String>(), "[/.a-zA-Z%*\\n-]{0,60}".prop_map(|tail| format!("{NETWORK}{tail}"))];
    TestRunner::deterministic()
        .run(&texts, |text| {
            if let Ok(id) = text.parse::<VirtualNetworkId>() {
                let (printed, given) = (id.to_string().to_ascii_lowercase(), text.to_ascii_lowercase());
                prop_assert_eq!(printed.trim_matches('/'), given.trim_matches('/'));
            }
            let _ = text.parse::<PeeringId>();
            let _ = text.parse::<HandshakeId>();
            Ok(())
        })
        .unwrap();
}
