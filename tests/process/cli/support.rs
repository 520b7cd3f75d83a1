//! Runs the command, and makes what it reads.

use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use peerpact::handshake::phase::Phase;
use peerpact::handshake::reason::{Code, Reason};
use peerpact::handshake::record::Record;
use peerpact::ledger::{Cause, CauseKind, Ledger, Line, SqliteLedger, Version};
use peerpact_fixtures::{CONTOSO, CONTOSO_SUBSCRIPTION, FABRIKAM, FABRIKAM_SUBSCRIPTION, ends, id, now};
use tempfile::TempDir;

pub(crate) const UNKNOWN: &str = "0123456789abcdef0123456789abcdef";

pub(crate) fn peerpact(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_peerpact"));
    command.env_clear().args(args).stdin(Stdio::null());
    command
}

pub(crate) fn run(args: &[&str]) -> Output {
    peerpact(args).output().unwrap()
}

pub(crate) fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

/// What it answers, if it goes well and says nothing beside that.
#[track_caller]
pub(crate) fn answer(args: &[&str]) -> String {
    let output = run(args);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(text(&output.stderr), "", "an answer is not an error");
    text(&output.stdout).to_owned()
}

/// What it complains of with this exit code, with nothing on standard output that a script could take for an answer.
#[track_caller]
pub(crate) fn complaint(code: i32, args: &[&str]) -> String {
    let output = run(args);
    assert_eq!(output.status.code(), Some(code), "{output:?}");
    assert_eq!(text(&output.stdout), "", "an error is no answer");
    let told = text(&output.stderr);
    assert!(told.starts_with("error: "), "{told}");
    told.to_owned()
}

pub(crate) fn agreement(changes: &str) -> String {
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

pub(crate) struct Folder(TempDir);

impl Folder {
    pub(crate) fn with(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        Self(folder)
    }

    pub(crate) fn path(&self) -> &str {
        self.0.path().to_str().unwrap()
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }
}

/// A ledger with so many refused handshakes.
pub(crate) async fn ledger(folder: &Folder, count: usize) -> String {
    let file = folder.file("ledger.db");
    let ledger = SqliteLedger::new(&file);
    for number in 0..count {
        let ends = peerpact::kinds::peering::PeeringEnds { ours: id(&format!("ours-{number}")), ..ends() };
        let mut record = Record::new(&ends.pair(), FABRIKAM.parse().unwrap(), now());
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
