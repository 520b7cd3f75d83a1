//! What a failure on the wire is to whoever sends, and to whoever peeks.

use thiserror::Error;

use super::address::ServiceBusAddress;
use super::failure::BusFailure;
use super::path::QueuePath;
use crate::queue::{Queue, QueueError};

/// Why an operator could not peek into a queue.
#[derive(Debug, Error)]
pub enum PeekError {
    /// The namespace has no such queue.
    #[error(
        "there is no queue {path} in {namespace}: create it (`az servicebus queue create`), or correct \
         PEERPACT_SERVICE_BUS ({problem})"
    )]
    NoQueue {
        /// What was looked for.
        path: QueuePath,
        /// Where.
        namespace: ServiceBusAddress,
        /// What Service Bus said.
        problem: String,
    },
    /// We may not.
    #[error(
        "we may not look into {path} of {namespace}: grant our application the role Azure Service Bus Data Receiver, \
         or use a key whose policy may listen ({problem})"
    )]
    NoRight {
        /// What was to be peeked into.
        path: QueuePath,
        /// Where it is.
        namespace: ServiceBusAddress,
        /// What Service Bus said.
        problem: String,
    },
    /// Anything else; another try may go well.
    #[error(transparent)]
    Queue(#[from] QueueError),
}

impl PeekError {
    /// What it is that a peek into `path` failed.
    pub(super) fn of(path: QueuePath, namespace: &ServiceBusAddress, failure: &BusFailure) -> Self {
        let (namespace, problem) = (namespace.clone(), failure.to_string());
        match failure {
            BusFailure::NotFound(_) => Self::NoQueue { path, namespace, problem },
            BusFailure::NotAllowed(_) => Self::NoRight { path, namespace, problem },
            _ => Self::Queue(queue_error(path.queue, failure)),
        }
    }
}

/// What it is that a send to a queue failed, or a receipt from it.
pub(super) fn queue_error(queue: Queue, failure: &BusFailure) -> QueueError {
    let problem = failure.to_string();
    match failure {
        BusFailure::Refused(_) | BusFailure::NotAllowed(_) | BusFailure::NotFound(_) => {
            QueueError::Refused { queue, problem }
        }
        BusFailure::Busy(_) | BusFailure::LinkEnded(_) | BusFailure::Disconnected(_) => {
            QueueError::Unreachable { queue, problem }
        }
    }
}
