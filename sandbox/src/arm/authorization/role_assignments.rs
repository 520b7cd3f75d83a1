//! `Microsoft.Authorization/roleAssignments`, at a management group, a subscription, a group or a resource.

use http::StatusCode;
use serde_json::{Map, Value, json};

use super::role_definitions::{definition_id, quoted};
use crate::arm::call::{ArmError, Key, Target, merge};
use crate::arm::context::{Cx, Item, Kind};
use crate::arm::state::RoleAssignment;
use crate::events::stamp;
use crate::reply::Reply;

pub(crate) struct RoleAssignments;

impl Kind for RoleAssignments {
    fn name(&self) -> &'static str {
        "Microsoft.Authorization/roleAssignments"
    }

    fn is_extension(&self) -> bool {
        true
    }

    fn get(&self, cx: &Cx<'_>, at: &Target) -> Result<Reply, ArmError> {
        let missing = || ArmError::NoRoleAssignment(at.name().to_owned());
        cx.store.role_assignments.get(&at.key()).map(|found| Reply::ok(body(cx, found))).ok_or_else(missing)
    }

    /// `$filter` knows `atScope()` (without it what lies below is shown too), `principalId eq '…'` and `assignedTo('…')`.
    fn list(&self, cx: &Cx<'_>, at: &Target) -> Result<Vec<Item>, ArmError> {
        let filter = cx.call.query.get("$filter").map(String::as_str).unwrap_or_default();
        let at_scope = filter.to_ascii_lowercase().contains("atscope()");
        let principal = quoted(filter, "principalId eq").or_else(|| quoted(filter, "assignedTo("));
        let scope = Key::of(&at.scope);
        Ok(cx
            .store
            .role_assignments
            .iter()
            .filter(|(_, one)| one.scope.covers(&scope) || (!at_scope && scope.covers(&one.scope)))
            .filter(|(_, one)| principal.is_none_or(|id| one.principal.eq_ignore_ascii_case(id)))
            .map(|(key, one)| Item { key: key.clone(), body: body(cx, one) })
            .collect())
    }

    fn put(&self, cx: &mut Cx<'_>, at: &Target) -> Result<Reply, ArmError> {
        if at.group().is_some() {
            cx.group_exists(at)?;
        }
        let wanted = read(cx, at)?;
        let same = |one: &RoleAssignment| {
            one.scope == wanted.scope
                && one.definition == wanted.definition
                && one.principal.eq_ignore_ascii_case(&wanted.principal)
        };
        let key = at.key();
        if let Some(known) = cx.store.role_assignments.get(&key) {
            return if same(known) {
                Ok(Reply::ok(body(cx, known)))
            } else {
                Err(ArmError::RoleAssignmentUpdate)
            };
        }
        if let Some(known) = cx.store.role_assignments.values().find(|one| same(one)) {
            return Err(ArmError::RoleAssignmentExists(known.name.replace('-', "")));
        }
        let reply = Reply::json(StatusCode::CREATED, body(cx, &wanted));
        cx.store.role_assignments.insert(key, wanted);
        Ok(reply)
    }

    /// Answers with what was deleted: the CLI fails on an empty body.
    fn delete(&self, cx: &mut Cx<'_>, at: &Target) -> Result<Reply, ArmError> {
        match cx.store.role_assignments.remove(&at.key()) {
            Some(gone) => Ok(Reply::ok(body(cx, &gone))),
            None => Ok(Reply::empty(StatusCode::NO_CONTENT)),
        }
    }
}

fn read(cx: &Cx<'_>, at: &Target) -> Result<RoleAssignment, ArmError> {
    let given = &cx.call.body["properties"];
    let field = |name: &'static str| given[name].as_str().ok_or(ArmError::MissingValue(name));
    let definition_id = field("roleDefinitionId")?;
    let guid = definition_id.rsplit('/').next().unwrap_or_default().to_lowercase();
    let tenant = cx.caller.tenant;
    if cx.store.definition(tenant, &guid).is_none() {
        return Err(ArmError::NoRoleDefinition(guid));
    }
    let principal = field("principalId")?;
    let known = cx
        .world
        .principals()
        .any(|one| one.object_id(tenant).is_some_and(|id| id.eq_ignore_ascii_case(principal)));
    if !known {
        return Err(ArmError::NoPrincipal {
            principal: principal.replace('-', ""),
            tenant: tenant.tenant_id().to_owned(),
        });
    }
    let now = stamp(cx.now);
    let by = Value::from(cx.caller.claims.oid.clone());
    let properties = Map::from_iter([
        ("principalType".to_owned(), "ServicePrincipal".into()),
        ("condition".to_owned(), given["condition"].clone()),
        ("conditionVersion".to_owned(), given["conditionVersion"].clone()),
        ("createdOn".to_owned(), now.clone().into()),
        ("updatedOn".to_owned(), now.into()),
        ("createdBy".to_owned(), by.clone()),
        ("updatedBy".to_owned(), by),
        ("description".to_owned(), given["description"].clone()),
    ]);
    Ok(RoleAssignment {
        id: format!("{}/providers/Microsoft.Authorization/roleAssignments/{}", at.scope, at.name()),
        name: at.name().to_owned(),
        scope: Key::of(&at.scope),
        scope_text: at.scope.clone(),
        definition: guid,
        principal: principal.to_owned(),
        properties,
    })
}

fn body(cx: &Cx<'_>, one: &RoleAssignment) -> Value {
    let mut properties = json!({
        "roleDefinitionId": definition_id(cx, &one.definition),
        "principalId": one.principal,
        "scope": one.scope_text,
    });
    merge(&mut properties, &one.properties);
    json!({"properties": properties, "id": one.id, "type": "Microsoft.Authorization/roleAssignments", "name": one.name})
}
