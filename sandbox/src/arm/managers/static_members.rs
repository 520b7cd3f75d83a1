//! `Microsoft.Network/networkManagers/networkGroups/staticMembers`: the networks that were put into a group by name.

use http::StatusCode;
use serde_json::{Value, json};

use super::bodies::absent;
use crate::arm::call::{ArmError, Key, LinkedAccess, ManagerRefusal, Target, check_name, parse_id};
use crate::arm::context::{Cx, Item, Kind};
use crate::arm::state::{Member, MemberState, SystemData, VirtualNetwork};
use crate::reply::Reply;

pub(crate) struct StaticMembers;

const KIND: &str = "Microsoft.Network/networkManagers/networkGroups/staticMembers";

/// What whoever adds a network needs on it. Inferred: that the network's tenant has to be linked is known from the Azure
/// CLI's issues (#21673), the action is not; joining a network is what this one is for.
static JOIN: LinkedAccess =
    LinkedAccess { kind: KIND, action: "Microsoft.Network/virtualNetworks/join/action" };

impl Kind for StaticMembers {
    fn name(&self) -> &'static str {
        KIND
    }

    fn is_paged(&self) -> bool {
        true
    }

    fn get(&self, cx: &Cx<'_>, at: &Target) -> Result<Reply, ArmError> {
        group_of(cx, at)?;
        let member = cx.store.managers.members.get(&at.key()).ok_or_else(|| absent(cx, at, KIND))?;
        Ok(Reply::ok(body(member, &member.etag)))
    }

    fn list(&self, cx: &Cx<'_>, at: &Target) -> Result<Vec<Item>, ArmError> {
        group_of(cx, at)?;
        let within = cx.store.managers.members.iter().filter(|(key, _)| key.is_within(&at.key()));
        Ok(within.map(|(key, member)| Item { key: key.clone(), body: body(member, &member.etag) }).collect())
    }

    /// Answers Updating (recorded); whether the network is one that the manager manages shows later.
    fn put(&self, cx: &mut Cx<'_>, at: &Target) -> Result<Reply, ArmError> {
        check_name(at.name())?;
        let group = group_of(cx, at)?;
        let resource_id = cx.wanted("resourceId", "properties.resourceId")?;
        let network = parse_id(&resource_id)
            .ok()
            .filter(|target| target.kind().eq_ignore_ascii_case(VirtualNetwork::KIND))
            .ok_or_else(|| ManagerRefusal::Invalid {
                property: "properties.resourceId",
                given: resource_id.clone(),
                wanted: "the id of a virtual network",
            })?;
        cx.linked(&JOIN, at, &network)?;
        let key = at.key();
        let before = cx.store.managers.members.get(&key).cloned();
        let system = match &before {
            Some(before) => before.system.written_by(cx),
            None => {
                cx.is_created();
                SystemData::new(cx)
            }
        };
        let (id, name) = before.map_or_else(
            || (format!("{group}/staticMembers/{}", at.name()), at.name().to_owned()),
            |before| (before.id, before.name),
        );
        let member = Member {
            id,
            name,
            etag: cx.strong_etag(),
            manager: Key::of(&cx.manager_of(at)?.id),
            resource_id,
            state: MemberState::Updating,
            location: String::new(),
            system,
            due: None,
        };
        let reply = Reply::ok(body(&member, ""));
        cx.store.managers.members.insert(key, member);
        Ok(reply)
    }

    /// Done at once, also while it is Updating (recorded).
    fn delete(&self, cx: &mut Cx<'_>, at: &Target) -> Result<Reply, ArmError> {
        let gone = cx.store.managers.members.remove(&at.key()).is_some();
        Ok(Reply::empty(if gone { StatusCode::OK } else { StatusCode::NO_CONTENT }))
    }
}

/// The id of the group that a member's address names.
fn group_of(cx: &Cx<'_>, at: &Target) -> Result<String, ArmError> {
    cx.manager_of(at)?;
    let group = cx.store.managers.groups.get(&Key::of(&at.parent()));
    group.map(|group| group.id.clone()).ok_or_else(|| ManagerRefusal::Absent(at.parent()).into())
}

fn body(member: &Member, etag: &str) -> Value {
    json!({
        "name": member.name, "id": member.id, "type": KIND, "etag": etag,
        "properties": {
            "resourceId": member.resource_id, "provisioningState": member.state.as_str(), "location": member.location,
        },
        "systemData": member.system.to_json(),
    })
}
