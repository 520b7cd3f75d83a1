//! What comes of a call of Azure instead of an answer.

use std::error::Error as StdError;
use std::time::Duration;

use thiserror::Error;

use super::failure::AzureFailure;
use super::transport::TransportError;
use crate::handshake::ids::TenantId;

/// What came instead of an answer.
#[derive(Debug, Error)]
pub enum CallFault {
    /// Resource Manager answered with a status that is not a success.
    #[error("{status} {failure}")]
    Answered {
        /// The HTTP status.
        status: u16,
        /// Its error envelope.
        failure: AzureFailure,
        /// Its `Retry-After`.
        after: Option<Duration>,
        /// The object id of our application in the partner's tenant, where the partner's token went along: Azure's
        /// sentence names the one at home, and it is this one that lacks a right on a linked resource.
        linked: Option<String>,
    },
    /// No token for a tenant.
    #[error("no token for tenant {tenant}: {failure}")]
    Token {
        /// The tenant whose token endpoint was asked.
        tenant: TenantId,
        /// The HTTP status, if it answered at all.
        status: Option<u16>,
        /// The code (`AADSTS…`) and the description that it gave.
        failure: AzureFailure,
        /// Its `Retry-After`.
        after: Option<Duration>,
        /// What lies beneath where it did not answer.
        #[source]
        source: Option<Box<azure_core::Error>>,
    },
    /// The connection failed before or after the request was sent.
    #[error("the connection failed")]
    Transport(#[source] Box<azure_core::Error>),
    /// No answer in time.
    #[error("no answer within {} ms", .0.as_millis())]
    TimedOut(Duration),
    /// There was no time left to make the call.
    #[error("no time was left to ask")]
    PastDeadline,
    /// Our own settings do not allow the call: it was not made.
    #[error("our settings cannot be used: {what}")]
    Unusable {
        /// What is wrong with them.
        what: String,
        /// What they led to.
        #[source]
        source: Option<Box<dyn StdError + Send + Sync>>,
    },
    /// The answer is not what Azure's interface says.
    #[error("the answer makes no sense: {what}")]
    Malformed {
        /// What is wrong with it.
        what: String,
        /// The parser's error, where a parser found it.
        #[source]
        source: Option<Box<dyn StdError + Send + Sync>>,
    },
}

impl CallFault {
    /// What an error of the pipeline itself is: the connection's, or one of what we were set up with.
    pub(crate) fn of_transport(error: azure_core::Error) -> Self {
        match TransportError::beneath(&error) {
            Some(TransportError::TooLong) => {
                Self::Malformed { what: TransportError::TooLong.to_string(), source: None }
            }
            Some(beneath @ (TransportError::Bundle(_) | TransportError::Tls(_))) => {
                Self::Unusable { what: beneath.to_string(), source: Some(error.into()) }
            }
            None => Self::Transport(Box::new(error)),
        }
    }
}
