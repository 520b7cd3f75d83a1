//! The command line as people and scripts meet it: answers on standard output, errors on standard error, exit codes.

#[cfg(test)]
#[path = "fixtures/mod.rs"]
mod fixtures;

#[cfg(test)]
mod commands {
    use std::io::{BufRead, BufReader};
    use std::path::{Path, PathBuf};
    use std::process::{Command, Output, Stdio};

    use peerpact::handshake::phase::Phase;
    use peerpact::handshake::reason::{Code, Reason};
    use peerpact::handshake::record::Record;
    use peerpact::ledger::{Cause, CauseKind, Ledger, Line, SqliteLedger, Version};
    use serde_json::Value;
    use tempfile::TempDir;

    use crate::fixtures::{CONTOSO, CONTOSO_SUBSCRIPTION, FABRIKAM, FABRIKAM_SUBSCRIPTION, ends, id, now};

    const UNKNOWN: &str = "0123456789abcdef0123456789abcdef";

    fn peerpact(args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_peerpact"));
        command.env_clear().args(args).stdin(Stdio::null());
        command
    }

    fn run(args: &[&str]) -> Output {
        peerpact(args).output().unwrap()
    }

    fn text(bytes: &[u8]) -> &str {
        std::str::from_utf8(bytes).unwrap()
    }

    /// What it answers, if it goes well and says nothing beside that.
    #[track_caller]
    fn answer(args: &[&str]) -> String {
        let output = run(args);
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        assert_eq!(text(&output.stderr), "", "an answer is not an error");
        text(&output.stdout).to_owned()
    }

    /// What it complains of with this exit code, with nothing on standard output that a script could take for an answer.
    #[track_caller]
    fn complaint(code: i32, args: &[&str]) -> String {
        let output = run(args);
        assert_eq!(output.status.code(), Some(code), "{output:?}");
        assert_eq!(text(&output.stdout), "", "an error is no answer");
        let told = text(&output.stderr);
        assert!(told.starts_with("error: "), "{told}");
        told.to_owned()
    }

    fn agreement(changes: &str) -> String {
        let all = |subscription: &str| {
            format!(
                "/subscriptions/{subscription}/resourceGroups/*/providers/Microsoft.Network/virtualNetworks/*"
            )
        };
        format!(
            "partner = \"contoso\"\ntenant = \"{CONTOSO}\"\n\n[[peering]]\nname = \"all\"\nours = \"{}\"\ntheirs = \"{}\"\nprefixes = [\"10.0.0.0/8\"]\n{changes}",
            all(FABRIKAM_SUBSCRIPTION),
            all(CONTOSO_SUBSCRIPTION)
        )
    }

    struct Folder(TempDir);

    impl Folder {
        fn with(files: &[(&str, &str)]) -> Self {
            let folder = tempfile::tempdir().unwrap();
            for (name, text) in files {
                std::fs::write(folder.path().join(name), text).unwrap();
            }
            Self(folder)
        }

        fn path(&self) -> &str {
            self.0.path().to_str().unwrap()
        }

        fn file(&self, name: &str) -> PathBuf {
            self.0.path().join(name)
        }
    }

    /// A ledger with so many refused handshakes.
    async fn ledger(folder: &Folder, count: usize) -> String {
        let file = folder.file("ledger.db");
        let ledger = SqliteLedger::new(&file);
        for number in 0..count {
            let ends =
                peerpact::handshake::agreements::Ends { ours: id(&format!("ours-{number}")), ..ends() };
            let mut record = Record::new(&ends, FABRIKAM.parse().unwrap(), now());
            record.phase = Phase::Refused;
            record.reasons = vec![
                Reason::new(Code::Overlap, "10.1.0.0/16 overlaps").fixed_by("change one of them"),
                Reason::new(Code::TagMissing, "it lacks a tag"),
            ];
            let cause = Cause { kind: CauseKind::FollowUp, id: "f-1".to_owned() };
            let line = Line { at: now(), what: "refused: it overlaps".to_owned(), cause };
            ledger.swap(&record, Version::ABSENT, &line).await.unwrap();
        }
        file.to_str().unwrap().to_owned()
    }

