//! `Microsoft.Network/networkManagers/networkGroups`.

use http::StatusCode;
use serde_json::{Value, json};

use super::bodies::absent;
use crate::arm::call::{ArmError, ManagerRefusal, Target, check_name};
use crate::arm::context::{Cx, Item, Kind};
use crate::arm::state::{NetworkGroup, SystemData};
use crate::reply::Reply;

pub(crate) struct NetworkGroups;

const KIND: &str = "Microsoft.Network/networkManagers/networkGroups";

/// The members that the sandbox's groups have. Azure also knows groups of subnets.
const MEMBER_TYPE: &str = "VirtualNetwork";

impl Kind for NetworkGroups {
    fn name(&self) -> &'static str {
        KIND
    }

    fn is_paged(&self) -> bool {
        true
    }

    fn get(&self, cx: &Cx<'_>, at: &Target) -> Result<Reply, ArmError> {
        cx.manager_of(at)?;
        let group = cx.store.managers.groups.get(&at.key()).ok_or_else(|| absent(cx, at, KIND))?;
        Ok(Reply::ok(body(group, &group.etag)))
    }

    fn list(&self, cx: &Cx<'_>, at: &Target) -> Result<Vec<Item>, ArmError> {
        cx.manager_of(at)?;
        let within = cx.store.managers.groups.iter().filter(|(key, _)| key.is_within(&at.key()));
        Ok(within.map(|(key, group)| Item { key: key.clone(), body: body(group, &group.etag) }).collect())
    }

    fn put(&self, cx: &mut Cx<'_>, at: &Target) -> Result<Reply, ArmError> {
        check_name(at.name())?;
        let manager = cx.manager_of(at)?.id.clone();
        let given = cx.call.body["properties"]["memberType"].as_str().unwrap_or(MEMBER_TYPE);
        if !given.eq_ignore_ascii_case(MEMBER_TYPE) {
            let given = given.to_owned();
            return Err(ManagerRefusal::Invalid {
                property: "properties.memberType",
                given,
                wanted: MEMBER_TYPE,
            }
            .into());
        }
        let key = at.key();
        let etag = cx.strong_etag();
        let before = cx.store.managers.groups.get(&key).cloned();
        let group = match before {
            Some(before) => NetworkGroup {
                etag,
                description: cx.description(),
                system: before.system.written_by(cx),
                ..before
            },
            None => {
                cx.is_created();
                NetworkGroup {
                    id: format!("{manager}/networkGroups/{}", at.name()),
                    name: at.name().to_owned(),
                    etag,
                    guid: cx.mint.guid(),
                    description: cx.description(),
                    system: SystemData::new(cx),
                }
            }
        };
        let reply = Reply::ok(body(&group, ""));
        cx.store.managers.groups.insert(key, group);
        Ok(reply)
    }

    /// Takes its members along, forced or not: `force` is documented for what a deployed configuration uses, and the sandbox
    /// has no configurations.
    fn delete(&self, cx: &mut Cx<'_>, at: &Target) -> Result<Reply, ArmError> {
        let key = at.key();
        if cx.store.managers.groups.remove(&key).is_none() {
            return Ok(Reply::empty(StatusCode::NO_CONTENT));
        }
        cx.store.managers.members.retain(|id, _| !id.is_within(&key));
        Ok(Reply::empty(StatusCode::OK))
    }
}

fn body(group: &NetworkGroup, etag: &str) -> Value {
    json!({
        "name": group.name, "id": group.id, "type": KIND, "etag": etag,
        "properties": {
            "description": group.description, "provisioningState": "Succeeded", "memberType": MEMBER_TYPE,
            "resourceGuid": group.guid.to_string(),
        },
        "systemData": group.system.to_json(),
    })
}
