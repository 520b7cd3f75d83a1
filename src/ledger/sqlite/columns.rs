//! How moments and ids stand in columns.

use time::OffsetDateTime;

pub(super) fn moment(microseconds: i64) -> OffsetDateTime {
    OffsetDateTime::UNIX_EPOCH.saturating_add(time::Duration::microseconds(microseconds))
}

pub(super) fn microseconds(at: OffsetDateTime) -> i64 {
    at.unix_timestamp() * 1_000_000 + i64::from(at.microsecond())
}

/// Ids are looked up as Azure compares them: without regard to case.
pub(super) fn key(id: &impl ToString) -> String {
    id.to_string().to_ascii_lowercase()
}
