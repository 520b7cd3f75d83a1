//! The sentences of the reasons that the decisions give.

use peerpact::handshake::pair::Pair;
use peerpact::handshake::reason::{Code, Reason};

use super::rooms::Half;
use super::terms::FIX;

pub(super) fn no_agreement(pair: &Pair) -> Reason {
    let message = format!("no agreement covers {} (ours) and {} (theirs)", pair.ours(), pair.theirs());
    Reason::new(Code::NoAgreement, message).fixed_by(FIX)
}

pub(super) fn withdrawn(ours: &Half) -> Reason {
    Reason::new(Code::ConsentWithdrawn, format!("{} is not agreed to any more; it is removed", ours.id))
}

pub(super) fn connected(ours: &Half, theirs: &Half) -> Reason {
    Reason::new(Code::Connected, format!("{} and {} are joined", ours.id, theirs.id))
}

pub(super) fn awaiting_partner(pair: &Pair) -> Reason {
    Reason::new(Code::AwaitingPartner, format!("{} has no link to our room yet", pair.theirs()))
}

pub(super) fn partner_removed(ours: &Half) -> Reason {
    Reason::new(Code::Closed, format!("the partner's link was removed, and {} with it", ours.id))
}

pub(super) fn ours_removed(theirs: &Half) -> Reason {
    Reason::new(Code::Closed, format!("our link is gone, and {} is theirs to remove", theirs.id))
}

pub(super) fn closed(pair: &Pair) -> Reason {
    Reason::new(Code::Closed, format!("{} and {} are not linked", pair.ours(), pair.theirs()))
}
