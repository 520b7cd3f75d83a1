//! Who may read the file.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use peerpact::ledger::{Ledger, SqliteLedger};
use rusqlite::Connection;

use super::support::*;

fn mode(file: &Path) -> u32 {
    fs::metadata(file).unwrap().permissions().mode() & 0o777
}

fn widen(file: &Path) {
    fs::set_permissions(file, fs::Permissions::from_mode(0o644)).unwrap();
}

/// The file and what SQLite keeps beside it while it is open.
fn files(place: &Place) -> [PathBuf; 3] {
    ["ledger.db", "ledger.db-wal", "ledger.db-shm"].map(|name| place.0.path().join(name))
}

#[tokio::test]
async fn a_ledger_that_is_made_is_its_owners_only() {
    let place = Place::new();
    let ledger = place.ledger();
    kept(&ledger, &record()).await;
    assert_eq!(files(&place).map(|file| mode(&file)), [0o600; 3]);
}

#[tokio::test]
async fn a_ledger_that_others_can_read_is_taken_from_them() {
    let place = Place::new();
    let before = place.ledger();
    kept(&before, &record()).await;
    for file in files(&place) {
        widen(&file);
    }
    let ledger = place.ledger();
    kept(&ledger, &record_of("ours-2", "theirs-2")).await;
    assert_eq!(files(&place).map(|file| mode(&file)), [0o600; 3]);
}

#[tokio::test]
async fn neither_a_file_that_is_only_read_nor_one_of_somebody_else_is_changed() {
    let place = Place::new();
    kept(&place.ledger(), &record()).await;
    widen(&place.file());
    told(&SqliteLedger::reading(place.file()), &record().id).await;
    assert_eq!(mode(&place.file()), 0o644);

    let foreign = Place::new();
    Connection::open(foreign.file()).unwrap().execute_batch("CREATE TABLE invoices (id TEXT)").unwrap();
    widen(&foreign.file());
    foreign.ledger().list(None).await.unwrap_err();
    assert_eq!(mode(&foreign.file()), 0o644);
}
