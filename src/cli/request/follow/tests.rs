//! Waiting against queues in memory, under virtual time.

use std::sync::Mutex;

use serde_json::json;
use time::OffsetDateTime;
use time::macros::datetime;

use super::*;
use crate::handshake::ids::{HandshakeId, TenantId};
use crate::handshake::phase::Phase;
use crate::handshake::reason::{Code, Reason};
use crate::handshake::record::Record;
use crate::kinds::Kinds;
use crate::kinds::peering::PeeringEnds;
use crate::ledger::{self, Cause, CauseKind, Change, Line, SqliteLedger, Version};
use crate::queue::Queue;

const START: OffsetDateTime = datetime!(2026-03-01 12:00:00 UTC);
const OURS: &str = "/subscriptions/dec492d3-4f4e-493b-aa47-7bdf2f96a6fc/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/ours";
const THEIRS: &str = "/subscriptions/6a5f35e9-6951-499d-a36b-83c6c6eed44a/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/theirs";
const CONTOSO: &str = "72f988bf-86f1-41af-91ab-2d7cd011db47";
const FABRIKAM: &str = "79686033-97a2-4ebd-8e7d-0cae2c7df00e";

/// A queue of outcomes in which messages appear when their time has come, two in a read.
struct Outcomes {
    clock: Clock,
    /// After so many seconds, for this request, with this body.
    due: Vec<(i64, &'static str, String)>,
    reads: Mutex<Vec<OffsetDateTime>>,
    /// The reads that fail, counted from 0.
    broken: std::ops::Range<usize>,
}

impl Outcomes {
    fn of(due: &[(i64, &'static str, &str)]) -> Self {
        let due = due.iter().map(|(after, request, phase)| {
            let body =
                json!({"id": null, "phase": phase, "reason": {"code": "new", "message": "m", "fix": null}});
            (*after, *request, if phase.is_empty() { "no JSON".to_owned() } else { body.to_string() })
        });
        Self { clock: Clock::starting_at(START), due: due.collect(), reads: Mutex::default(), broken: 0..0 }
    }
}

#[async_trait]
impl Watch for Outcomes {
    async fn outcomes(&self, from: i64, most: usize) -> Result<Vec<Seen>, PeekError> {
        let mut reads = self.reads.lock().unwrap();
        reads.push(self.clock.now());
        if self.broken.contains(&(reads.len() - 1)) {
            let (queue, problem) = (Queue::ConnectionOutcomes, "it is restarted".to_owned());
            return Err(QueueError::Unreachable { queue, problem }.into());
        }
        let there = |(after, _, _): &&(i64, &str, String)| {
            self.clock.now() >= START + time::Duration::seconds(*after)
        };
        let seen = self.due.iter().filter(there).zip(1_i64..).map(|((_, request, body), sequence)| Seen {
            sequence,
            correlation: Some((*request).to_owned()),
            body: body.clone().into_bytes(),
        });
        Ok(seen.filter(|seen| seen.sequence >= from).take(most.min(2)).collect())
    }
}

fn request(id: &str, action: &str) -> Request {
    let text = match action {
        "disconnect" => format!(
            r#"{{"version":1,"id":"{id}","action":"disconnect","half":"{OURS}/virtualNetworkPeerings/x"}}"#
        ),
        _ => {
            format!(r#"{{"version":1,"id":"{id}","action":"{action}","ours":"{OURS}","theirs":"{THEIRS}"}}"#)
        }
    };
    Request::parse(&Kinds::built_in(), text.as_bytes()).unwrap()
}

/// Each request in the order in which it ended, with how.
async fn waited(
    outcomes: &Outcomes,
    ledger: Option<&dyn Ledger>,
    requests: &[Request],
) -> Vec<(String, bool, RequestEnd)> {
    let mut ends = Vec::new();
    let seconds = Duration::from_secs(20);
    wait(
        outcomes,
        ledger,
        outcomes.clock,
        Patience { from: 0, within: seconds },
        requests,
        |request, end| {
            ends.push((request.id.to_string(), end.is_as_asked(&request.action), end));
            Ok(())
        },
    )
    .await
    .unwrap();
    ends
}

/// A queue that holds messages with these sequence numbers.
struct Numbers(Vec<i64>);

#[async_trait]
impl Watch for Numbers {
    async fn outcomes(&self, from: i64, most: usize) -> Result<Vec<Seen>, PeekError> {
        let seen = |sequence: &i64| Seen { sequence: *sequence, correlation: None, body: Vec::new() };
        Ok(self.0.iter().filter(|number| **number >= from).take(most).map(seen).collect())
    }
}

#[tokio::test]
async fn what_is_sent_now_is_answered_after_the_last_message_that_is_there() {
    let far = 1_i64 << 52;
    for (numbers, next) in [
        (vec![], 1),
        (vec![1], 2),
        (vec![7], 8),
        ((1..=1000).collect(), 1001),
        (vec![3, 900, 901], 902),
        (vec![5, far, far + 7], far + 8),
    ] {
        assert_eq!(next_number(&Numbers(numbers.clone())).await.unwrap(), next, "{numbers:?}");
    }
}

fn in_short(ends: &[(String, bool, RequestEnd)]) -> Vec<(&str, bool)> {
    ends.iter().map(|(id, as_asked, _)| (id.as_str(), *as_asked)).collect()
}

#[tokio::test(start_paused = true)]
async fn each_request_ends_with_its_own_outcome() {
    let outcomes = Outcomes::of(&[
        (0, "somebody-elses", "connected"),
        (0, "r-1", ""),
        (1, "r-2", "connected"),
        (3, "r-1", "connected"),
        (5, "r-3", "closed"),
        (7, "r-4", "refused"),
    ]);
    let requests = [
        request("r-1", "connect-peering"),
        request("r-2", "disconnect"),
        request("r-3", "disconnect"),
        request("r-4", "recheck"),
    ];
    let ends = waited(&outcomes, None, &requests).await;
    assert_eq!(in_short(&ends), [("r-2", false), ("r-1", true), ("r-3", true), ("r-4", false)]);
    let elapsed = outcomes.clock.now() - START;
    assert!(elapsed < time::Duration::seconds(10), "it went on for {elapsed} after the last outcome");
}

#[tokio::test(start_paused = true)]
async fn of_several_outcomes_the_last_one_counts() {
    let outcomes = Outcomes::of(&[(0, "r-1", "broken"), (0, "r-1", "refused"), (0, "r-1", "connected")]);
    assert_eq!(in_short(&waited(&outcomes, None, &[request("r-1", "recheck")]).await), [("r-1", true)]);
}

#[tokio::test(start_paused = true)]
async fn reads_come_with_growing_gaps_and_end_with_the_time() {
    let outcomes = Outcomes::of(&[(100, "r-1", "connected")]);
    let ends = waited(&outcomes, None, &[request("r-1", "recheck")]).await;
    assert!(matches!(&ends[..], [(_, false, RequestEnd::Open(Open::Unknown))]), "{ends:?}");
    assert_eq!(outcomes.clock.now() - START, time::Duration::seconds(20));
    let reads = outcomes.reads.into_inner().unwrap();
    let gaps: Vec<i128> = reads.windows(2).map(|pair| (pair[1] - pair[0]).whole_milliseconds()).collect();
    assert_eq!(&gaps[..3], [250, 375, 563], "{gaps:?}");
    assert!(gaps.iter().all(|gap| *gap <= 2001) && gaps.contains(&2000), "{gaps:?}");
}

#[tokio::test(start_paused = true)]
async fn queues_that_are_away_for_a_while_are_waited_for_and_nothing_is_lost() {
    let requests = [request("r-1", "recheck"), request("r-2", "recheck")];
    let due = [(0, "r-1", "connected"), (0, "nobody", "connected"), (2, "r-2", "connected")];
    // The first read has begun: what it showed before it broke is not shown again.
    let outcomes = Outcomes { broken: 1..4, ..Outcomes::of(&due) };
    assert_eq!(in_short(&waited(&outcomes, None, &requests).await), [("r-1", true), ("r-2", true)]);

    let gone = Outcomes { broken: 0..1000, ..Outcomes::of(&due) };
    let within = Duration::from_secs(20);
    let error =
        wait(&gone, None, gone.clock, Patience { from: 0, within }, &requests, |_, end| panic!("{end:?}"))
            .await
            .unwrap_err();
    assert!(error.to_string().contains("could not be reached: it is restarted"), "{error}");
    assert_eq!(gone.clock.now() - START, time::Duration::seconds(20));
}

/// A ledger in which r-1 was placed with a handshake in this phase; its outcome was sent already, or not.
async fn ledger(
    folder: &tempfile::TempDir,
    standing: impl Fn(HandshakeId) -> Standing,
    sent: bool,
) -> SqliteLedger {
    let ledger = SqliteLedger::new(folder.path().join("ledger.db"));
    let (ours, theirs) = (OURS.parse().unwrap(), THEIRS.parse().unwrap());
    let partner: TenantId = CONTOSO.parse().unwrap();
    let ends = PeeringEnds { ours, theirs, partner };
    let mut record = Record::new(&ends.pair(), FABRIKAM.parse().unwrap(), START);
    record.phase = if sent { Phase::Connected } else { Phase::Waiting };
    record.reasons = vec![Reason::new(Code::AwaitingPartner, "theirs is not there").fixed_by("ask them")];
    let id: RequestId = "r-1".parse().unwrap();
    if !sent {
        assert!(record.ask(id.clone(), None));
    }
    let line =
        Line { at: START, what: "asked".into(), cause: Cause { kind: CauseKind::Request, id: "r-1".into() } };
    let asked = ledger::RequestEntry {
        id: id.into(),
        digest: String::new(),
        body: String::new(),
        standing: standing(record.id.clone()),
        at: START,
    };
    let change =
        Change { record: &record, line: &line, request: Some(&asked), outcomes: &[], progress: None };
    ledger.commit(&change, Version::ABSENT).await.unwrap();
    ledger
}

/// How the wait for this request ends when no outcome comes.
async fn without_an_outcome(
    id: &str,
    standing: impl Fn(HandshakeId) -> Standing,
    sent: bool,
) -> (bool, RequestEnd) {
    let folder = tempfile::tempdir().unwrap();
    let ledger = ledger(&folder, standing, sent).await;
    let ends = waited(&Outcomes::of(&[]), Some(&ledger), &[request(id, "recheck")]).await;
    ends.into_iter().map(|(_, as_asked, end)| (as_asked, end)).next().unwrap()
}

#[tokio::test(start_paused = true)]
async fn at_the_end_of_the_time_the_ledger_says_what_is_waited_for() {
    let (as_asked, end) = without_an_outcome("r-1", Standing::Placed, false).await;
    let RequestEnd::Open(Open::Placed(_, Phase::Waiting, Some(reason))) = end else { panic!("{end:?}") };
    assert_eq!(
        (as_asked, reason.message.as_str(), reason.fix.as_deref()),
        (false, "theirs is not there", Some("ask them"))
    );

    let (_, end) = without_an_outcome("r-1", |_| Standing::Pending, false).await;
    assert!(matches!(end, RequestEnd::Open(Open::NotPlaced)), "{end:?}");
    let (_, end) = without_an_outcome("r-1", |_| Standing::Refused, false).await;
    assert!(matches!(end, RequestEnd::Open(Open::Refused)), "{end:?}");
    let (_, end) = without_an_outcome("r-2", Standing::Placed, false).await;
    assert!(matches!(end, RequestEnd::Open(Open::NotReceived)), "{end:?}");
}

#[tokio::test(start_paused = true)]
async fn an_outcome_that_somebody_else_took_is_known_from_the_ledger() {
    let (as_asked, end) = without_an_outcome("r-1", Standing::Placed, true).await;
    assert!(as_asked && matches!(end, RequestEnd::Ledger(_, Phase::Connected, _)), "{end:?}");
}
