//! Records and places to keep them.

use std::path::PathBuf;

use peerpact::handshake::agreed::Agreed;
use peerpact::handshake::goal::{Goal, Wanted};
use peerpact::handshake::ids::HandshakeId;
use peerpact::handshake::intent::{Intent, Refusal};
use peerpact::handshake::phase::Phase;
use peerpact::handshake::reason::{Code, Reason};
use peerpact::handshake::record::Record;
use peerpact::handshake::request_id::RequestId;
use peerpact::handshake::resource_id::ResourceId;
use peerpact::handshake::step::Step;
use peerpact::kinds::peering::AskedFlags;
use peerpact::kinds::peering::{PeeringFlags, PeeringState, SyncLevel};
use peerpact::ledger::{Cause, CauseKind, Ledger, Line, SqliteLedger, Version};
use peerpact_fixtures::{FABRIKAM, ends, id, now};
use tempfile::TempDir;
use time::Duration;
use uuid::Uuid;

pub(crate) struct Place(pub(crate) TempDir);

impl Place {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.0.path().join("ledger.db")
    }

    pub(crate) fn ledger(&self) -> SqliteLedger {
        SqliteLedger::new(self.file())
    }
}

pub(crate) fn record() -> Record {
    Record::new(&ends().pair(), FABRIKAM.parse().unwrap(), now())
}

/// The record of another pair.
pub(crate) fn record_of(ours: &str, theirs: &str) -> Record {
    let ends = peerpact::kinds::peering::PeeringEnds { ours: id(ours), theirs: id(theirs), ..ends() };
    Record::new(&ends.pair(), FABRIKAM.parse().unwrap(), now())
}

pub(crate) fn half(network: &str, name: &str) -> ResourceId {
    ResourceId::of(&id(network).peering(name.parse().unwrap()))
}

pub(crate) fn line(what: &str) -> Line {
    Line { at: now(), what: what.to_owned(), cause: Cause { kind: CauseKind::Event, id: "e-1".to_owned() } }
}

pub(crate) async fn kept(ledger: &SqliteLedger, record: &Record) -> Version {
    ledger.swap(record, Version::ABSENT, &line("was opened")).await.unwrap()
}

pub(crate) async fn told(ledger: &SqliteLedger, id: &HandshakeId) -> Vec<String> {
    ledger.history(id).await.unwrap().into_iter().map(|line| line.what).collect()
}

/// A record with something in every field, as `tests/data/record-4.json` holds it.
pub(crate) fn full() -> Record {
    let mut record = full_of_the_second_format();
    record.ours.made = true;
    record.agreed = Some(Agreed {
        agreement: "contoso/all".to_owned(),
        terms: serde_json::from_value(serde_json::json!({
            "prefixes": ["10.0.0.0/8"],
            "flags": PeeringFlags { allow_virtual_network_access: true, ..PeeringFlags::default() },
        }))
        .unwrap(),
    });
    record.undone = Some(Reason::new(Code::ConsentExceeded, "it went too far").fixed_by("take it back"));
    record.end_seen_at = Some(now() + Duration::seconds(50));
    record
}

/// A record with something in every field that there was when requests came, as `tests/data/record-2.json` holds it.
pub(crate) fn full_of_the_second_format() -> Record {
    let mut record = full_of_the_first_format();
    let request: RequestId = "r-1".parse().unwrap();
    record.looking_since = Some(now() + Duration::seconds(30));
    record.not_before = Some(now() + Duration::seconds(40));
    let flags = AskedFlags { forwarded_traffic: Some(true), ..AskedFlags::default() };
    let asked = serde_json::to_value(flags).unwrap();
    record.goal =
        Some(Goal { request: request.clone().into(), wanted: Wanted::Connect { asked, opened: true } });
    record.asked = vec![request.into(), "r-2".parse().unwrap()];
    record
}

/// A record with something in every field that there was at first, as `tests/data/record-1.json` holds it.
pub(crate) fn full_of_the_first_format() -> Record {
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
    record.ours.half = Some(half("ours", "peerpact-70a05eb6d73a"));
    record.ours.state = Some(PeeringState::Connected.to_string());
    record.ours.sync = Some(SyncLevel::LocalNotInSync.to_string());
    record.intent = Some(Intent {
        step: Step::SyncOurs,
        target: half("ours", "peerpact-70a05eb6d73a"),
        correlation: Uuid::from_u128(0x1111_2222),
        at: now(),
    });
    record.held_until = Some(now() + Duration::minutes(1));
    record.mended = 1;
    record.refusal = Some(Refusal { fingerprint: "0011223344556677".to_owned(), at: now() });
    record.states_since = now() + Duration::seconds(10);
    record.removal_seen_at = Some(now() + Duration::seconds(20));
    record
}
