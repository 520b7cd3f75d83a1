//! What became of requests, for people and programs.

use serde_json::{Value, json};

use super::end::{Open, OutcomeMessage, RequestEnd};
use crate::cli::output::{self, Style, styled};
use crate::handshake::ids::HandshakeId;
use crate::handshake::phase::Phase;
use crate::public::PublicReason;
use crate::request::Request;

/// How many went how.
#[derive(Debug, Default)]
pub(super) struct Tally {
    as_asked: usize,
    otherwise: usize,
    open: usize,
}

impl Tally {
    /// Counts one.
    pub(super) fn count(&mut self, request: &Request, end: &RequestEnd) {
        if end.is_as_asked(&request.action) {
            self.as_asked += 1;
        } else if matches!(end, RequestEnd::Open(_)) {
            self.open += 1;
        } else {
            self.otherwise += 1;
        }
    }

    /// Every request went as it was asked for.
    pub(super) fn all_as_asked(&self) -> bool {
        self.otherwise == 0 && self.open == 0
    }

    /// How many there are.
    pub(super) fn total(&self) -> usize {
        self.as_asked + self.otherwise + self.open
    }

    /// A line that sums it up.
    pub(super) fn line(&self, waited: bool) -> String {
        let Self { as_asked, otherwise, open } = self;
        if waited {
            format!(
                "{} requests: {as_asked} as asked, {otherwise} otherwise, {open} without an outcome",
                self.total()
            )
        } else {
            format!("{} requests sent", self.total())
        }
    }
}

/// Shows what became of one request.
pub(super) fn show(request: &Request, end: &RequestEnd, as_json: bool) -> anyhow::Result<()> {
    if as_json {
        output::line(serde_json::to_string(&json(request, end))?);
    } else {
        lines(request, end).iter().for_each(output::line);
    }
    Ok(())
}

fn json(request: &Request, end: &RequestEnd) -> Value {
    let (phase, reason, outcome) = match end {
        RequestEnd::Sent | RequestEnd::Open(Open::Unknown | Open::NotReceived | Open::NotPlaced) => {
            (None, None, None)
        }
        RequestEnd::Outcome(outcome) => (Some(outcome.phase), None, Some(&outcome.body)),
        RequestEnd::Ledger(_, phase, reason) | RequestEnd::Open(Open::Placed(_, phase, reason)) => {
            (Some(*phase), reason.as_ref(), None)
        }
        RequestEnd::Open(Open::Refused) => (Some(Phase::Refused), None, None),
    };
    let reason = match (reason, outcome) {
        (Some(reason), _) => json!(reason),
        (None, Some(outcome)) => outcome["reason"].clone(),
        (None, None) => Value::Null,
    };
    let as_asked = (!matches!(end, RequestEnd::Sent)).then(|| end.is_as_asked(&request.action));
    json!({
        "request": request.id, "action": request.action.name(), "handshake": handshake(request, end),
        "phase": phase, "reason": reason, "asAsked": as_asked, "outcome": outcome,
    })
}

/// The handshake, where it is known.
fn handshake(request: &Request, end: &RequestEnd) -> Option<HandshakeId> {
    let found = match end {
        RequestEnd::Outcome(outcome) => outcome.id.clone(),
        RequestEnd::Ledger(id, _, _) | RequestEnd::Open(Open::Placed(id, _, _)) => Some(id.clone()),
        RequestEnd::Sent | RequestEnd::Open(_) => None,
    };
    found.or_else(|| request.handshake().cloned())
}

fn lines(request: &Request, end: &RequestEnd) -> Vec<String> {
    let known = handshake(request, end);
    let named = known.as_ref().map_or_else(String::new, |id| format!("  handshake {id}"));
    let (style, state, rest) = match end {
        RequestEnd::Sent => (Style::Good, "sent".to_owned(), Vec::new()),
        RequestEnd::Outcome(OutcomeMessage { phase, reason, .. }) => {
            let rest = reason.as_ref().map(|reason| because(&reason.message, reason.fix.as_deref()));
            (style(request, end), phase.to_string(), rest.unwrap_or_default())
        }
        RequestEnd::Ledger(_, phase, reason) => {
            let mut rest = vec![
                "  (the ledger says so; its outcome was taken out of the queue by somebody else)".to_owned(),
            ];
            rest.extend(why(reason.as_ref()));
            (style(request, end), phase.to_string(), rest)
        }
        RequestEnd::Open(open) => (Style::Warn, "no outcome yet".to_owned(), waits_for(open, known.as_ref())),
    };
    let mut lines =
        vec![format!("{}  {}  {}{named}", request.id, styled(style, &state), request.action.name())];
    lines.extend(rest);
    lines
}

fn style(request: &Request, end: &RequestEnd) -> Style {
    if end.is_as_asked(&request.action) { Style::Good } else { Style::Bad }
}

fn waits_for(open: &Open, known: Option<&HandshakeId>) -> Vec<String> {
    match open {
        Open::Unknown => vec![match known {
            Some(id) => format!(
                "  to see where it stands: peerpact status {id}   # PEERPACT_LEDGER says where the ledger is"
            ),
            None => "  to see where it stands: peerpact status   # PEERPACT_LEDGER says where the ledger is"
                .to_owned(),
        }],
        Open::NotReceived => vec![
            "  the app has not received it; `peerpact queue show connection-requests` shows what waits"
                .to_owned(),
        ],
        Open::NotPlaced => vec!["  the app has still to find out which handshake it is about".to_owned()],
        Open::Refused => vec![
            "  it was refused; somebody else took the outcome, which has the reason, out of the queue"
                .to_owned(),
        ],
        Open::Placed(_, phase, reason) => {
            let mut lines = vec![format!("  the handshake is {phase}")];
            lines.extend(why(reason.as_ref()));
            lines
        }
    }
}

fn why(reason: Option<&PublicReason>) -> Vec<String> {
    reason.map(|reason| because(&reason.message, reason.fix.as_deref())).unwrap_or_default()
}

fn because(message: &str, fix: Option<&str>) -> Vec<String> {
    let mut lines = vec![format!("  {message}")];
    lines.extend(fix.map(|fix| format!("  {} {fix}", styled(Style::Warn, "fix:"))));
    lines
}
