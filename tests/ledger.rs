//! The embedded ledger: one SQLite file, written by compare-and-swap and read by other processes.

#[cfg(test)]
#[path = "fixtures/mod.rs"]
mod fixtures;

#[cfg(test)]
mod sqlite {
    use std::path::{Path, PathBuf};
    use std::process::Command;

    use peerpact::handshake::halves::{PeeringState, SyncLevel};
    use peerpact::handshake::ids::{HandshakeId, PeeringId};
    use peerpact::handshake::phase::Phase;
    use peerpact::handshake::reason::{Code, Reason};
    use peerpact::handshake::record::{Intent, Record, Refusal};
    use peerpact::handshake::step::Step;
    use peerpact::ledger::{Cause, CauseKind, Ledger, LedgerError, Line, SqliteLedger, Stored, Version};
    use rusqlite::Connection;
    use serde_json::Value;
    use tempfile::TempDir;
    use time::Duration;
    use uuid::Uuid;

    use crate::fixtures::{FABRIKAM, ends, id, now};

    struct Place(TempDir);

    impl Place {
        fn new() -> Self {
            Self(tempfile::tempdir().unwrap())
        }

        fn file(&self) -> PathBuf {
            self.0.path().join("ledger.db")
        }

        fn ledger(&self) -> SqliteLedger {
            SqliteLedger::new(self.file())
        }
    }

    fn record() -> Record {
        Record::new(&ends(), FABRIKAM.parse().unwrap(), now())
    }

    /// The record of another pair.
    fn record_of(ours: &str, theirs: &str) -> Record {
        let ends = peerpact::handshake::agreements::Ends { ours: id(ours), theirs: id(theirs), ..ends() };
        Record::new(&ends, FABRIKAM.parse().unwrap(), now())
    }

    fn line(what: &str) -> Line {
        Line {
            at: now(),
            what: what.to_owned(),
            cause: Cause { kind: CauseKind::Event, id: "e-1".to_owned() },
        }
    }

    async fn kept(ledger: &SqliteLedger, record: &Record) -> Version {
        ledger.swap(record, Version::ABSENT, &line("was opened")).await.unwrap()
    }

    async fn told(ledger: &SqliteLedger, id: &HandshakeId) -> Vec<String> {
        ledger.history(id).await.unwrap().into_iter().map(|line| line.what).collect()
    }

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
        assert_eq!(ledger.load(&record.id).await.unwrap(), Some(Stored { record: record.clone(), version }));
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
        let half = |network: &str| -> PeeringId { id(network).peering("Half".parse().unwrap()) };
        let mut record = record();
        (record.ours.half, record.theirs.half) = (Some(half("ours")), Some(half("theirs")));
        kept(&ledger, &record).await;
        kept(&ledger, &record_of("ours", "theirs-2")).await;
        for network in ["ours", "theirs"] {
            let shouted: PeeringId = half(network).to_string().to_uppercase().parse().unwrap();
            assert_eq!(ids(&ledger.of_half(&shouted).await.unwrap()), [&record.id], "{network}");
            let other = id(network).peering("other".parse().unwrap());
            assert!(ledger.of_half(&other).await.unwrap().is_empty());
        }
        let shouted = id("theirs").to_string().to_uppercase().parse().unwrap();
        assert_eq!(ids(&ledger.of_network(&shouted).await.unwrap()), [&record.id]);
        assert_eq!(ledger.of_network(&id("ours")).await.unwrap().len(), 2);
        assert!(ledger.of_network(&id("ours-2")).await.unwrap().is_empty());
    }

    #[tokio::test]
    async fn a_half_is_found_by_its_latest_name_only() {
        let place = Place::new();
        let (ledger, mut record) = (place.ledger(), record());
        let half = |name: &str| id("ours").peering(name.parse().unwrap());
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
        assert_eq!(
            reader.load(&record.id).await.unwrap().unwrap().version,
            first,
            "it sees what is committed"
        );
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
        let handshake = &shown["value"][0];
        assert_eq!(handshake["id"], record.id.as_str());
        assert_eq!(handshake["phase"], "blocked");
        assert_eq!(handshake["history"][0]["what"], "was opened");
        kept(&ledger, &record_of("ours-2", "theirs-2")).await;
    }

    /// Swaps until it won `times` times, with a connection of its own; gives back how often it lost.
    fn compete(file: &Path, record: &Record, times: usize) -> usize {
        let ledger = SqliteLedger::new(file);
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
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
        let place = Place::new();
        let later = Connection::open(place.file()).unwrap();
        later.execute_batch("CREATE TABLE handshake (id TEXT); PRAGMA user_version = 2;").unwrap();
        drop(later);
        assert_eq!(refused(&place.file()).await, "it is of format 2, and this program knows format 1");
    }

    #[tokio::test]
    async fn a_database_of_somebody_else_is_left_alone() {
        let place = Place::new();
        Connection::open(place.file()).unwrap().execute_batch("CREATE TABLE invoices (id TEXT)").unwrap();
        assert_eq!(refused(&place.file()).await, "it is a database of something else");
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

    /// A record with something in every field, as `tests/data/record-1.json` holds it.
    fn full() -> Record {
        let mut record = record();
        record.generation = 3;
        record.phase = Phase::Blocked;
        record.reasons = vec![
            Reason::new(Code::AzureRefused, "a policy forbids it").fixed_by("ask whoever made the policy"),
            Reason::new(Code::OutcomeUnknown, "nobody knows"),
        ];
        record.agreement = Some("contoso/all".to_owned());
        record.updated_at = now() + Duration::seconds(90);
        record.connected_at = Some(now() + Duration::milliseconds(1500));
        record.ours.half = Some(id("ours").peering("peerpact-70a05eb6d73a".parse().unwrap()));
        (record.ours.state, record.ours.sync) =
            (Some(PeeringState::Connected), Some(SyncLevel::LocalNotInSync));
        record.intent = Some(Intent {
            step: Step::SyncOurs,
            half: id("ours").peering("peerpact-70a05eb6d73a".parse().unwrap()),
            correlation: Uuid::from_u128(0x1111_2222),
            at: now(),
        });
        record.held_until = Some(now() + Duration::minutes(1));
        record.mended = 1;
        record.refusal = Some(Refusal { fingerprint: "0011223344556677".to_owned(), at: now() });
        record
    }

    #[tokio::test]
    async fn a_record_as_it_was_written_on_the_day_of_the_first_format_is_read() {
        let place = Place::new();
        let (ledger, record) = (place.ledger(), full());
        kept(&ledger, &record).await;
        let sample = include_str!("data/record-1.json");
        let line = include_str!("data/line-1.json");
        let old = Connection::open(place.file()).unwrap();
        old.execute("UPDATE handshake SET record = ?1", [sample]).unwrap();
        old.execute("UPDATE history SET line = ?1", [line]).unwrap();
        assert_eq!(ledger.load(&record.id).await.unwrap().unwrap().record, record);
        let told = ledger.history(&record.id).await.unwrap();
        assert_eq!(
            (told[0].what.as_str(), told[0].cause.kind),
            ("is about to sync our half", CauseKind::FollowUp)
        );
    }

    #[test]
    fn what_is_written_today_is_what_the_first_format_says() {
        let sample: Value = serde_json::from_str(include_str!("data/record-1.json")).unwrap();
        assert_eq!(serde_json::to_value(full()).unwrap(), sample);
    }
}
