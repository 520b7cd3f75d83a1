//! A file of the first format, as the program made it before there were requests.

use peerpact::handshake::wish::RequestId;
use peerpact::ledger::{CauseKind, Ledger, Outcome, Request, SqliteLedger, Standing};
use rusqlite::{Connection, params};

use crate::fixtures::now;
use crate::support::*;

const RECORD: &str = include_str!("../data/record-1.json");
const LINE: &str = include_str!("../data/line-1.json");

/// A file as the first format had it, with one record and one line.
fn of_format_1() -> Place {
    let place = Place::new();
    let file = Connection::open(place.file()).unwrap();
    file.execute_batch(include_str!("../data/ledger-1.sql")).unwrap();
    let record = full_of_the_first_format();
    let resource = |resource: &dyn ToString| resource.to_string().to_ascii_lowercase();
    file.execute(
        "INSERT INTO handshake VALUES (?1, 7, 'blocked', ?2, ?3, ?4, NULL, 0, ?5)",
        params![
            record.id.as_str(),
            resource(&record.ours.resource),
            resource(&record.theirs.resource),
            resource(record.ours.half.as_ref().unwrap()),
            RECORD
        ],
    )
    .unwrap();
    file.execute("INSERT INTO history VALUES (?1, 7, ?2)", [record.id.as_str(), LINE]).unwrap();
    place
}

fn format(place: &Place) -> i32 {
    let file = Connection::open(place.file()).unwrap();
    file.query_row("SELECT user_version FROM pragma_user_version", [], |row| row.get(0)).unwrap()
}

async fn holds_the_record(ledger: &SqliteLedger) {
    let record = full_of_the_first_format();
    let stored = ledger.load(&record.id).await.unwrap().unwrap();
    assert_eq!((&stored.record, stored.version.number()), (&record, 7));
    assert_eq!(ledger.list(None).await.unwrap().len(), 1);
    assert_eq!(ledger.of_half(record.ours.half.as_ref().unwrap()).await.unwrap().len(), 1);
    let told = ledger.history(&record.id).await.unwrap();
    assert_eq!((told.len(), told[0].cause.kind), (1, CauseKind::FollowUp));
}

#[tokio::test]
async fn a_file_of_the_first_format_is_brought_up_to_date_and_keeps_its_records() {
    let place = of_format_1();
    let ledger = place.ledger();
    holds_the_record(&ledger).await;
    assert_eq!(format(&place), 2);
    let body = || "{}".to_owned();
    let id: RequestId = "r-1".parse().unwrap();
    let request =
        Request { id: id.clone(), digest: body(), body: body(), standing: Standing::Pending, at: now() };
    let outcome = Outcome { id: "o-1".to_owned(), subject: body(), request: None, body: body() };
    ledger.note(Some(&request), std::slice::from_ref(&outcome)).await.unwrap();
    // Once more, as the next process finds it.
    let again = place.ledger();
    holds_the_record(&again).await;
    assert_eq!(again.request(&id).await.unwrap(), Some(request));
    assert_eq!(again.untold(9).await.unwrap(), [outcome]);
}

#[tokio::test]
async fn who_only_reads_opens_either_format_and_changes_neither() {
    let place = of_format_1();
    let before = std::fs::read(place.file()).unwrap();
    holds_the_record(&SqliteLedger::reading(place.file())).await;
    assert!(std::fs::read(place.file()).unwrap() == before, "the file was changed");
    assert_eq!(format(&place), 1);
    holds_the_record(&place.ledger()).await;
    holds_the_record(&SqliteLedger::reading(place.file())).await;
}

#[test]
fn two_that_open_an_old_file_at_once_bring_it_up_to_date_once() {
    let place = of_format_1();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
                runtime.block_on(holds_the_record(&place.ledger()));
            });
        }
    });
    assert_eq!(format(&place), 2);
}
