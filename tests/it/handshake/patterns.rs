//! Patterns: which networks an agreement means.

use peerpact::handshake::ids::VirtualNetworkId;
use peerpact::handshake::pattern::NetworkPattern;
use proptest::prelude::*;
use proptest::test_runner::{RngAlgorithm, TestRng, TestRunner};

const SUBSCRIPTION: &str = "6a5f35e9-6951-499d-a36b-83c6c6eed44a";

fn text(subscription: &str, group: &str, name: &str) -> String {
    format!(
        "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.Network/virtualNetworks/{name}"
    )
}

fn pattern(group: &str, name: &str) -> NetworkPattern {
    text(SUBSCRIPTION, group, name).parse().unwrap()
}

fn network(group: &str, name: &str) -> VirtualNetworkId {
    text(SUBSCRIPTION, group, name).parse().unwrap()
}

fn refusal(text: &str) -> String {
    text.parse::<NetworkPattern>().expect_err(text).to_string()
}

#[test]
fn a_name_without_a_star_means_itself_in_any_case() {
    let hub = pattern("Net-RG", "Hub");
    assert!(hub.matches(&network("net-rg", "HUB")));
    assert!(!hub.matches(&network("net-rg", "hub2")));
    assert!(!hub.matches(&network("net-rg", "2hub")));
    assert!(!hub.matches(&network("net-rg2", "hub")));
}

#[test]
fn a_star_stands_for_any_run_of_characters_wherever_it_stands() {
    let cases: [(&str, &[&str], &[&str]); 10] = [
        ("*", &["a", "a.b-c(1)"], &[]),
        ("hub-*", &["hub-", "hub-1", "HUB-1"], &["hub", "a-hub-1"]),
        ("*-hub", &["-hub", "a-hub", "a-hub-hub"], &["hub", "a-hub-1"]),
        ("a*z", &["az", "abz", "azz", "azaz"], &["a", "z", "abza", "baz"]),
        ("a*a", &["aa", "aba"], &["a", "ab"]),
        ("*x*", &["x", "axb", "xx"], &["ab"]),
        ("a*b*c", &["abc", "axbxc", "abcbc", "abbcc"], &["acb", "ac", "abcd"]),
        ("*ab*ab", &["abab", "ababab", "xabyab"], &["ab", "aba"]),
        ("**", &["a"], &[]),
        ("a**b", &["ab", "axb"], &["a", "b"]),
    ];
    for (star, meant, not_meant) in cases {
        for name in meant {
            assert!(
                pattern("rg", star).matches(&network("rg", name)),
                "{star} should mean the network {name}"
            );
            assert!(pattern(star, "v").matches(&network(name, "v")), "{star} should mean the group {name}");
        }
        for name in not_meant {
            assert!(!pattern("rg", star).matches(&network("rg", name)), "{star} should not mean {name}");
        }
    }
}

#[test]
fn a_star_never_reaches_into_another_segment() {
    assert!(!pattern("a*", "v").matches(&network("b", "av")));
    assert!(!pattern("rg", "*").matches(&network("rg2", "v")));
    assert!(
        refusal(&text(SUBSCRIPTION, "*", "*").replace("/providers", "/x/providers")).contains("9 segments")
    );
    assert!(refusal("*").contains("1 segments instead of 8"));
}

#[test]
fn letters_that_mean_something_elsewhere_mean_themselves_here() {
    assert!(!pattern("rg", "a.c").matches(&network("rg", "abc")));
    assert!(pattern("rg", "a(1)").matches(&network("rg", "a(1)")));
    for name in ["a?", "[ab]", "a|b", "%2a", "a b", "", "..", "a\nb"] {
        assert!(text(SUBSCRIPTION, "rg", name).parse::<NetworkPattern>().is_err(), "{name:?}");
        assert!(text(SUBSCRIPTION, name, "v").parse::<NetworkPattern>().is_err(), "{name:?}");
    }
}

#[test]
fn the_subscription_is_spelt_out_and_compared_without_regard_to_case() {
    for subscription in ["*", "6a5f35e9-*", "", "contoso"] {
        let told = refusal(&text(subscription, "*", "*"));
        assert!(
            told.contains(&format!(
                "the subscription must be spelt out, and `{subscription}` is not a subscription id"
            )),
            "{told}"
        );
    }
    let shouted: NetworkPattern = text(SUBSCRIPTION, "*", "*").to_uppercase().parse().unwrap();
    assert!(shouted.matches(&network("rg", "v")));
    let other: VirtualNetworkId = text("dec492d3-4f4e-493b-aa47-7bdf2f96a6fc", "rg", "v").parse().unwrap();
    assert!(!shouted.matches(&other));
}

#[test]
fn a_wrong_pattern_is_told_with_what_to_write() {
    assert_eq!(
        refusal(&text(SUBSCRIPTION, "*", "*").replace("virtualNetworks", "networkManagers")),
        "`/subscriptions/6a5f35e9-6951-499d-a36b-83c6c6eed44a/resourceGroups/*/providers/Microsoft.Network/networkManagers/*` \
         is not a pattern of virtualNetworks: `networkManagers` stands where `virtualNetworks` belongs; write \
         /subscriptions/<subscription id>/resourceGroups/<name or *>/providers/Microsoft.Network/virtualNetworks/<name or *>"
    );
}

#[test]
fn only_a_group_that_is_spelt_out_is_a_group_to_list() {
    assert_eq!(pattern("Net-RG", "*").resource_group(), Some("net-rg".parse().unwrap()));
    assert_eq!(pattern("net-*", "*").resource_group(), None);
}

#[test]
fn a_pattern_is_printed_so_that_it_can_be_read_again() {
    let given = pattern("Net-*", "*hub*");
    assert_eq!(given.to_string().parse::<NetworkPattern>().unwrap(), given);
}

/// The obvious way, which takes exponential time: what the real one has to agree with.
fn means(star: &[u8], name: &[u8]) -> bool {
    match (star.split_first(), name.split_first()) {
        (None, None) => true,
        (Some((b'*', rest)), _) => {
            means(rest, name) || name.split_first().is_some_and(|(_, tail)| means(star, tail))
        }
        (Some((wanted, rest)), Some((found, tail))) => wanted == found && means(rest, tail),
        (None, Some(_)) | (Some(_), None) => false,
    }
}

#[test]
fn matching_agrees_with_trying_everything() {
    let always_the_same = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    TestRunner::new_with_rng(ProptestConfig::with_cases(5000), always_the_same)
        .run(&("[ab*]{1,8}", "[ab]{1,10}"), |(star, name)| {
            let matched = pattern("rg", &star).matches(&network("rg", &name));
            prop_assert_eq!(matched, means(star.as_bytes(), name.as_bytes()));
            Ok(())
        })
        .unwrap();
}
