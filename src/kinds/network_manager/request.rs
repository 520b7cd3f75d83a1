//! Requests for our half of a management connection.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::ends::{ManagementEnds, Seat};
use super::ids::{NAME, NetworkManagerId};
use super::messages::no_agreement;
use super::terms::{ACTION, FIX};
use crate::handshake::agreements::{Agreements, Whose};
use crate::handshake::bad_request::BadRequest;
use crate::handshake::fields::{Fields, RequestVersion};
use crate::handshake::ids::{HandshakeId, Name, TenantId, VirtualNetworkId};
use crate::handshake::pair::Pair;
use crate::handshake::request_id::RequestId;
use crate::handshake::resource_id::ResourceId;
use crate::handshake::scope::Scope;
use crate::kinds::ConnectRequest;
use crate::kinds::asking::{Asking, uncovered};

/// Write our half of the connection by which a network manager takes a scope of another tenant.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ConnectManagement {
    version: RequestVersion,
    id: RequestId,
    /// The network manager, ours or the partner's.
    manager: NetworkManagerId,
    /// The subscription or management group of the other tenant that it is to take.
    scope: Scope,
    /// Networks of the partner's that are to be static members of our manager's groups.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    members: Vec<AskedMember>,
}

/// A network that is to be a static member of a network group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AskedMember {
    /// The name of the network group in the manager.
    pub group: Name,
    /// The partner's virtual network.
    pub network: VirtualNetworkId,
}

impl ConnectManagement {
    /// A request for our half between this manager and this scope.
    #[must_use]
    pub fn new(id: RequestId, manager: NetworkManagerId, scope: Scope, members: Vec<AskedMember>) -> Self {
        Self { version: RequestVersion, id, manager, scope, members }
    }

    /// The request: any of its fields go together.
    #[must_use]
    pub fn request(&self) -> ConnectRequest {
        let handshake = HandshakeId::of_management(&self.manager, &self.scope);
        let document = serde_json::to_string(self).unwrap_or_default();
        ConnectRequest { action: ACTION, kind: NAME, handshake, document }
    }
}

pub(super) fn connect(fields: Fields<'_>) -> Result<ConnectRequest, BadRequest> {
    fields.read::<ConnectManagement>().map(|asked| asked.request())
}

/// The pair. Which networks join is the agreement's to say, so that members are checked and not kept.
pub(super) fn authorize(
    asked: &ConnectRequest,
    home: TenantId,
    agreements: &Agreements,
) -> Result<(Pair, Value), BadRequest> {
    let ConnectManagement { manager, scope, members, .. } =
        serde_json::from_str(&asked.document).map_err(|error| BadRequest::body(error.to_string()))?;
    let asking = Asking { home, agreements, fix: FIX };
    let whose_manager = asking.known("manager", &ResourceId::of(&manager))?;
    let whose_scope = asking.known("scope", &ResourceId::of(&scope))?;
    let (partner, seat) = match (whose_manager, whose_scope) {
        (Whose::Ours, Whose::Theirs(partner)) => (partner, Seat::Central),
        (Whose::Theirs(partner), Whose::Ours) => (partner, Seat::Target),
        (Whose::Ours, Whose::Ours) | (Whose::Theirs(_), Whose::Theirs(_)) => {
            let (manager, scope) = (asking.tenant(whose_manager), asking.tenant(whose_scope));
            let rule = format!(
                "is in {scope} and `manager` in {manager}; one of them has to be ours and the other a partner's"
            );
            return Err(BadRequest::new("scope", rule));
        }
    };
    let ends = ManagementEnds { manager, scope, partner, seat };
    check_members(&ends, &members, agreements)?;
    Ok((ends.pair(), Value::Null))
}

fn check_members(
    ends: &ManagementEnds,
    members: &[AskedMember],
    agreements: &Agreements,
) -> Result<(), BadRequest> {
    let Some((partner, agreement)) = agreements.covering_management(ends) else {
        return Err(uncovered("scope", no_agreement(ends, agreements)));
    };
    if ends.seat == Seat::Target && !members.is_empty() {
        let rule = "is only for managers of ours: the groups of the partner's manager are theirs to fill";
        return Err(BadRequest::new("members", rule).fixed_by("leave `members` out"));
    }
    let label = partner.label_of(&agreement.name);
    for (index, AskedMember { group, network }) in members.iter().enumerate() {
        let mut named = agreement.groups.iter().filter(|agreed| agreed.name == *group).peekable();
        if named.peek().is_none() {
            let rule = format!("is a group that the agreement {label} does not fill");
            let fix = format!("add {{ name = \"{group}\", members = … }} to the `groups` of {label}");
            return Err(BadRequest::new(format!("members[{index}].group"), rule).fixed_by(fix));
        }
        let field = format!("members[{index}].network");
        if !named.any(|agreed| agreed.members.matches(network)) {
            let rule = format!("is not among the members that {label} agrees for the group {group}");
            let fix = format!("widen the `members` of that group in {label}, or leave the network out");
            return Err(BadRequest::new(field, rule).fixed_by(fix));
        }
        if let Some(denied) = agreements.denials().find(|rule| rule.network.matches(network)) {
            return Err(BadRequest::new(field, format!("is never to be connected: {}", denied.reason)));
        }
    }
    Ok(())
}
