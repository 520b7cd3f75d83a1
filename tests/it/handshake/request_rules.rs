//! `[[requests]]`: which queue may ask for what, as agreement files say it.

use peerpact::kinds::Kinds;
use std::error::Error;

use peerpact::handshake::agreements::Agreements;
use peerpact::handshake::request_queue::RequestQueue;
use peerpact_fixtures::CONTOSO;

const EVERYTHING: [&str; 4] = ["connect-peering", "connect-management", "disconnect", "recheck"];

fn parse(rules: &str) -> Result<Agreements, String> {
    let text = format!("partner = \"contoso\"\ntenant = \"{CONTOSO}\"\n{rules}");
    Kinds::built_in()
        .agreements(None, [("a.toml", text.as_str())])
        .map_err(|error| format!("{error} {}", error.source().map(ToString::to_string).unwrap_or_default()))
}

/// What a queue may ask for.
fn allowed(rules: &str, queue: &str) -> Vec<&'static str> {
    let queue: RequestQueue = queue.to_owned().try_into().unwrap_or_else(|error| panic!("{error}"));
    let agreements = parse(rules).unwrap_or_else(|error| panic!("{error}"));
    let partner = &agreements.partners()[0];
    EVERYTHING.into_iter().filter(|action| partner.may_ask(&queue, action)).collect()
}

#[test]
fn without_rules_the_queue_that_everybody_has_may_ask_for_everything_and_no_other_for_anything() {
    assert_eq!(allowed("", "connection-requests"), EVERYTHING);
    assert!(allowed("", "connection-requests-ops").is_empty());
}

#[test]
fn with_rules_only_what_is_listed_may_be_asked_for() {
    let ops = "[[requests]]\nqueue = \"connection-requests-ops\"\nactions = [\"disconnect\", \"recheck\"]\n";
    assert_eq!(allowed(ops, "connection-requests-ops"), ["disconnect", "recheck"]);
    assert!(allowed(ops, "connection-requests").is_empty());
    assert!(allowed(ops, "connection-requests-op").is_empty());
    let none = "[[requests]]\nqueue = \"connection-requests\"\nactions = []\n";
    assert!(allowed(none, "connection-requests").is_empty());
}

#[test]
fn rules_that_nobody_could_keep_are_refused_where_they_stand() {
    let rule =
        |queue: &str, actions: &str| format!("[[requests]]\nqueue = \"{queue}\"\nactions = [{actions}]\n");
    for (text, told) in [
        (rule("requests", ""), "line 4, column 9"),
        (rule("connection-requests-Ops", ""), "1 to 20 of a-z, 0-9 and -"),
        (
            rule("connection-requests", "\"connect\""),
            "line 5: `connect` is not an action; there are connect-peering, connect-management, disconnect, recheck",
        ),
        (rule("connection-requests", "") + "sender = \"x\"\n", "line 6, column 1"),
        ("[[requests]]\nactions = []\n".to_owned(), "line 3, column 1"),
        (
            rule("connection-requests", "") + &rule("connection-requests", "\"recheck\""),
            "a.toml, line 7: a second [[requests]] is about the queue `connection-requests`",
        ),
    ] {
        let error = parse(&text).unwrap_err();
        assert!(error.contains(told), "{text}: {error}");
    }
}
