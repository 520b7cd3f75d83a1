//! Compare-and-swap, history and lookups.

use std::path::Path;
use std::sync::Barrier;

use peerpact::handshake::ids::HandshakeId;
use peerpact::handshake::phase::Phase;
use peerpact::handshake::record::Record;
use peerpact::handshake::resource_id::ResourceId;
use peerpact::ledger::{Ledger, LedgerError, Progress, SqliteLedger, Stored, Version};
use peerpact_fixtures::{id, now};
use rusqlite::Connection;
use time::Duration;

use super::support::*;

fn ids(stored: &[Stored]) -> Vec<&HandshakeId> {
    stored.iter().map(|stored| &stored.record.id).collect()
}

#[tokio::test]
async fn what_is_kept_is_found_again_whole() {
    let place = Place::new();
    let (ledger, record) = (place.ledger(), full());
    assert_eq!(ledger.load(&record.id).await.unwrap(), None);
    let version = kept(&ledger, &record).await;
    assert_eq!(version, Version::ABSENT.next());
    assert_eq!(
        ledger.load(&record.id).await.unwrap(),
        Some(Stored { record: record.clone(), version, progress: Progress::default() })
    );
    assert_eq!(ledger.history(&record.id).await.unwrap(), [line("was opened")]);
}

#[tokio::test]
async fn a_swap_counts_the_version_up_and_replaces_the_record() {
    let place = Place::new();
    let (ledger, mut record) = (place.ledger(), record());
    let first = kept(&ledger, &record).await;
    record.phase = Phase::Connected;
    let second = ledger.swap(&record, first, &line("connected")).await.unwrap();
    assert_eq!((first.number(), second.number()), (1, 2));
    let stored = ledger.load(&record.id).await.unwrap().unwrap();
    assert_eq!((stored.record.phase, stored.version), (Phase::Connected, second));
    assert_eq!(ledger.list(None).await.unwrap().len(), 1);
}

#[tokio::test]
async fn who_read_an_older_version_loses_and_leaves_no_trace() {
    let place = Place::new();
    let (ledger, mut record) = (place.ledger(), record());
    let first = kept(&ledger, &record).await;
    let second = ledger.swap(&record, first, &line("second")).await.unwrap();
    record.phase = Phase::Broken;
    for stale in [Version::ABSENT, first, second.next()] {
        let error = ledger.swap(&record, stale, &line("too late")).await.unwrap_err();
        assert!(matches!(&error, LedgerError::Conflict(id) if *id == record.id), "{error:?}");
    }
    let stored = ledger.load(&record.id).await.unwrap().unwrap();
    assert_eq!((stored.record.phase, stored.version), (Phase::Waiting, second));
    assert_eq!(told(&ledger, &record.id).await, ["was opened", "second"]);
}

#[tokio::test]
async fn a_record_that_is_not_there_has_no_version_to_swap() {
    let place = Place::new();
    let (ledger, record) = (place.ledger(), record());
    let version = Version::ABSENT.next();
    let error = ledger.swap(&record, version, &line("of nothing")).await.unwrap_err();
    assert!(matches!(error, LedgerError::Conflict(_)), "{error:?}");
    assert_eq!(ledger.load(&record.id).await.unwrap(), None);
    assert_eq!(told(&ledger, &record.id).await, [""; 0]);
}

#[tokio::test]
async fn history_is_told_in_the_order_in_which_it_happened_and_for_each_handshake_apart() {
    let place = Place::new();
    let (ledger, record) = (place.ledger(), record());
    let mut version = Version::ABSENT;
    for number in 1..=12 {
        version = ledger.swap(&record, version, &line(&number.to_string())).await.unwrap();
    }
    kept(&ledger, &record_of("ours-2", "theirs-2")).await;
    let expected: Vec<String> = (1..=12).map(|number: u32| number.to_string()).collect();
    assert_eq!(told(&ledger, &record.id).await, expected);
}

#[tokio::test]
async fn a_record_and_its_line_are_written_together_or_not_at_all() {
    let place = Place::new();
    let (ledger, mut record) = (place.ledger(), record());
    let first = kept(&ledger, &record).await;
    // A line that stands where the next one belongs makes the second of the two writes fail.
    let taken = "INSERT INTO history VALUES (?1, 2, '{}')";
    Connection::open(place.file()).unwrap().execute(taken, [record.id.as_str()]).unwrap();
    record.phase = Phase::Broken;
    let error = ledger.swap(&record, first, &line("half written")).await.unwrap_err();
    assert!(matches!(error, LedgerError::Database(_)), "{error:?}");
    let stored = ledger.load(&record.id).await.unwrap().unwrap();
    assert_eq!((stored.record.phase, stored.version), (Phase::Waiting, first));
}

