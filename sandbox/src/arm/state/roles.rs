//! Roles, and who holds which.

use serde_json::{Map, Value};

use crate::arm::call::{Key, strings};
use crate::injector::glob;

/// Actions that are granted, but for those that are taken out again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Permission {
    pub(crate) actions: Vec<String>,
    pub(crate) not_actions: Vec<String>,
}

impl Permission {
    pub(crate) fn allows(&self, action: &str) -> bool {
        let any = |patterns: &[String]| patterns.iter().any(|pattern| glob(pattern, action));
        any(&self.actions) && !any(&self.not_actions)
    }

    pub(crate) fn from_json(value: &Value) -> Self {
        Self { actions: strings(&value["actions"]), not_actions: strings(&value["notActions"]) }
    }
}

#[derive(Clone, Debug)]
pub(crate) struct RoleDefinition {
    /// Its name, a UUID in lower case.
    pub(crate) guid: String,
    pub(crate) role_name: String,
    pub(crate) description: String,
    pub(crate) built_in: bool,
    pub(crate) permissions: Vec<Permission>,
    pub(crate) assignable_scopes: Vec<String>,
}

#[derive(Clone, Debug)]
pub(crate) struct RoleAssignment {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) scope: Key,
    /// The scope with the casing it was made with.
    pub(crate) scope_text: String,
    pub(crate) definition: String,
    pub(crate) principal: String,
    pub(crate) properties: Map<String, Value>,
}
