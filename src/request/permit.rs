//! Whether the senders of a queue may ask for what they ask for.

use super::action::Request;
use crate::handshake::agreements::Agreements;
use crate::handshake::bad_request::BadRequest;
use crate::handshake::ids::TenantId;
use crate::handshake::request_queue::RequestQueue;

/// Checks a request by the queue that it came by. While the partner is not known, it is enough that it may be asked for
/// with one of them.
///
/// # Errors
/// It may not be asked for, with the rule that would let it.
pub(crate) fn permit(
    request: &Request,
    queue: &RequestQueue,
    partner: Option<TenantId>,
    agreements: &Agreements,
) -> Result<(), BadRequest> {
    let action = request.action.name();
    let mut partners = agreements
        .partners()
        .iter()
        .filter(|known| partner.is_none_or(|tenant| known.tenant == tenant))
        .peekable();
    // What is on record with a partner whose agreement is gone is looked after as if there were no rules.
    let allowed = match partners.peek() {
        None => queue.is_default(),
        Some(_) => partners.any(|partner| partner.may_ask(queue, action)),
    };
    if allowed {
        return Ok(());
    }
    let name = partner.and_then(|tenant| agreements.partner(tenant)).map(|partner| partner.name.as_str());
    let with = name.map_or_else(|| "any partner".to_owned(), str::to_owned);
    let file = name.map_or_else(|| "the partner".to_owned(), str::to_owned);
    let rule = format!("is `{action}`, which the queue `{queue}` may not ask for with {with}");
    let fix = format!(
        "write \"{action}\" into the `actions` of a [[requests]] with queue = \"{queue}\" in the agreement with {file} \
         (where there is a [[requests]], only what is listed may be asked), or send it to a queue that may"
    );
    Err(BadRequest::new("action", rule).fixed_by(fix).of(Some(request.id.clone())))
}