#[tokio::test]
async fn a_half_and_a_network_are_found_at_either_end_without_regard_to_case() {
    let place = Place::new();
    let ledger = place.ledger();
    let mut record = record();
    (record.ours.half, record.theirs.half) = (Some(half("ours", "Half")), Some(half("theirs", "Half")));
    kept(&ledger, &record).await;
    kept(&ledger, &record_of("ours", "theirs-2")).await;
    for network in ["ours", "theirs"] {
        let shouted: ResourceId = half(network, "Half").to_string().to_uppercase().parse().unwrap();
        assert_eq!(ids(&ledger.of_half(&shouted).await.unwrap()), [&record.id], "{network}");
        let other = half(network, "other");
        assert!(ledger.of_half(&other).await.unwrap().is_empty());
    }
    let shouted: ResourceId = id("theirs").to_string().to_uppercase().parse().unwrap();
    assert_eq!(ids(&ledger.of_resource(&shouted).await.unwrap()), [&record.id]);
    assert_eq!(ledger.of_resource(&ResourceId::of(&id("ours"))).await.unwrap().len(), 2);
    assert!(ledger.of_resource(&ResourceId::of(&id("ours-2"))).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_half_is_found_by_its_latest_name_only() {
    let place = Place::new();
    let (ledger, mut record) = (place.ledger(), record());
    let half = |name: &str| half("ours", name);
    record.ours.half = Some(half("old"));
    let version = kept(&ledger, &record).await;
    record.ours.half = Some(half("new"));
    ledger.swap(&record, version, &line("renamed")).await.unwrap();
    assert!(ledger.of_half(&half("old")).await.unwrap().is_empty());
    assert_eq!(ledger.of_half(&half("new")).await.unwrap().len(), 1);
}

#[tokio::test]
async fn the_longest_unchanged_come_first_to_the_microsecond() {
    let place = Place::new();
    let ledger = place.ledger();
    let mut expected = Vec::new();
    for (number, age) in [(1, 30), (2, 10), (3, 20), (4, 0)] {
        let mut record = record_of(&format!("ours-{number}"), "theirs");
        record.updated_at = now() - Duration::microseconds(age);
        kept(&ledger, &record).await;
        expected.push((age, record.id));
    }
    expected.sort_by_key(|(age, _)| std::cmp::Reverse(*age));
    let expected: Vec<&HandshakeId> = expected.iter().map(|(_, id)| id).collect();
    assert_eq!(ids(&ledger.list(None).await.unwrap()), expected);
}

#[tokio::test]
async fn a_list_holds_one_phase_if_one_is_named() {
    let place = Place::new();
    let ledger = place.ledger();
    for (number, phase) in Phase::ALL.into_iter().enumerate() {
        kept(&ledger, &Record { phase, ..record_of(&format!("ours-{number}"), "theirs") }).await;
    }
    for phase in Phase::ALL {
        let listed = ledger.list(Some(phase)).await.unwrap();
        assert_eq!(listed.iter().map(|stored| stored.record.phase).collect::<Vec<_>>(), [phase]);
    }
    assert_eq!(ledger.list(None).await.unwrap().len(), Phase::ALL.len());
}

/// Swaps until it won `times` times, with a connection of its own; gives back how often it lost.
fn compete(file: &Path, record: &Record, times: usize) -> usize {
    let ledger = SqliteLedger::new(file);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let (mut won, mut lost) = (0, 0);
    while won < times {
        let read = runtime.block_on(ledger.load(&record.id)).unwrap();
        let version = read.map_or(Version::ABSENT, |stored| stored.version);
        match runtime.block_on(ledger.swap(record, version, &line("won"))) {
            Ok(_) => won += 1,
            Err(LedgerError::Conflict(_)) => lost += 1,
            Err(error) => panic!("{error:?}"),
        }
    }
    lost
}

#[tokio::test]
async fn of_writers_that_race_one_wins_each_version_and_none_is_lost() {
    const WRITERS: usize = 4;
    const TIMES: usize = 25;
    let place = Place::new();
    let (file, record) = (place.file(), record());
    std::thread::scope(|scope| {
        for _ in 0..WRITERS {
            scope.spawn(|| compete(&file, &record, TIMES));
        }
    });
    let stored = place.ledger().load(&record.id).await.unwrap().unwrap();
    assert_eq!(stored.version.number() as usize, WRITERS * TIMES);
    assert_eq!(told(&place.ledger(), &record.id).await.len(), WRITERS * TIMES);
}

#[test]
fn many_that_open_a_new_ledger_at_once_all_open_it() {
    const ROUNDS: usize = 40;
    const OPENERS: usize = 8;
    for _ in 0..ROUNDS {
        let place = Place::new();
        let (file, start) = (place.file(), Barrier::new(OPENERS));
        std::thread::scope(|scope| {
            for _ in 0..OPENERS {
                scope.spawn(|| {
                    start.wait();
                    compete(&file, &record(), 1)
                });
            }
        });
    }
}

#[tokio::test]
async fn of_two_that_read_the_same_version_the_second_loses() {
    let place = Place::new();
    let (one, other, record) = (place.ledger(), place.ledger(), record());
    let version = kept(&one, &record).await;
    assert_eq!(other.load(&record.id).await.unwrap().unwrap().version, version);
    one.swap(&record, version, &line("first")).await.unwrap();
    let error = other.swap(&record, version, &line("second")).await.unwrap_err();
    assert!(matches!(error, LedgerError::Conflict(_)), "{error:?}");
}
