//! What a link's address names.

use crate::service_bus::Broker;

/// A node of the namespace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Node {
    /// `$cbs`, where tokens are put.
    Claims,
    /// A queue or a dead-letter queue, by the name that the namespace gives it.
    Queue(String),
    /// The management node of a queue or a dead-letter queue.
    Management(String),
}

impl Node {
    /// Reads an address: a bare name, one with a slash before it, or a whole address of any scheme; all in any case.
    pub(super) fn of(address: &str, broker: &Broker) -> Option<Self> {
        let path = path(address);
        if path.eq_ignore_ascii_case("$cbs") {
            return Some(Self::Claims);
        }
        match strip_suffix(path, "/$management") {
            Some(entity) => broker.known(entity).map(Self::Management),
            None => broker.known(path).map(Self::Queue),
        }
    }

    /// The queue or dead-letter queue that a right is needed for.
    pub(super) fn entity(&self) -> Option<&str> {
        match self {
            Self::Claims => None,
            Self::Queue(entity) | Self::Management(entity) => Some(entity),
        }
    }
}

/// The path of an address, without slashes around it.
pub(super) fn path(address: &str) -> &str {
    let path = match address.split_once("://") {
        Some((_, rest)) => rest.split_once('/').map_or("", |(_, path)| path),
        None => address,
    };
    path.trim_matches('/')
}

/// Host and port of an address that has a scheme.
pub(super) fn authority(address: &str) -> Option<&str> {
    let (_, rest) = address.split_once("://")?;
    Some(rest.split('/').next().unwrap_or(rest))
}

fn strip_suffix<'a>(text: &'a str, suffix: &str) -> Option<&'a str> {
    let (head, tail) = text.split_at_checked(text.len().checked_sub(suffix.len())?)?;
    tail.eq_ignore_ascii_case(suffix).then_some(head)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Clock, Tenant};

    #[tokio::test(start_paused = true)]
    async fn an_address_is_a_name_a_path_or_a_whole_address_in_any_case() {
        let broker = Broker::new(Tenant::Contoso, Clock::system(), 1, time::Duration::seconds(30));
        let node = |address: &str| Node::of(address, &broker);
        let queue = |name: &str| Some(Node::Queue(name.to_owned()));
        for address in [
            "reconcile",
            "/Reconcile",
            "amqps://127.0.0.1:5671/RECONCILE/",
            "sb://localhost/reconcile",
            "amqp://h:1/reconcile",
        ] {
            assert_eq!(node(address), queue("reconcile"), "{address}");
        }
        assert_eq!(node("amqps://h/Reconcile/$DeadLetterQueue"), queue("reconcile/$deadletterqueue"));
        assert_eq!(node("amqps://h:1/$CBS"), Some(Node::Claims));
        assert_eq!(node("$cbs"), Some(Node::Claims));
        let management = Some(Node::Management("reconcile/$deadletterqueue".to_owned()));
        assert_eq!(node("reconcile/$deadletterqueue/$Management"), management);
        for nothing in ["", "amqp://reconcile", "$management", "nothing", "reconcile/other", "amqps://h"] {
            assert_eq!(node(nothing), None, "{nothing}");
        }
    }
}