    #[test]
    #[cfg(feature = "sandbox")]
    fn help_says_what_there_is_and_what_the_exit_codes_mean() {
        let help = answer(&["--help"]);
        assert_eq!(
            help,
            "When one tenant opens a network connection, the other tenant's half is made, checked and recorded.

Usage: peerpact <COMMAND>

Commands:
  demo        Show the main job on a local Azure: halves opened, answered, refused, synced, removed,
              found again
  sandbox     The local Azure for two tenants
  status      What the ledger knows of each handshake, or everything of one
  explain     What would be decided on two networks now, and every reason. Writes nothing
  agreements  Check what your tenant has agreed to
  serve       Serve the functions. The Azure Functions host starts this

Options:
  -h, --help     Print help
  -V, --version  Print version

Exit codes: 0 done, or yes; 1 the answer is no; 2 wrong use; 3 something failed.
"
        );
    }

    #[test]
    #[cfg(feature = "sandbox")]
    fn every_command_helps_and_explains_each_of_its_arguments() {
        for command in
            ["demo", "sandbox", "sandbox up", "status", "explain", "agreements", "agreements check", "serve"]
        {
            let args: Vec<&str> = command.split(' ').chain(["--help"]).collect();
            let help = answer(&args);
            assert!(help.contains(&format!("Usage: peerpact {command}")), "{help}");
            assert!(help.lines().all(|line| line.len() <= 100), "{command} is too wide: {help}");
            let mut lines = help.lines().peekable();
            while let Some(line) = lines.next() {
                let names_an_argument =
                    line.trim_start().starts_with('-') || line.trim_start().starts_with('[');
                let explained = line.trim().contains("  ")
                    || lines.peek().is_some_and(|next| next.starts_with("          "));
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
                .contains("is not a virtual network id")
        );
        let missing = complaint(2, &["explain", "--ours", &id("ours").to_string()]);
        assert!(missing.contains("--theirs"), "{missing}");
    }

    #[test]
    fn without_a_command_the_help_is_shown_and_it_is_wrong_use() {
        let output = run(&[]);
        assert_eq!(output.status.code(), Some(2));
        assert!(
            text(&output.stdout).is_empty() && text(&output.stderr).contains("Usage: peerpact <COMMAND>")
        );
    }

    #[test]
    fn an_id_that_is_none_is_wrong_use_and_is_told_on_one_line() {
        let told = complaint(2, &["status", "x\u{1b}[31m\ny"]);
        assert!(told.contains("it is not 32 hexadecimal digits"), "{told}");
        assert!(
            complaint(2, &["status", "--phase", "done"])
                .contains("`done` is not a phase; there are waiting,")
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
        let id = all["value"][0]["id"].as_str().unwrap();
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
        let one = &all["value"][0];
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
            "history": [{"at": "2026-03-01T12:00:00Z", "what": "refused: it overlaps", "cause": {"kind": "follow-up", "id": "f-1"}}],
        });
        assert_eq!(*one, expected);
        let alone = answer(&["status", one["id"].as_str().unwrap(), "--ledger", &file, "--json"]);
        assert_eq!(serde_json::from_str::<Value>(&alone).unwrap(), expected);
        let none = answer(&["status", "--ledger", &file, "--json", "--phase", "closed"]);
        assert_eq!(serde_json::from_str::<Value>(&none).unwrap(), serde_json::json!({ "value": [] }));
    }

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
        let from_environment = peerpact(&["agreements", "check", folder.path()])
            .env("AZURE_TENANT_ID", CONTOSO)
            .output()
            .unwrap();
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
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("agreements").join(folder);
            answer(&["agreements", "check", path.to_str().unwrap(), "--tenant", tenant]);
        }
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
        assert_eq!((first.as_str(), output.status.code(), text(&output.stderr)), ("{\n", Some(0), ""));
    }
}
