//! Faults on request: a plan is data, and together with its seed it decides every fault of a run.

use serde::{Deserialize, Serialize};

/// What shall go wrong, as `POST /sandbox/faults` takes it.
///
/// ```json
/// {"seed": 7,
///  "latencyMs": {"min": 5, "max": 40},
///  "rules": [
///    {"match": {"method": "PUT", "path": "*/virtualNetworkPeerings/*"}, "nth": 1, "action": "cutAfterCommit"},
///    {"match": {"tenant": "72f988bf-86f1-41af-91ab-2d7cd011db47"}, "share": 0.1, "times": 5,
///     "action": {"answer": {"status": 429, "retryAfter": 3}}}],
///  "events": {"subject": "*", "drop": 0.1, "duplicate": 0.2,
///             "delay": {"share": 0.5, "ms": {"min": 0, "max": 5000}},
///             "reorder": {"share": 0.3, "withinMs": 2000}}}
/// ```
///
/// Every key may be left out; unknown keys are refused. Shares lie between 0 and 1. The first rule that fires on a call
/// decides; a rule counts the calls that match it, whether or not it fires.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct FaultPlan {
    /// Seeds the choices of `share`, latency and events; each has a stream of its own, so that changing one does not
    /// shift the others.
    pub seed: u64,
    /// Time every call takes, in milliseconds, half before it takes effect and half after.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latency_ms: Option<Range>,
    /// Faults of calls.
    pub rules: Vec<Rule>,
    /// Faults of events.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub events: Option<EventFaults>,
}

/// Both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Range {
    /// The least.
    pub min: u64,
    /// The most; not below `min`.
    pub max: u64,
}

/// One fault and the calls it happens to: the `nth` that matches, each `every`-th, a `share` of them, or, with none of
/// the three, all.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Rule {
    /// Which calls.
    #[serde(default, rename = "match")]
    pub matching: CallMatch,
    /// Only the n-th of them, counted from 1 since the plan was set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nth: Option<u64>,
    /// Each n-th of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub every: Option<u64>,
    /// This share of them, by the plan's seed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub share: Option<f64>,
    /// At most so many times.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<u64>,
    /// What happens to the call.
    pub action: Action,
}

/// All that is given must fit; nothing given fits every call.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct CallMatch {
    /// The HTTP method, whatever the casing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// The whole path, whatever the casing; `*` stands for any characters, slashes too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The client id of the caller.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub principal: Option<String>,
    /// The tenant id of the caller's token, or of the token endpoint.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
}

/// What happens to a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub enum Action {
    /// It is answered with an error status.
    Answer(Answer),
    /// The connection breaks before the call takes effect.
    CutBeforeCommit,
    /// The call takes effect, and the connection breaks before the answer.
    CutAfterCommit,
}

/// An error answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Answer {
    /// 429, 500 or 503.
    pub status: u16,
    /// The `Retry-After` header: seconds, or any text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<RetryAfter>,
    /// The call takes effect all the same.
    #[serde(default)]
    pub after_commit: bool,
}

/// A `Retry-After` header.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum RetryAfter {
    /// Seconds.
    Seconds(u64),
    /// A date, or nonsense.
    Text(String),
}

/// Faults of events. Each delivery is looked at by itself: one subscriber may lose what another gets.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct EventFaults {
    /// Only events with such a subject, whatever the casing; `*` stands for any characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// The share that is never sent.
    pub drop: f64,
    /// The share that is sent twice.
    pub duplicate: f64,
    /// Sent late.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delay: Option<Delay>,
    /// Overtaken by later ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reorder: Option<Reorder>,
}

/// A share of the events is sent so much later.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Delay {
    /// The share.
    pub share: f64,
    /// By how much, in milliseconds.
    pub ms: Range,
}

/// A share of the events is held back for a random time, so that others published meanwhile go first.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Reorder {
    /// The share.
    pub share: f64,
    /// The longest time held back, in milliseconds.
    pub within_ms: u64,
}

/// The connection was dropped before an answer came, as a fault plan asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Cut {
    /// Nothing has happened.
    #[error("the connection was reset before the call took effect")]
    BeforeCommit,
    /// The call has taken effect.
    #[error("the connection was reset after the call took effect, before the answer")]
    AfterCommit,
}

/// Why a plan is refused.
#[derive(Debug, thiserror::Error)]
pub enum FaultPlanError {
    /// Not JSON, not of this shape, or with a key that means nothing.
    #[error("the fault plan cannot be read: {0}")]
    Shape(#[from] serde_json::Error),
    /// Readable, but without sense.
    #[error("the fault plan is refused: {0}")]
    Value(String),
}

impl FaultPlan {
    /// Reads and checks a plan.
    pub fn from_json(json: &[u8]) -> Result<Self, FaultPlanError> {
        let plan: Self = serde_json::from_slice(json)?;
        plan.check()?;
        Ok(plan)
    }

    /// Checks shares, ranges, statuses and that a rule chooses its calls in one way only.
    pub(crate) fn check(&self) -> Result<(), FaultPlanError> {
        let refuse = |why: String| Err(FaultPlanError::Value(why));
        let in_order = |range: Option<Range>| range.is_none_or(|range| range.min <= range.max);
        if !in_order(self.latency_ms) {
            return refuse("latencyMs: min is above max".into());
        }
        for (number, rule) in self.rules.iter().enumerate() {
            let ways = [rule.nth.is_some(), rule.every.is_some(), rule.share.is_some()];
            if ways.into_iter().filter(|&given| given).count() > 1 {
                return refuse(format!("rules[{number}]: give one of nth, every and share"));
            }
            if rule.nth == Some(0) || rule.every == Some(0) {
                return refuse(format!("rules[{number}]: nth and every count from 1"));
            }
            if !rule.share.is_none_or(is_share) {
                return refuse(format!("rules[{number}]: share lies between 0 and 1"));
            }
            if let Action::Answer(answer) = &rule.action
                && !matches!(answer.status, 429 | 500 | 503)
            {
                return refuse(format!("rules[{number}]: status is 429, 500 or 503"));
            }
        }
        let Some(events) = &self.events else { return Ok(()) };
        let shares = [
            Some(events.drop),
            Some(events.duplicate),
            events.delay.map(|delay| delay.share),
            events.reorder.map(|reorder| reorder.share),
        ];
        if !shares.into_iter().flatten().all(is_share) {
            return refuse("events: shares lie between 0 and 1".into());
        }
        if !in_order(events.delay.map(|delay| delay.ms)) {
            return refuse("events.delay.ms: min is above max".into());
        }
        Ok(())
    }
}

fn is_share(share: f64) -> bool {
    (0.0..=1.0).contains(&share)
}
