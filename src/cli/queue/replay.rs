//! `queue replay`: dead letters go back to their queue.
//!
//! A queue that detects duplicates drops a message whose id it saw in the last minutes, and dead letters are often that
//! young: sent under its own id, a message could vanish. So it goes back under an id that is derived from its own and
//! from its number among the dead letters. Where sending went well and removing the dead letter did not, doing it again
//! gives the same id, and then dropping it is right.

use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use serde::Serialize;

use super::read;
use crate::cli::exit_code::NO;
use crate::cli::output;
use crate::queue::service_bus::{Inbox, LockedMessage, Peeked, QueuePath, ServiceBus};
use crate::queue::{Message, MessageId, Queue, Queues};

/// How long the next dead letter is waited for. What was read before is there, unless somebody else has it.
const WAIT: Duration = Duration::from_secs(3);
/// How many dead letters one command goes through; those before the one that is wanted are held meanwhile.
const REPLAYED_MAX: usize = 1000;
/// Stands between a message's own id and the number of the dead letter that it was.
const AGAIN: char = '~';

#[derive(Debug, Args)]
pub(crate) struct ReplayArgs {
    /// resource-events, connection-requests, reconcile or connection-outcomes.
    queue: Queue,
    #[command(flatten)]
    which: Which,
    /// As JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct Which {
    /// Only the dead letters with this id.
    #[arg(long, value_name = "MESSAGE_ID")]
    id: Option<String>,
    /// Every dead letter that is there now.
    #[arg(long)]
    all: bool,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Replayed {
    /// The dead letter's id.
    id: Option<String>,
    /// The id under which it went back.
    sent_as: String,
}

pub(super) async fn run(args: &ReplayArgs, bus: &ServiceBus) -> anyhow::Result<ExitCode> {
    let path = QueuePath::dead_letters_of(args.queue);
    let letters = read::messages(bus, path, REPLAYED_MAX).await?;
    let wanted = |message: &Peeked| args.which.id.is_none() || args.which.id == message.id;
    // What fails again while this runs is not sent back a second time.
    let last = letters
        .messages
        .iter()
        .filter(|message| wanted(message))
        .map(|message| message.sequence_number)
        .max();
    let replayed = match last {
        Some(last) => {
            let mut inbox = bus.inbox(path).await?;
            let replayed = replay(bus, args.queue, &mut inbox, last, wanted).await?;
            inbox.close().await?;
            replayed
        }
        None => Vec::new(),
    };
    if args.json {
        output::json(&replayed)?;
    } else {
        for one in &replayed {
            output::line(format!("{} went back as {}", one.id.as_deref().unwrap_or("(no id)"), one.sent_as));
        }
        if letters.more {
            output::line(format!("only the first {REPLAYED_MAX} were read; do it again for the others"));
        }
    }
    Ok(conclude(args, replayed.len()))
}

fn conclude(args: &ReplayArgs, replayed: usize) -> ExitCode {
    match (&args.which.id, replayed) {
        (Some(id), 0) => {
            output::error(&format!(
                "no dead letter of {} has the id {id:?}, or somebody else holds it",
                args.queue
            ));
            ExitCode::from(NO)
        }
        (None, 0) if !args.json => {
            output::line(format!("no dead letters in {}", args.queue));
            ExitCode::SUCCESS
        }
        _ => ExitCode::SUCCESS,
    }
}

/// Sends back what is wanted up to the number `last`. The others are held until the end, or they would be delivered to
/// us again at once, and then put back.
async fn replay(
    bus: &ServiceBus,
    queue: Queue,
    inbox: &mut Inbox,
    last: i64,
    wanted: impl Fn(&Peeked) -> bool,
) -> anyhow::Result<Vec<Replayed>> {
    let (mut replayed, mut held): (Vec<Replayed>, Vec<LockedMessage>) = (Vec::new(), Vec::new());
    while replayed.len() + held.len() < REPLAYED_MAX {
        let Some(received) = inbox.receive(WAIT).await? else { break };
        let number = received.message.sequence_number;
        if number > last || !wanted(&received.message) {
            held.push(received);
        } else {
            let message = again(&received.message);
            let one = Replayed { id: received.message.id.clone(), sent_as: message.id.to_string() };
            // A send that fails leaves it among the dead letters: its lock ends.
            bus.send(queue, &[message]).await?;
            inbox.complete(received).await?;
            replayed.push(one);
        }
        if number >= last {
            break;
        }
    }
    for received in held {
        inbox.abandon(received).await?;
    }
    Ok(replayed)
}

fn again(dead: &Peeked) -> Message {
    let own = dead.id.as_deref().unwrap_or_default();
    let own = own
        .rsplit_once(AGAIN)
        .filter(|(_, number)| number.parse::<i64>().is_ok())
        .map_or(own, |(own, _)| own);
    let end = format!("{AGAIN}{}", dead.sequence_number);
    let kept = MessageId::LENGTH_MAX - end.chars().count();
    Message {
        id: MessageId::new(&(own.chars().take(kept).collect::<String>() + &end)),
        subject: dead.subject.clone().unwrap_or_default(),
        correlation: dead.correlation.clone(),
        not_before: None,
        body: dead.body.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(own: Option<&str>, sequence_number: i64) -> String {
        let dead = Peeked { id: own.map(str::to_owned), sequence_number, ..Peeked::default() };
        again(&dead).id.to_string()
    }

    #[test]
    fn a_message_goes_back_under_an_id_that_the_queue_has_not_seen_and_that_can_be_repeated() {
        assert_eq!(id(Some("r-1"), 7), "r-1~7");
        assert_eq!(id(Some("r-1~7"), 12), "r-1~12", "ids do not grow");
        assert_eq!(id(Some("a~b"), 3), "a~b~3");
        assert_eq!(id(None, 3), "~3");
        let long = id(Some(&"ü".repeat(128)), 1_234_567);
        assert_eq!(long.chars().count(), 128);
        assert!(long.ends_with("~1234567"));
    }
}
