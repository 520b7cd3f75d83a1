//! The parts of Azure's JSON that are the same for every type of resource.

use serde::Deserialize;
use serde_json::Value;
use thiserror::Error;

use crate::handshake::ids::IdError;
use crate::handshake::provisioning::Provisioning;

/// One page of a collection. The items are read one by one, so that one that makes no sense does not hide the others.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Page {
    /// The items.
    pub value: Vec<Value>,
    next_link: Option<String>,
}

impl Page {
    /// Where the next page is. Azure ends a collection without it, with `null` and with an empty text.
    #[must_use]
    pub fn next(&self) -> Option<&str> {
        self.next_link.as_deref().filter(|link| !link.is_empty())
    }
}

/// Where a long operation stands: the body of an `Azure-AsyncOperation` answer.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct OperationStatus {
    /// `Succeeded`, `Failed` and `Canceled` are ends, every other word is on the way.
    pub status: Option<String>,
    /// Why it failed.
    pub error: Option<Value>,
}

/// Only the `provisioningState` of any resource.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Provisioned {
    properties: Option<ProvisionedProperties>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct ProvisionedProperties {
    provisioning_state: Option<Provisioning>,
}

impl Provisioned {
    /// The state; an absent one means done.
    #[must_use]
    pub fn state(&self) -> Provisioning {
        self.properties.as_ref().and_then(|properties| properties.provisioning_state).unwrap_or_default()
    }
}

/// Why a resource cannot be used though it is JSON.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum WireError {
    /// Its id is none.
    #[error(transparent)]
    Id(#[from] IdError),
    /// A prefix of its address space is none.
    #[error("`{prefix}` in the address spaces of {resource} is not an address prefix")]
    Prefix {
        /// What stands there, shortened.
        prefix: String,
        /// The resource that holds it.
        resource: String,
    },
}
