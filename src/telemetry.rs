//! Logs to stderr, which the Functions host passes on: JSON lines for machines, plain lines for a person at a terminal.
//!
//! Tokens, secrets and bodies are never logged. Other crates are kept at warnings and above whatever the level,
//! because at their debug levels some of them show requests.

use std::io::{self, IsTerminal};

use tracing::Level;
use tracing::level_filters::LevelFilter;
use tracing::subscriber::{SetGlobalDefaultError, set_global_default};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::{Registry, fmt};

/// Logs our own lines from `level` on, for the whole process.
///
/// # Errors
/// If the process logs already.
pub(crate) fn start(level: LevelFilter) -> Result<(), SetGlobalDefaultError> {
    let filtered = Registry::default().with(filter(level));
    if io::stderr().is_terminal() {
        set_global_default(filtered.with(fmt::layer().with_writer(io::stderr).with_target(false)))
    } else {
        let lines = fmt::layer().json().flatten_event(true).with_span_list(false).with_writer(io::stderr);
        set_global_default(filtered.with(lines))
    }
}

fn filter(level: LevelFilter) -> Targets {
    let others = level.min(LevelFilter::from_level(Level::WARN));
    // A prefix: the sandbox's crate is ours too.
    Targets::new().with_target("peerpact", level).with_default(others)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn others_stay_at_warnings_however_much_we_say() {
        let filter = filter(LevelFilter::TRACE);
        assert!(filter.would_enable("peerpact::host", &Level::TRACE));
        assert!(filter.would_enable("hyper::proto", &Level::WARN));
        assert!(!filter.would_enable("azure_core::http", &Level::INFO));
    }

    #[test]
    fn off_means_nobody() {
        let filter = filter(LevelFilter::OFF);
        assert!(!filter.would_enable("peerpact", &Level::ERROR));
        assert!(!filter.would_enable("hyper", &Level::ERROR));
    }
}
