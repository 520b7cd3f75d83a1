//! A lock that somebody else holds, and callers that do not wait for it.

use std::sync::Arc;

use peerpact::ledger::{Ledger, LedgerError, SqliteLedger, Version};
use rusqlite::Connection;
use tokio::task::JoinHandle;

use super::support::*;

/// Another process, as far as SQLite can tell, that writes and does not end.
fn holder(place: &Place) -> Connection {
    let holder = Connection::open(place.file()).unwrap();
    holder.execute_batch("BEGIN IMMEDIATE").unwrap();
    holder
}

/// A ledger that was used before.
async fn opened(place: &Place) -> Arc<SqliteLedger> {
    let ledger = Arc::new(place.ledger());
    assert!(ledger.list(None).await.unwrap().is_empty());
    ledger
}

/// Keeps the record, in a task that has been begun.
async fn keeping(ledger: &Arc<SqliteLedger>) -> JoinHandle<Result<Version, LedgerError>> {
    let ledger = ledger.clone();
    let task =
        tokio::spawn(async move { ledger.swap(&record(), Version::ABSENT, &line("was opened")).await });
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
    task
}

#[tokio::test]
async fn whoever_waits_for_a_lock_does_not_hold_up_the_thread() {
    let place = Place::new();
    let ledger = opened(&place).await;
    let holder = holder(&place);
    let waiting = keeping(&ledger).await;
    assert!(!waiting.is_finished());
    // On the thread that would be blocked.
    holder.execute_batch("ROLLBACK").unwrap();
    waiting.await.unwrap().unwrap();
    assert_eq!(told(&ledger, &record().id).await, ["was opened"]);
}

#[tokio::test]
async fn a_lock_that_is_not_let_go_is_told_and_the_ledger_works_once_it_is() {
    let place = Place::new();
    let ledger = opened(&place).await;
    let holder = holder(&place);
    let error = keeping(&ledger).await.await.unwrap().unwrap_err();
    let file = place.file();
    assert!(
        matches!(&error, LedgerError::Locked { path } if *path == file.display().to_string()),
        "{error:?}"
    );
    assert!(error.to_string().contains("is locked by another process"), "{error}");
    holder.execute_batch("ROLLBACK").unwrap();
    keeping(&ledger).await.await.unwrap().unwrap();
}

#[tokio::test]
async fn what_a_caller_that_is_gone_had_begun_is_written_whole_and_the_next_one_has_its_turn() {
    let place = Place::new();
    let ledger = opened(&place).await;
    let holder = holder(&place);
    let gone = keeping(&ledger).await;
    gone.abort();
    assert!(gone.await.unwrap_err().is_cancelled());
    holder.execute_batch("ROLLBACK").unwrap();
    let stored = ledger.load(&record().id).await.unwrap().expect("it was begun");
    assert_eq!(told(&ledger, &record().id).await, ["was opened"]);
    ledger.swap(&stored.record, stored.version, &line("went on")).await.unwrap();
    assert_eq!(told(&ledger, &record().id).await, ["was opened", "went on"]);
}
