//! Help, wrong use and what all commands have in common.

use peerpact_fixtures::id;

use super::support::*;

#[test]
#[cfg(feature = "sandbox")]
fn help_says_what_there_is_and_what_the_exit_codes_mean() {
    assert_eq!(answer(&["--help"]), include_str!("../../data/help.txt"));
}

#[test]
#[cfg(feature = "sandbox")]
fn every_command_helps_and_explains_each_of_its_arguments() {
    for command in [
        "demo",
        "sandbox",
        "sandbox up",
        "status",
        "explain",
        "request",
        "request peering",
        "request management",
        "request disconnect",
        "request recheck",
        "agreements",
        "agreements check",
        "queue",
        "queue list",
        "queue show",
        "queue replay",
        "serve",
    ] {
        let args: Vec<&str> = command.split(' ').chain(["--help"]).collect();
        let help = answer(&args);
        assert!(help.contains(&format!("Usage: peerpact {command}")), "{help}");
        assert!(help.lines().all(|line| line.len() <= 100), "{command} is too wide: {help}");
        let mut lines = help.lines().peekable();
        while let Some(line) = lines.next() {
            let names_an_argument = line.trim_start().starts_with('-') || line.trim_start().starts_with('[');
            let explained =
                line.trim().contains("  ") || lines.peek().is_some_and(|next| next.starts_with("          "));
            assert!(!names_an_argument || explained, "{command} does not explain `{line}`");
        }
    }
}

#[test]
fn the_version_is_that_of_the_package() {
    assert_eq!(answer(&["--version"]), format!("peerpact {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn wrong_use_is_exit_code_2_and_says_what_was_wrong() {
    assert!(complaint(2, &["frobnicate"]).contains("frobnicate"));
    assert!(complaint(2, &["status", "--colour"]).contains("--colour"));
    let both = complaint(2, &["status", UNKNOWN, "--phase", "closed"]);
    assert!(both.contains("cannot be used with"), "{both}");
    assert!(
        complaint(2, &["explain", "--ours", "x", "--theirs", "y"])
            .contains("is not the id of a virtual network, a network manager")
    );
    assert!(
        complaint(2, &["queue", "show", "letters"])
            .contains("must be one of resource-events, connection-requests")
    );
    assert!(complaint(2, &["queue", "replay", "reconcile"]).contains("<--id <MESSAGE_ID>|--all>"));
    let which = complaint(2, &["queue", "replay", "reconcile", "--all", "--id", "x"]);
    assert!(which.contains("cannot be used with"), "{which}");
    let missing = complaint(2, &["explain", "--ours", &id("ours").to_string()]);
    assert!(missing.contains("--theirs"), "{missing}");
}

#[test]
fn without_a_command_the_help_is_shown_and_it_is_wrong_use() {
    let output = run(&[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stdout).is_empty() && text(&output.stderr).contains("Usage: peerpact <COMMAND>"));
}

#[test]
fn explain_without_its_environment_has_failed_and_names_every_variable_at_once() {
    let (ours, theirs) = (id("ours").to_string(), id("theirs").to_string());
    let told = complaint(3, &["explain", "--ours", &ours, "--theirs", &theirs]);
    for variable in ["AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET"] {
        assert!(told.contains(variable), "{told}");
    }
}

#[tokio::test]
async fn nothing_is_coloured_where_nobody_looks() {
    let folder = Folder::with(&[("contoso.toml", &agreement(""))]);
    let file = ledger(&folder, 1).await;
    for args in [
        &["status", "--ledger", &file][..],
        &["agreements", "check", folder.path()],
        &["--help"],
        &["nonsense"],
    ] {
        let output = run(args);
        assert!(!output.stdout.contains(&0x1b) && !output.stderr.contains(&0x1b), "{args:?}: {output:?}");
    }
}
