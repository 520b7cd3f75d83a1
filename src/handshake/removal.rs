//! Which halves a request may have removed: those that an agreement covers, and those that peerpact made.

use super::admission;
use super::agreements::Agreements;
use super::management::tell;
use super::pair::{HalfId, Pair};
use super::reason::{Code, Reason};
use super::record::Record;

/// Whether a request may have this half of the pair removed. The partner's app gives theirs the same name as ours has, so
/// that it is no word for who made theirs.
///
/// # Errors
/// The rule that forbids it, and what to do instead.
pub fn may_be_removed(
    half: &HalfId,
    pair: &Pair,
    record: Option<&Record>,
    agreements: &Agreements,
) -> Result<(), Reason> {
    if half.holder() == pair.ours() && Record::made(record, &pair.id(), half) {
        return Ok(());
    }
    match denied(pair, agreements).or_else(|| uncovered(pair, agreements)) {
        None => Ok(()),
        Some(reason) => {
            let by_hand = format!("remove {half} by hand");
            let fix = reason.fix.map_or_else(|| by_hand.clone(), |fix| format!("{fix}, or {by_hand}"));
            Err(Reason { fix: Some(fix), ..reason })
        }
    }
}

fn denied(pair: &Pair, agreements: &Agreements) -> Option<Reason> {
    let (what, rule) = match pair {
        Pair::Peering(ends) => agreements.denials().find_map(|rule| {
            let network = [&ends.ours, &ends.theirs].into_iter().find(|id| rule.network.matches(id))?;
            Some((network.to_string(), rule))
        })?,
        Pair::Management(ends) => (format!("a network in {}", ends.scope), agreements.denied_scope(ends)?),
    };
    let message = format!("a [[deny]] names {what}: {}", rule.reason);
    Some(Reason::new(Code::DeniedByName, message).fixed_by("take the [[deny]] out"))
}

fn uncovered(pair: &Pair, agreements: &Agreements) -> Option<Reason> {
    match pair {
        Pair::Peering(ends) => {
            agreements.covering(ends).is_none().then(|| admission::no_agreement(agreements, ends))
        }
        Pair::Management(ends) => {
            agreements.covering_management(ends).is_none().then(|| tell::no_agreement(ends, agreements))
        }
    }
}
