//! `request`: what is sent, and what is refused before anything is.

use std::io::Write;
use std::net::TcpListener;
use std::process::{Output, Stdio};

use peerpact_fixtures::{CONTOSO_SUBSCRIPTION, FABRIKAM_SUBSCRIPTION, id};
use serde_json::json;

use super::support::*;

/// A namespace on this port that nobody serves.
fn nowhere() -> String {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    format!(
        "Endpoint=sb://127.0.0.1:{port};SharedAccessKeyName=key;SharedAccessKey=c2VjcmV0;UseDevelopmentEmulator=true;"
    )
}

/// Runs it where the queues cannot be reached, so that what gets as far as sending fails with 3.
fn asked(args: &[&str], stdin: Option<&str>) -> Output {
    let mut command = peerpact(&[&["request"], args].concat());
    command.env("PEERPACT_SERVICE_BUS", nowhere());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // Who refuses its arguments reads no input.
    let _unread = child.stdin.take().unwrap().write_all(stdin.unwrap_or_default().as_bytes());
    child.wait_with_output().unwrap()
}

#[track_caller]
fn refused(code: i32, args: &[&str], stdin: Option<&str>) -> String {
    let output = asked(args, stdin);
    assert_eq!(output.status.code(), Some(code), "{output:?}");
    assert_eq!(text(&output.stdout), "", "an error is no answer");
    text(&output.stderr).to_owned()
}

fn manager() -> String {
    format!(
        "/subscriptions/{FABRIKAM_SUBSCRIPTION}/resourceGroups/rg/providers/Microsoft.Network/networkManagers/hub"
    )
}

#[test]
fn without_something_to_ask_for_it_is_wrong_use() {
    for (args, missing) in [
        (&[][..], "Usage: peerpact request"),
        (&["--wait"], "--file <FILE>"),
        (&["peering", "--ours", "/x"], "is not a virtual network id"),
        (&["peering"], "--ours <ID>"),
        (&["management"], "--manager <ID>"),
        (&["disconnect"], "HALF-ID"),
        (&["recheck"], "--theirs <ID>"),
        (&["peering", "--file", "f", "--id", "r-1"], "cannot be used with"),
        (&["peering", "--file", "f", "--gateway-transit", "true"], "cannot be used with"),
        (&["disconnect", "--half", "/x"], "is not the id of a peering, a scope connection"),
        (&["recheck", "--file", "f", "--id=.x"], "1 to 64 letters"),
        (&["peering", "--file", "f", "--timeout", "5"], "--wait"),
        (&["peering", "--file", "f", "--wait", "--timeout", "0"], "0 is not in 1..=86400"),
        (&["management", "--member", "group"], "write GROUP=ID"),
    ] {
        let told = refused(2, args, None);
        assert!(told.contains(missing), "{args:?}: {told}");
    }
}

#[test]
fn a_request_that_cannot_be_right_is_a_no_and_is_not_sent() {
    let ours = id("ours").to_string();
    let told = refused(1, &["peering", "--ours", &ours, "--theirs", &ours.to_uppercase()], None);
    assert_eq!(
        told,
        "error: the field `theirs` is the same as `ours`, and nothing is connected with itself\n"
    );
    let told = refused(1, &["recheck", "--ours", &ours, "--theirs", &manager()], None);
    assert!(told.starts_with("error: the field `theirs` makes no pair with `ours`"), "{told}");
}

#[test]
fn where_the_queues_are_has_to_be_said() {
    let half = format!("{}/virtualNetworkPeerings/x", id("ours"));
    let told = complaint(3, &["request", "disconnect", &half]);
    assert!(told.contains("PEERPACT_SERVICE_BUS"), "{told}");
}

#[test]
fn what_could_not_be_sent_is_told_with_the_id_to_repeat_it_with() {
    let (ours, theirs) = (id("ours").to_string(), id("theirs").to_string());
    let told = refused(3, &["peering", "--ours", &ours, "--theirs", &theirs, "--id", "mine.1"], None);
    assert!(
        told.starts_with("error: request mine.1 may not have been sent; to repeat it: --id mine.1: ")
            && told.contains("the queue connection-requests could not be reached"),
        "{told}"
    );
    let told = refused(
        3,
        &[
            "management",
            "--manager",
            &manager(),
            "--scope",
            &format!("/subscriptions/{CONTOSO_SUBSCRIPTION}"),
        ],
        None,
    );
    assert!(told.contains("to repeat it: --id r-"), "an id was made: {told}");
    assert!(!told.contains("c2VjcmV0"), "the key is told: {told}");
}

#[test]
fn of_a_file_with_bad_lines_every_one_is_told_and_nothing_is_sent() {
    let good = json!({"action": "recheck", "ours": id("ours"), "theirs": id("theirs")});
    let bad = json!({"action": "recheck", "ours": id("ours"), "theirs": id("theirs"), "MessageId": "x"});
    let folder = Folder::with(&[("requests.jsonl", &format!("{good}\n{bad}\n\nnonsense\n{good}\n"))]);
    let file = folder.file("requests.jsonl");
    let name = file.to_str().unwrap();
    for args in [&["--file", name][..], &["recheck", "--file", name]] {
        let told = refused(1, args, None);
        let lines: Vec<&str> = told.lines().collect();
        assert_eq!(
            lines[0],
            format!(
                "error: {name}, line 2: the field `MessageId` is not known here; there are version, id, ours, theirs"
            )
        );
        assert!(lines[1].starts_with(&format!("error: {name}, line 4: the body is not JSON: ")), "{told}");
        assert_eq!(lines[2..], ["error: nothing was sent"]);
    }
    let many = "x\n".repeat(50);
    let told = refused(1, &["--file", "-"], Some(&many));
    assert_eq!(told.lines().count(), 21);
    assert!(told.ends_with("error: 30 more lines are bad; nothing was sent\n"), "{told}");
}

#[test]
fn a_file_of_one_kind_holds_no_other() {
    let recheck = json!({"action": "recheck", "ours": id("ours"), "theirs": id("theirs")}).to_string();
    let told = refused(1, &["peering", "--file", "-"], Some(&recheck));
    assert!(
        told.starts_with("error: -, line 1: the action is recheck, and only connect-peering is taken here"),
        "{told}"
    );
    let sent = refused(3, &["recheck", "--file", "-"], Some(&format!("{recheck}\n{recheck}\n")));
    assert!(sent.contains("some of the requests may not have been sent"), "{sent}");
}

#[test]
fn a_file_that_is_not_there_has_failed_and_one_without_requests_asks_for_nothing() {
    let told = refused(3, &["--file", "no-such-file"], None);
    assert!(told.starts_with("error: cannot read no-such-file: "), "{told}");
    for empty in ["", "\n \n"] {
        assert_eq!(refused(1, &["--file", "-"], Some(empty)), "error: - holds no request\n");
    }
}
