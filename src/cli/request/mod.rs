//! `request`: asks the app for something by its queue, and waits for the outcome where that is wanted.

mod arguments;
mod end;
mod follow;
mod lines;
mod report;
mod send;

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use async_trait::async_trait;

pub(super) use self::arguments::RequestArgs;
use self::arguments::{How, Meant};
use self::end::RequestEnd;
use self::follow::{Patience, Seen, Watch};
use self::lines::BadLine;
use self::report::Tally;
#[cfg(feature = "sandbox")]
pub(super) use self::send::message;
use super::environment::{self, variable};
use super::exit_code::NO;
use super::output::{self, StatusLine};
use super::runtime::block_on;
use crate::clock::Clock;
use crate::kinds::Kinds;
use crate::ledger::{Ledger, SqliteLedger};
use crate::queue::Queue;
use crate::queue::service_bus::{PEEKED_MAX, PeekError, Peeked, QueuePath, ServiceBus};
use crate::request::Request;

/// So many bad lines are shown one by one.
const BAD_LINES_SHOWN: usize = 20;

pub(super) fn run(args: RequestArgs) -> anyhow::Result<ExitCode> {
    let (meant, how) = args.meant().context("nothing is asked for")?;
    let requests = match meant {
        // What each type allows and the rules between them do not, such as two ends that are one.
        Meant::One(document) => match Request::parse(&Kinds::built_in(), document.as_bytes()) {
            Ok(request) => vec![request],
            Err(bad) => {
                output::error(&bad.to_string());
                bad.fix.iter().for_each(|fix| output::error(&format!("fix: {fix}")));
                return Ok(ExitCode::from(NO));
            }
        },
        Meant::File(path, only) => match from_file(&path, only)? {
            Ok(requests) if requests.is_empty() => {
                output::error(&format!("{} holds no request", path.display()));
                return Ok(ExitCode::from(NO));
            }
            Ok(requests) => requests,
            Err(bad) => {
                show_bad_lines(&path, &bad);
                return Ok(ExitCode::from(NO));
            }
        },
    };
    let clock = Clock::system();
    let bus = environment::queues(clock)?;
    let ledger = variable("PEERPACT_LEDGER").filter(|path| !path.is_empty()).map(SqliteLedger::reading);
    let ledger = ledger.as_ref().map(|ledger| ledger as &dyn Ledger);
    block_on(submit(&bus, ledger, clock, &requests, how))
}

fn from_file(path: &Path, only: Option<&str>) -> anyhow::Result<Result<Vec<Request>, Vec<BadLine>>> {
    let failure = || format!("cannot read {}", path.display());
    let source: Box<dyn Read> = if path == Path::new("-") {
        Box::new(std::io::stdin())
    } else {
        Box::new(File::open(path).with_context(failure)?)
    };
    lines::read(BufReader::new(source), only).with_context(failure)
}

fn show_bad_lines(path: &Path, bad: &[BadLine]) {
    for BadLine { number, problem } in bad.iter().take(BAD_LINES_SHOWN) {
        output::error(&format!("{}, line {number}: {problem}", path.display()));
    }
    let more = match bad.len().saturating_sub(BAD_LINES_SHOWN) {
        0 => String::new(),
        more => format!("{more} more lines are bad; "),
    };
    output::error(&format!("{more}nothing was sent"));
}

async fn submit(
    bus: &ServiceBus,
    ledger: Option<&dyn Ledger>,
    clock: Clock,
    requests: &[Request],
    how: How,
) -> anyhow::Result<ExitCode> {
    let (mut progress, total) = (StatusLine::new(), requests.len());
    let from = if how.wait { follow::next_number(bus).await? } else { 0 };
    send::send(bus, requests, |sent| progress.show(&format!("sent {sent} of {total}"))).await.with_context(
        || match requests {
            [request] => format!("request {0} may not have been sent; to repeat it: --id {0}", request.id),
            _ => "some of the requests may not have been sent; those whose ids stand in the file can be sent again".to_owned(),
        },
    )?;
    let mut tally = Tally::default();
    let mut done = |request: &Request, end: RequestEnd| {
        progress.clear();
        tally.count(request, &end);
        report::show(request, &end, how.json)?;
        if how.wait {
            progress.show(&format!("done {} of {total}", tally.total()));
        }
        Ok(())
    };
    if how.wait {
        let within = Duration::from_secs(how.timeout);
        follow::wait(bus, ledger, clock, Patience { from, within }, requests, done).await?;
    } else {
        requests.iter().try_for_each(|request| done(request, RequestEnd::Sent))?;
    }
    progress.clear();
    if total > 1 && !how.json {
        output::line(tally.line(how.wait));
    }
    Ok(if tally.all_as_asked() { ExitCode::SUCCESS } else { ExitCode::from(NO) })
}

#[async_trait]
impl Watch for ServiceBus {
    async fn outcomes(&self, from: i64, most: usize) -> Result<Vec<Seen>, PeekError> {
        let most = most.min(PEEKED_MAX);
        let peeked = self.peek(QueuePath::of(Queue::ConnectionOutcomes), from, most).await?;
        let seen = |message: Peeked| Seen {
            sequence: message.sequence_number,
            correlation: message.correlation,
            body: message.body,
        };
        Ok(peeked.into_iter().map(seen).collect())
    }
}
