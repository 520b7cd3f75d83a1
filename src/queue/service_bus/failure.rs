//! What went wrong on the wire, and what is to be done about it.

use fe2o3_amqp::connection::ConnectionStopReason;
use fe2o3_amqp::link::{
    DetachError, LinkStateError, ReceiverAttachError, RecvError, SendError, SenderAttachError,
    SessionStopReason,
};
use fe2o3_amqp::types::definitions::{Error as AmqpError, ErrorCondition};
use serde_amqp::Value;
use thiserror::Error;

/// A failure, by how far it reaches.
#[derive(Debug, Error)]
pub(super) enum BusFailure {
    /// The same would be refused again.
    #[error("{0}")]
    Refused(String),
    /// A right is missing.
    #[error("{0}")]
    NotAllowed(String),
    /// What was asked for is not there.
    #[error("{0}")]
    NotFound(String),
    /// The service has too much to do; everything stands.
    #[error("{0}")]
    Busy(String),
    /// The link ended, the connection may stand.
    #[error("{0}")]
    LinkEnded(String),
    /// The connection is of no use any more.
    #[error("{0}")]
    Disconnected(String),
}

/// An error condition as it stands on the wire.
pub(super) fn condition(condition: &ErrorCondition) -> String {
    match serde_amqp::to_value(condition) {
        Ok(Value::Symbol(symbol)) => symbol.0,
        _ => String::new(),
    }
}

fn text(error: &AmqpError) -> String {
    let condition = condition(&error.condition);
    match error.description.as_deref().map(str::trim) {
        Some(description) if !description.is_empty() => format!("{condition}: {description}"),
        _ => condition,
    }
}

impl BusFailure {
    /// What a peer said when it refused a message or ended a link. Which conditions pass by themselves is as in Azure's
    /// SDKs; what nobody knows is tried again, because ids make that harmless.
    pub(super) fn said(error: &AmqpError) -> Self {
        let text = text(error);
        match condition(&error.condition).as_str() {
            "amqp:not-found" | "com.microsoft:entity-not-found" => Self::NotFound(text),
            "amqp:unauthorized-access" | "com.microsoft:auth-failed" => Self::NotAllowed(text),
            "amqp:not-allowed"
            | "amqp:not-implemented"
            | "amqp:decode-error"
            | "amqp:invalid-field"
            | "amqp:precondition-failed"
            | "amqp:link:message-size-exceeded"
            | "amqp:resource-limit-exceeded"
            | "com.microsoft:entity-disabled"
            | "com.microsoft:argument-error"
            | "com.microsoft:argument-out-of-range" => Self::Refused(text),
            "com.microsoft:server-busy"
            | "com.microsoft:timeout"
            | "com.microsoft:operation-cancelled"
            | "amqp:internal-error" => Self::Busy(text),
            _ => Self::LinkEnded(text),
        }
    }

    /// The connection, as far as its own end is no reason to give up.
    pub(super) fn disconnected(error: impl std::fmt::Display) -> Self {
        Self::Disconnected(error.to_string())
    }
}

fn stopped(reason: &SessionStopReason) -> BusFailure {
    match reason {
        SessionStopReason::RemoteEndedWithError(error)
        | SessionStopReason::ConnectionStopped(ConnectionStopReason::RemoteClosedWithError(error)) => {
            BusFailure::Disconnected(text(error))
        }
        _ => BusFailure::Disconnected("the connection was closed".to_owned()),
    }
}

impl From<LinkStateError> for BusFailure {
    fn from(error: LinkStateError) -> Self {
        match &error {
            LinkStateError::RemoteDetachedWithError(said) | LinkStateError::RemoteClosedWithError(said) => {
                Self::said(said)
            }
            LinkStateError::SessionStopped(reason) => stopped(reason),
            _ => Self::LinkEnded(error.to_string()),
        }
    }
}

impl From<DetachError> for BusFailure {
    fn from(error: DetachError) -> Self {
        LinkStateError::from(error).into()
    }
}

impl From<SendError> for BusFailure {
    fn from(error: SendError) -> Self {
        match error {
            SendError::LinkStateError(error) => error.into(),
            SendError::Detached(error) => error.into(),
            SendError::MessageSizeExceeded(error) => Self::Refused(error.to_string()),
            SendError::MessageEncodeError => Self::Refused("the message cannot be encoded".to_owned()),
            error => Self::LinkEnded(error.to_string()),
        }
    }
}

impl From<RecvError> for BusFailure {
    fn from(error: RecvError) -> Self {
        match error {
            RecvError::LinkStateError(error) => error.into(),
            error => Self::LinkEnded(error.to_string()),
        }
    }
}

impl From<SenderAttachError> for BusFailure {
    fn from(error: SenderAttachError) -> Self {
        match &error {
            SenderAttachError::RemoteClosedWithError(said) => Self::said(said),
            SenderAttachError::SessionStopped(reason) => stopped(reason),
            _ => Self::Disconnected(error.to_string()),
        }
    }
}

impl From<ReceiverAttachError> for BusFailure {
    fn from(error: ReceiverAttachError) -> Self {
        match &error {
            ReceiverAttachError::RemoteClosedWithError(said) => Self::said(said),
            ReceiverAttachError::SessionStopped(reason) => stopped(reason),
            _ => Self::Disconnected(error.to_string()),
        }
    }
}
