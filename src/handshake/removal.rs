//! Which halves a request may have removed: those that an agreement covers, and those that peerpact made.

use super::admission;
use super::agreements::Agreements;
use super::ids::Name;
use super::management::tell;
use super::pair::{HalfId, Pair, Resource};
use super::reason::{Code, Reason};

/// Whether we made this half of the pair: it stands at our end and has the name that is derived from the pair. The
/// partner's app gives theirs the same name.
#[must_use]
pub fn made_by_us(half: &HalfId, pair: &Pair) -> bool {
    let (holder, name) = match half {
        HalfId::Peering(id) => (Resource::Network(id.network.clone()), &id.name),
        HalfId::ScopeConnection(id) => (Resource::Manager(id.manager.clone()), &id.name),
        HalfId::Connection(id) => (Resource::Scope(id.scope.clone()), &id.name),
    };
    holder == pair.ours() && *name == Name::of_half(&pair.id())
}

/// Whether a request may have this half of the pair removed.
///
/// # Errors
/// The rule that forbids it, and what to do instead.
pub fn may_be_removed(half: &HalfId, pair: &Pair, agreements: &Agreements) -> Result<(), Reason> {
    if made_by_us(half, pair) {
        return Ok(());
    }
    let by_hand = "or remove the half by hand";
    let uncovered = |reason: Reason| {
        let fix = reason.fix.map_or_else(|| by_hand.to_owned(), |fix| format!("{fix}, {by_hand}"));
        Reason { fix: Some(fix), ..Reason::new(reason.code, reason.message) }
    };
    match pair {
        Pair::Peering(ends) => {
            let denied = agreements.denials().find_map(|rule| {
                let network = [&ends.ours, &ends.theirs].into_iter().find(|id| rule.network.matches(id))?;
                Some((network, rule))
            });
            if let Some((network, rule)) = denied {
                let message = format!("a [[deny]] names {network}: {}", rule.reason);
                let fix = format!("take the [[deny]] out, {by_hand}");
                return Err(Reason::new(Code::DeniedByName, message).fixed_by(fix));
            }
            match agreements.covering(ends) {
                Some(_) => Ok(()),
                None => Err(uncovered(admission::no_agreement(agreements, ends))),
            }
        }
        Pair::Management(ends) => match agreements.covering_management(ends) {
            Some(_) => Ok(()),
            None => Err(uncovered(tell::no_agreement(ends, agreements))),
        },
    }
}
