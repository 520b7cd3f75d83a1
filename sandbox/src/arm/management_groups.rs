//! `Microsoft.Management/managementGroups`: one in each tenant, at the root, with the tenant's subscription in it.

use serde_json::{Value, json};

use super::path::{Key, Target};
use super::{ArmError, Cx, Item, Kind, Reply};
use crate::world::Tenant;

pub(super) struct ManagementGroups;

const KIND: &str = "Microsoft.Management/managementGroups";

/// Whether `scope` is `above` or lies below it, through management groups too.
pub(super) fn covers(above: &Key, scope: &Key) -> bool {
    let through_group =
        || Tenant::of_scope(scope.as_str()).is_some_and(|tenant| Key::of(&id(tenant)) == *above);
    scope.is_within(above) || through_group()
}

pub(super) fn id(tenant: Tenant) -> String {
    format!("/providers/{KIND}/{}", tenant.management_group())
}

impl Kind for ManagementGroups {
    fn name(&self) -> &'static str {
        KIND
    }

    fn is_in_group(&self) -> bool {
        false
    }

    /// `$expand=children` lists the subscription.
    fn get(&self, cx: &Cx<'_>, at: &Target) -> Result<Reply, ArmError> {
        let tenant = Tenant::of_scope(&at.id()).ok_or(ArmError::BadUrl("it lies in no tenant"))?;
        let mut body = body(tenant);
        if cx.call.query.get("$expand").is_some_and(|value| value.eq_ignore_ascii_case("children")) {
            let subscription = tenant.subscription_id();
            body["properties"]["children"] = json!([{
                "id": format!("/subscriptions/{subscription}"), "type": "/subscriptions", "name": subscription,
                "displayName": tenant.name(),
            }]);
        }
        Ok(Reply::ok(body))
    }

    fn list(&self, cx: &Cx<'_>, _at: &Target) -> Result<Vec<Item>, ArmError> {
        let tenant = cx.caller.tenant;
        Ok(vec![Item { key: Key::of(&id(tenant)), body: body(tenant) }])
    }

    fn put(&self, cx: &mut Cx<'_>, _at: &Target) -> Result<Reply, ArmError> {
        Err(ArmError::Method(cx.call.method.to_string()))
    }

    fn delete(&self, cx: &mut Cx<'_>, _at: &Target) -> Result<Reply, ArmError> {
        Err(ArmError::Method(cx.call.method.to_string()))
    }
}

fn body(tenant: Tenant) -> Value {
    json!({
        "id": id(tenant), "type": KIND, "name": tenant.management_group(),
        "properties": {
            "tenantId": tenant.tenant_id(), "displayName": tenant.management_group(),
            "details": {"version": 1, "updatedTime": "2021-01-01T00:00:00Z", "updatedBy": tenant.tenant_id()},
        },
    })
}
