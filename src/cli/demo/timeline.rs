//! The timeline: what happened when, and how long each scene took.

use std::time::Duration;

use serde::Serialize;
use serde_json::json;
use tokio::time::Instant;

use crate::cli::output::{self, Style, styled};
use crate::clock::Clock;

pub(super) struct Timeline {
    clock: Clock,
    started: Instant,
    scene_started: Instant,
    json: bool,
    lines: Vec<Line>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    /// Since the demo began.
    at_ms: u128,
    /// Of the whole scene, on its last line.
    took_ms: Option<u128>,
    what: String,
}

impl Timeline {
    pub(super) fn new(clock: Clock, json: bool) -> Self {
        let now = clock.instant();
        Self { clock, started: now, scene_started: now, json, lines: Vec::new() }
    }

    pub(super) fn now(&self) -> Instant {
        self.clock.instant()
    }

    /// A scene begins.
    pub(super) fn scene(&mut self, title: &str) {
        self.scene_started = self.clock.instant();
        if !self.json {
            output::line("");
        }
        self.add(title, None, Style::Strong);
    }

    /// Something was seen.
    pub(super) fn seen(&mut self, what: &str) {
        self.add(what, None, Style::Quiet);
    }

    /// The scene ended as it should.
    pub(super) fn reached(&mut self, what: &str) {
        self.add(what, Some(self.clock.instant() - self.scene_started), Style::Good);
    }

    /// The demo is over.
    pub(super) fn end(&self, error: Option<&anyhow::Error>) -> anyhow::Result<()> {
        if self.json {
            let error = error.map(|error| format!("{error:#}"));
            return output::json(
                &json!({ "passed": error.is_none(), "error": error, "timeline": self.lines }),
            );
        }
        output::line("");
        match error {
            None => output::line(styled(
                Style::Good,
                &format!("all as told, in {}", seconds(self.clock.instant() - self.started)),
            )),
            Some(_) => output::line(styled(Style::Bad, "not as told")),
        }
        Ok(())
    }

    fn add(&mut self, what: &str, took: Option<Duration>, style: Style) {
        let at = self.clock.instant() - self.started;
        if !self.json {
            let took = took.map(|took| format!(" ({})", seconds(took))).unwrap_or_default();
            output::line(format!("{:>8}  {}{took}", seconds(at), styled(style, what)));
        }
        let took_ms = took.map(|took| took.as_millis());
        self.lines.push(Line { at_ms: at.as_millis(), took_ms, what: what.to_owned() });
    }
}

fn seconds(span: Duration) -> String {
    format!("{:.2} s", span.as_secs_f64())
}
