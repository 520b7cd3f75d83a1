//! Links, seen from the namespace: an inlet takes what the peer sends, an outlet gives what the peer receives.

use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};
use fe2o3_amqp_types::definitions::{AmqpError, Error, ErrorCondition, LinkError};
use fe2o3_amqp_types::performatives::Transfer;

use super::address::Node;
use super::message::NotTaken;
use crate::service_bus::{LARGEST_MESSAGE, LockLost, Refused};

/// How many messages a sender may have on their way.
const CREDIT: u32 = 1000;
/// An answer that nobody fetches is forgotten when there are more than these.
const MOST_ANSWERS: usize = 256;

/// One link.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) name: String,
    pub(super) end: End,
}

/// Our end of a link.
#[derive(Debug)]
pub(super) enum End {
    Inlet(Inlet),
    Outlet(Outlet),
    /// It was detached by us; what the peer still sends before it knows is ignored.
    Gone,
}

#[derive(Debug)]
pub(super) struct Inlet {
    pub(super) node: Node,
    pub(super) delivery_count: u32,
    pub(super) credit: u32,
    partial: Option<Partial>,
}

#[derive(Debug)]
struct Partial {
    delivery_id: u32,
    format: u32,
    settled: bool,
    bytes: BytesMut,
}

/// A whole message that came over a link.
#[derive(Debug)]
pub(super) struct Delivered {
    pub(super) delivery_id: u32,
    pub(super) format: u32,
    pub(super) settled: bool,
    pub(super) bytes: Bytes,
}

#[derive(Debug)]
pub(super) struct Outlet {
    pub(super) node: Node,
    pub(super) delivery_count: u32,
    pub(super) credit: u32,
    pub(super) drain: bool,
    /// Messages are done with when they are sent.
    pub(super) settles: bool,
    /// Where the peer has answers sent to.
    pub(super) reply_address: Option<String>,
    pub(super) answers: VecDeque<Vec<u8>>,
}

impl Inlet {
    pub(super) fn new(node: Node) -> Self {
        Self { node, delivery_count: 0, credit: CREDIT, partial: None }
    }

    /// Adds a transfer; a whole message comes out with the last one.
    pub(super) fn take(&mut self, transfer: &Transfer, payload: &Bytes) -> Result<Option<Delivered>, Error> {
        let partial = match (&mut self.partial, transfer.delivery_id) {
            (Some(partial), id) if id.is_none_or(|id| id == partial.delivery_id) => partial,
            (Some(_), _) => {
                return Err(refusal(
                    AmqpError::NotAllowed,
                    "A delivery began before the one before it ended.",
                ));
            }
            (None, Some(_)) if self.credit == 0 => {
                return Err(refusal(LinkError::TransferLimitExceeded, "There is no credit left."));
            }
            (None, Some(delivery_id)) => self.partial.insert(Partial {
                delivery_id,
                format: transfer.message_format.unwrap_or(0),
                settled: false,
                bytes: BytesMut::new(),
            }),
            (None, None) => {
                return Err(refusal(AmqpError::InvalidField, "The first transfer has no delivery-id."));
            }
        };
        if partial.bytes.len() + payload.len() > LARGEST_MESSAGE {
            let description = format!("The message is larger than {LARGEST_MESSAGE} bytes.");
            return Err(refusal(LinkError::MessageSizeExceeded, description));
        }
        partial.settled |= transfer.settled.unwrap_or(false);
        if !transfer.aborted {
            partial.bytes.extend_from_slice(payload);
            if transfer.more {
                return Ok(None);
            }
        }
        self.delivery_count = self.delivery_count.wrapping_add(1);
        self.credit = self.credit.saturating_sub(1);
        let whole = self.partial.take().filter(|_| !transfer.aborted);
        Ok(whole.map(|Partial { delivery_id, format, settled, bytes }| Delivered {
            delivery_id,
            format,
            settled,
            bytes: bytes.freeze(),
        }))
    }

    /// Whether the peer is to be given credit again; then it has been counted.
    pub(super) fn refill(&mut self) -> bool {
        let low = self.credit <= CREDIT / 2;
        if low {
            self.credit = CREDIT;
        }
        low
    }
}

impl Outlet {
    pub(super) fn new(node: Node, settles: bool, reply_address: Option<String>) -> Self {
        Self {
            node,
            delivery_count: 0,
            credit: 0,
            drain: false,
            settles,
            reply_address,
            answers: VecDeque::new(),
        }
    }

    /// Takes the credit that the peer gives, which it counts from the deliveries that it knew of.
    pub(super) fn grant(&mut self, known: Option<u32>, credit: Option<u32>, drain: bool) {
        if let Some(credit) = credit {
            let granted = known.unwrap_or(0).wrapping_add(credit).wrapping_sub(self.delivery_count);
            // A peer that takes credit back for deliveries under way would count below nothing.
            self.credit = if granted > u32::MAX / 2 { 0 } else { granted };
        }
        self.drain = drain;
    }

    pub(super) fn answer(&mut self, answer: Vec<u8>) {
        if self.answers.len() == MOST_ANSWERS {
            self.answers.pop_front();
        }
        self.answers.push_back(answer);
    }

    pub(super) fn count_delivery(&mut self) {
        self.delivery_count = self.delivery_count.wrapping_add(1);
        self.credit = self.credit.saturating_sub(1);
    }

    /// Uses up the credit where the peer wants that and there is nothing to send. `true` if it is to be told.
    pub(super) fn drained(&mut self) -> bool {
        if !self.drain || self.credit == 0 {
            return false;
        }
        self.delivery_count = self.delivery_count.wrapping_add(self.credit);
        self.credit = 0;
        true
    }
}

/// An error as it goes on the wire.
pub(super) fn refusal(condition: impl Into<ErrorCondition>, description: impl ToString) -> Error {
    Error { condition: condition.into(), description: Some(description.to_string()), info: None }
}

/// An error with one of Service Bus's own conditions.
pub(super) fn custom(condition: &str, description: impl ToString) -> Error {
    refusal(ErrorCondition::Custom(condition.into()), description)
}

impl From<&NotTaken> for ErrorCondition {
    fn from(not_taken: &NotTaken) -> Self {
        Self::AmqpError(match not_taken {
            NotTaken::Malformed(_) | NotTaken::Codec(_) => AmqpError::DecodeError,
            NotTaken::NotSupported(_) => AmqpError::NotImplemented,
            NotTaken::Schedule => AmqpError::InvalidField,
        })
    }
}

/// How the namespace's refusals go on the wire.
pub(super) fn refused(refused: &Refused) -> Error {
    let condition: ErrorCondition = match refused {
        Refused::NoSuchQueue(_) => AmqpError::NotFound.into(),
        Refused::TooLarge(_) => LinkError::MessageSizeExceeded.into(),
        Refused::DeadLetterQueue(_) | Refused::MessageId => AmqpError::NotAllowed.into(),
    };
    refusal(condition, refused)
}

/// A settlement came too late.
pub(super) fn lock_lost() -> Error {
    custom("com.microsoft:message-lock-lost", LockLost)
}
