//! The sweep's list: every link at once.

use peerpact::handshake::agreements::{Agreements, Whose};
use peerpact::handshake::pair::Pair;
use peerpact::handshake::record::Record;
use peerpact::handshake::resource_id::ResourceId;
use peerpact::kinds::{Listed, Shown};

use super::ids;
use super::read::LinkView;
use super::rooms::Links;

/// Everything there is.
pub(super) struct ListedLinks(pub(super) Links);

impl Listed for ListedLinks {
    fn pairs(&self, agreements: &Agreements) -> Vec<Pair> {
        self.0.ends().filter_map(|(holder, to)| told_apart(&holder, to, agreements)).collect()
    }

    fn shown(&self, pair: &Pair, _record: Option<&Record>, _agreements: &Agreements) -> Shown {
        Shown::Whole(Box::new(LinkView::new(&self.0, pair)))
    }
}

/// The pair of two rooms, if one of them is ours and the other a partner's.
pub(super) fn told_apart(one: &ResourceId, other: &ResourceId, agreements: &Agreements) -> Option<Pair> {
    match (agreements.whose_resource(one)?, agreements.whose_resource(other)?) {
        (Whose::Ours, Whose::Theirs(partner)) => ids::pair(one, other, partner),
        (Whose::Theirs(partner), Whose::Ours) => ids::pair(other, one, partner),
        (Whose::Ours, Whose::Ours) | (Whose::Theirs(_), Whose::Theirs(_)) => None,
    }
}
