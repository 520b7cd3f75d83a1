//! What a message that could not be done is, why it is where it is, and what to do.

use crate::queue::Queue;
use crate::queue::service_bus::Peeked;

/// Names that Service Bus gives the reason and its description, as properties of the message.
pub(super) const REASON: &str = "DeadLetterReason";
pub(super) const DESCRIPTION: &str = "DeadLetterErrorDescription";

/// Two sentences for people.
pub(super) struct Explained {
    pub(super) why: String,
    pub(super) advice: String,
}

pub(super) fn explain(queue: Queue, message: &Peeked) -> Explained {
    let (what, function) = match queue {
        Queue::ResourceEvents => ("An event of the partner's Event Grid", Some("RelayedResourceEvent")),
        Queue::ConnectionRequests => ("A request", Some("ConnectionRequest")),
        Queue::Reconcile => ("A work item, for a handshake that is to be reconciled", Some("Reconcile")),
        Queue::ConnectionOutcomes => ("How a handshake ended", None),
    };
    let back = match &message.id {
        Some(id) => format!("`peerpact queue replay {queue} --id {}`", quoted(id)),
        None => format!("`peerpact queue replay {queue} --all`"),
    };
    // Names as Service Bus writes them.
    match message.properties.get(REASON).map(String::as_str) {
        Some("MaxDeliveryCountExceeded") => {
            let whose = function.map_or_else(
                || "whoever receives from this queue gave it back".to_owned(),
                |function| format!("the function {function} failed"),
            );
            Explained {
                why: format!(
                    "{what}; {whose} each time it was delivered: a defect, or something that it needs was away"
                ),
                advice: format!(
                    "find the error in the app's log, put it right, then send it back with {back}"
                ),
            }
        }
        Some("TTLExpiredException") => Explained {
            why: format!(
                "{what}; it waited longer than the queue keeps messages, because nobody received it"
            ),
            advice: match queue {
                Queue::ConnectionOutcomes => "receive outcomes, or let it be".to_owned(),
                _ => format!("see that the app runs, then send it back with {back}"),
            },
        },
        Some(reason) => Explained {
            why: format!("{what}; it was put there for the reason {reason:?}"),
            advice: format!("see what its description says; send it back with {back}"),
        },
        None => Explained {
            why: format!("{what}; nothing says why it was put there"),
            advice: format!("send it back with {back}"),
        },
    }
}

/// Quoted for a shell; ids are whatever their senders like.
fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/' | ':' | '~' | '@');
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dead(reason: Option<&str>) -> Peeked {
        let properties = reason.map(|reason| (REASON.to_owned(), reason.to_owned())).into_iter().collect();
        Peeked { id: Some("r-1".to_owned()), properties, ..Peeked::default() }
    }

    #[test]
    fn each_reason_is_explained_with_the_function_and_the_way_back() {
        for (queue, reason, why) in [
            (
                Queue::ConnectionRequests,
                Some("MaxDeliveryCountExceeded"),
                "the function ConnectionRequest failed",
            ),
            (Queue::Reconcile, Some("MaxDeliveryCountExceeded"), "the function Reconcile failed"),
            (Queue::ConnectionOutcomes, Some("MaxDeliveryCountExceeded"), "whoever receives"),
            (Queue::ResourceEvents, Some("TTLExpiredException"), "waited longer"),
            (Queue::Reconcile, Some("made-up"), "\"made-up\""),
            (Queue::Reconcile, None, "nothing says why"),
        ] {
            let explained = explain(queue, &dead(reason));
            assert!(explained.why.contains(why), "{}", explained.why);
            assert!(
                explained.advice.contains(&format!("queue replay {queue} --id r-1")),
                "{}",
                explained.advice
            );
        }
        assert!(
            !explain(Queue::ConnectionOutcomes, &dead(Some("TTLExpiredException"))).advice.contains("replay")
        );
    }

    #[test]
    fn an_id_cannot_break_out_of_the_command_that_is_shown() {
        assert_eq!(quoted("handshakes/h1~7"), "handshakes/h1~7");
        assert_eq!(quoted("a; rm -rf '/'"), r"'a; rm -rf '\''/'\'''");
        assert_eq!(quoted(""), "''");
    }
}
