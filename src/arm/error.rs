//! What goes wrong between us and Resource Manager, and which of it means what.

use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use thiserror::Error;

use super::asked::Asked;
use super::denial;
use crate::azure::{AzureFailure, CallFault};
use crate::handshake::pair::Pair;
use crate::handshake::read::Denial;

/// A call that did not succeed: what was asked, and what came instead.
#[derive(Debug)]
pub struct ArmError {
    /// What we wanted.
    pub asked: Box<Asked>,
    /// What we got.
    pub fault: Box<CallFault>,
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
    pub(super) fn new(asked: &Asked, fault: CallFault) -> Self {
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
        Self::new(&asked, CallFault::Malformed { what, source: None })
    }

    /// What it means.
    #[must_use]
    pub fn class(&self) -> Class {
        match &*self.fault {
            CallFault::Answered { status, failure, after, linked } => {
                self.class_of_answer(*status, failure, *after, linked.as_deref())
            }
            CallFault::Token { status, failure, after, .. } => match status {
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
            CallFault::Transport(_) | CallFault::TimedOut(_) | CallFault::PastDeadline => {
                Class::Unavailable { after: None }
            }
            CallFault::Unusable { .. } | CallFault::Malformed { .. } => Class::Malformed,
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
