//! `status`: what the ledger knows.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use peerpact::handshake::ids::HandshakeId;
use peerpact::handshake::trouble::Trouble;
use peerpact::ledger::{Ledger, Progress, SqliteLedger, SweepNote};
use peerpact_fixtures::{CONTOSO, FABRIKAM, id, now};
use serde_json::Value;

use super::support::*;

#[test]
fn an_id_that_is_none_is_wrong_use_and_is_told_on_one_line() {
    let told = complaint(2, &["status", "x\u{1b}[31m\ny"]);
    assert!(told.contains("it is not 32 hexadecimal digits"), "{told}");
    assert!(
        complaint(2, &["status", "--phase", "done"]).contains("`done` is not a phase; there are waiting,")
    );
}

#[tokio::test]
async fn a_handshake_that_is_not_in_the_ledger_is_a_no() {
    let folder = Folder::with(&[]);
    let file = ledger(&folder, 1).await;
    for args in
        [&["status", UNKNOWN, "--ledger", &file][..], &["status", UNKNOWN, "--ledger", &file, "--json"]]
    {
        assert_eq!(complaint(1, args), format!("error: handshake {UNKNOWN} is not in this ledger\n"));
    }
}

#[test]
fn a_ledger_that_is_not_there_has_failed_and_is_named() {
    let folder = Folder::with(&[]);
    let file = folder.file("none.db");
    let told = complaint(3, &["status", "--json", "--ledger", file.to_str().unwrap()]);
    assert!(told.contains(file.to_str().unwrap()), "{told}");
    assert!(!file.exists(), "looking made a file");
    assert!(complaint(3, &["status"]).contains("PEERPACT_LEDGER"), "nor is it told where one is");
}

#[tokio::test]
async fn the_status_of_every_handshake_names_networks_phase_reasons_and_fix() {
    let folder = Folder::with(&[]);
    let file = ledger(&folder, 1).await;
    let shown = answer(&["status", "--ledger", &file]);
    assert!(shown.contains("refused     rg/ours-0 <-> rg/theirs\n"), "{shown}");
    assert!(
        shown.contains("    10.1.0.0/16 overlaps; it lacks a tag\n    fix: change one of them\n"),
        "{shown}"
    );
    assert_eq!(answer(&["status", "--ledger", &file, "--phase", "CONNECTED"]), "no handshakes\n");
    let from_environment = peerpact(&["status"]).env("PEERPACT_LEDGER", &file).output().unwrap();
    assert_eq!(text(&from_environment.stdout), shown);
}

#[tokio::test]
async fn the_status_of_one_handshake_tells_everything_of_it() {
    let folder = Folder::with(&[]);
    let file = ledger(&folder, 2).await;
    let all: Value = serde_json::from_str(&answer(&["status", "--ledger", &file, "--json"])).unwrap();
    let id = all[0]["id"].as_str().unwrap();
    let shown = answer(&["status", &id.to_uppercase(), "--ledger", &file]);
    for part in [
        &format!("{id}  refused"),
        "half none: absent (tenant 79686033-97a2-4ebd-8e7d-0cae2c7df00e)",
        "agreement none",
        "overlap 10.1.0.0/16 overlaps",
        "tag-missing it lacks a tag",
        "fix: change one of them",
        "2026-03-01T12:00:00Z  refused: it overlaps (follow-up f-1)",
    ] {
        assert!(shown.contains(part), "`{part}` is missing: {shown}");
    }
}

