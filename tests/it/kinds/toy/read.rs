//! What a read of a pair gave.

use peerpact::handshake::agreements::Agreements;
use peerpact::handshake::decision::Decision;
use peerpact::handshake::pair::Pair;
use peerpact::handshake::record::Record;
use peerpact::handshake::seen::{HalvesSeen, SeenHalf};
use peerpact::kinds::View;
use time::OffsetDateTime;

use super::decide::decide;
use super::rooms::{Half, Links, Stands};

/// Both halves of a pair.
#[derive(Debug)]
pub(super) struct LinkView {
    pub(super) pair: Pair,
    pub(super) ours: Option<Half>,
    pub(super) theirs: Option<Half>,
}

impl LinkView {
    pub(super) fn new(links: &Links, pair: &Pair) -> Self {
        Self { pair: pair.clone(), ours: links.ours(pair), theirs: links.theirs(pair) }
    }
}

impl View for LinkView {
    fn pair(&self) -> Pair {
        self.pair.clone()
    }

    fn is_whole(&self) -> bool {
        true
    }

    fn halves(&self) -> HalvesSeen {
        let seen = |half: &Option<Half>| Some(half.as_ref().map(seen));
        HalvesSeen { ours: seen(&self.ours), theirs: seen(&self.theirs) }
    }

    fn decide(&self, record: Option<&Record>, agreements: &Agreements, now: OffsetDateTime) -> Decision {
        decide(self, record, agreements, now)
    }

    fn fingerprint(&self) -> String {
        format!("{self:?}")
    }
}

fn seen(half: &Half) -> SeenHalf {
    SeenHalf {
        id: half.id.clone(),
        state: format!("{:?}", half.stands),
        sync: None,
        waits: half.stands == Stands::Waiting,
        alone: half.stands == Stands::Left,
    }
}
