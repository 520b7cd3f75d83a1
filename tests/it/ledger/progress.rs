//! What is noted beside a record: when its halves were read, and what it waits for.

use peerpact::handshake::ids::HandshakeId;
use peerpact::ledger::{Change, Ledger, Next, Progress, SqliteLedger, Version};
use peerpact_fixtures::now;
use time::{Duration, OffsetDateTime};

use super::support::*;

fn at(seconds: i64) -> OffsetDateTime {
    now() + Duration::seconds(seconds)
}

fn read(seconds: i64, item: &str) -> Progress {
    let next = Next { item: item.to_owned(), due: at(seconds + 30), after: "e-1".to_owned() };
    Progress { read_at: Some(at(seconds)), checked_at: Some(at(seconds)), next: Some(next) }
}

async fn note(ledger: &SqliteLedger, progress: &Progress, now: OffsetDateTime) {
    ledger.note_progress(&[record().id], progress, now).await.unwrap();
}

async fn noted(ledger: &SqliteLedger, id: &HandshakeId) -> Progress {
    ledger.load(id).await.unwrap().unwrap().progress
}

#[tokio::test]
async fn what_is_noted_is_found_with_the_record_however_that_is_looked_for_and_is_no_version_of_it() {
    let place = Place::new();
    let (ledger, mut record) = (place.ledger(), record());
    record.ours.half = Some(half("ours", "h"));
    let version = kept(&ledger, &record).await;
    note(&ledger, &read(0, "one"), at(1)).await;
    let found = [
        ledger.load(&record.id).await.unwrap().unwrap(),
        ledger.of_half(&half("ours", "h")).await.unwrap().remove(0),
        ledger.of_resource(&record.ours.resource).await.unwrap().remove(0),
        ledger.list(None).await.unwrap().remove(0),
    ];
    for stored in found {
        assert_eq!((stored.progress, stored.version), (read(0, "one"), version));
    }
    assert_eq!(told(&ledger, &record.id).await, ["was opened"]);
}

#[tokio::test]
async fn what_was_read_earlier_changes_nothing_and_what_is_still_to_come_keeps_nothing_out() {
    let place = Place::new();
    let (ledger, record) = (place.ledger(), record());
    kept(&ledger, &record).await;
    note(&ledger, &read(10, "later"), at(10)).await;
    note(&ledger, &read(5, "earlier"), at(11)).await;
    assert_eq!(noted(&ledger, &record.id).await, read(10, "later"), "a slow read that ends last");
    note(&ledger, &read(7200, "by a clock that is ahead"), at(7200)).await;
    note(&ledger, &read(20, "once it is right"), at(20)).await;
    assert_eq!(noted(&ledger, &record.id).await, read(20, "once it is right"));
}

#[tokio::test]
async fn a_comparison_with_lists_leaves_what_is_waited_for() {
    let place = Place::new();
    let (ledger, record) = (place.ledger(), record());
    kept(&ledger, &record).await;
    note(&ledger, &read(0, "one"), at(0)).await;
    note(&ledger, &Progress { checked_at: Some(at(60)), ..Progress::default() }, at(60)).await;
    assert_eq!(noted(&ledger, &record.id).await, Progress { checked_at: Some(at(60)), ..read(0, "one") });
    // One that did not see all leaves when all was seen, and ends the waiting.
    note(&ledger, &Progress { read_at: Some(at(70)), ..Progress::default() }, at(70)).await;
    let then = Progress { read_at: Some(at(70)), checked_at: Some(at(60)), next: None };
    assert_eq!(noted(&ledger, &record.id).await, then);
}

#[tokio::test]
async fn it_is_written_with_the_record_or_not_at_all() {
    let place = Place::new();
    let (ledger, record, line) = (place.ledger(), record(), line("connected"));
    let one = read(0, "one");
    let change = Change { record: &record, line: &line, request: None, outcomes: &[], progress: Some(&one) };
    let version = ledger.commit(&change, Version::ABSENT).await.unwrap();
    assert_eq!(noted(&ledger, &record.id).await, one);
    let two = read(9, "two");
    let change = Change { progress: Some(&two), ..change };
    ledger.commit(&change, Version::ABSENT).await.unwrap_err();
    assert_eq!(noted(&ledger, &record.id).await, one, "who loses the swap leaves nothing");
    ledger.commit(&Change { progress: None, ..change }, version).await.unwrap();
    assert_eq!(noted(&ledger, &record.id).await, one, "what is not said stays");
}
