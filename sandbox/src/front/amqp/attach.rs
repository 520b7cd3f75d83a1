//! What becomes of a peer's attach.

use fe2o3_amqp_types::definitions::{AmqpError, Error, ReceiverSettleMode, Role, SenderSettleMode};
use fe2o3_amqp_types::messaging::{Source, Target, TargetArchetype};
use fe2o3_amqp_types::performatives::Attach;

use super::address::Node;
use super::around::Around;
use super::link::{End, Inlet, Outlet, refusal};
use crate::service_bus::LARGEST_MESSAGE;

/// Asks for a session, which no queue here has.
const SESSION_FILTER: &str = "com.microsoft:session-filter";

/// Our end of the link that the peer asks for.
pub(super) fn end(request: &Attach, around: &Around<'_>) -> Result<End, Error> {
    let address = match request.role {
        Role::Sender => target(request).and_then(|target| target.address.as_deref()),
        Role::Receiver => source(request).and_then(|source| source.address.as_deref()),
    };
    let address = address.ok_or_else(|| refusal(AmqpError::InvalidField, "The link has no address."))?;
    let node = Node::of(address, around.broker()).ok_or_else(|| {
        let name: String = address.chars().take(200).collect();
        refusal(AmqpError::NotFound, format!("The messaging entity '{name}' could not be found."))
    })?;
    if let Some(entity) = node.entity()
        && !around.rights.cover(entity, around.now)
    {
        return Err(no_right(entity));
    }
    match request.role {
        Role::Sender => match &node {
            Node::Queue(entity) if entity.ends_with("/$deadletterqueue") => {
                Err(refusal(AmqpError::NotAllowed, "Messages cannot be sent to a dead-letter queue."))
            }
            _ => Ok(End::Inlet(Inlet::new(node))),
        },
        Role::Receiver => {
            let filters = source(request).and_then(|source| source.filter.as_ref());
            if filters.is_some_and(|filters| filters.keys().any(|name| name.as_str() == SESSION_FILTER)) {
                let why = "The queue has no sessions: it was not made with requiresSession.";
                return Err(refusal(AmqpError::NotAllowed, why));
            }
            let reply_address = target(request).and_then(|target| target.address.clone());
            let settles = request.snd_settle_mode == SenderSettleMode::Settled;
            Ok(End::Outlet(Outlet::new(node, settles, reply_address)))
        }
    }
}

/// The answer that takes the link.
pub(super) fn accepted(request: &Attach) -> Attach {
    let mut answer = mirrored(request);
    answer.source = request.source.clone().map(|mut source| {
        // A filter that is given back is one that is in force.
        source.filter = None;
        source
    });
    answer.target.clone_from(&request.target);
    match request.role {
        Role::Sender => answer.max_message_size = u64::try_from(LARGEST_MESSAGE).ok(),
        Role::Receiver => {
            answer.initial_delivery_count = Some(0);
            answer.rcv_settle_mode = request.rcv_settle_mode.clone();
            answer.snd_settle_mode = match request.snd_settle_mode {
                SenderSettleMode::Settled => SenderSettleMode::Settled,
                SenderSettleMode::Unsettled | SenderSettleMode::Mixed => SenderSettleMode::Unsettled,
            };
        }
    }
    answer
}

/// The answer to a link that is refused: without a terminus, and a detach with the reason follows.
pub(super) fn refused(request: &Attach) -> Attach {
    let mut answer = mirrored(request);
    match request.role {
        Role::Sender => answer.source.clone_from(&request.source),
        Role::Receiver => {
            answer.target.clone_from(&request.target);
            answer.initial_delivery_count = Some(0);
        }
    }
    answer
}

/// The right for a queue is missing or has run out.
pub(super) fn no_right(entity: &str) -> Error {
    let why = format!(
        "Unauthorized access. 'Send' or 'Listen' claim is required for '{entity}': no token in force covers it."
    );
    refusal(AmqpError::UnauthorizedAccess, why)
}

/// We settle what we receive at once, whatever the peer asked for: Service Bus waits for no second confirmation.
fn mirrored(request: &Attach) -> Attach {
    Attach {
        name: request.name.clone(),
        handle: request.handle.clone(),
        role: match request.role {
            Role::Sender => Role::Receiver,
            Role::Receiver => Role::Sender,
        },
        snd_settle_mode: request.snd_settle_mode.clone(),
        rcv_settle_mode: ReceiverSettleMode::First,
        source: None,
        target: None,
        unsettled: None,
        incomplete_unsettled: false,
        initial_delivery_count: None,
        max_message_size: None,
        offered_capabilities: None,
        desired_capabilities: None,
        properties: None,
    }
}

fn source(request: &Attach) -> Option<&Source> {
    request.source.as_deref()
}

fn target(request: &Attach) -> Option<&Target> {
    match request.target.as_deref()? {
        TargetArchetype::Target(target) => Some(target),
    }
}
