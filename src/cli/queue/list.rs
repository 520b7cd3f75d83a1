//! `queue list`.

use std::process::ExitCode;

use clap::Args;
use serde::Serialize;
use time::OffsetDateTime;

use super::read::{self, QueueRead};
use crate::cli::exit_code::NO;
use crate::cli::output::{self, Style, styled};
use crate::clock::Clock;
use crate::queue::Queue;
use crate::queue::service_bus::{PeekError, QueuePath, ServiceBus};

/// How far each queue is read. What is beyond is shown as more.
const READ_MAX: usize = 1000;

#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    /// As JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    queue: &'static str,
    /// Messages that may be received now.
    waiting: usize,
    /// Messages whose time is to come.
    scheduled: usize,
    dead_lettered: usize,
    /// How long the oldest of those that wait has been in the queue.
    oldest_seconds: Option<i64>,
    /// The counts are what was read; there are more.
    more: bool,
    /// Why it could not be read.
    problem: Option<String>,
}

pub(super) async fn run(args: &ListArgs, bus: &ServiceBus, clock: Clock) -> anyhow::Result<ExitCode> {
    let mut rows = Vec::new();
    for queue in Queue::ALL {
        rows.push(row(bus, queue, clock).await?);
    }
    if args.json {
        output::json(&rows)?;
    } else {
        table(&rows);
    }
    let well = rows.iter().all(|row| row.problem.is_none());
    Ok(if well { ExitCode::SUCCESS } else { ExitCode::from(NO) })
}

async fn row(bus: &ServiceBus, queue: Queue, clock: Clock) -> anyhow::Result<Row> {
    let queues = async {
        let waiting = read::messages(bus, QueuePath::of(queue), READ_MAX).await?;
        let dead = read::messages(bus, QueuePath::dead_letters_of(queue), READ_MAX).await?;
        Ok((waiting, dead))
    };
    let nothing = Row {
        queue: queue.name(),
        waiting: 0,
        scheduled: 0,
        dead_lettered: 0,
        oldest_seconds: None,
        more: false,
        problem: None,
    };
    match queues.await {
        Ok((waiting, dead)) => Ok(counted(nothing, &waiting, &dead, clock.now())),
        Err(problem @ (PeekError::NoQueue { .. } | PeekError::NoRight { .. })) => {
            Ok(Row { problem: Some(problem.to_string()), ..nothing })
        }
        Err(PeekError::Queue(error)) => Err(error.into()),
    }
}

fn counted(row: Row, queue: &QueueRead, dead: &QueueRead, now: OffsetDateTime) -> Row {
    // A message keeps the time it was scheduled for when that has come.
    let to_come = |scheduled: Option<OffsetDateTime>| scheduled.is_some_and(|time| time > now);
    let (scheduled, waiting): (Vec<_>, Vec<_>) =
        queue.messages.iter().partition(|message| to_come(message.scheduled));
    let oldest = waiting.iter().filter_map(|message| message.enqueued).min();
    Row {
        waiting: waiting.len(),
        scheduled: scheduled.len(),
        dead_lettered: dead.messages.len(),
        oldest_seconds: oldest.map(|oldest| (now - oldest).whole_seconds().max(0)),
        more: queue.more || dead.more,
        ..row
    }
}

fn table(rows: &[Row]) {
    output::line(styled(
        Style::Quiet,
        &format!("{:<20} {:>8} {:>10} {:>14}  oldest", "queue", "waiting", "scheduled", "dead-lettered"),
    ));
    for row in rows {
        if let Some(problem) = &row.problem {
            output::line(format!("{:<20} {}", row.queue, styled(Style::Bad, problem)));
            continue;
        }
        let dead = format!("{:>14}", row.dead_lettered);
        let dead = if row.dead_lettered > 0 { styled(Style::Bad, &dead) } else { dead };
        let oldest = row.oldest_seconds.map_or_else(|| "-".to_owned(), age);
        let more = if row.more { "  (and more)" } else { "" };
        output::line(format!(
            "{:<20} {:>8} {:>10} {dead}  {oldest}{more}",
            row.queue, row.waiting, row.scheduled
        ));
    }
}

/// The two largest units.
fn age(seconds: i64) -> String {
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, minutes) => format!("{minutes} min {} s", seconds % 60),
        (0, hours, minutes) => format!("{hours} h {minutes} min"),
        (days, hours, _) => format!("{days} d {hours} h"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_has_its_two_largest_units() {
        for (seconds, text) in
            [(0, "0 s"), (59, "59 s"), (61, "1 min 1 s"), (3700, "1 h 1 min"), (90_000, "1 d 1 h")]
        {
            assert_eq!(age(seconds), text);
        }
    }
}
