//! `agreements check`: what is agreed, or what is wrong with it.

use std::path::Path;

use peerpact_fixtures::{CONTOSO, FABRIKAM};
use serde_json::Value;

use super::support::*;

#[test]
fn good_agreements_are_told_with_all_their_terms() {
    let deny = "tag = \"peerpact=contoso\"\n[[deny]]\nnetwork = \"/subscriptions/dec492d3-4f4e-493b-aa47-7bdf2f96a6fc/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/vault\"\nreason = \"secrets\"\n";
    let folder = Folder::with(&[("contoso.toml", &agreement(deny)), ("notes.txt", "not an agreement")]);
    let shown = answer(&["agreements", "check", folder.path()]);
    for part in [
        &format!("contoso (tenant {CONTOSO})\n"),
        "  peering contoso/all\n",
        "    prefixes 10.0.0.0/8\n",
        "    forwarded traffic no, our gateway for them no, their gateway for us no, on removal remove, reach ours, only with tag peerpact=contoso\n",
        "    when they remove their half: our half, if we made it, is removed\n",
        "    when our half, if we made it, comes to route or allow more than is agreed: it is told and removed, or its flags are cut down where only they go too far\n",
        "    when our agreement covers a pair no longer: it is told, and nothing is cut\n",
        "    halves that people made: read, told and synced, and else never written or removed unasked\n",
        "  requests by connection-requests: everything\n",
        "virtualNetworks/vault (secrets)\n",
    ] {
        assert!(shown.contains(part), "`{part}` is missing: {shown}");
    }
    let json: Value =
        serde_json::from_str(&answer(&["agreements", "check", folder.path(), "--json"])).unwrap();
    let partner = &json["partners"][0];
    assert_eq!((&partner["partner"], &partner["tenant"]), (&"contoso".into(), &CONTOSO.into()));
    assert_eq!(partner["peering"][0]["name"], "contoso/all");
    assert_eq!(partner["peering"][0]["prefixes"], serde_json::json!(["10.0.0.0/8"]));
    assert_eq!(partner["deny"][0]["reason"], "secrets");
    let terms = ["onRemoval", "onBreach", "onWithdrawal", "adopt"].map(|key| &partner["peering"][0][key]);
    assert_eq!(terms, ["remove", "remove", "tell", "sync"]);
}

#[test]
fn what_is_agreed_otherwise_is_told_with_what_it_does() {
    let folder = Folder::with(&[(
        "contoso.toml",
        &agreement("on_breach = \"tell\"\non_withdrawal = \"remove\"\nadopt = \"manage\"\n"),
    )]);
    let shown = answer(&["agreements", "check", folder.path()]);
    for part in [
        "    when our half comes to route or allow more than is agreed: it is told and stays\n",
        "    when our agreement covers a pair no longer: it is told, and our half is removed\n",
        "    halves that people made: treated like our own\n",
    ] {
        assert!(shown.contains(part), "`{part}` is missing: {shown}");
    }
}

#[test]
fn who_may_ask_for_what_is_told_by_queue() {
    let rules = "[[requests]]\nqueue = \"connection-requests\"\nactions = [\"recheck\"]\n[[requests]]\nqueue = \"connection-requests-team-a\"\nactions = [\"connect-peering\", \"disconnect\"]\n";
    let folder = Folder::with(&[("contoso.toml", &agreement(rules))]);
    let shown = answer(&["agreements", "check", folder.path()]);
    for part in [
        "  requests by connection-requests: recheck\n",
        "  requests by connection-requests-team-a: connect-peering, disconnect\n",
    ] {
        assert!(shown.contains(part), "`{part}` is missing: {shown}");
    }
    let json: Value =
        serde_json::from_str(&answer(&["agreements", "check", folder.path(), "--json"])).unwrap();
    let second = serde_json::json!({ "queue": "connection-requests-team-a", "actions": ["connect-peering", "disconnect"] });
    assert_eq!(json["partners"][0]["requests"][1], second);
}

#[test]
fn bad_agreements_are_a_no_told_once_with_file_line_and_column() {
    let folder = Folder::with(&[("contoso.toml", &agreement("forwarded_trafic = true\n"))]);
    for args in
        [&["agreements", "check", folder.path()][..], &["agreements", "check", folder.path(), "--json"]]
    {
        let told = complaint(1, args);
        let file = folder.file("contoso.toml");
        assert!(told.starts_with(&format!("error: {} cannot be read", file.display())), "{told}");
        assert_eq!(told.matches("line 9, column 1").count(), 1, "{told}");
        assert_eq!(told.matches("unknown field `forwarded_trafic`").count(), 1, "{told}");
        assert!(told.ends_with("`tag`\n"), "it ends with one line break: {told:?}");
    }
}

#[test]
fn a_broken_rule_is_a_no_told_with_file_and_line() {
    let own = agreement("");
    let folder = Folder::with(&[("contoso.toml", &own)]);
    let told = complaint(1, &["agreements", "check", folder.path(), "--tenant", CONTOSO]);
    let file = folder.file("contoso.toml");
    assert_eq!(
        told,
        format!(
            "error: {}, line 2: `tenant` is our own tenant; an agreement is made with another one\n",
            file.display()
        )
    );
    let from_environment =
        peerpact(&["agreements", "check", folder.path()]).env("AZURE_TENANT_ID", CONTOSO).output().unwrap();
    assert_eq!(from_environment.status.code(), Some(1));
}

#[test]
fn a_folder_without_agreements_allows_nothing_and_says_so() {
    let folder = Folder::with(&[]);
    let path = folder.path();
    assert_eq!(
        answer(&["agreements", "check", path]),
        format!("{path} holds no agreement: nothing is allowed\n")
    );
    let json = answer(&["agreements", "check", path, "--json"]);
    assert_eq!(serde_json::from_str::<Value>(&json).unwrap(), serde_json::json!({ "partners": [] }));
    let from_environment =
        peerpact(&["agreements", "check"]).env("PEERPACT_AGREEMENTS", path).output().unwrap();
    assert_eq!(from_environment.status.code(), Some(0));
}

#[test]
fn a_folder_that_cannot_be_read_has_failed() {
    let folder = Folder::with(&[]);
    let none = folder.file("none");
    let told = complaint(3, &["agreements", "check", none.to_str().unwrap()]);
    assert_eq!(
        told,
        format!("error: cannot read {}: No such file or directory (os error 2)\n", none.display())
    );
    let told = complaint(3, &["agreements", "check"]);
    assert!(told.contains("PEERPACT_AGREEMENTS"), "{told}");
}

#[test]
fn a_file_that_is_too_long_to_be_an_agreement_is_not_read() {
    let folder = Folder::with(&[("a.toml", &"#".repeat(1024 * 1024 + 1))]);
    assert!(complaint(1, &["agreements", "check", folder.path()]).contains("longer than 1048576 bytes"));
}

#[test]
fn the_starter_agreements_are_taken() {
    for (folder, tenant) in [("of-contoso", CONTOSO), ("of-fabrikam", FABRIKAM)] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/agreements").join(folder);
        answer(&["agreements", "check", path.to_str().unwrap(), "--tenant", tenant]);
    }
}
