//! Who lacks which action where, out of Azure's sentences.

use super::asked::Asked;
use crate::azure::AzureFailure;
use crate::handshake::read::Denial;

/// The denial that a 401 or 403 tells; what its sentence does not say is taken from what was asked.
///
/// Three sentences are known: `AuthorizationFailed` names object id, action and scope; `LinkedAuthorizationFailed` names
/// the missing action and the linked scope, or, when the token of the other tenant is missing, only its subscription.
pub(super) fn parse(asked: &Asked, failure: &AzureFailure, linked_principal: Option<&str>) -> Denial {
    let message = failure.message.as_str();
    let is_linked = failure.code.eq_ignore_ascii_case("LinkedAuthorizationFailed");
    let named = || quoted(message, "object id '").or_else(|| quoted(message, "The client '"));
    let principal = if is_linked { linked_principal } else { named() };
    let (action, scope) = if is_linked {
        let linked = asked.linked.as_ref();
        (
            linked_action(message).or(linked.map(|linked| linked.action)).unwrap_or(asked.action),
            quoted(message, "linked scope(s) '")
                .map(str::to_owned)
                .or_else(|| linked.map(|linked| linked.network.to_string())),
        )
    } else {
        (
            quoted(message, "perform action '").unwrap_or(asked.action),
            quoted(message, "over scope '").map(str::to_owned),
        )
    };
    Denial {
        principal: principal.unwrap_or(&asked.client_id).to_owned(),
        action: action.to_owned(),
        scope: scope.unwrap_or_else(|| asked.resource.clone()),
        code: failure.code.clone(),
    }
}

/// The action that is missing on the linked resource.
///
/// The sentence tells first what is allowed, then what is not. Without the other tenant's token it names one action
/// only, and that is the one on the linked resource (azure-cli-extensions issue 7143 shows `virtualNetworks/write` for
/// a hub of another tenant).
fn linked_action(message: &str) -> Option<&str> {
    let (allowed, missing) = message.split_once("however")?;
    quoted(missing, "action(s) '").or_else(|| quoted(missing, "perform action '")).or_else(|| {
        missing.contains("linked subscription").then(|| quoted(allowed, "perform action '")).flatten()
    })
}

/// What stands between `opening`, which ends with a quote, and the next quote. Of a list, the first.
fn quoted<'a>(message: &'a str, opening: &str) -> Option<&'a str> {
    let start = message.find(opening)? + opening.len();
    let rest = message.get(start..)?;
    let inner = rest.get(..rest.find('\'')?)?;
    inner.split(',').next().map(str::trim).filter(|text| !text.is_empty())
}
