//! From bytes to a request.

use serde_json::Value;
use serde_json::value::RawValue;

use super::action::{Action, Request};
use super::documents::{Disconnect, Recheck};
use crate::handshake::agreements::COMMON_ACTIONS;
use crate::handshake::bad_request::BadRequest;
use crate::handshake::fields::{Fields, RequestVersion, check};
use crate::handshake::json::{self, kind, told};
use crate::handshake::request_id::RequestId;
use crate::handshake::resource_id::ResourceId;
use crate::kinds::{Kinds, UnknownResource};

/// The largest request, in bytes. A request with every network that an agreement could name stays below it.
pub const BYTES_MAX: usize = 64 * 1024;

impl Request {
    /// Reads a request.
    ///
    /// # Errors
    /// The first thing that is wrong with it; the request's id too, if that can be read.
    pub fn parse(kinds: &Kinds, body: &[u8]) -> Result<Self, BadRequest> {
        parse(kinds, body).map_err(|bad| bad.of(id_of(body)))
    }
}

fn parse(kinds: &Kinds, body: &[u8]) -> Result<Request, BadRequest> {
    let mut fields = read(body)?;
    of_known_version(&fields)?;
    let names = || {
        let own = kinds.iter().flat_map(|kind| kind.section().actions).copied();
        own.chain(COMMON_ACTIONS).collect::<Vec<_>>().join(", ")
    };
    let Some(at) = fields.iter().position(|(name, _)| name == "action") else {
        let fix = format!("write one of {}", names());
        return Err(BadRequest::new("action", "is missing").fixed_by(fix));
    };
    let (_, action) = fields.remove(at);
    let name: Result<String, _> = serde_json::from_str(action.get());
    let unknown = || {
        let rule = format!("is {}; there are {}", told(action), names());
        BadRequest::new("action", rule)
    };
    let name = name.map_err(|_| unknown())?;
    let id = id_of(body);
    let action = match name.as_str() {
        "disconnect" => disconnect(kinds, Fields(fields))?,
        "recheck" => recheck(kinds, Fields(fields))?,
        name => match kinds.iter().find(|kind| kind.section().actions.contains(&name)) {
            Some(kind) => Action::Connect(kind.connect(Fields(fields))?),
            None => return Err(unknown()),
        },
    };
    // Whoever has read the fields has found an id among them.
    let id = id.ok_or_else(|| BadRequest::new("id", "is missing"))?;
    Ok(Request { id, action })
}

fn disconnect(kinds: &Kinds, fields: Fields<'_>) -> Result<Action, BadRequest> {
    let Disconnect::<String> { half, .. } = fields.read()?;
    Ok(Action::Disconnect { half: known("half", kinds.parse_half(&half))? })
}

fn recheck(kinds: &Kinds, fields: Fields<'_>) -> Result<Action, BadRequest> {
    let Recheck::<String> { ours, theirs, .. } = fields.read()?;
    let ours = known("ours", kinds.parse_end(&ours))?;
    let theirs = known("theirs", kinds.parse_end(&theirs))?;
    if ours == theirs {
        return Err(BadRequest::same_ends());
    }
    let Some(handshake) = kinds.handshake(&ours, &theirs) else {
        let rule = format!("makes no pair with `ours`: {}", kinds.pairings());
        return Err(BadRequest::new("theirs", rule));
    };
    Ok(Action::Recheck { ours, theirs, handshake })
}

fn known(field: &str, id: Result<ResourceId, UnknownResource>) -> Result<ResourceId, BadRequest> {
    id.map_err(|unknown| BadRequest::new(field, format!("is not taken: {unknown}")))
}

/// The fields of the one object that a request is.
fn read(body: &[u8]) -> Result<Vec<(String, &RawValue)>, BadRequest> {
    if body.len() > BYTES_MAX {
        let rule = format!("is {} bytes long, and a request has at most {BYTES_MAX}", body.len());
        return Err(BadRequest::body(rule));
    }
    let text = std::str::from_utf8(body).map_err(|error| {
        BadRequest::body(format!("is not UTF-8 (from byte {} on)", error.valid_up_to() + 1))
    })?;
    let not_json = |error| BadRequest::body(format!("is not JSON: {error}"));
    let whole: &RawValue = serde_json::from_str(text).map_err(not_json)?;
    check(whole)?;
    // What is only skipped above is read here, down to the last escape.
    serde_json::from_str::<Value>(text).map_err(not_json)?;
    match kind(whole) {
        "an object" => Ok(json::fields(body)),
        other => Err(BadRequest::body(format!("is {other} where an object belongs"))),
    }
}

/// The request's id, out of a document that may be bad in any other way. Two ids are none.
fn id_of(body: &[u8]) -> Option<RequestId> {
    let fields = json::fields(body);
    let mut ids = fields.iter().filter(|(name, _)| name == "id");
    let (Some((_, id)), None) = (ids.next(), ids.next()) else { return None };
    serde_json::from_str(id.get()).ok()
}

/// The version before the rest: another version may have other fields.
fn of_known_version(fields: &[(String, &RawValue)]) -> Result<(), BadRequest> {
    let is = match fields.iter().find(|(name, _)| name == "version") {
        Some((_, version)) if serde_json::from_str::<RequestVersion>(version.get()).is_ok() => return Ok(()),
        Some((_, version)) => told(version),
        None => "missing".to_owned(),
    };
    let rule = format!("is {is}, and only version {} is known", RequestVersion::NUMBER);
    Err(BadRequest::new("version", rule).fixed_by(format!("write \"version\":{}", RequestVersion::NUMBER)))
}
