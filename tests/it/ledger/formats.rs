//! A file of the second format, as the program made it before it noted when halves were looked at.

use peerpact::handshake::request_queue::RequestKey;
use peerpact::ledger::{
    CauseKind, Ledger, Outcome, Progress, RequestEntry, SqliteLedger, Standing, SweepNote,
};
use peerpact_fixtures::now;
use rusqlite::{Connection, params};

use super::support::*;

const RECORD: &str = include_str!("../../data/record-2.json");
const LINE: &str = include_str!("../../data/line-1.json");

/// A file as the second format had it, with one record and one line.
fn of_format_2() -> Place {
    made_by(include_str!("../../data/ledger-2.sql"))
}

fn made_by(tables: &str) -> Place {
    let place = Place::new();
    let file = Connection::open(place.file()).unwrap();
    file.execute_batch(tables).unwrap();
    let record = full_of_the_second_format();
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
    let record = full_of_the_second_format();
    let stored = ledger.load(&record.id).await.unwrap().unwrap();
    assert_eq!((&stored.record, stored.version.number()), (&record, 7));
    assert_eq!(ledger.list(None).await.unwrap().len(), 1);
    assert_eq!(ledger.of_half(record.ours.half.as_ref().unwrap()).await.unwrap().len(), 1);
    let told = ledger.history(&record.id).await.unwrap();
    assert_eq!((told.len(), told[0].cause.kind), (1, CauseKind::FollowUp));
}

#[tokio::test]
async fn a_file_of_the_second_format_is_brought_up_to_date_and_keeps_its_records() {
    let place = of_format_2();
    let ledger = place.ledger();
    holds_the_record(&ledger).await;
    assert_eq!(format(&place), 4);
    let body = || "{}".to_owned();
    let id: RequestKey = "r-1".parse().unwrap();
    let request =
        RequestEntry { id: id.clone(), digest: body(), body: body(), standing: Standing::Pending, at: now() };
    let outcome = Outcome { id: "o-1".to_owned(), subject: body(), request: None, body: body() };
    ledger.note(Some(&request), std::slice::from_ref(&outcome)).await.unwrap();
    // Once more, as the next process finds it.
    let again = place.ledger();
    holds_the_record(&again).await;
    assert_eq!(again.request(&id).await.unwrap(), Some(request));
    assert_eq!(again.pending(9).await.unwrap(), [outcome]);
    nothing_was_looked_at(&again).await;
    can_note_looks(&again).await;
}

async fn nothing_was_looked_at(ledger: &SqliteLedger) {
    let progress: Vec<_> =
        ledger.list(None).await.unwrap().into_iter().map(|stored| stored.progress).collect();
    assert_eq!(progress, [Progress::default()]);
    assert_eq!(ledger.last_sweep().await.unwrap(), None);
}

/// Looks are noted, each in the place of the one before, and no record changes by it.
async fn can_note_looks(ledger: &SqliteLedger) {
    let id = full_of_the_second_format().id;
    let later = now() + time::Duration::MINUTE;
    for at in [now(), later] {
        let compared = Progress { checked_at: Some(at), ..Progress::default() };
        ledger.note_progress(std::slice::from_ref(&id), &compared, at).await.unwrap();
        let note = SweepNote { at, seen: 1, noticed: 0, troubles: Vec::new(), listed_at: now() };
        ledger.note_sweep(&note).await.unwrap();
        assert_eq!(ledger.last_sweep().await.unwrap(), Some(note));
    }
    let stored = ledger.load(&id).await.unwrap().unwrap();
    assert_eq!(stored.progress, Progress { checked_at: Some(later), ..Progress::default() });
    holds_the_record(ledger).await;
}

#[tokio::test]
async fn a_file_of_the_second_format_is_read_as_it_is_and_gets_what_it_lacks_from_who_writes() {
    let place = of_format_2();
    let reader = SqliteLedger::reading(place.file());
    holds_the_record(&reader).await;
    nothing_was_looked_at(&reader).await;
    assert_eq!(format(&place), 2);
    let ledger = place.ledger();
    nothing_was_looked_at(&ledger).await;
    can_note_looks(&ledger).await;
    assert_eq!(format(&place), 4);
}

#[tokio::test]
async fn who_only_reads_opens_either_format_and_changes_neither() {
    let place = of_format_2();
    let before = std::fs::read(place.file()).unwrap();
    holds_the_record(&SqliteLedger::reading(place.file())).await;
    nothing_was_looked_at(&SqliteLedger::reading(place.file())).await;
    assert!(std::fs::read(place.file()).unwrap() == before, "the file was changed");
    assert_eq!(format(&place), 2);
    holds_the_record(&place.ledger()).await;
    holds_the_record(&SqliteLedger::reading(place.file())).await;
}

#[test]
fn two_that_open_an_old_file_at_once_bring_it_up_to_date_once() {
    let place = of_format_2();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
                runtime.block_on(holds_the_record(&place.ledger()));
            });
        }
    });
    assert_eq!(format(&place), 4);
}

#[tokio::test]
async fn a_file_of_the_third_format_keeps_when_halves_were_looked_at_and_what_the_last_sweep_did() {
    let place = made_by(include_str!("../../data/ledger-3.sql"));
    let (id, note) = (
        full_of_the_second_format().id,
        SweepNote { at: now(), seen: 1, noticed: 0, troubles: Vec::new(), listed_at: now() },
    );
    let file = Connection::open(place.file()).unwrap();
    let at = now().unix_timestamp() * 1_000_000;
    file.execute("INSERT INTO checked VALUES (?1, ?2)", params![id.as_str(), at]).unwrap();
    file.execute("INSERT INTO sweep VALUES (1, ?1)", [serde_json::to_string(&note).unwrap()]).unwrap();
    holds_the_record(&SqliteLedger::reading(place.file())).await;
    assert_eq!(format(&place), 3, "who only reads changes nothing");
    let ledger = place.ledger();
    holds_the_record(&ledger).await;
    assert_eq!(format(&place), 4);
    let stored = ledger.load(&id).await.unwrap().unwrap();
    assert_eq!(stored.progress, Progress { checked_at: Some(now()), ..Progress::default() });
    assert_eq!(ledger.last_sweep().await.unwrap(), Some(note));
    can_note_looks(&ledger).await;
}
