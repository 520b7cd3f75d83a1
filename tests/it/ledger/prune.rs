//! What is forgotten, and what is not however old it is.

use peerpact::handshake::request_id::RequestId;
use peerpact::ledger::{LINES_KEPT, Ledger, Line, Outcome, Request, SqliteLedger, Standing, Version};
use peerpact_fixtures::now;
use rusqlite::Connection;
use time::{Duration, OffsetDateTime};

use super::support::*;

const AGE: Duration = Duration::days(90);

fn then() -> OffsetDateTime {
    now() - AGE
}

fn request(id: &str, standing: Standing, at: OffsetDateTime) -> Request {
    let id: RequestId = id.parse().unwrap();
    Request { id: id.into(), digest: "d".to_owned(), body: "{}".to_owned(), standing, at }
}

async fn note(ledger: &SqliteLedger, id: &str, standing: Standing, at: OffsetDateTime) {
    ledger.note(Some(&request(id, standing, at)), &[]).await.unwrap();
}

async fn is_known(ledger: &SqliteLedger, id: &str) -> bool {
    ledger.request(&id.parse().unwrap()).await.unwrap().is_some()
}

/// So many swaps of one record, each a second after the other.
async fn lines(ledger: &SqliteLedger, count: u32, first: OffsetDateTime) -> Version {
    let mut version = Version::ABSENT;
    for number in 0..count {
        let line = Line { at: first + Duration::seconds(number.into()), ..line(&format!("line {number}")) };
        version = ledger.swap(&record(), version, &line).await.unwrap();
    }
    version
}

fn count(place: &Place, table: &str) -> u32 {
    let file = Connection::open(place.file()).unwrap();
    file.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).unwrap()
}

#[tokio::test]
async fn requests_that_were_answered_before_are_forgotten_and_pending_ones_never() {
    let place = Place::new();
    let ledger = place.ledger();
    for (age, at) in [("old", then() - Duration::SECOND), ("young", then() + Duration::SECOND)] {
        note(&ledger, &format!("placed-{age}"), Standing::Placed(record().id), at).await;
        note(&ledger, &format!("refused-{age}"), Standing::Refused, at).await;
        note(&ledger, &format!("pending-{age}"), Standing::Pending, at).await;
    }
    assert!(!ledger.prune(then()).await.unwrap());
    for (id, known) in [
        ("placed-old", false),
        ("refused-old", false),
        ("pending-old", true),
        ("placed-young", true),
        ("refused-young", true),
        ("pending-young", true),
    ] {
        assert_eq!(is_known(&ledger, id).await, known, "{id}");
    }
}

#[tokio::test]
async fn a_request_that_a_record_or_a_pending_outcome_names_is_not_forgotten() {
    let place = Place::new();
    let ledger = place.ledger();
    // It asks for `r-1` and `r-2`, and its goal is what another asked for.
    let mut asked = full();
    asked.goal.as_mut().unwrap().request = "goal".parse().unwrap();
    kept(&ledger, &asked).await;
    let outcome = Outcome {
        id: "o".to_owned(),
        subject: "s".to_owned(),
        request: Some("pending".parse().unwrap()),
        body: "{}".to_owned(),
    };
    ledger.note(None, std::slice::from_ref(&outcome)).await.unwrap();
    let named = ["r-1", "r-2", "goal", "pending"];
    for id in named {
        note(&ledger, id, Standing::Placed(record_of("a", "b").id), then() - Duration::SECOND).await;
    }
    ledger.prune(then()).await.unwrap();
    for id in named {
        assert!(is_known(&ledger, id).await, "{id}");
    }
    ledger.sent(&[outcome]).await.unwrap();
    ledger.prune(then()).await.unwrap();
    assert!(!is_known(&ledger, "pending").await);
}

#[tokio::test]
async fn a_record_that_is_no_json_does_not_keep_anything_from_being_forgotten() {
    let place = Place::new();
    let ledger = place.ledger();
    kept(&ledger, &record()).await;
    Connection::open(place.file()).unwrap().execute("UPDATE handshake SET record = 'x'", []).unwrap();
    note(&ledger, "old", Standing::Refused, then() - Duration::SECOND).await;
    ledger.prune(then()).await.unwrap();
    assert!(!is_known(&ledger, "old").await);
}

#[tokio::test]
async fn a_record_keeps_its_last_lines_however_old_and_every_line_that_is_young() {
    let place = Place::new();
    let ledger = place.ledger();
    let more = LINES_KEPT + 10;
    // The last five of those that are too many are young.
    let version = lines(&ledger, more, then() - Duration::seconds(5)).await;
    assert!(!ledger.prune(then()).await.unwrap());
    let left = told(&ledger, &record().id).await;
    assert_eq!((left.len() as u32, left[0].as_str()), (LINES_KEPT + 5, "line 5"));
    assert!(!ledger.prune(now()).await.unwrap());
    let left = told(&ledger, &record().id).await;
    assert_eq!((left.len() as u32, left[0].as_str()), (LINES_KEPT, "line 10"));
    assert_eq!(ledger.load(&record().id).await.unwrap().unwrap().version, version);
    ledger.swap(&record(), version, &line("goes on")).await.unwrap();
    assert_eq!(told(&ledger, &record().id).await.last().unwrap(), "goes on");
}

#[tokio::test]
async fn a_huge_file_is_pruned_a_piece_at_a_time() {
    let place = Place::new();
    let ledger = place.ledger();
    kept(&ledger, &record()).await;
    let file = Connection::open(place.file()).unwrap();
    file.execute_batch(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2500)
         INSERT INTO request SELECT 'r-' || i, 'd', '{}', '\"refused\"', i FROM n",
    )
    .unwrap();
    let mut left = Vec::new();
    while ledger.prune(then()).await.unwrap() {
        left.push(count(&place, "request"));
    }
    assert_eq!((left.as_slice(), count(&place, "request")), (&[1500, 500][..], 0));
    assert_eq!(count(&place, "handshake"), 1);
}
