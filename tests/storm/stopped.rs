use std::path::Path;
use std::time::Duration;

use peerpact::ledger::{Ledger as _, SqliteLedger};
use peerpact_fixtures::deployed::{Plan, Stage, request};
use peerpact_sandbox::service_bus::Message;
use peerpact_sandbox::{Pace, Tenant};

use crate::blows::{Progress, handler, runs_again, signal};
use crate::outcomes::Outcomes;

const REQUESTS: usize = 24;
const LOOK: Duration = Duration::from_millis(1);
/// Only a hang gets there.
const DEADLINE: Duration = Duration::from_secs(180);

/// A deployment ends the handler with SIGTERM: reconciliations that have begun are finished, so that nobody waits a minute for
/// what they hold.
#[tokio::test]
async fn a_handler_that_is_told_to_end_finishes_the_reconciliations_that_it_has_begun() {
    let handler_program = Path::new(env!("CARGO_BIN_EXE_peerpact"));
    let stage = Stage::start(&Plan { handler: handler_program, seed: 11, pace: Pace::Quick, sweeps: false })
        .await
        .unwrap();
    stage.networks(0..REQUESTS).await.unwrap();
    let outcomes = Outcomes::receive(stage.azure().service_bus(Tenant::Contoso));
    let messages = (0..REQUESTS).map(|pair| {
        let id = format!("stop-{pair:02}");
        Message { body: request(&id, pair).into(), message_id: Some(id), ..Message::default() }
    });
    let broker = stage.azure().service_bus(Tenant::Contoso);
    broker.send_all("connection-requests", messages.collect()).unwrap();

    let ending = async {
        let mut progress = Progress::default();
        while progress.written(&stage) == 0 {
            tokio::time::sleep(LOOK).await;
        }
        let process = handler(&stage, Tenant::Contoso).await;
        assert!(broker.depth("reconcile").unwrap().locked > 0, "an item is under way");
        signal(process, "-TERM").await;
        runs_again(&stage, Tenant::Contoso, process).await;
        while outcomes.so_far().len() < REQUESTS {
            tokio::time::sleep(LOOK).await;
        }
    };
    tokio::time::timeout(DEADLINE, ending).await.expect("every request has its outcome");

    let ledger = SqliteLedger::reading(stage.ledger(Tenant::Contoso));
    for stored in ledger.list(None).await.unwrap() {
        let history = ledger.history(&stored.record.id).await.unwrap();
        let intents = history.windows(2).filter(|lines| lines[0].what.starts_with("is about to"));
        for lines in intents {
            assert_eq!(lines[0].cause, lines[1].cause, "a reconciliation was not finished: {history:#?}");
        }
    }
    stage.running.shutdown().await;
}
