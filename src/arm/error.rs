//! What goes wrong between us and Resource Manager, and which of it means what.

use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use thiserror::Error;

use super::denial;
use super::transport::TransportError;
use crate::handshake::ids::{TenantId, VirtualNetworkId};
use crate::handshake::pair::Pair;
use crate::handshake::read::Denial;

/// A call that did not succeed: what was asked, and what came instead.
#[derive(Debug)]
pub struct ArmError {
    /// What we wanted.
    pub asked: Box<Asked>,
    /// What we got.
    pub fault: Box<Fault>,
}

/// What a call wanted, so that every error can tell it and a denial can name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The tenant whose token was used.
    pub tenant: TenantId,
    /// The action that Azure checks for it, such as `Microsoft.Network/virtualNetworks/read`.
    pub action: &'static str,
    /// The resource id it was asked on.
    pub resource: String,
    /// The network that a write names, on which Azure checks an action of its own.
    pub linked: Option<Linked>,
    /// Our application's client id.
    pub client_id: String,
}

/// A network that a write names without writing it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Linked {
    /// What Azure checks there, such as `Microsoft.Network/virtualNetworks/peer/action`.
    pub action: &'static str,
    /// The network.
    pub network: VirtualNetworkId,
}

/// What came instead of an answer.
#[derive(Debug, Error)]
pub enum Fault {
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

/// Azure's own words for why something failed; both texts are bounded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AzureFailure {
    /// Azure's code, such as `VnetAddressSpacesOverlap`; `Status503` and the like where it gave none.
    pub code: String,
    /// Azure's sentence.
    pub message: String,
}

/// What an error means for whoever asked. Exhaustive on purpose: each one is handled differently.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Class {
    /// It is not there.
    NotFound,
    /// Somebody has to grant us something.
    Denied(Denial),
    /// We ask too much: not before `after`.
    Throttled {
        /// What Azure asks us to wait.
        after: Option<Duration>,
    },
    /// Another operation holds the resource; nothing was done, later it will work.
    Busy {
        /// What Azure asks us to wait.
        after: Option<Duration>,
    },
    /// A rule of Azure's forbids it: repeating is of no use.
    Refused(AzureFailure),
    /// Azure, or the way to it, is out of order.
    Unavailable {
        /// What Azure asks us to wait.
        after: Option<Duration>,
    },
    /// The answer makes no sense, or our settings do not.
    Malformed,
}

/// How a write went wrong. Only one of them may be taken for "nothing happened".
#[derive(Debug, Error)]
pub enum WriteError {
    /// Nothing was written: it was refused, or it was never sent.
    #[error("not written: {0}")]
    Rejected(#[source] ArmError),
    /// It was sent, and whether it was written is not known: read back.
    #[error("written or not, nobody knows: {0}")]
    Unknown(#[source] ArmError),
}

impl WriteError {
    /// What went wrong.
    #[must_use]
    pub fn error(&self) -> &ArmError {
        match self {
            Self::Rejected(error) | Self::Unknown(error) => error,
        }
    }
}

impl ArmError {
    pub(super) fn new(asked: &Asked, fault: Fault) -> Self {
        Self { asked: Box::new(asked.clone()), fault: Box::new(fault) }
    }

    /// The ends of a pair are not what its kind connects: a record of ours was written by somebody else.
    #[must_use]
    pub fn no_pair(pair: &Pair) -> Self {
        let what = format!("{} and {} make no {}", pair.ours(), pair.theirs(), pair.kind());
        let asked = Asked {
            tenant: pair.partner(),
            action: "read",
            resource: pair.ours().to_string(),
            linked: None,
            client_id: String::new(),
        };
        Self::new(&asked, Fault::Malformed { what, source: None })
    }

    /// What it means.
    #[must_use]
    pub fn class(&self) -> Class {
        match &*self.fault {
            Fault::Answered { status, failure, after, linked } => {
                self.class_of_answer(*status, failure, *after, linked.as_deref())
            }
            Fault::Token { status, failure, after, .. } => match status {
                Some(429) => Class::Throttled { after: *after },
                // What the token endpoint refuses (no service principal in that tenant, a wrong secret) stays refused
                // until an administrator does something.
                Some(400..=407 | 409..=499) => Class::Denied(Denial {
                    principal: self.asked.client_id.clone(),
                    action: self.asked.action.to_owned(),
                    scope: self.asked.resource.clone(),
                    code: failure.code.clone(),
                }),
                _ => Class::Unavailable { after: *after },
            },
            Fault::Transport(_) | Fault::TimedOut(_) | Fault::PastDeadline => {
                Class::Unavailable { after: None }
            }
            Fault::Unusable { .. } | Fault::Malformed { .. } => Class::Malformed,
        }
    }

    fn class_of_answer(
        &self,
        status: u16,
        failure: &AzureFailure,
        after: Option<Duration>,
        linked: Option<&str>,
    ) -> Class {
        match status {
            // Three shapes of 404 are on record, with two codes: only the status is common to them.
            404 => Class::NotFound,
            // Azure Policy answers 403 too, and no grant mends that.
            403 if failure.is_policy() => Class::Refused(failure.clone()),
            401 | 403 => Class::Denied(denial::parse(&self.asked, failure, linked)),
            400..=499 if failure.is_busy() => Class::Busy { after },
            429 => Class::Throttled { after },
            409 if !failure.is_lasting_conflict() => Class::Busy { after },
            408 | 500..=599 => Class::Unavailable { after },
            400..=499 => Class::Refused(failure.clone()),
            _ => Class::Malformed,
        }
    }
}

impl AzureFailure {
    /// Whether it says that another operation is in the way: nothing was done, and later it will work.
    ///
    /// Azure says so with 409, with 429 (which is no throttling then), with 400 and inside a failed operation.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        self.is_lock() || self.code.eq_ignore_ascii_case("ReferencedResourceNotProvisioned")
    }

    /// Whether another operation holds the very resource that was to be written.
    pub(super) fn is_lock(&self) -> bool {
        let code = self.code.to_ascii_lowercase();
        code == "anotheroperationinprogress" || code.starts_with("retryableerror")
    }

    fn is_policy(&self) -> bool {
        ["RequestDisallowedByPolicy", "RequestDisallowedByAzure"]
            .iter()
            .any(|code| self.code.eq_ignore_ascii_case(code))
    }

    /// A 409 that waiting does not mend: a lock or a disabled subscription.
    fn is_lasting_conflict(&self) -> bool {
        ["ScopeLocked", "ReadOnlyDisabledSubscription"]
            .iter()
            .any(|code| self.code.eq_ignore_ascii_case(code))
    }
}

impl Fault {
    /// What an error of the pipeline itself is: the connection's, or one of what we were set up with.
    pub(super) fn of_transport(error: azure_core::Error) -> Self {
        match TransportError::beneath(&error) {
            Some(TransportError::TooLong) => {
                Self::Malformed { what: TransportError::TooLong.to_string(), source: None }
            }
            Some(beneath @ (TransportError::Bundle { .. } | TransportError::Tls(_))) => {
                Self::Unusable { what: beneath.to_string(), source: Some(error.into()) }
            }
            None => Self::Transport(Box::new(error)),
        }
    }
}

impl fmt::Display for ArmError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.asked, self.fault)
    }
}

impl StdError for ArmError {
    /// The fault itself is part of the message; beneath it comes what the fault came from.
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.fault.source()
    }
}

impl fmt::Display for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} on {} with tenant {}", self.action, self.resource, self.tenant)
    }
}

impl fmt::Display for AzureFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}
