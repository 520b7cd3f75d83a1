//! `Microsoft.Network/networkManagers/scopeConnections`: the manager's half of a connection.

use super::connections::{self, Ends};
use crate::arm::call::{ArmError, Key, ManagerRefusal, Target, check_name};
use crate::arm::context::{Cx, Item, Kind};
use crate::arm::state::{Scope, Side};
use crate::reply::Reply;

pub(crate) struct ScopeConnections;

const KIND: &str = Side::Manager.kind();

impl Kind for ScopeConnections {
    fn name(&self) -> &'static str {
        KIND
    }

    fn is_paged(&self) -> bool {
        true
    }

    fn get(&self, cx: &Cx<'_>, at: &Target) -> Result<Reply, ArmError> {
        cx.manager_of(at)?;
        connections::get(cx, at, KIND)
    }

    fn list(&self, cx: &Cx<'_>, at: &Target) -> Result<Vec<Item>, ArmError> {
        cx.manager_of(at)?;
        Ok(connections::list(cx, at, Side::Manager))
    }

    /// Whether there are such a tenant and such a scope is not looked at: nothing of another tenant can be.
    fn put(&self, cx: &mut Cx<'_>, at: &Target) -> Result<Reply, ArmError> {
        check_name(at.name())?;
        let manager = cx.manager_of(at)?.id.clone();
        let named_tenant = cx.wanted("tenantId", "properties.tenantId")?;
        let named = cx.wanted("resourceId", "properties.resourceId")?;
        if uuid::Uuid::parse_str(&named_tenant).is_err() {
            let wanted = "the id of a tenant";
            return Err(ManagerRefusal::Invalid {
                property: "properties.tenantId",
                given: named_tenant,
                wanted,
            }
            .into());
        }
        let scope = Scope::parse(&named).ok_or_else(|| ManagerRefusal::Invalid {
            property: "properties.resourceId",
            given: named.clone(),
            wanted: "the id of a subscription or of a management group",
        })?;
        let id = format!("{manager}/scopeConnections/{}", at.name());
        let half = connections::new(cx, at, Side::Manager, id).between(Ends {
            manager: Key::of(&manager),
            tenant: named_tenant.clone(),
            scope,
            named,
            named_tenant,
        });
        Ok(connections::put(cx, at.key(), half))
    }

    fn delete(&self, cx: &mut Cx<'_>, at: &Target) -> Result<Reply, ArmError> {
        Ok(connections::delete(cx, at))
    }
}
