//! Requests for our half of a link.

use peerpact::handshake::agreements::Agreements;
use peerpact::handshake::bad_request::BadRequest;
use peerpact::handshake::fields::{Fields, RequestVersion};
use peerpact::handshake::ids::TenantId;
use peerpact::handshake::pair::Pair;
use peerpact::handshake::request_id::RequestId;
use peerpact::handshake::resource_id::ResourceId;
use peerpact::kinds::{Asking, ConnectRequest, uncovered};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::terms::{ACTION, FIX, covering};
use super::{ids, messages};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ConnectLink {
    version: RequestVersion,
    id: RequestId,
    ours: ResourceId,
    theirs: ResourceId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    width: Option<u32>,
}

pub(super) fn connect(fields: Fields<'_>) -> Result<ConnectRequest, BadRequest> {
    let asked: ConnectLink = fields.read()?;
    for (field, room) in [("ours", &asked.ours), ("theirs", &asked.theirs)] {
        if !ids::is_room(room) {
            return Err(BadRequest::new(field, format!("is {room}, which is no room")));
        }
    }
    if asked.ours == asked.theirs {
        return Err(BadRequest::same_ends());
    }
    let handshake = ids::handshake(&asked.ours, &asked.theirs);
    let document = serde_json::to_string(&asked).unwrap();
    Ok(ConnectRequest { action: ACTION, kind: ids::NAME, handshake, document })
}

pub(super) fn authorize(
    asked: &ConnectRequest,
    home: TenantId,
    agreements: &Agreements,
) -> Result<(Pair, Value), BadRequest> {
    let ConnectLink { ours, theirs, width, .. } = serde_json::from_str(&asked.document).unwrap();
    let partner = Asking { home, agreements, fix: FIX }.partner(&ours, &theirs)?;
    let pair = ids::pair(&ours, &theirs, partner).expect("two rooms");
    let Some((_, agreement)) = covering(agreements, &pair) else {
        return Err(uncovered("theirs", messages::no_agreement(&pair)));
    };
    match width {
        Some(width) if width > agreement.width => {
            let rule = format!("is {width}, and {} is agreed", agreement.width);
            Err(BadRequest::new("width", rule).fixed_by("ask for less"))
        }
        asked => Ok((pair, json!({ "width": asked }))),
    }
}
