//! Who lacks which action where, out of Azure's sentences.

use super::error::{Asked, AzureFailure};
use crate::handshake::halves::Denial;

const PEER: &str = "Microsoft.Network/virtualNetworks/peer/action";

/// The denial that a 401 or 403 tells; what its sentence does not say is taken from what was asked.
///
/// Three sentences are known: `AuthorizationFailed` names object id, action and scope; `LinkedAuthorizationFailed` names
/// the missing action and the linked scope, or, when the token of the other tenant is missing, only its subscription.
pub(super) fn parse(asked: &Asked, failure: &AzureFailure, linked_principal: Option<&str>) -> Denial {
    let message = failure.message.as_str();
    let linked = failure.code.eq_ignore_ascii_case("LinkedAuthorizationFailed");
    let named = || quoted(message, "object id '").or_else(|| quoted(message, "The client '"));
    let principal = if linked { linked_principal } else { named() };
    let (action, scope) = if linked {
        let remote = asked.remote.as_ref().map(ToString::to_string);
        (
            quoted(message, "action(s) '").unwrap_or(PEER).to_owned(),
            quoted(message, "linked scope(s) '").map(str::to_owned).or(remote),
        )
    } else {
        (
            quoted(message, "perform action '").unwrap_or(asked.action).to_owned(),
            quoted(message, "over scope '").map(str::to_owned),
        )
    };
    Denial {
        principal: principal.unwrap_or(&asked.client_id).to_owned(),
        action,
        scope: scope.unwrap_or_else(|| asked.resource.clone()),
        code: failure.code.clone(),
    }
}

/// What stands between `opening`, which ends with a quote, and the next quote. Of a list, the first.
fn quoted<'a>(message: &'a str, opening: &str) -> Option<&'a str> {
    let start = message.find(opening)? + opening.len();
    let rest = message.get(start..)?;
    let inner = rest.get(..rest.find('\'')?)?;
    inner.split(',').next().map(str::trim).filter(|text| !text.is_empty())
}
