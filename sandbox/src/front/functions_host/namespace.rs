//! The Service Bus namespace that a host feeds its functions from.

use std::{collections::BTreeMap, fmt};

use crate::Broker;

/// A tenant's namespace and how its apps name it.
#[derive(Clone)]
pub struct Namespace {
    /// The namespace.
    pub broker: Broker,
    /// Its connection string, which holds its key.
    pub connection: String,
}

impl Namespace {
    /// Whether a setting holds this namespace's connection string, in whatever order its fields are.
    pub(super) fn is_named_by(&self, setting: &str) -> bool {
        fields(setting) == fields(&self.connection)
    }
}

impl fmt::Debug for Namespace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Namespace").field("broker", &self.broker).finish_non_exhaustive()
    }
}

/// The fields without regard to the casing of their names, and without the end of the endpoint's address.
fn fields(connection: &str) -> BTreeMap<String, &str> {
    let fields = connection.split(';').filter_map(|field| field.split_once('='));
    fields
        .map(|(name, value)| (name.trim().to_ascii_lowercase(), value.trim().trim_end_matches('/')))
        .collect()
}
