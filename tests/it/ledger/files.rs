//! The file: opened, refused, read by others, and readable for good.

use std::path::Path;
use std::process::Command;

use peerpact::handshake::record::Record;
use peerpact::ledger::{CauseKind, Ledger, LedgerError, SqliteLedger, Version};
use rusqlite::Connection;
use serde_json::Value;

use super::support::*;

#[tokio::test]
async fn what_is_kept_survives_the_end_of_the_process() {
    let place = Place::new();
    let record = record();
    let version = kept(&place.ledger(), &record).await;
    let again = place.ledger();
    assert_eq!(again.load(&record.id).await.unwrap().unwrap().version, version);
    again.swap(&record, version, &line("after the restart")).await.unwrap();
    assert_eq!(told(&again, &record.id).await, ["was opened", "after the restart"]);
}

#[tokio::test]
async fn a_second_connection_reads_while_the_first_is_open_and_even_while_it_writes() {
    let place = Place::new();
    let (ledger, record) = (place.ledger(), record());
    let reader = SqliteLedger::reading(place.file());
    let first = kept(&ledger, &record).await;
    assert_eq!(reader.load(&record.id).await.unwrap().unwrap().version, first);
    let writer = Connection::open(place.file()).unwrap();
    writer.execute_batch("BEGIN EXCLUSIVE; DELETE FROM handshake;").unwrap();
    assert_eq!(reader.load(&record.id).await.unwrap().unwrap().version, first, "it sees what is committed");
    writer.execute_batch("ROLLBACK").unwrap();
    let second = ledger.swap(&record, first, &line("second")).await.unwrap();
    assert_eq!(reader.load(&record.id).await.unwrap().unwrap().version, second);
}

#[tokio::test]
async fn a_reader_that_takes_its_time_keeps_nobody_from_writing() {
    let place = Place::new();
    let (ledger, record) = (place.ledger(), record());
    let first = kept(&ledger, &record).await;
    let reader = Connection::open(place.file()).unwrap();
    reader.execute_batch("BEGIN; SELECT * FROM handshake;").unwrap();
    let second = ledger.swap(&record, first, &line("meanwhile")).await.unwrap();
    assert_eq!(ledger.load(&record.id).await.unwrap().unwrap().version, second);
    let seen: u32 = reader.query_row("SELECT version FROM handshake", [], |row| row.get(0)).unwrap();
    assert_eq!(seen, first.number(), "the reader goes on seeing what it began with");
}

#[tokio::test]
async fn who_only_reads_cannot_write() {
    let place = Place::new();
    let record = record();
    let version = kept(&place.ledger(), &record).await;
    let reader = SqliteLedger::reading(place.file());
    let error = reader.swap(&record, version, &line("forbidden")).await.unwrap_err();
    assert!(matches!(error, LedgerError::Database(_)), "{error:?}");
    assert_eq!(told(&reader, &record.id).await, ["was opened"]);
}

#[tokio::test]
async fn a_second_process_reads_what_this_one_has_just_written() {
    let place = Place::new();
    let (ledger, record) = (place.ledger(), full());
    kept(&ledger, &record).await;
    let output = Command::new(env!("CARGO_BIN_EXE_peerpact"))
        .env_clear()
        .args(["status", "--json", "--ledger"])
        .arg(place.file())
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let shown: Value = serde_json::from_slice(&output.stdout).unwrap();
    let handshake = &shown[0];
    assert_eq!(handshake["id"], record.id.as_str());
    assert_eq!(handshake["phase"], "blocked");
    assert_eq!(handshake["history"][0]["what"], "was opened");
    kept(&ledger, &record_of("ours-2", "theirs-2")).await;
}

#[track_caller]
fn problem(error: &LedgerError, file: &Path) -> String {
    let LedgerError::Open { path, problem } = error else { panic!("{error:?}") };
    assert_eq!(*path, file.display().to_string());
    problem.clone()
}

/// Neither to write nor to read is this file opened, and it stays as it is.
async fn refused(file: &Path) -> String {
    let before = std::fs::read(file).unwrap();
    let record = record();
    let reading = SqliteLedger::reading(file).load(&record.id).await.unwrap_err();
    let writing = SqliteLedger::new(file).swap(&record, Version::ABSENT, &line("x")).await.unwrap_err();
    assert!(std::fs::read(file).unwrap() == before, "the file was changed");
    problem(&reading, file);
    problem(&writing, file)
}

