//! Operations under way and over: on what, how long they take, and what they do in the end.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use crate::arm::call::Key;
use crate::events::Happening;
use crate::mint::Mint;
use crate::settings::Pace;

/// What kind of work an operation is; decides how long it takes and what `Retry-After` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Work {
    PutNetwork,
    PutSubnet,
    PutPeering,
    PutPlain,
    PutGateway,
    Delete,
    DeleteGateway,
    DeleteGroup,
}

impl Work {
    /// How long it takes, in milliseconds from and to, and the seconds its answer asks the client to wait.
    ///
    /// The recorded pace is that of the captures: networks within 3 s, peerings and deletions 10-20 s, gateways minutes.
    pub(crate) const fn timing(self, pace: Pace) -> (u64, u64, u64) {
        match (pace, self) {
            (Pace::Quick, _) => (500, 500, 1),
            (Pace::Recorded, Self::PutNetwork | Self::PutSubnet | Self::PutPlain) => (2_000, 3_000, 3),
            (Pace::Recorded, Self::PutPeering | Self::Delete) => (10_000, 20_000, 10),
            (Pace::Recorded, Self::PutGateway) => (220_000, 300_000, 10),
            (Pace::Recorded, Self::DeleteGateway) => (60_000, 90_000, 10),
            (Pace::Recorded, Self::DeleteGroup) => (15_000, 30_000, 15),
        }
    }

    /// The provider's name of it, as its errors say it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::PutNetwork => "PutVirtualNetworkOperation",
            Self::PutSubnet => "PutSubnetOperation",
            Self::PutPeering => "PutVirtualNetworkPeeringOperation",
            Self::PutPlain => "PutPublicIPAddressOperation",
            Self::PutGateway => "PutVirtualNetworkGatewayOperation",
            Self::Delete | Self::DeleteGateway | Self::DeleteGroup => "DeleteOperation",
        }
    }

    pub(crate) const fn removes(self) -> bool {
        matches!(self, Self::Delete | Self::DeleteGateway | Self::DeleteGroup)
    }
}

/// What an operation does in the end, in the state `S`, to the resource with this key.
pub(super) type Effect<S> = fn(&mut S, &mut Mint, &Key);

/// An operation under way or over.
#[derive(Clone, Debug)]
pub(crate) struct Operation<S> {
    pub(crate) id: Uuid,
    pub(crate) work: Work,
    pub(crate) subscription: String,
    pub(crate) location: String,
    pub(crate) due: OffsetDateTime,
    pub(crate) done: bool,
    pub(crate) subject: Key,
    pub(crate) holds: Vec<Key>,
    pub(crate) finish: Effect<S>,
    pub(crate) api_version: String,
    pub(crate) seal: String,
    pub(crate) tells: Vec<Happening>,
}

impl<S> Operation<S> {
    pub(crate) fn status_url(&self, origin: &str) -> String {
        self.url(origin, "operations")
    }

    pub(crate) fn url(&self, origin: &str, what: &str) -> String {
        let Self { id, subscription, location, api_version, seal, .. } = self;
        if self.work == Work::DeleteGroup {
            return format!(
                "{origin}/subscriptions/{subscription}/operationresults/{id}?api-version={api_version}&{seal}"
            );
        }
        format!(
            "{origin}/subscriptions/{subscription}/providers/Microsoft.Network/locations/{location}/{what}/{id}?api-version={api_version}&{seal}"
        )
    }
}

/// How long the address of an operation answers after its end.
const REMEMBERED: Duration = Duration::hours(24);

/// All operations, of what they change in the state `S`.
#[derive(Debug, Default)]
pub(crate) struct Operations<S> {
    all: BTreeMap<Uuid, Operation<S>>,
    /// Those under way, in the order of their ends.
    running: BTreeSet<(OffsetDateTime, Uuid)>,
    /// Those that are over and still remembered, in the order of their ends.
    ended: VecDeque<(OffsetDateTime, Uuid)>,
    /// The one under way on a resource; while there is one, nobody else may write it or anything in it.
    held: BTreeMap<Key, Uuid>,
}

/// What is to be done now that an operation is over.
pub(crate) struct Ended<S> {
    pub(crate) at: OffsetDateTime,
    pub(crate) finish: Effect<S>,
    pub(crate) subject: Key,
    pub(crate) tells: Vec<Happening>,
}

impl<S> Operations<S> {
    pub(crate) fn start(&mut self, operation: Operation<S>) {
        for key in &operation.holds {
            self.held.insert(key.clone(), operation.id);
        }
        self.running.insert((operation.due, operation.id));
        self.all.insert(operation.id, operation);
    }

    pub(crate) fn get(&self, id: Uuid) -> Option<&Operation<S>> {
        self.all.get(&id)
    }

    /// The operation under way on this resource.
    pub(crate) fn on(&self, key: &Key) -> Option<&Operation<S>> {
        self.all.get(self.held.get(key)?)
    }

    /// Whether the operation with this id is under way.
    pub(crate) fn is_running(&self, id: Uuid) -> bool {
        self.get(id).is_some_and(|operation| !operation.done)
    }

    /// When the next operation ends.
    pub(crate) fn next_due(&self) -> Option<OffsetDateTime> {
        self.running.first().map(|(due, _)| *due)
    }

    /// Ends the next operation that is due.
    pub(crate) fn end_next(&mut self, now: OffsetDateTime) -> Option<Ended<S>> {
        while let Some(&(at, id)) = self.running.first().filter(|(due, _)| *due <= now) {
            self.running.remove(&(at, id));
            let Some(operation) = self.all.get_mut(&id) else { continue };
            operation.done = true;
            let (finish, subject) = (operation.finish, operation.subject.clone());
            let tells = std::mem::take(&mut operation.tells);
            for key in std::mem::take(&mut operation.holds) {
                if self.held.get(&key) == Some(&id) {
                    self.held.remove(&key);
                }
            }
            self.ended.push_back((at, id));
            return Some(Ended { at, finish, subject, tells });
        }
        None
    }

    /// Forgets those that ended long ago.
    pub(crate) fn forget(&mut self, now: OffsetDateTime) {
        while let Some(&(_, id)) = self.ended.front().filter(|(at, _)| *at + REMEMBERED <= now) {
            self.ended.pop_front();
            self.all.remove(&id);
        }
    }
}
