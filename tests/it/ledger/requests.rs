//! Requests, and the outcomes that have still to be told.

use peerpact::ledger::{Change, Ledger, LedgerError, Outcome, RequestEntry, Standing, Version};
use peerpact_fixtures::now;

use super::support::*;

fn request(id: &str, digest: &str, standing: Standing) -> RequestEntry {
    let (id, body) = (id.parse().unwrap(), format!("{{\"id\":\"{id}\"}}"));
    RequestEntry { id, digest: digest.to_owned(), body, standing, at: now() }
}

fn outcome(id: &str) -> Outcome {
    let request = Some("r-1".parse().unwrap());
    Outcome { id: id.to_owned(), subject: "connected".to_owned(), request, body: format!("{{\"{id}\":1}}") }
}

#[tokio::test]
async fn a_request_is_found_again_as_it_was_noted() {
    let place = Place::new();
    let ledger = place.ledger();
    let placed = request("r-1", "d-1", Standing::Placed(record().id));
    assert_eq!(ledger.request(&placed.id).await.unwrap(), None);
    for standing in [Standing::Pending, Standing::Refused, placed.standing.clone()] {
        let noted = RequestEntry { standing, ..placed.clone() };
        ledger.note(Some(&noted), &[]).await.unwrap();
        assert_eq!(ledger.request(&placed.id).await.unwrap(), Some(noted));
    }
}

#[tokio::test]
async fn a_record_its_request_and_its_outcomes_are_written_together() {
    let place = Place::new();
    let (ledger, record) = (place.ledger(), record());
    let (request, line) = (request("r-1", "d-1", Standing::Placed(record.id.clone())), line("asked"));
    let outcomes = [outcome("one"), outcome("two")];
    let change =
        Change { record: &record, line: &line, request: Some(&request), outcomes: &outcomes, progress: None };
    ledger.commit(&change, Version::ABSENT).await.unwrap();
    assert_eq!(ledger.request(&request.id).await.unwrap().as_ref(), Some(&request));
    assert_eq!(ledger.pending(10).await.unwrap(), outcomes);
}

#[tokio::test]
async fn who_loses_the_swap_leaves_neither_request_nor_outcome_behind() {
    let place = Place::new();
    let (ledger, record) = (place.ledger(), record());
    kept(&ledger, &record).await;
    let (request, line) = (request("r-1", "d-1", Standing::Placed(record.id.clone())), line("asked"));
    let change = Change {
        record: &record,
        line: &line,
        request: Some(&request),
        outcomes: &[outcome("one")],
        progress: None,
    };
    let error = ledger.commit(&change, Version::ABSENT).await.unwrap_err();
    assert!(matches!(error, LedgerError::Conflict(_)), "{error:?}");
    assert_eq!(ledger.request(&request.id).await.unwrap(), None);
    assert_eq!(ledger.pending(10).await.unwrap(), []);
}

#[tokio::test]
async fn where_the_last_of_the_writes_fails_none_was_made() {
    let place = Place::new();
    let (ledger, record) = (place.ledger(), record());
    let version = kept(&ledger, &record).await;
    let full = "CREATE TRIGGER full BEFORE INSERT ON outcome BEGIN SELECT RAISE(ABORT, 'disk full'); END";
    rusqlite::Connection::open(place.file()).unwrap().execute_batch(full).unwrap();
    let (request, line) = (request("r-1", "d-1", Standing::Placed(record.id.clone())), line("asked"));
    let change = Change {
        record: &record,
        line: &line,
        request: Some(&request),
        outcomes: &[outcome("one")],
        progress: None,
    };
    let error = ledger.commit(&change, version).await.unwrap_err();
    assert!(matches!(error, LedgerError::Database(_)), "{error:?}");
    assert_eq!(ledger.load(&record.id).await.unwrap().unwrap().version, version);
    assert_eq!(told(&ledger, &record.id).await, ["was opened"]);
    assert_eq!(ledger.request(&request.id).await.unwrap(), None);
}

#[tokio::test]
async fn an_id_that_a_request_was_given_is_not_taken_from_it_unless_it_was_refused() {
    let place = Place::new();
    let (ledger, record) = (place.ledger(), record());
    let placed = Standing::Placed(record.id.clone());
    let (first, other) = (request("r-1", "d-1", placed.clone()), request("r-1", "d-2", placed));
    let line = line("asked");
    let change = |request| Change {
        record: &record,
        line: &line,
        request: Some(request),
        outcomes: &[],
        progress: None,
    };
    let version = ledger.commit(&change(&first), Version::ABSENT).await.unwrap();
    let error = ledger.commit(&change(&other), version).await.unwrap_err();
    assert!(matches!(error, LedgerError::Conflict(_)), "{error:?}");
    assert_eq!(told(&ledger, &record.id).await, ["asked"]);
    ledger.note(Some(&request("r-1", "d-1", Standing::Refused)), &[]).await.unwrap();
    ledger.commit(&change(&other), version).await.unwrap();
}

#[tokio::test]
async fn outcomes_are_untold_in_their_order_until_they_are_told() {
    let place = Place::new();
    let ledger = place.ledger();
    let outcomes = ["c", "a", "b"].map(outcome);
    ledger.note(None, &outcomes).await.unwrap();
    ledger.note(None, &[outcome("a")]).await.unwrap();
    assert_eq!(ledger.pending(2).await.unwrap(), outcomes[..2], "and each of them once");
    ledger.sent(&outcomes[..1]).await.unwrap();
    assert_eq!(place.ledger().pending(10).await.unwrap(), outcomes[1..], "after a restart too");
}
