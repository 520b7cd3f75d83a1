//! Requests and outcomes, and what is written together with a record.

use peerpact::ledger::{Change, Ledger, LedgerError, SqliteLedger, Standing, Version};
use rusqlite::Connection;

use crate::support::*;

#[tokio::test]
async fn a_request_is_found_again_with_what_became_of_it() {
    let place = Place::new();
    let ledger = place.ledger();
    let id = "r-1".parse().unwrap();
    assert_eq!(ledger.request(&id).await.unwrap(), None);
    for standing in [Standing::Pending, Standing::Refused, Standing::Placed(record().id)] {
        let request = asked("r-1", "one", standing);
        ledger.note(Some(&request), &[]).await.unwrap();
        assert_eq!(place.ledger().request(&id).await.unwrap(), Some(request));
    }
    assert_eq!(ledger.request(&"R-1".parse().unwrap()).await.unwrap(), None, "ids have a case");
}

#[tokio::test]
async fn outcomes_are_told_once_and_in_their_order() {
    let place = Place::new();
    let ledger = place.ledger();
    let all: Vec<_> = ["z", "a", "m"].map(outcome).into();
    for one in &all {
        ledger.note(None, std::slice::from_ref(one)).await.unwrap();
    }
    ledger.note(None, &all[..1]).await.unwrap();
    assert_eq!(ledger.untold(9).await.unwrap(), all, "the same one is there once");
    assert_eq!(ledger.untold(2).await.unwrap(), all[..2]);
    ledger.told(&all[..2]).await.unwrap();
    assert_eq!(place.ledger().untold(9).await.unwrap(), all[2..]);
    ledger.told(&all).await.unwrap();
    assert!(ledger.untold(9).await.unwrap().is_empty());
}

async fn nothing_but(ledger: &SqliteLedger, version: Version) {
    let stored = ledger.load(&record().id).await.unwrap().map(|stored| stored.version);
    assert_eq!(stored.unwrap_or(Version::ABSENT), version);
    assert_eq!(told(ledger, &record().id).await.len(), version.number() as usize);
    assert_eq!(ledger.request(&"r-1".parse().unwrap()).await.unwrap(), None);
    assert!(ledger.untold(9).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_record_its_request_and_its_outcomes_are_written_together_or_not_at_all() {
    let place = Place::new();
    let (ledger, record) = (place.ledger(), record());
    let request = asked("r-1", "one", Standing::Placed(record.id.clone()));
    let (line, outcomes) = (line("was asked for"), [outcome("o-1")]);
    let change = Change { record: &record, line: &line, request: Some(&request), outcomes: &outcomes };

    // Somebody else was faster.
    let version = kept(&ledger, &record).await;
    let error = ledger.commit(&change, Version::ABSENT).await.unwrap_err();
    assert!(matches!(error, LedgerError::Conflict(_)), "{error:?}");
    nothing_but(&ledger, version).await;

    // The last of the writes fails.
    let broken = Connection::open(place.file()).unwrap();
    broken
        .execute_batch(
            "CREATE TRIGGER full BEFORE INSERT ON outcome BEGIN SELECT RAISE(ABORT, 'disk full'); END",
        )
        .unwrap();
    let error = ledger.commit(&change, version).await.unwrap_err();
    assert!(matches!(error, LedgerError::Database(_)), "{error:?}");
    nothing_but(&ledger, version).await;

    broken.execute_batch("DROP TRIGGER full").unwrap();
    ledger.commit(&change, version).await.unwrap();
    assert_eq!(ledger.request(&request.id).await.unwrap(), Some(request));
    assert_eq!(ledger.untold(9).await.unwrap(), outcomes);
}

#[tokio::test]
async fn an_id_that_another_request_has_is_not_taken_over_by_a_record() {
    for (standing, goes_well) in
        [(Standing::Pending, false), (Standing::Placed(record().id), false), (Standing::Refused, true)]
    {
        let place = Place::new();
        let (ledger, record) = (place.ledger(), record());
        ledger.note(Some(&asked("r-1", "one", standing.clone())), &[]).await.unwrap();
        let other = asked("r-1", "another", Standing::Placed(record.id.clone()));
        let line = line("was asked for");
        let change = Change { record: &record, line: &line, request: Some(&other), outcomes: &[] };
        assert_eq!(ledger.commit(&change, Version::ABSENT).await.is_ok(), goes_well, "{standing:?}");
        assert_eq!(ledger.load(&record.id).await.unwrap().is_some(), goes_well, "{standing:?}");
    }
}
