//! Everything that exists, in maps whose order is the order of ids.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use time::OffsetDateTime;
use uuid::Uuid;

use super::managers::Managers;
use super::networks::VirtualNetwork;
use super::operations::{Effect, Operations};
use super::provisioning::Provisioning;
use super::roles::{RoleAssignment, RoleDefinition};
use crate::arm::call::Key;
use crate::world::Tenant;

#[derive(Clone, Debug)]
pub(crate) struct Group {
    /// With the casing it was made with.
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) location: String,
    pub(crate) tags: Option<Map<String, Value>>,
    pub(crate) provisioning: Provisioning,
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

/// What an operation does in the end to the resource with its key.
pub(crate) type Finish = Effect<Store>;

/// The state of Resource Manager.
#[derive(Debug, Default)]
pub(crate) struct Store {
    pub(crate) groups: BTreeMap<Key, Group>,
    pub(crate) networks: BTreeMap<Key, VirtualNetwork>,
    pub(crate) plain: BTreeMap<Key, Plain>,
    pub(crate) managers: Managers,
    /// Custom roles live in a tenant, built-in ones in none.
    pub(crate) role_definitions: BTreeMap<(Option<Tenant>, String), RoleDefinition>,
    pub(crate) role_assignments: BTreeMap<Key, RoleAssignment>,
    pub(crate) operations: Operations<Self>,
    /// How full the buckets of reads, writes and deletes were, and when.
    buckets: BTreeMap<(String, &'static str), (OffsetDateTime, u64)>,
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
