//! `POST …/networkManagers/{name}/commit` and `…/listDeploymentStatus`.
//!
//! The sandbox has no configurations: what a commit names is only remembered, and deployed a moment later.

use serde_json::{Value, json};
use time::Duration;

use super::bodies::seven_digits;
use crate::arm::call::{ArmError, Key, ManagerRefusal, Target, location, strings};
use crate::arm::context::Cx;
use crate::arm::state::{Commit, NetworkManager};
use crate::reply::Reply;

/// What a POST may ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ManagerAction {
    Commit,
    ListDeploymentStatus,
}

const TYPES: [&str; 4] = ["SecurityAdmin", "Connectivity", "SecurityUser", "Routing"];

/// Which action of a network manager the path names, if any.
pub(crate) fn action(at: &Target) -> Option<ManagerAction> {
    let [kind, action] = at.types.as_slice() else { return None };
    let namespace = at.namespace.eq_ignore_ascii_case("Microsoft.Network");
    let of_manager = namespace && kind.eq_ignore_ascii_case("networkManagers") && at.is_collection();
    match action.to_lowercase().as_str() {
        "commit" if of_manager => Some(ManagerAction::Commit),
        "listdeploymentstatus" if of_manager => Some(ManagerAction::ListDeploymentStatus),
        _ => None,
    }
}

impl ManagerAction {
    /// The role action for it, at the manager.
    pub(crate) fn name(self) -> String {
        let name = match self {
            Self::Commit => "commit",
            Self::ListDeploymentStatus => "listDeploymentStatus",
        };
        format!("{}/{name}/action", NetworkManager::KIND)
    }

    /// Done at once; Event Grid is not told, as nobody here subscribes to actions.
    pub(crate) fn answer(self, cx: &mut Cx<'_>, at: &Target) -> Result<Reply, ArmError> {
        let key = Key::of(&cx.manager_of(at)?.id);
        match self {
            Self::Commit => commit(cx, &key),
            Self::ListDeploymentStatus => Ok(deployments(cx, &key)),
        }
    }
}

fn commit(cx: &mut Cx<'_>, manager: &Key) -> Result<Reply, ArmError> {
    let given = &cx.call.body;
    let kind = given["commitType"].as_str().ok_or(ManagerRefusal::Missing("commitType"))?;
    let kind = TYPES.into_iter().find(|known| known.eq_ignore_ascii_case(kind)).ok_or_else(|| {
        ManagerRefusal::Invalid {
            property: "commitType",
            given: kind.to_owned(),
            wanted: "SecurityAdmin, Connectivity, SecurityUser or Routing",
        }
    })?;
    let targets = strings(&given["targetLocations"]);
    if targets.is_empty() {
        return Err(ManagerRefusal::Missing("targetLocations").into());
    }
    let configurations = strings(&given["configurationIds"]);
    if let Some(stray) = configurations.iter().find(|id| !Key::of(id).is_within(manager)) {
        let (given, wanted) = (stray.clone(), "the id of a configuration of this network manager");
        return Err(ManagerRefusal::Invalid { property: "configurationIds", given, wanted }.into());
    }
    let regions: Vec<String> =
        targets.iter().filter_map(|target| location(&json!({"location": target}))).collect();
    let takes = cx.mint.between(1_000, 3_000);
    let (at, done_at) = (cx.now, cx.now + Duration::milliseconds(i64::try_from(takes).unwrap_or(0)));
    if let Some(manager) = cx.store.managers.managers.get_mut(manager) {
        for region in regions {
            manager.commits.retain(|before| before.region != region || before.kind != kind);
            let (kind, configurations) = (kind.to_owned(), configurations.clone());
            manager.commits.push(Commit { region, kind, configurations, at, done_at });
        }
    }
    Ok(Reply::ok(json!({
        "commitId": cx.mint.guid().to_string(), "targetLocations": targets, "configurationIds": configurations,
        "commitType": kind,
    })))
}

fn deployments(cx: &Cx<'_>, manager: &Key) -> Reply {
    let wanted = |name: &str| strings(&cx.call.body[name]);
    let (regions, kinds) = (wanted("regions"), wanted("deploymentTypes"));
    let asked = |list: &[String], one: &str| {
        list.is_empty() || list.iter().any(|given| given.replace(' ', "").eq_ignore_ascii_case(one))
    };
    let commits = cx.store.managers.managers.get(manager).map(|manager| manager.commits.as_slice());
    let value: Vec<Value> = commits
        .unwrap_or_default()
        .iter()
        .filter(|commit| asked(&regions, &commit.region) && asked(&kinds, &commit.kind))
        .map(|commit| {
            json!({
                "commitTime": seven_digits(commit.at), "region": commit.region,
                "deploymentStatus": if cx.now < commit.done_at { "Deploying" } else { "Deployed" },
                "configurationIds": commit.configurations, "deploymentType": commit.kind, "errorMessage": "",
            })
        })
        .collect();
    Reply::ok(json!({"value": value, "skipToken": ""}))
}
