//! Whether our agreements let a request be asked. What only Azure can say is left to the reconciliation.

use serde_json::Value;

use super::action::{Action, Request};
use crate::handshake::agreements::{Agreements, Whose};
use crate::handshake::bad_request::BadRequest;
use crate::handshake::ids::TenantId;
use crate::handshake::pair::Pair;
use crate::handshake::resource_id::ResourceId;
use crate::kinds::{Asking, Kinds};

/// A request that may be carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Authorized {
    /// Write our half of this pair, and so, in the words of its kind.
    Connect(Pair, Value),
    /// Remove this half: ours, or the partner's where an agreement reaches it.
    Disconnect(ResourceId),
    /// Reconcile this pair.
    Recheck(Pair),
}

/// Holds a request against what our tenant, `home`, agreed to.
///
/// # Errors
/// The first field that goes beyond it, and what to write.
pub fn authorize(
    request: &Request,
    home: TenantId,
    kinds: &Kinds,
    agreements: &Agreements,
) -> Result<Authorized, BadRequest> {
    let authorized = match &request.action {
        Action::Connect(asked) => match kinds.named(&asked.kind) {
            Some(kind) => kind
                .authorize(asked, home, agreements)
                .map(|(pair, wanted)| Authorized::Connect(pair, wanted)),
            None => Err(BadRequest::new("action", "is of a kind that is not known")),
        },
        Action::Disconnect { half } => disconnect(half, home, kinds, agreements),
        Action::Recheck { ours, theirs, .. } => recheck(ours, theirs, home, kinds, agreements),
    };
    authorized.map_err(|bad| bad.of(Some(request.id.clone())))
}

fn disconnect(
    half: &ResourceId,
    home: TenantId,
    kinds: &Kinds,
    agreements: &Agreements,
) -> Result<Authorized, BadRequest> {
    let kind = kinds.of_half(half);
    let asking = Asking { home, agreements, fix: kind.map_or("", |kind| kind.section().fix) };
    let whose = asking.known("half", &half.holder())?;
    let allowed = match whose {
        Whose::Ours => true,
        Whose::Theirs(tenant) => {
            agreements.partner(tenant).zip(kind).is_some_and(|(partner, kind)| kind.reaches(partner, half))
        }
    };
    if allowed {
        return Ok(Authorized::Disconnect(half.clone()));
    }
    let rule = format!(
        "is in {}, and no agreement of ours with reach = \"both\" covers it: a half is removed by the tenant that holds it",
        asking.tenant(whose)
    );
    Err(BadRequest::new("half", rule).fixed_by("name our half, or let the partner remove theirs"))
}

fn recheck(
    ours: &ResourceId,
    theirs: &ResourceId,
    home: TenantId,
    kinds: &Kinds,
    agreements: &Agreements,
) -> Result<Authorized, BadRequest> {
    let fix = kinds.iter().find(|kind| kind.is_end(ours)).map_or("", |kind| kind.section().fix);
    Asking { home, agreements, fix }.partner(ours, theirs)?;
    match kinds.pair(ours, theirs, agreements) {
        Some(pair) => Ok(Authorized::Recheck(pair)),
        None => Err(BadRequest::new("theirs", "makes no pair with `ours`")),
    }
}
