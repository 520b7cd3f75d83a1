//! Management as a kind of handshake.

use async_trait::async_trait;
use serde_json::Value;
use uuid::Uuid;

use super::ends::ManagementEnds;
use super::ids::{NAME, NetworkManagerConnectionId, NetworkManagerId, ScopeConnectionId};
use super::observe::Connections;
use super::read::ManagementView;
use super::resolve::Resolver;
use super::{decide, list, request, terms, write};
use crate::arm::{ArmError, Deadline, Ended, WriteError};
use crate::handshake::agreements::{Agreements, Section};
use crate::handshake::bad_request::BadRequest;
use crate::handshake::fields::Fields;
use crate::handshake::ids::{TenantId, VirtualNetworkId};
use crate::handshake::kind_name::KindName;
use crate::handshake::pair::Pair;
use crate::handshake::reason::Reason;
use crate::handshake::record::Record;
use crate::handshake::resource_id::ResourceId;
use crate::handshake::scope::Scope;
use crate::handshake::write::Write;
use crate::kinds::{Attempts, ConnectRequest, Kind, Listed, Nouns, Observer, Prefetched, Resolved, View};

/// The kind.
pub struct ManagementKind;

#[async_trait]
impl Kind for ManagementKind {
    fn name(&self) -> KindName {
        NAME
    }

    fn section(&self) -> Section {
        terms::SECTION
    }

    fn nouns(&self) -> Nouns {
        Nouns {
            halves: &["scope connection", "network manager connection"],
            ends: &["network manager", "subscription", "management group"],
            pair: "a network manager goes with a subscription or a management group",
        }
    }

    fn is_half(&self, id: &ResourceId) -> bool {
        let id = id.as_str();
        id.parse::<ScopeConnectionId>().is_ok() || id.parse::<NetworkManagerConnectionId>().is_ok()
    }

    fn is_end(&self, id: &ResourceId) -> bool {
        let id = id.as_str();
        id.parse::<NetworkManagerId>().is_ok() || id.parse::<Scope>().is_ok()
    }

    /// Events about subscriptions and management groups themselves are not those that are subscribed to.
    fn is_watched(&self, end: &ResourceId) -> bool {
        end.as_str().parse::<NetworkManagerId>().is_ok()
    }

    fn pair(&self, ours: &ResourceId, theirs: &ResourceId, partner: TenantId) -> Option<Pair> {
        ManagementEnds::of(ours, theirs, partner).map(|ends| ends.pair())
    }

    fn is_covered(&self, pair: &Pair, agreements: &Agreements) -> bool {
        ends_of(pair).is_some_and(|ends| agreements.covering_management(&ends).is_some())
    }

    fn objection(&self, pair: &Pair, agreements: &Agreements) -> Option<Reason> {
        decide::objection(&ends_of(pair)?, agreements)
    }

    /// A network of the partner's may belong in a network group of ours.
    fn concerned(&self, resource: &ResourceId, agreements: &Agreements) -> Vec<ResourceId> {
        let Ok(network) = resource.as_str().parse::<VirtualNetworkId>() else { return Vec::new() };
        let filled = agreements
            .managements()
            .filter(|(_, agreement)| agreement.groups.iter().any(|group| group.members.matches(&network)));
        filled.map(|(_, agreement)| ResourceId::of(&agreement.scope)).collect()
    }

    async fn read(
        &self,
        observer: &Observer<'_>,
        pair: &Pair,
        record: Option<&Record>,
        prefetched: Prefetched,
        until: Deadline,
    ) -> Result<Box<dyn View>, ArmError> {
        let ends = ends_of(pair).ok_or_else(|| ArmError::no_pair(pair))?;
        let observation = Connections { observer }.connections(&ends, record, &prefetched, until).await?;
        Ok(Box::new(ManagementView { ends, observation }))
    }

    async fn resolve(
        &self,
        observer: &Observer<'_>,
        half: &ResourceId,
        written: bool,
        until: Deadline,
    ) -> Result<Resolved, ArmError> {
        let (resolver, half) = (Resolver(observer), half.as_str());
        match (half.parse(), half.parse()) {
            (Ok(id), _) => resolver.by_scope_connection(&id, written, until).await,
            (_, Ok(id)) => resolver.by_connection(&id, written, until).await,
            (Err(_), Err(_)) => Ok(Resolved::Pairs(Vec::new())),
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
            Some(body) => write::send(observer, pair, body, correlation, until).await,
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
}

fn ends_of(pair: &Pair) -> Option<ManagementEnds> {
    ManagementEnds::of(pair.ours(), pair.theirs(), pair.partner())
}
