//! `Microsoft.Management/managementGroups`: one in each tenant, at the root, with the tenant's subscription in it.

use serde_json::{Value, json};

use crate::arm::call::{ArmError, Key, Target, management_group};
use crate::arm::context::{Cx, Item, Kind};
use crate::reply::Reply;
use crate::world::Tenant;

pub(crate) struct ManagementGroups;

const KIND: &str = "Microsoft.Management/managementGroups";

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
        Ok(vec![Item { key: Key::of(&management_group(tenant)), body: body(tenant) }])
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
        "id": management_group(tenant), "type": KIND, "name": tenant.management_group(),
        "properties": {
            "tenantId": tenant.tenant_id(), "displayName": tenant.management_group(),
            "details": {"version": 1, "updatedTime": "2021-01-01T00:00:00Z", "updatedBy": tenant.tenant_id()},
        },
    })
}
