//! A fault plan at work: which call and which event it strikes.

use rand_chacha::ChaCha8Rng;
use rand_core::{RngCore, SeedableRng};

use crate::faults::{Action, CallMatch, FaultPlan, Range};

/// Who calls what, as rules look at it.
pub(crate) struct CallFacts<'a> {
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    pub(crate) principal: Option<&'a str>,
    pub(crate) tenant: Option<&'a str>,
}

/// The plan in force and what has happened under it.
#[derive(Debug)]
pub(crate) struct Faults {
    plan: FaultPlan,
    seen: Vec<(u64, u64)>,
    latency: ChaCha8Rng,
    calls: ChaCha8Rng,
    events: ChaCha8Rng,
}

impl Faults {
    pub(crate) fn new(plan: FaultPlan) -> Self {
        let stream = |number| {
            let mut rng = ChaCha8Rng::seed_from_u64(plan.seed);
            rng.set_stream(number);
            rng
        };
        let (latency, calls, events) = (stream(1), stream(2), stream(3));
        Self { seen: vec![(0, 0); plan.rules.len()], latency, calls, events, plan }
    }

    /// The time the next call takes, in milliseconds.
    pub(crate) fn latency_ms(&mut self) -> u64 {
        self.plan.latency_ms.map_or(0, |range| within(&mut self.latency, range))
    }

    /// What happens to this call, if anything.
    pub(crate) fn on_call(&mut self, call: &CallFacts<'_>) -> Option<Action> {
        let mut action = None;
        for (rule, (matched, fired)) in self.plan.rules.iter().zip(&mut self.seen) {
            if !rule.matching.fits(call) {
                continue;
            }
            *matched += 1;
            let chosen = match (rule.nth, rule.every, rule.share) {
                (Some(nth), ..) => *matched == nth,
                (_, Some(every), _) => matched.is_multiple_of(every),
                (.., Some(share)) => chance(&mut self.calls, share),
                (None, None, None) => true,
            };
            if action.is_none() && chosen && rule.times.is_none_or(|times| *fired < times) {
                *fired += 1;
                action = Some(rule.action.clone());
            }
        }
        action
    }

    /// After how many milliseconds each copy of an event is sent; empty if it is lost.
    pub(crate) fn on_event(&mut self, subject: &str) -> Vec<u64> {
        let Some(faults) = &self.plan.events else { return vec![0] };
        if !faults.subject.as_deref().is_none_or(|pattern| glob(pattern, subject)) {
            return vec![0];
        }
        let rng = &mut self.events;
        if chance(rng, faults.drop) {
            return Vec::new();
        }
        let copies = if chance(rng, faults.duplicate) { 2 } else { 1 };
        (0..copies)
            .map(|_| {
                let late = match faults.delay {
                    Some(delay) if chance(rng, delay.share) => within(rng, delay.ms),
                    _ => 0,
                };
                let held = match faults.reorder {
                    Some(reorder) if chance(rng, reorder.share) => {
                        within(rng, Range { min: 0, max: reorder.within_ms })
                    }
                    _ => 0,
                };
                late + held
            })
            .collect()
    }
}

impl CallMatch {
    fn fits(&self, call: &CallFacts<'_>) -> bool {
        let same = |wanted: &Option<String>, given: Option<&str>| {
            wanted
                .as_deref()
                .is_none_or(|wanted| given.is_some_and(|given| wanted.eq_ignore_ascii_case(given)))
        };
        same(&self.method, Some(call.method))
            && self.path.as_deref().is_none_or(|pattern| glob(pattern, call.path))
            && same(&self.principal, call.principal)
            && same(&self.tenant, call.tenant)
    }
}

/// Whether `text` is `pattern`, where `*` stands for any characters; casing does not matter.
pub(crate) fn glob(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.to_lowercase(), text.to_lowercase());
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|head| text.strip_prefix(head)) else { return false };
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    true
}

fn chance(rng: &mut ChaCha8Rng, share: f64) -> bool {
    // 53 bits are what a double can hold exactly.
    let drawn = (rng.next_u64() >> 11) as f64 / (1u64 << 53) as f64;
    drawn < share
}

fn within(rng: &mut ChaCha8Rng, range: Range) -> u64 {
    let span = (range.max - range.min).saturating_add(1);
    range.min + rng.next_u64() % span
}
