//! Everything that exists, in maps whose order is the order of ids.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use ipnet::IpNet;
use serde_json::{Map, Value};
use time::OffsetDateTime;
use uuid::Uuid;

use super::managers::Managers;
use super::operations::Operation;
use super::path::Key;
use super::peering_admission::GatewayFlags;
use super::peering_parts::Part;
use super::peering_states::{HalfState, SyncLevel};
use super::rbac::{RoleAssignment, RoleDefinition};
use crate::world::Tenant;

/// `provisioningState` as far as the sandbox goes through it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Provisioning {
    Updating,
    Deleting,
    Succeeded,
}

impl Provisioning {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Updating => "Updating",
            Self::Deleting => "Deleting",
            Self::Succeeded => "Succeeded",
        }
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Group {
    /// With the casing it was made with.
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) location: String,
    pub(crate) tags: Option<Map<String, Value>>,
    pub(crate) provisioning: Provisioning,
}

#[derive(Clone, Debug)]
pub(crate) struct VirtualNetwork {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) location: String,
    pub(crate) tags: Option<Map<String, Value>>,
    /// Shared by the network, its subnets and its halves (seen: a half's entity tag is its network's).
    pub(crate) etag: String,
    /// New for each incarnation: a network made again under the same name has another.
    pub(crate) guid: Uuid,
    pub(crate) provisioning: Provisioning,
    pub(crate) space: Vec<IpNet>,
    pub(crate) dns_servers: Value,
    pub(crate) subnets: BTreeMap<String, Subnet>,
    pub(crate) halves: BTreeMap<String, Half>,
    /// The other properties, as they were written.
    pub(crate) rest: Map<String, Value>,
}

#[derive(Clone, Debug)]
pub(crate) struct Subnet {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) provisioning: Provisioning,
    pub(crate) prefixes: Vec<IpNet>,
    /// Whether it was written with `addressPrefixes` rather than `addressPrefix`.
    pub(crate) plural: bool,
    pub(crate) rest: Map<String, Value>,
}

/// One half of a peering.
#[derive(Clone, Debug)]
pub(crate) struct Half {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) provisioning: Provisioning,
    pub(crate) state: HalfState,
    pub(crate) sync: SyncLevel,
    /// As the caller wrote it.
    pub(crate) remote_id: String,
    /// The incarnation of the remote network that this half was written for.
    pub(crate) remote_guid: Uuid,
    pub(crate) pair_guid: Uuid,
    pub(crate) allow_access: bool,
    pub(crate) allow_forwarded: bool,
    pub(crate) gateway: GatewayFlags,
    /// `remoteAddressSpace`: what is peered.
    pub(crate) peered_space: Vec<IpNet>,
    /// `remoteVirtualNetworkAddressSpace`: the remote network's space when last seen.
    pub(crate) seen_space: Vec<IpNet>,
    /// What of the two networks it peers.
    pub(crate) part: Part,
    /// The other properties, as they were written.
    pub(crate) rest: Map<String, Value>,
}

impl Half {
    pub(crate) fn remote_key(&self) -> Key {
        Key::of(&self.remote_id)
    }
}

/// A resource that is kept as it was written: a public address or a gateway.
#[derive(Clone, Debug)]
pub(crate) struct Plain {
    /// Namespace and type.
    pub(crate) kind: &'static str,
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) etag: String,
    pub(crate) guid: Uuid,
    pub(crate) provisioning: Provisioning,
    /// `location`, `tags`, `sku` and the properties, as they were written and completed.
    pub(crate) body: Value,
}

/// The state of Resource Manager.
#[derive(Debug, Default)]
pub(crate) struct Store {
    pub(crate) groups: BTreeMap<Key, Group>,
    pub(crate) networks: BTreeMap<Key, VirtualNetwork>,
    pub(crate) plain: BTreeMap<Key, Plain>,
    pub(super) managers: Managers,
    /// Custom roles live in a tenant, built-in ones in none.
    pub(crate) role_definitions: BTreeMap<(Option<Tenant>, String), RoleDefinition>,
    pub(crate) role_assignments: BTreeMap<Key, RoleAssignment>,
    pub(crate) operations: BTreeMap<Uuid, Operation>,
    /// The operations under way, in the order of their ends.
    pub(crate) running: BTreeSet<(OffsetDateTime, Uuid)>,
    /// The operations that are over and still remembered, in the order of their ends.
    pub(crate) ended: VecDeque<(OffsetDateTime, Uuid)>,
    /// The operation under way on a resource; while there is one, nobody else may write it or anything in it.
    pub(crate) held: BTreeMap<Key, Uuid>,
    /// How full the buckets of reads, writes and deletes were, and when.
    buckets: BTreeMap<(String, &'static str), (OffsetDateTime, u64)>,
}

impl Store {
    /// The gateway resources that sit in a subnet of this network.
    pub(crate) fn gateways_of(&self, network: &Key) -> Vec<&Plain> {
        self.plain
            .values()
            .filter(|plain| {
                super::virtual_network_gateways::subnets(plain).any(|id| Key::of(id).is_within(network))
            })
            .collect()
    }
}

impl Store {
    /// Takes one call out of the caller's bucket and gives what is left, for the rate-limit headers.
    ///
    /// Sizes and refill are Azure's since 2024 (250 reads and 25 a second; 200 writes or deletes and 10 a second). The
    /// sandbox only reports them: throttling is a fault to be asked for.
    pub(crate) fn remaining(
        &mut self,
        object_id: &str,
        method: &http::Method,
        now: OffsetDateTime,
    ) -> (&'static str, u64) {
        let (kind, size, refill) = match *method {
            http::Method::DELETE => ("deletes", 200, 10),
            http::Method::PUT | http::Method::PATCH | http::Method::POST => ("writes", 200, 10),
            _ => ("reads", 250, 25),
        };
        let bucket = self.buckets.entry((object_id.to_owned(), kind)).or_insert((now, size));
        let seconds = u64::try_from((now - bucket.0).whole_seconds()).unwrap_or(0);
        if seconds > 0 {
            *bucket = (now, bucket.1.saturating_add(seconds.saturating_mul(refill)).min(size));
        }
        bucket.1 = bucket.1.saturating_sub(1);
        (kind, bucket.1)
    }
}
