//! The roles that there are from the start, and who holds them.

use serde_json::{Map, Value};

use crate::arm::call::{Key, management_group, strings};
use crate::arm::state::{Permission, RoleAssignment, RoleDefinition, Store};
use crate::world::{Principal, Tenant, World};

const OWNER: &str = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635";
const CONTRIBUTOR: &str = "b24988ac-6180-42a0-ab88-20f7382dd24c";
const NETWORK_CONTRIBUTOR: &str = "4d97b98b-1d4f-4787-a291-c67834d212e7";
const READER: &str = "acdd72a7-3385-48ef-bd42-f606fba81ae7";

impl Store {
    /// The built-in roles, and who owns what from the start.
    pub(crate) fn seed_roles(&mut self, world: &World) {
        for role in built_in_roles() {
            self.role_definitions.insert((None, role.guid.clone()), role);
        }
        for tenant in Tenant::ALL {
            let subscription = format!("/subscriptions/{}", tenant.subscription_id());
            for scope in [subscription, management_group(tenant)] {
                for owner in [world.operator(tenant), world.traveller()] {
                    self.seed_assignment(&scope, tenant, owner, OWNER);
                }
            }
        }
        for seed in world.role_seeds() {
            let Some(tenant) = Tenant::of_scope(&seed.scope) else { continue };
            let definition = custom_role(&seed.definition, &seed.scope);
            let guid = definition.guid.clone();
            self.role_definitions.insert((Some(tenant), guid.clone()), definition);
            self.seed_assignment(&seed.scope, tenant, world.app(seed.app), &guid);
        }
    }

    fn seed_assignment(&mut self, scope: &str, tenant: Tenant, who: &Principal, definition: &str) {
        let Some(principal) = who.object_id(tenant) else { return };
        let name = uuid::Uuid::new_v5(
            &uuid::Uuid::NAMESPACE_URL,
            format!("{scope}/{principal}/{definition}").as_bytes(),
        );
        let id = format!("{scope}/providers/Microsoft.Authorization/roleAssignments/{name}");
        let assignment = RoleAssignment {
            name: name.to_string(),
            scope: Key::of(scope),
            scope_text: scope.to_owned(),
            definition: definition.to_owned(),
            principal: principal.to_owned(),
            properties: Map::from_iter([("principalType".to_owned(), "ServicePrincipal".into())]),
            id: id.clone(),
        };
        self.role_assignments.insert(Key::of(&id), assignment);
    }
}

/// The four built-in roles of the seeds, with their real ids and actions.
fn built_in_roles() -> [RoleDefinition; 4] {
    let role =
        |guid: &str, name: &str, description: &str, actions: &[&str], not_actions: &[&str]| RoleDefinition {
            guid: guid.to_owned(),
            role_name: name.to_owned(),
            description: description.to_owned(),
            built_in: true,
            permissions: vec![Permission { actions: owned(actions), not_actions: owned(not_actions) }],
            assignable_scopes: vec!["/".to_owned()],
        };
    [
        role(OWNER, "Owner", "Full access to all resources, including who may use them.", &["*"], &[]),
        role(
            CONTRIBUTOR,
            "Contributor",
            "Full access to all resources, but not to who may use them.",
            &["*"],
            &[
                "Microsoft.Authorization/*/Delete",
                "Microsoft.Authorization/*/Write",
                "Microsoft.Authorization/elevateAccess/Action",
                "Microsoft.Blueprint/blueprintAssignments/write",
                "Microsoft.Blueprint/blueprintAssignments/delete",
                "Microsoft.Compute/galleries/share/action",
                "Microsoft.Purview/consents/write",
                "Microsoft.Purview/consents/delete",
                "Microsoft.Resources/deploymentStacks/manageDenySetting/action",
                "Microsoft.Subscription/cancel/action",
                "Microsoft.Subscription/enable/action",
            ],
        ),
        role(
            NETWORK_CONTRIBUTOR,
            "Network Contributor",
            "Manages networks, but not who may use them.",
            &[
                "Microsoft.Authorization/*/read",
                "Microsoft.Insights/alertRules/*",
                "Microsoft.Network/*",
                "Microsoft.ResourceHealth/availabilityStatuses/read",
                "Microsoft.Resources/deployments/*",
                "Microsoft.Resources/subscriptions/resourceGroups/read",
                "Microsoft.Support/*",
            ],
            &[],
        ),
        role(READER, "Reader", "Sees everything, changes nothing.", &["*/read"], &[]),
    ]
}

/// A custom role from JSON as the CLI takes it or as Resource Manager stores it.
fn custom_role(json: &Value, scope: &str) -> RoleDefinition {
    let body = if json["properties"].is_object() { &json["properties"] } else { json };
    let field = |names: &[&str]| names.iter().map(|name| &body[*name]).find(|value| !value.is_null());
    let text = |names: &[&str]| field(names).and_then(Value::as_str).unwrap_or_default().to_owned();
    let role_name = text(&["roleName", "Name", "name"]);
    let permissions = match field(&["permissions", "Permissions"]) {
        Some(list) => list.as_array().into_iter().flatten().map(Permission::from_json).collect(),
        None => vec![Permission {
            actions: field(&["Actions", "actions"]).map(strings).unwrap_or_default(),
            not_actions: field(&["NotActions", "notActions"]).map(strings).unwrap_or_default(),
        }],
    };
    let guid = uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_URL, format!("{scope}/{role_name}").as_bytes());
    RoleDefinition {
        guid: guid.to_string(),
        description: text(&["description", "Description"]),
        built_in: false,
        permissions,
        assignable_scopes: vec![scope.to_owned()],
        role_name,
    }
}

fn owned(list: &[&str]) -> Vec<String> {
    list.iter().map(|&item| item.to_owned()).collect()
}