#[tokio::test]
async fn as_json_a_handshake_has_the_public_shape() {
    let folder = Folder::with(&[]);
    let file = ledger(&folder, 1).await;
    let all: Value = serde_json::from_str(&answer(&["status", "--ledger", &file, "--json"])).unwrap();
    let one = &all[0];
    let expected = serde_json::json!({
        "id": one["id"], "kind": "peering", "phase": "refused",
        "reason": {"code": "overlap", "message": "10.1.0.0/16 overlaps; it lacks a tag", "fix": "change one of them"},
        "reasons": [
            {"code": "overlap", "message": "10.1.0.0/16 overlaps", "fix": "change one of them"},
            {"code": "tag-missing", "message": "it lacks a tag", "fix": null},
        ],
        "ours": {"tenantId": FABRIKAM, "resourceId": id("ours-0"), "half": null, "state": null, "syncLevel": null},
        "theirs": {"tenantId": CONTOSO, "resourceId": id("theirs"), "half": null, "state": null, "syncLevel": null},
        "agreement": null, "openedAt": "2026-03-01T12:00:00Z", "updatedAt": "2026-03-01T12:00:00Z", "connectedAt": null,
        "checkedAt": null,
        "history": [{"at": "2026-03-01T12:00:00Z", "what": "refused: it overlaps", "cause": {"kind": "follow-up", "id": "f-1"}}],
    });
    assert_eq!(*one, expected);
    let alone = answer(&["status", one["id"].as_str().unwrap(), "--ledger", &file, "--json"]);
    assert_eq!(serde_json::from_str::<Value>(&alone).unwrap(), expected);
    let none = answer(&["status", "--ledger", &file, "--json", "--phase", "closed"]);
    assert_eq!(serde_json::from_str::<Value>(&none).unwrap(), serde_json::json!([]));
}

#[tokio::test]
async fn how_old_the_oldest_look_is_and_what_the_last_sweep_could_not_do_stands_at_the_end() {
    let folder = Folder::with(&[]);
    let file = ledger(&folder, 2).await;
    let shown = answer(&["status", "--ledger", &file]);
    let last = shown.lines().last().unwrap();
    assert_eq!(last, "2 of 2 open handshakes never looked at with success; no sweep is on record");
    let all: Value = serde_json::from_str(&answer(&["status", "--ledger", &file, "--json"])).unwrap();
    let ids: Vec<HandshakeId> =
        all.as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap().parse().unwrap()).collect();
    let written = SqliteLedger::new(&file);
    let checked = Progress { checked_at: Some(now()), ..Progress::default() };
    written.note_progress(&ids, &checked, now()).await.unwrap();
    let trouble =
        Trouble { message: "our application cannot sign in".into(), fix: Some("a new secret".into()) };
    let note = |troubles| SweepNote { at: now(), seen: 2, noticed: 0, troubles, listed_at: now() };
    written.note_sweep(&note(Vec::new())).await.unwrap();
    let shown = answer(&["status", "--ledger", &file]);
    let last = shown.lines().last().unwrap();
    assert!(last.starts_with("oldest check ") && last.contains(" ago; the last sweep was "), "{last}");
    written.note_sweep(&note(vec![trouble])).await.unwrap();
    let shown = answer(&["status", "--ledger", &file]);
    let end: Vec<&str> = shown.lines().rev().take(3).collect();
    assert_eq!(end[..2], ["    fix: a new secret", "    our application cannot sign in"]);
    assert!(end[2].ends_with("could not look at everything:"), "{shown}");
    // As JSON it is the array as before, and each handshake tells of its own.
    let all: Value = serde_json::from_str(&answer(&["status", "--ledger", &file, "--json"])).unwrap();
    assert!(all.as_array().unwrap().iter().all(|one| one["checkedAt"] == "2026-03-01T12:00:00Z"), "{all:#}");
    assert!(
        answer(&["status", ids[0].as_str(), "--ledger", &file])
            .contains("  checked   2026-03-01T12:00:00Z\n")
    );
}

#[tokio::test]
async fn who_stops_reading_is_no_error() {
    let folder = Folder::with(&[]);
    // More than the 64 KiB that a pipe takes, so that the rest is written to a closed one.
    let file = ledger(&folder, 300).await;
    let mut child = peerpact(&["status", "--ledger", &file, "--json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut first = String::new();
    let mut reader = BufReader::with_capacity(16, child.stdout.take().unwrap());
    reader.read_line(&mut first).unwrap();
    drop(reader);
    let output = child.wait_with_output().unwrap();
    assert_eq!((first.as_str(), output.status.code(), text(&output.stderr)), ("[\n", Some(0), ""));
}
