//! Which halves a request may have removed: those that an agreement covers, and those that peerpact made.

use super::pair::Pair;
use super::reason::Reason;
use super::record::Record;
use super::resource_id::ResourceId;

/// Whether a request may have this half of the pair removed. `objection` is what the agreements say against the pair.
/// The partner's app gives theirs the same name as ours has, so that it is no word for who made theirs.
///
/// # Errors
/// The rule that forbids it, and what to do instead.
pub fn may_be_removed(
    half: &ResourceId,
    pair: &Pair,
    record: Option<&Record>,
    objection: Option<Reason>,
) -> Result<(), Reason> {
    if half.holder() == *pair.ours() && Record::made(record, &pair.id(), half) {
        return Ok(());
    }
    match objection {
        None => Ok(()),
        Some(reason) => {
            let by_hand = format!("remove {half} by hand");
            let fix = reason.fix.map_or_else(|| by_hand.clone(), |fix| format!("{fix}, or {by_hand}"));
            Err(Reason { fix: Some(fix), ..reason })
        }
    }
}
