//! `queue show`.

use std::collections::BTreeMap;
use std::process::ExitCode;

use clap::Args;
use serde::Serialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::explain::{DESCRIPTION, REASON, explain};
use super::read;
use crate::cli::output::{self, Style, styled};
use crate::clock::Clock;
use crate::queue::Queue;
use crate::queue::service_bus::{Peeked, QueuePath, ServiceBus};

/// How much of a body is shown, in bytes.
const BODY_SHOWN_MAX: usize = 2048;
/// How much of any other text, in characters.
const TEXT_SHOWN_MAX: usize = 300;

#[derive(Debug, Args)]
pub(crate) struct ShowArgs {
    /// resource-events, connection-requests, reconcile or connection-outcomes.
    queue: Queue,
    /// What waits or is scheduled, in the place of the dead letters.
    #[arg(long)]
    waiting: bool,
    /// How many are shown, oldest first.
    #[arg(long, default_value_t = 50, value_name = "COUNT")]
    most: usize,
    /// As JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown<'a> {
    queue: &'static str,
    dead_letters: bool,
    messages: Vec<One<'a>>,
    /// There are more than were asked for.
    more: bool,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct One<'a> {
    id: Option<&'a str>,
    subject: Option<&'a str>,
    correlation_id: Option<&'a str>,
    content_type: Option<&'a str>,
    sequence_number: i64,
    #[serde(with = "time::serde::rfc3339::option")]
    enqueued: Option<OffsetDateTime>,
    #[serde(with = "time::serde::rfc3339::option")]
    scheduled: Option<OffsetDateTime>,
    delivery_count: u32,
    reason: Option<&'a str>,
    description: Option<&'a str>,
    /// Why it is there, for a dead letter.
    why: Option<String>,
    /// What to do, for a dead letter.
    advice: Option<String>,
    properties: &'a BTreeMap<String, String>,
    /// The body's first bytes, as text.
    body: String,
    body_bytes: usize,
}

pub(super) async fn run(args: &ShowArgs, bus: &ServiceBus, clock: Clock) -> anyhow::Result<ExitCode> {
    let path = QueuePath { queue: args.queue, dead_letters: !args.waiting };
    let queue = read::messages(bus, path, args.most).await?;
    let messages = queue.messages.iter().map(|message| one(path, message)).collect();
    let shown =
        Shown { queue: args.queue.name(), dead_letters: path.dead_letters, messages, more: queue.more };
    if args.json {
        output::json(&shown)?;
        return Ok(ExitCode::SUCCESS);
    }
    if shown.messages.is_empty() {
        let what = if path.dead_letters { "no dead letters in" } else { "nothing waits in" };
        output::line(format!("{what} {}", args.queue));
    }
    shown.messages.iter().for_each(|one| print(one, clock.now()));
    if shown.more {
        output::line(styled(Style::Quiet, "and more: --most COUNT shows them"));
    }
    Ok(ExitCode::SUCCESS)
}

fn one(path: QueuePath, message: &Peeked) -> One<'_> {
    let explained = path.dead_letters.then(|| explain(path.queue, message));
    let (why, advice) =
        explained.map_or((None, None), |explained| (Some(explained.why), Some(explained.advice)));
    let shown = &message.body[..message.body.len().min(BODY_SHOWN_MAX)];
    One {
        id: message.id.as_deref(),
        subject: message.subject.as_deref(),
        correlation_id: message.correlation.as_deref(),
        content_type: message.content_type.as_deref(),
        sequence_number: message.sequence_number,
        enqueued: message.enqueued,
        scheduled: message.scheduled,
        delivery_count: message.delivery_count,
        reason: message.properties.get(REASON).map(String::as_str),
        description: message.properties.get(DESCRIPTION).map(String::as_str),
        why,
        advice,
        properties: &message.properties,
        body: String::from_utf8_lossy(shown).into_owned(),
        body_bytes: message.body.len(),
    }
}

fn print(one: &One<'_>, now: OffsetDateTime) {
    let id = one.id.map_or_else(|| "(no id)".to_owned(), safe);
    let subject = one.subject.map_or_else(|| "(no subject)".to_owned(), safe);
    output::line(format!("{}  {subject}", styled(Style::Strong, &id)));
    let when = one.enqueued.map_or_else(|| "at an unknown time".to_owned(), moment);
    output::line(format!(
        "  came {when}, delivered {} times, number {}",
        one.delivery_count, one.sequence_number
    ));
    if let Some(scheduled) = one.scheduled.filter(|time| *time > now) {
        output::line(format!("  scheduled for {}", moment(scheduled)));
    }
    if let Some(correlation) = one.correlation_id {
        output::line(format!("  answers {}", safe(correlation)));
    }
    if let Some(reason) = one.reason {
        let description = one.description.map_or_else(String::new, |text| format!(": {}", safe(text)));
        output::line(format!("  {}{description}", styled(Style::Bad, &safe(reason))));
    }
    if let (Some(why), Some(advice)) = (&one.why, &one.advice) {
        output::line(format!("  {}", safe(why)));
        output::line(format!("  {} {}", styled(Style::Warn, "to do:"), safe(advice)));
    }
    let cut = one.body_bytes.saturating_sub(BODY_SHOWN_MAX);
    let more = if cut > 0 { format!(" … {cut} bytes more") } else { String::new() };
    output::line(format!("  {}{}", visible(&one.body), styled(Style::Quiet, &more)));
}

/// A text of somebody else's: on one line, not too long.
fn safe(text: &str) -> String {
    let mut shown = visible(&text.chars().take(TEXT_SHOWN_MAX).collect::<String>());
    if text.chars().count() > TEXT_SHOWN_MAX {
        shown.push('…');
    }
    shown
}

/// Without what would move a terminal's cursor, colour it or turn its direction.
fn visible(text: &str) -> String {
    let hidden = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars().flat_map(|c| if hidden(c) { c.escape_default().collect() } else { vec![c] }).collect()
}

fn moment(at: OffsetDateTime) -> String {
    at.format(&Rfc3339).unwrap_or_else(|_| at.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_message_reaches_the_terminal_as_a_command() {
        assert_eq!(visible("a\u{1b}[2Jb\r\n\u{202e}ü{}"), r"a\u{1b}[2Jb\r\n\u{202e}ü{}");
        assert_eq!(safe(&"x".repeat(1000)).chars().count(), TEXT_SHOWN_MAX + 1);
    }

    #[test]
    fn a_body_is_shown_up_to_its_bound_even_if_that_splits_a_letter() {
        let message = Peeked { body: "ü".repeat(BODY_SHOWN_MAX).into_bytes(), ..Peeked::default() };
        let one = one(QueuePath::dead_letters_of(Queue::Reconcile), &message);
        assert_eq!(one.body_bytes, 2 * BODY_SHOWN_MAX);
        assert_eq!(one.body.chars().count(), BODY_SHOWN_MAX / 2);
    }
}
