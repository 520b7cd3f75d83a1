//! What goes to the peer: messages under locks, answers, and how it settles them.

use bytes::Bytes;
use fe2o3_amqp_types::definitions::{AmqpError, Error, Fields, Handle, Role};
use fe2o3_amqp_types::messaging::{DeliveryState, Rejected};
use fe2o3_amqp_types::performatives::{Disposition, Performative, Transfer};
use serde_amqp::primitives::Binary;
use uuid::Uuid;

use super::address::Node;
use super::around::Around;
use super::link::{End, lock_lost, refusal};
use super::message;
use super::session::{Session, Unsettled};
use super::values::text;
use super::wire::{FrameKind, room};
use crate::service_bus::{Broker, LockLost, Locked};

/// What is not yet sent may not grow beyond this before more is taken out of the queues.
const MOST_UNSENT: usize = 1 << 20;

impl Session {
    /// Sends what may be sent: a message for each link in turn, as long as there are messages, credit and window.
    pub(super) fn pump(&mut self, around: &mut Around<'_>) {
        self.send_backlog(around);
        let handles: Vec<u32> = self.links.keys().copied().collect();
        let mut any = true;
        while any {
            any = false;
            for &handle in &handles {
                let open = self.backlog.is_empty() && around.out.bytes.len() < MOST_UNSENT;
                if open && self.send_next(handle, around) {
                    any = true;
                }
            }
        }
        if self.backlog.is_empty() && around.out.bytes.len() < MOST_UNSENT {
            self.drain(&handles, around);
        }
    }

    fn send_next(&mut self, handle: u32, around: &mut Around<'_>) -> bool {
        let Some(End::Outlet(outlet)) = self.links.get_mut(&handle).map(|link| &mut link.end) else {
            return false;
        };
        if outlet.credit == 0 {
            return false;
        }
        if let Some(answer) = outlet.answers.pop_front() {
            outlet.count_delivery();
            self.send_message(handle, None, answer, around);
            return true;
        }
        let Node::Queue(entity) = &outlet.node else { return false };
        // The queue was there when the link was attached, and queues do not go.
        let Ok(Some(locked)) = around.broker().receive(entity) else { return false };
        let settles = outlet.settles;
        outlet.count_delivery();
        self.send_locked(handle, &locked, settles, around);
        true
    }

    fn send_locked(&mut self, handle: u32, locked: &Locked, settles: bool, around: &mut Around<'_>) {
        let encoded = match message::locked(locked) {
            Ok(encoded) => encoded,
            Err(error) => {
                tracing::error!(%error, "a message cannot be written");
                let _ =
                    around.broker().dead_letter(locked.lock_token, "NotWritable", "It cannot be encoded.");
                return;
            }
        };
        if settles {
            // It was locked just now.
            let _ = around.broker().complete(locked.lock_token);
            self.send_message(handle, None, encoded, around);
        } else {
            let lock = locked.lock_token;
            self.unsettled.insert(self.next_delivery_id, Unsettled { handle, lock });
            self.send_message(handle, Some(lock), encoded, around);
        }
    }

    /// Sends a message in as many transfers as it takes. The delivery tag is the lock token, as .NET writes a GUID.
    fn send_message(&mut self, handle: u32, lock: Option<Uuid>, encoded: Vec<u8>, around: &mut Around<'_>) {
        let delivery_id = self.next_delivery_id;
        self.next_delivery_id = delivery_id.wrapping_add(1);
        let tag = lock.map_or_else(|| delivery_id.to_be_bytes().to_vec(), |lock| lock.to_bytes_le().to_vec());
        let mut transfer = Transfer {
            handle: Handle(handle),
            delivery_id: Some(delivery_id),
            delivery_tag: Some(Binary::from(tag)),
            message_format: Some(0),
            settled: Some(lock.is_none()),
            more: true,
            rcv_settle_mode: None,
            state: None,
            resume: false,
            aborted: false,
            batchable: false,
        };
        let mut rest = Bytes::from(encoded);
        while transfer.more {
            let chunk = rest.split_to(
                rest.len().min(room(around.frame_limit, &Performative::Transfer(transfer.clone()))),
            );
            transfer.more = !rest.is_empty();
            let next =
                Transfer { delivery_id: None, delivery_tag: None, message_format: None, ..transfer.clone() };
            self.backlog.push_back((std::mem::replace(&mut transfer, next), chunk));
        }
        self.send_backlog(around);
    }

