//! Placeholder.
#![allow(missing_docs, clippy::disallowed_methods)]
use time::OffsetDateTime;
#[derive(Clone)]
pub struct Clock(OffsetDateTime, tokio::time::Instant);
impl Clock {
    pub fn system() -> Self {
        Self::starting_at(OffsetDateTime::now_utc())
    }
    pub fn starting_at(t: OffsetDateTime) -> Self {
        Self(t, tokio::time::Instant::now())
    }
    pub fn now(&self) -> OffsetDateTime {
        self.0 + self.1.elapsed()
    }
}
