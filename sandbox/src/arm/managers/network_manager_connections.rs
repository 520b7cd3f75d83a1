//! `Microsoft.Network/networkManagerConnections`: the scope's half of a connection, in a subscription or in a management
//! group.

use super::connections::{self, Ends};
use crate::arm::call::{ArmError, Key, ManagerRefusal, Target, check_name, parse_id};
use crate::arm::context::{Cx, Item, Kind};
use crate::arm::state::{NetworkManager, Scope, Side};
use crate::reply::Reply;

pub(crate) struct NetworkManagerConnections;

const KIND: &str = Side::Scope.kind();

impl Kind for NetworkManagerConnections {
    fn name(&self) -> &'static str {
        KIND
    }

    fn is_paged(&self) -> bool {
        true
    }

    fn is_in_group(&self) -> bool {
        false
    }

    fn get(&self, cx: &Cx<'_>, at: &Target) -> Result<Reply, ArmError> {
        scope(at)?;
        connections::get(cx, at, KIND)
    }

    fn list(&self, cx: &Cx<'_>, at: &Target) -> Result<Vec<Item>, ArmError> {
        scope(at)?;
        Ok(connections::list(cx, at, Side::Scope))
    }

    /// Whether there is such a manager is not looked at: it may be another tenant's.
    fn put(&self, cx: &mut Cx<'_>, at: &Target) -> Result<Reply, ArmError> {
        check_name(at.name())?;
        let scope = scope(at)?;
        let named = cx.wanted("networkManagerId", "properties.networkManagerId")?;
        let manager = parse_id(&named)
            .ok()
            .filter(|target| {
                target.kind().eq_ignore_ascii_case(NetworkManager::KIND) && target.group().is_some()
            })
            .ok_or_else(|| ManagerRefusal::Invalid {
                property: "properties.networkManagerId",
                given: named.clone(),
                wanted: "the id of a network manager",
            })?;
        let half = connections::new(cx, at, Side::Scope, id(&scope, at)).between(Ends {
            manager: Key::of(&manager.id()),
            tenant: cx.caller.tenant.tenant_id().to_owned(),
            scope,
            named,
            named_tenant: String::new(),
        });
        Ok(connections::put(cx, at.key(), half))
    }

    fn delete(&self, cx: &mut Cx<'_>, at: &Target) -> Result<Reply, ArmError> {
        scope(at)?;
        Ok(connections::delete(cx, at))
    }
}

fn scope(at: &Target) -> Result<Scope, ArmError> {
    Scope::parse(&at.scope)
        .ok_or(ArmError::BadUrl("network manager connections lie in a subscription or in a management group"))
}

fn id(scope: &Scope, at: &Target) -> String {
    format!("{}/providers/{KIND}/{}", scope.id(), at.name())
}
