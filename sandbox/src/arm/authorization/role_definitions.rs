//! `Microsoft.Authorization/roleDefinitions`: the built-in roles of the seeds, and custom ones, which live in a tenant.

use http::StatusCode;
use serde_json::{Value, json};

use crate::arm::call::{ArmError, Key, Target, strings};
use crate::arm::context::{Cx, Item, Kind};
use crate::arm::state::{Permission, RoleDefinition};
use crate::reply::Reply;
use crate::world::Tenant;

pub(crate) struct RoleDefinitions;

impl Kind for RoleDefinitions {
    fn name(&self) -> &'static str {
        "Microsoft.Authorization/roleDefinitions"
    }

    fn is_extension(&self) -> bool {
        true
    }

    fn get(&self, cx: &Cx<'_>, at: &Target) -> Result<Reply, ArmError> {
        let missing = || ArmError::NoRoleDefinition(at.name().to_owned());
        let role = cx.store.definition(cx.caller.tenant, at.name()).ok_or_else(missing)?;
        Ok(Reply::ok(body(cx, role)))
    }

    /// `$filter` knows `roleName eq '…'` and `type eq 'BuiltInRole'` or `'CustomRole'`; other conditions are ignored.
    fn list(&self, cx: &Cx<'_>, at: &Target) -> Result<Vec<Item>, ArmError> {
        let filter = cx.call.query.get("$filter").map(String::as_str).unwrap_or_default();
        let (name, kind) = (quoted(filter, "roleName eq"), quoted(filter, "type eq"));
        let scope = Key::of(&at.scope);
        Ok(cx
            .store
            .role_definitions
            .iter()
            .filter(|((tenant, _), _)| tenant.is_none_or(|tenant| tenant == cx.caller.tenant))
            .map(|(_, role)| role)
            .filter(|role| name.is_none_or(|name| role.role_name.eq_ignore_ascii_case(name)))
            .filter(|role| kind.is_none_or(|kind| kind_of(role).eq_ignore_ascii_case(kind)))
            .filter(|role| {
                role.assignable_scopes.iter().any(|assignable| {
                    let assignable = Key::of(assignable);
                    assignable.covers(&scope) || scope.covers(&assignable)
                })
            })
            .map(|role| Item { key: Key::of(&role.guid), body: body(cx, role) })
            .collect())
    }

    fn put(&self, cx: &mut Cx<'_>, at: &Target) -> Result<Reply, ArmError> {
        let guid = uuid::Uuid::parse_str(at.name())
            .map_err(|_| ArmError::BadContent("the role definition's name is not a GUID".into()))?
            .to_string();
        if cx.store.role_definitions.contains_key(&(None, guid.clone())) {
            return Err(ArmError::BuiltInRole(guid));
        }
        let role = read(&cx.call.body["properties"], guid.clone())?;
        let tenant = cx.caller.tenant;
        let taken = cx.store.role_definitions.iter().any(|((owner, other), known)| {
            owner.is_none_or(|owner| owner == tenant)
                && *other != guid
                && known.role_name.eq_ignore_ascii_case(&role.role_name)
        });
        if taken {
            return Err(ArmError::RoleNameTaken(role.role_name));
        }
        for scope in &role.assignable_scopes {
            if Tenant::of_scope(scope) != Some(tenant) {
                return Err(ArmError::BadContent(format!(
                    "assignableScopes: {scope} is not a scope of this tenant"
                )));
            }
            cx.authorise("Microsoft.Authorization/roleDefinitions/write", scope)?;
        }
        let reply = Reply::json(StatusCode::CREATED, body(cx, &role));
        cx.store.role_definitions.insert((Some(tenant), guid), role);
        Ok(reply)
    }

    fn delete(&self, cx: &mut Cx<'_>, at: &Target) -> Result<Reply, ArmError> {
        let guid = at.name().to_lowercase();
        if cx.store.role_definitions.contains_key(&(None, guid.clone())) {
            return Err(ArmError::BuiltInRole(guid));
        }
        let tenant = cx.caller.tenant;
        let used = cx.store.role_assignments.values().any(|assignment| {
            assignment.definition == guid && Tenant::of_scope(assignment.scope.as_str()) == Some(tenant)
        });
        if used {
            return Err(ArmError::RoleInUse);
        }
        match cx.store.role_definitions.remove(&(Some(tenant), guid)) {
            Some(role) => Ok(Reply::ok(body(cx, &role))),
            None => Ok(Reply::empty(StatusCode::NO_CONTENT)),
        }
    }
}

fn read(properties: &Value, guid: String) -> Result<RoleDefinition, ArmError> {
    let role_name = properties["roleName"].as_str().unwrap_or_default().to_owned();
    let assignable_scopes = strings(&properties["assignableScopes"]);
    if role_name.is_empty() || assignable_scopes.is_empty() {
        return Err(ArmError::BadContent("roleName and assignableScopes are needed".into()));
    }
    let permissions = properties["permissions"].as_array().into_iter().flatten();
    Ok(RoleDefinition {
        guid,
        role_name,
        description: properties["description"].as_str().unwrap_or_default().to_owned(),
        built_in: false,
        permissions: permissions.map(Permission::from_json).collect(),
        assignable_scopes,
    })
}

/// A role's id as a caller sees it who asks through a subscription, or through a management group.
pub(super) fn definition_id(cx: &Cx<'_>, guid: &str) -> String {
    let subscription = &cx.call.subscription;
    let scope =
        if subscription.is_empty() { String::new() } else { format!("/subscriptions/{subscription}") };
    format!("{scope}/providers/Microsoft.Authorization/roleDefinitions/{guid}")
}

fn kind_of(role: &RoleDefinition) -> &'static str {
    if role.built_in { "BuiltInRole" } else { "CustomRole" }
}

/// The quoted text that follows `label` in a filter.
pub(super) fn quoted<'a>(filter: &'a str, label: &str) -> Option<&'a str> {
    let at = filter.to_ascii_lowercase().find(&label.to_ascii_lowercase())?;
    let rest = filter.get(at + label.len()..)?.trim_start().strip_prefix('\'')?;
    rest.split('\'').next()
}

fn body(cx: &Cx<'_>, role: &RoleDefinition) -> Value {
    let permissions: Vec<Value> = role
        .permissions
        .iter()
        .map(|one| json!({"actions": one.actions, "notActions": one.not_actions, "dataActions": [], "notDataActions": []}))
        .collect();
    json!({
        "properties": {
            "roleName": role.role_name, "type": kind_of(role), "description": role.description,
            "assignableScopes": role.assignable_scopes, "permissions": permissions,
        },
        "id": definition_id(cx, &role.guid),
        "type": "Microsoft.Authorization/roleDefinitions",
        "name": role.guid,
    })
}
