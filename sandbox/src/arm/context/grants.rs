//! Who may do what: role assignments by scope, roles by action with wildcards and exclusions.

use serde_json::{Value, json};

use crate::arm::call::Key;
use crate::arm::state::{RoleAssignment, RoleDefinition, Store};
use crate::world::Tenant;

/// By which assignment an action is allowed.
#[derive(Clone, Debug)]
pub(crate) struct Grant<'a> {
    pub(crate) assignment: &'a RoleAssignment,
    pub(crate) definition: &'a RoleDefinition,
}

impl Grant<'_> {
    /// `authorization.evidence` of an event.
    pub(crate) fn evidence(&self) -> Value {
        json!({
            "role": self.definition.role_name,
            "roleAssignmentScope": self.assignment.scope_text,
            "roleAssignmentId": self.assignment.name.replace('-', ""),
            "roleDefinitionId": self.definition.guid.replace('-', ""),
            "principalId": self.assignment.principal.replace('-', ""),
            "principalType": "ServicePrincipal",
        })
    }
}

impl Store {
    /// The first assignment that lets this object do this at this scope.
    pub(crate) fn grant<'s>(
        &'s self,
        tenant: Tenant,
        object_id: &str,
        action: &str,
        scope: &Key,
    ) -> Option<Grant<'s>> {
        self.assignments_of(object_id).filter(|assignment| assignment.scope.covers(scope)).find_map(
            |assignment| {
                let definition = self.definition(tenant, &assignment.definition)?;
                definition
                    .permissions
                    .iter()
                    .any(|permission| permission.allows(action))
                    .then_some(Grant { assignment, definition })
            },
        )
    }

    /// Whether the object holds any role at this scope, above it or below it.
    pub(crate) fn knows(&self, object_id: &str, scope: &Key) -> bool {
        self.assignments_of(object_id)
            .any(|assignment| scope.covers(&assignment.scope) || assignment.scope.covers(scope))
    }

    /// A role by its guid: built in, or of this tenant.
    pub(crate) fn definition(&self, tenant: Tenant, guid: &str) -> Option<&RoleDefinition> {
        let guid = guid.to_lowercase();
        self.role_definitions
            .get(&(Some(tenant), guid.clone()))
            .or_else(|| self.role_definitions.get(&(None, guid)))
    }

    fn assignments_of<'s, 'o>(
        &'s self,
        object_id: &'o str,
    ) -> impl Iterator<Item = &'s RoleAssignment> + use<'s, 'o> {
        self.role_assignments
            .values()
            .filter(move |assignment| assignment.principal.eq_ignore_ascii_case(object_id))
    }
}