    fn send_backlog(&mut self, around: &mut Around<'_>) {
        while self.remote_window > 0
            && let Some((transfer, payload)) = self.backlog.pop_front()
        {
            self.remote_window -= 1;
            self.next_outgoing_id = self.next_outgoing_id.wrapping_add(1);
            around.out.frame(FrameKind::Amqp, self.channel, &Performative::Transfer(transfer), &payload);
        }
    }

    fn drain(&mut self, handles: &[u32], around: &mut Around<'_>) {
        for &handle in handles {
            if let Some(End::Outlet(outlet)) = self.links.get_mut(&handle).map(|link| &mut link.end)
                && outlet.drained()
            {
                self.tell_flow(Some(handle), around);
            }
        }
    }

    /// The peer settles what it received, or says how it wants it settled and waits for us to do so.
    pub(super) fn disposition(&mut self, disposition: &Disposition, around: &mut Around<'_>) {
        match disposition.role {
            // About what the peer sent, which was settled when it came.
            Role::Sender => return,
            Role::Receiver => {}
        }
        let state = match (&disposition.state, disposition.settled) {
            (Some(DeliveryState::Received(_)), false) | (None, false) => return,
            (state, _) => state.clone(),
        };
        let last = disposition.last.unwrap_or(disposition.first);
        if last < disposition.first {
            return;
        }
        let ids: Vec<u32> = self.unsettled.range(disposition.first..=last).map(|(&id, _)| id).collect();
        for id in ids {
            let Some(unsettled) = self.unsettled.remove(&id) else { continue };
            let echo = settle(around.broker(), unsettled.lock, state.as_ref());
            if !disposition.settled {
                let answer = Disposition {
                    role: Role::Sender,
                    first: id,
                    last: None,
                    settled: true,
                    state: Some(echo),
                    batchable: false,
                };
                self.send(&Performative::Disposition(answer), around);
            }
        }
    }
}

/// Does what the peer's outcome means and gives the state to answer with: the outcome itself, without the reason of a rejection. The
/// clients of Service Bus take anything else for a failure.
fn settle(broker: &Broker, lock: Uuid, state: Option<&DeliveryState>) -> DeliveryState {
    let (done, echo) = match state {
        Some(DeliveryState::Accepted(accepted)) => {
            (broker.complete(lock), DeliveryState::Accepted(accepted.clone()))
        }
        Some(DeliveryState::Rejected(rejected)) => {
            let (reason, description) = rejected.error.as_ref().map(why).unwrap_or_default();
            (
                broker.dead_letter(lock, &reason, &description),
                DeliveryState::Rejected(Rejected { error: None }),
            )
        }
        Some(DeliveryState::Modified(modified)) if modified.undeliverable_here == Some(true) => {
            let error = refusal(AmqpError::NotImplemented, "Messages cannot be deferred here.");
            return DeliveryState::Rejected(Rejected { error: Some(error) });
        }
        Some(DeliveryState::Modified(modified)) => {
            let done = if modified.delivery_failed == Some(true) {
                broker.abandon(lock)
            } else {
                broker.release(lock)
            };
            (done, DeliveryState::Modified(modified.clone()))
        }
        // What is settled without a word was not dealt with.
        Some(DeliveryState::Released(_) | DeliveryState::Received(_)) | None => {
            (broker.release(lock), DeliveryState::Released(fe2o3_amqp_types::messaging::Released {}))
        }
    };
    match done {
        Ok(()) => echo,
        Err(LockLost) => DeliveryState::Rejected(Rejected { error: Some(lock_lost()) }),
    }
}

/// Reason and description of a rejection, from the error's map where they are there.
fn why(error: &Error) -> (String, String) {
    let from_map = |fields: &Fields, name: &str| {
        fields
            .iter()
            .find(|(key, _)| key.as_str() == name)
            .and_then(|(_, value)| text(value))
            .map(str::to_owned)
    };
    let info = error.info.as_deref();
    let reason = info.and_then(|fields| from_map(fields, "DeadLetterReason"));
    let description = info.and_then(|fields| from_map(fields, "DeadLetterErrorDescription"));
    (reason.unwrap_or_default(), description.or_else(|| error.description.clone()).unwrap_or_default())
}
