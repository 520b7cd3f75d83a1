//! Links as a kind of handshake.

use async_trait::async_trait;
use peerpact::arm::{ArmError, Deadline, Ended, WriteError};
use peerpact::handshake::agreements::{Agreements, Section};
use peerpact::handshake::bad_request::BadRequest;
use peerpact::handshake::fields::Fields;
use peerpact::handshake::ids::TenantId;
use peerpact::handshake::kind_name::KindName;
use peerpact::handshake::pair::Pair;
use peerpact::handshake::reason::Reason;
use peerpact::handshake::record::Record;
use peerpact::handshake::resource_id::ResourceId;
use peerpact::handshake::write::Write;
use peerpact::kinds::{Attempts, ConnectRequest, Kind, Listed, Nouns, Observer, Prefetched, Resolved, View};
use serde_json::Value;
use uuid::Uuid;

use super::body::LinkBody;
use super::list::{ListedLinks, told_apart};
use super::read::LinkView;
use super::rooms::{Links, Rooms};
use super::{ids, messages, request, terms};

/// The kind, and the rooms that it reads and writes.
pub(crate) struct LinkKind(pub(crate) Rooms);

#[async_trait]
impl Kind for LinkKind {
    fn name(&self) -> KindName {
        ids::NAME
    }

    fn section(&self) -> Section {
        terms::SECTION
    }

    fn nouns(&self) -> Nouns {
        Nouns { halves: &["link"], ends: &["room"], pair: "a room goes with a room" }
    }

    fn is_half(&self, id: &ResourceId) -> bool {
        ids::is_link(id)
    }

    fn is_end(&self, id: &ResourceId) -> bool {
        ids::is_room(id)
    }

    fn pair(&self, ours: &ResourceId, theirs: &ResourceId, partner: TenantId) -> Option<Pair> {
        ids::pair(ours, theirs, partner)
    }

    fn is_covered(&self, pair: &Pair, agreements: &Agreements) -> bool {
        terms::covering(agreements, pair).is_some()
    }

    fn objection(&self, pair: &Pair, agreements: &Agreements) -> Option<Reason> {
        (!self.is_covered(pair, agreements)).then(|| messages::no_agreement(pair))
    }

    async fn read(
        &self,
        _observer: &Observer<'_>,
        pair: &Pair,
        _record: Option<&Record>,
        prefetched: Prefetched,
        _until: Deadline,
    ) -> Result<Box<dyn View>, ArmError> {
        let links = prefetched.get::<Links>().cloned().unwrap_or_else(|| self.0.read());
        Ok(Box::new(LinkView::new(&links, pair)))
    }

    async fn resolve(
        &self,
        observer: &Observer<'_>,
        half: &ResourceId,
        _written: bool,
        _until: Deadline,
    ) -> Result<Resolved, ArmError> {
        let links = self.0.read();
        let end = links.end_of(half);
        let pair = end.and_then(|end| told_apart(&half.holder(), end, observer.agreements));
        Ok(Resolved::Pairs(pair.map(|pair| (pair, Prefetched::of(links))).into_iter().collect()))
    }

    async fn list(
        &self,
        _observer: &Observer<'_>,
        _until: Deadline,
        attempts: &mut Attempts,
    ) -> Box<dyn Listed> {
        (attempts.asked, attempts.had) = (attempts.asked + 1, attempts.had + 1);
        Box::new(ListedLinks(self.0.read()))
    }

    async fn write(
        &self,
        _observer: &Observer<'_>,
        pair: &Pair,
        write: &Write,
        correlation: Uuid,
        _until: Deadline,
    ) -> Result<Ended, WriteError> {
        let half = match write.body() {
            Some(LinkBody::Put { to, width }) => Some((to, *width)),
            Some(LinkBody::Removal) => None,
            None => return Err(WriteError::Rejected(ArmError::no_pair(pair))),
        };
        self.0.write(&write.target, half, correlation);
        Ok(Ended::Succeeded)
    }

    fn connect(&self, fields: Fields<'_>) -> Result<ConnectRequest, BadRequest> {
        request::connect(fields)
    }

    fn authorize(
        &self,
        asked: &ConnectRequest,
        home: TenantId,
        agreements: &Agreements,
    ) -> Result<(Pair, Value), BadRequest> {
        request::authorize(asked, home, agreements)
    }
}
