//! When a timer trigger fires: NCRONTAB expressions with six fields.

use chrono::{DateTime, Utc};
use croner::{
    Cron,
    parser::{CronParser, Seconds, Year},
};
use time::OffsetDateTime;

/// A timer's schedule: `{second} {minute} {hour} {day} {month} {day of week}`, in UTC.
#[derive(Debug, Clone)]
pub(super) struct Schedule {
    // Boxed because it is large beside the other triggers' data.
    cron: Box<Cron>,
}

/// Why a schedule cannot be used.
#[derive(Debug, thiserror::Error)]
pub(super) enum ScheduleError {
    /// NCRONTAB has `*`, numbers, three-letter names, `,`, `-` and `/`; nothing else.
    #[error("`{0}` is not part of an NCRONTAB expression")]
    Token(String),
    /// The number of fields or a value in one is wrong.
    #[error("it is not an NCRONTAB expression with six fields: {0}")]
    Pattern(croner::errors::CronError),
}

const LAST_OF_FIELD: [u8; 6] = [59, 59, 23, 31, 12, 6];

impl Schedule {
    /// Reads an expression. Both day fields must match when both are given, as NCRONTAB has it and cron has not.
    pub(super) fn parse(expression: &str) -> Result<Self, ScheduleError> {
        let fields = expression.split_whitespace().enumerate().map(|(position, field)| {
            let parts = field.split(',').map(|part| in_croners_words(part, position));
            Ok(parts.collect::<Result<Vec<_>, ScheduleError>>()?.join(","))
        });
        let pattern = fields.collect::<Result<Vec<_>, ScheduleError>>()?.join(" ");
        let parser =
            CronParser::builder().seconds(Seconds::Required).year(Year::Disallowed).dom_and_dow(true).build();
        Ok(Self { cron: Box::new(parser.parse(&pattern).map_err(ScheduleError::Pattern)?) })
    }

    /// The first time strictly after `instant`, or `None` if there is none (31 February).
    pub(super) fn next_after(&self, instant: OffsetDateTime) -> Option<OffsetDateTime> {
        let from = DateTime::<Utc>::from_timestamp(instant.unix_timestamp(), instant.nanosecond())?;
        let next = self.cron.find_next_occurrence(&from, false).ok()?;
        OffsetDateTime::from_unix_timestamp(next.timestamp()).ok()
    }
}

/// NCRONTAB's `5/15` means "from 5 to the end, every 15", which croner wants spelled out.
fn in_croners_words(part: &str, position: usize) -> Result<String, ScheduleError> {
    let known = |token: &str| {
        token == "*"
            || (!token.is_empty() && token.bytes().all(|b| b.is_ascii_digit()))
            || (token.len() == 3 && position >= 4 && token.bytes().all(|b| b.is_ascii_alphabetic()))
    };
    if let Some(unknown) = part.split(['-', '/']).find(|token| !known(token)) {
        return Err(ScheduleError::Token(if unknown.is_empty() {
            part.to_owned()
        } else {
            unknown.to_owned()
        }));
    }
    Ok(match (part.split_once('/'), LAST_OF_FIELD.get(position)) {
        (Some((from, step)), Some(last)) if from.bytes().all(|b| b.is_ascii_digit()) => {
            format!("{from}-{last}/{step}")
        }
        _ => part.to_ascii_uppercase(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    fn next(expression: &str, after: OffsetDateTime) -> Option<OffsetDateTime> {
        Schedule::parse(expression).unwrap().next_after(after)
    }

    #[test]
    fn the_first_field_is_seconds_and_the_next_time_is_never_the_present_one() {
        let at = datetime!(2026-01-02 03:04:30 UTC);
        assert_eq!(next("30 */5 * * * *", at), Some(datetime!(2026-01-02 03:05:30 UTC)));
        assert_eq!(next("30 * * * * *", at), Some(datetime!(2026-01-02 03:05:30 UTC)));
        assert_eq!(
            next("* * * * * *", at + time::Duration::milliseconds(1)),
            Some(datetime!(2026-01-02 03:04:31 UTC))
        );
    }

    #[test]
    fn a_day_of_month_and_a_day_of_week_must_both_match() {
        assert_eq!(
            next("0 0 0 13 * FRI", datetime!(2026-01-01 0:00 UTC)),
            Some(datetime!(2026-02-13 0:00 UTC))
        );
        assert_eq!(
            next("0 0 0 13 * 5", datetime!(2026-03-14 0:00 UTC)),
            Some(datetime!(2026-11-13 0:00 UTC))
        );
    }

    #[test]
    fn a_step_without_a_range_runs_to_the_end_of_the_field() {
        let at = datetime!(2026-01-02 03:06:00 UTC);
        assert_eq!(next("0 5/15 * * * *", at), Some(datetime!(2026-01-02 03:20:00 UTC)));
        assert_eq!(
            next("0 5/15 * * * *", at + time::Duration::minutes(50)),
            Some(datetime!(2026-01-02 04:05:00 UTC))
        );
    }

    #[test]
    fn what_ncrontab_does_not_know_is_refused() {
        for expression in [
            "* * * * *",
            "* * * * * * *",
            "60 * * * * *",
            "0 0 0 L * *",
            "0 0 0 15W * *",
            "0 0 0 * * FRI#2",
            "@daily",
            "*/ * * * * *",
            "",
        ] {
            assert!(Schedule::parse(expression).is_err(), "{expression} was taken");
        }
    }

    #[test]
    fn a_date_that_never_comes_has_no_next_time() {
        assert_eq!(next("0 0 0 31 2 *", datetime!(2026-01-01 0:00 UTC)), None);
    }
}