#[tokio::test]
async fn a_file_of_a_format_that_is_not_known_is_left_alone() {
    for format in [1, 5] {
        let place = Place::new();
        let other = Connection::open(place.file()).unwrap();
        let made = format!("CREATE TABLE handshake (id TEXT); PRAGMA user_version = {format};");
        other.execute_batch(&made).unwrap();
        drop(other);
        assert_eq!(
            refused(&place.file()).await,
            format!(
                "it is of format {format}, and this program knows format 4; start the version of peerpact that made \
                 it, or name another file"
            )
        );
    }
}

#[tokio::test]
async fn a_database_of_somebody_else_is_left_alone() {
    let place = Place::new();
    Connection::open(place.file()).unwrap().execute_batch("CREATE TABLE invoices (id TEXT)").unwrap();
    assert_eq!(
        refused(&place.file()).await,
        "it is a database of something else; name a file in PEERPACT_LEDGER that peerpact made, or that does not \
         exist yet"
    );
}

#[tokio::test]
async fn a_file_that_is_no_database_is_left_alone_and_named() {
    let place = Place::new();
    std::fs::write(place.file(), "partner = \"contoso\"\n".repeat(100)).unwrap();
    assert!(refused(&place.file()).await.contains("file is not a database"));
}

#[tokio::test]
async fn a_ledger_that_is_only_read_is_not_made() {
    let place = Place::new();
    let error = SqliteLedger::reading(place.file()).list(None).await.unwrap_err();
    assert!(problem(&error, &place.file()).contains("unable to open database file"));
    assert!(!place.file().exists());
    std::fs::write(place.file(), "").unwrap();
    let error = SqliteLedger::reading(place.file()).list(None).await.unwrap_err();
    assert_eq!(problem(&error, &place.file()), "it holds no ledger yet");
}

#[tokio::test]
async fn a_folder_that_does_not_exist_is_told_and_a_later_try_may_go_well() {
    let place = Place::new();
    let folder = place.0.path().join("later");
    let (file, record) = (folder.join("ledger.db"), record());
    let ledger = SqliteLedger::new(&file);
    let error = ledger.load(&record.id).await.unwrap_err();
    problem(&error, &file);
    std::fs::create_dir(&folder).unwrap();
    kept(&ledger, &record).await;
}

#[tokio::test]
async fn a_row_that_makes_no_sense_is_an_error_and_not_an_absence() {
    let place = Place::new();
    let (ledger, record) = (place.ledger(), record());
    kept(&ledger, &record).await;
    Connection::open(place.file()).unwrap().execute("UPDATE handshake SET record = '{}'", []).unwrap();
    let error = ledger.load(&record.id).await.unwrap_err();
    assert!(matches!(error, LedgerError::Format(_)), "{error:?}");
}

#[tokio::test]
async fn a_record_as_it_was_written_on_the_day_of_an_earlier_format_is_read() {
    let first = (full_of_the_first_format(), include_str!("../../data/record-1.json"));
    let second = (full_of_the_second_format(), include_str!("../../data/record-2.json"));
    let third = (full(), include_str!("../../data/record-3.json"));
    for (record, sample) in [first, second, third] {
        is_read(&record, sample).await;
    }
}

async fn is_read(record: &Record, sample: &str) {
    let place = Place::new();
    let ledger = place.ledger();
    kept(&ledger, record).await;
    let line = include_str!("../../data/line-1.json");
    let old = Connection::open(place.file()).unwrap();
    old.execute("UPDATE handshake SET record = ?1", [sample]).unwrap();
    old.execute("UPDATE history SET line = ?1", [line]).unwrap();
    assert_eq!(ledger.load(&record.id).await.unwrap().unwrap().record, *record);
    let told = ledger.history(&record.id).await.unwrap();
    assert_eq!(
        (told[0].what.as_str(), told[0].cause.kind),
        ("is about to sync our half", CauseKind::FollowUp)
    );
}

#[test]
fn what_is_written_today_is_what_the_sample_says() {
    let sample: Value = serde_json::from_str(include_str!("../../data/record-4.json")).unwrap();
    assert_eq!(serde_json::to_value(full()).unwrap(), sample);
}

#[tokio::test]
async fn a_record_that_cannot_be_read_does_not_hide_the_others() {
    let place = Place::new();
    let (ledger, spoiled, good) = (place.ledger(), record(), record_of("ours-2", "theirs-2"));
    kept(&ledger, &spoiled).await;
    kept(&ledger, &good).await;
    let spoil = "UPDATE handshake SET record = '{}' WHERE id = ?1";
    Connection::open(place.file()).unwrap().execute(spoil, [spoiled.id.as_str()]).unwrap();
    let listed = ledger.list(None).await.unwrap();
    assert_eq!(listed.into_iter().map(|stored| stored.record).collect::<Vec<_>>(), [good]);
}
