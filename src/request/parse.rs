//! From bytes to a request, and back.

use serde_json::Value;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use super::action::{Action, Request, handshake_of};
use super::fields::{check, read_fields};
use super::json::{self, kind, told};
use super::refusal::BadRequest;
use super::wire::{Document, Version};
use crate::handshake::wish::RequestId;
use crate::hex::hex;

/// The largest request, in bytes. A request with every network that an agreement could name stays below it.
pub const BYTES_MAX: usize = 64 * 1024;

impl Request {
    /// Reads a request.
    ///
    /// # Errors
    /// The first thing that is wrong with it; the request's id too, if that can be read.
    pub fn parse(body: &[u8]) -> Result<Self, BadRequest> {
        parse(body).map_err(|bad| bad.of(id_of(body)))
    }

    /// The request in its canonical form: fields in a fixed order, no white space, nothing that says nothing.
    /// [`Request::parse`] reads it back as an equal request.
    #[must_use]
    pub fn to_json(&self) -> String {
        // Texts, flags and lists of them: there is nothing in it that JSON could not say.
        serde_json::to_string(&Document::from(self)).unwrap_or_default()
    }

    /// SHA-256 of the canonical form, 64 hexadecimal digits: two requests with one id are the same request exactly if
    /// their digests are. The case of resource ids counts as little as the order of fields.
    #[must_use]
    pub fn digest(&self) -> String {
        let digest = Sha256::digest(self.to_json().to_ascii_lowercase());
        hex(&digest)
    }
}

fn parse(body: &[u8]) -> Result<Request, BadRequest> {
    let mut fields = read(body)?;
    of_known_version(&fields)?;
    let Some(at) = fields.iter().position(|(name, _)| name == "action") else {
        let fix = format!("write one of {}", Action::NAMES.join(", "));
        return Err(BadRequest::new("action", "is missing").fixed_by(fix));
    };
    let (_, action) = fields.remove(at);
    let request = Request::from(document(action, fields)?);
    consistent(&request.action)?;
    Ok(request)
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
        Some((_, version)) if serde_json::from_str::<Version>(version.get()).is_ok() => return Ok(()),
        Some((_, version)) => told(version),
        None => "missing".to_owned(),
    };
    let rule = format!("is {is}, and only version {} is known", Version::NUMBER);
    Err(BadRequest::new("version", rule).fixed_by(format!("write \"version\":{}", Version::NUMBER)))
}

fn document(action: &RawValue, fields: Vec<(String, &RawValue)>) -> Result<Document, BadRequest> {
    let name: Result<String, _> = serde_json::from_str(action.get());
    let [peering, management, disconnect, recheck] = Action::NAMES;
    match name.as_deref() {
        Ok(name) if name == peering => read_fields(fields).map(Document::ConnectPeering),
        Ok(name) if name == management => read_fields(fields).map(Document::ConnectManagement),
        Ok(name) if name == disconnect => read_fields(fields).map(Document::Disconnect),
        Ok(name) if name == recheck => read_fields(fields).map(Document::Recheck),
        _ => {
            let rule = format!("is {}; there are {}", told(action), Action::NAMES.join(", "));
            Err(BadRequest::new("action", rule))
        }
    }
}

/// The rules between fields.
fn consistent(action: &Action) -> Result<(), BadRequest> {
    let same = || BadRequest::new("theirs", "is the same as `ours`, and nothing is connected with itself");
    match action {
        Action::ConnectPeering { ours, theirs, .. } if ours == theirs => Err(same()),
        Action::ConnectPeering { flags, .. }
            if flags.gateway_transit == Some(true) && flags.remote_gateways == Some(true) =>
        {
            let rule = "is true like `flags.gatewayTransit`: a half lends a gateway or uses one, never both";
            Err(BadRequest::new("flags.remoteGateways", rule))
        }
        Action::Recheck { ours, theirs } if ours == theirs => Err(same()),
        Action::Recheck { ours, theirs } if handshake_of(ours, theirs).is_none() => {
            let rule = "makes no pair with `ours`: a virtual network goes with a virtual network, a network manager with a subscription or a management group";
            Err(BadRequest::new("theirs", rule))
        }
        Action::ConnectPeering { .. }
        | Action::ConnectManagement { .. }
        | Action::Disconnect { .. }
        | Action::Recheck { .. } => Ok(()),
    }
}
