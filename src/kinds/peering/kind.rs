//! Peerings as a kind of handshake.

use async_trait::async_trait;
use serde_json::Value;
use uuid::Uuid;

use super::agreement::{PeeringAgreement, Reach};
use super::ends::PeeringEnds;
use super::ids::{NAME, PeeringId};
use super::{consent, list, read, request, terms, write};
use crate::arm::{ArmError, Deadline, Ended, WriteError};
use crate::handshake::agreements::{Agreements, Partner, Section};
use crate::handshake::bad_request::BadRequest;
use crate::handshake::fields::Fields;
use crate::handshake::ids::{TenantId, VirtualNetworkId};
use crate::handshake::kind_name::KindName;
use crate::handshake::pair::Pair;
use crate::handshake::reason::Reason;
use crate::handshake::record::Record;
use crate::handshake::resource_id::ResourceId;
use crate::handshake::write::Write;
use crate::kinds::{Attempts, ConnectRequest, Kind, Listed, Nouns, Observer, Prefetched, Resolved, View};

/// The kind.
pub struct PeeringKind;

#[async_trait]
impl Kind for PeeringKind {
    fn name(&self) -> KindName {
        NAME
    }

    fn section(&self) -> Section {
        terms::SECTION
    }

    fn nouns(&self) -> Nouns {
        Nouns {
            halves: &["peering"],
            ends: &["virtual network"],
            pair: "a virtual network goes with a virtual network",
        }
    }

    fn is_half(&self, id: &ResourceId) -> bool {
        id.as_str().parse::<PeeringId>().is_ok()
    }

    fn is_end(&self, id: &ResourceId) -> bool {
        id.as_str().parse::<VirtualNetworkId>().is_ok()
    }

    fn pair(&self, ours: &ResourceId, theirs: &ResourceId, partner: TenantId) -> Option<Pair> {
        PeeringEnds::of(ours, theirs, partner).map(|ends| ends.pair())
    }

    fn is_covered(&self, pair: &Pair, agreements: &Agreements) -> bool {
        ends_of(pair).is_some_and(|ends| agreements.covering(&ends).is_some())
    }

    fn objection(&self, pair: &Pair, agreements: &Agreements) -> Option<Reason> {
        consent::objection(&ends_of(pair)?, agreements)
    }

    async fn read(
        &self,
        observer: &Observer<'_>,
        pair: &Pair,
        _record: Option<&Record>,
        prefetched: Prefetched,
        until: Deadline,
    ) -> Result<Box<dyn View>, ArmError> {
        let ends = ends_of(pair).ok_or_else(|| ArmError::no_pair(pair))?;
        Ok(Box::new(read::read(observer, ends, &prefetched, until).await?))
    }

    async fn resolve(
        &self,
        observer: &Observer<'_>,
        half: &ResourceId,
        _written: bool,
        until: Deadline,
    ) -> Result<Resolved, ArmError> {
        match half.as_str().parse() {
            Ok(id) => read::resolve(observer, &id, until).await,
            Err(_) => Ok(Resolved::Pairs(Vec::new())),
        }
    }

    async fn list(
        &self,
        observer: &Observer<'_>,
        until: Deadline,
        attempts: &mut Attempts,
    ) -> Box<dyn Listed> {
        Box::new(list::list(observer, until, attempts).await)
    }

    async fn write(
        &self,
        observer: &Observer<'_>,
        pair: &Pair,
        write: &Write,
        correlation: Uuid,
        until: Deadline,
    ) -> Result<Ended, WriteError> {
        match write.body() {
            Some(body) => write::send(observer, pair, write, body, correlation, until).await,
            None => Err(WriteError::Rejected(ArmError::no_pair(pair))),
        }
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

    /// Whether a peering agreement lets us write this half of the partner's.
    fn reaches(&self, partner: &Partner, half: &ResourceId) -> bool {
        let Ok(id) = half.as_str().parse::<PeeringId>() else { return false };
        let covers = |agreement: &PeeringAgreement| {
            agreement.reach == Reach::Both && agreement.theirs.matches(&id.network)
        };
        partner.peerings().iter().any(covers)
    }
}

fn ends_of(pair: &Pair) -> Option<PeeringEnds> {
    PeeringEnds::of(pair.ours(), pair.theirs(), pair.partner())
}
