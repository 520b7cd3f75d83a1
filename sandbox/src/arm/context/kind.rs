//! A type of resource.

use serde_json::Value;

use super::cx::Cx;
use crate::arm::call::{ArmError, Key, Target};
use crate::reply::Reply;

/// A member of a collection.
pub(crate) struct Item {
    pub(crate) key: Key,
    pub(crate) body: Value,
}

/// A type of resource. The dispatcher has checked the caller's rights and the resource group before any of these.
pub(crate) trait Kind: Sync {
    /// Namespace and types, in Azure's casing.
    fn name(&self) -> &'static str;

    fn get(&self, cx: &Cx<'_>, at: &Target) -> Result<Reply, ArmError>;

    fn list(&self, cx: &Cx<'_>, at: &Target) -> Result<Vec<Item>, ArmError>;

    fn put(&self, cx: &mut Cx<'_>, at: &Target) -> Result<Reply, ArmError>;

    /// An absent resource is answered 204.
    fn delete(&self, cx: &mut Cx<'_>, at: &Target) -> Result<Reply, ArmError>;

    fn patch(&self, _cx: &mut Cx<'_>, _at: &Target) -> Result<Reply, ArmError> {
        Err(ArmError::Method("PATCH".into()))
    }

    /// Whether the type lies at any scope (role assignments) instead of in a resource group.
    fn is_extension(&self) -> bool {
        false
    }

    /// Whether the type lies in a resource group.
    fn is_in_group(&self) -> bool {
        !self.is_extension()
    }

    /// Whether its lists come in pages.
    fn is_paged(&self) -> bool {
        false
    }
}
