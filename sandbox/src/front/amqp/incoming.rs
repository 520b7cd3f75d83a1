//! What the peer sends: messages for queues, tokens, requests to a queue's management.

use bytes::Bytes;
use fe2o3_amqp_types::definitions::{AmqpError, Error, Role, SessionError};
use fe2o3_amqp_types::messaging::{Accepted, DeliveryState, Rejected};
use fe2o3_amqp_types::performatives::{Disposition, Performative, Transfer};

use super::address::Node;
use super::around::Around;
use super::link::{Delivered, End, refusal, refused};
use super::management::manage;
use super::message::{self, NotTaken, Sent};
use super::session::{Session, WINDOW, unattached};
use crate::service_bus::Message;

impl Session {
    /// Deals with a performative that belongs to a session. An error ends the connection.
    pub(super) fn take(
        &mut self,
        performative: Performative,
        payload: &Bytes,
        around: &mut Around<'_>,
    ) -> Result<(), Error> {
        match performative {
            Performative::Attach(attach) => self.attach(&attach, around),
            Performative::Flow(flow) => self.flow(&flow, around),
            Performative::Transfer(transfer) => self.transfer(&transfer, payload, around),
            Performative::Disposition(disposition) => {
                self.disposition(&disposition, around);
                Ok(())
            }
            Performative::Detach(detach) => {
                self.detach(&detach, around);
                Ok(())
            }
            // The connection keeps these to itself.
            Performative::Open(_)
            | Performative::Begin(_)
            | Performative::End(_)
            | Performative::Close(_) => {
                Err(refusal(AmqpError::NotAllowed, "It does not belong into a session."))
            }
        }
    }

    pub(super) fn transfer(
        &mut self,
        transfer: &Transfer,
        payload: &Bytes,
        around: &mut Around<'_>,
    ) -> Result<(), Error> {
        self.next_incoming_id = self.next_incoming_id.wrapping_add(1);
        self.incoming_window = self
            .incoming_window
            .checked_sub(1)
            .ok_or_else(|| refusal(SessionError::WindowViolation, "The window was closed."))?;
        let handle = transfer.handle.0;
        let taken = match &mut self.links.get_mut(&handle).ok_or_else(unattached)?.end {
            End::Inlet(inlet) => inlet.take(transfer, payload).map(|whole| (whole, inlet.node.clone())),
            End::Gone => Ok((None, Node::Claims)),
            End::Outlet(_) => return Err(refusal(SessionError::ErrantLink, "The link goes the other way.")),
        };
        match taken {
            Ok((Some(delivered), node)) => self.delivered(&delivered, &node, around),
            Ok((None, _)) => {}
            Err(error) => self.cut_link(handle, error, around),
        }
        self.refill(handle, around);
        Ok(())
    }

    fn delivered(&mut self, delivered: &Delivered, node: &Node, around: &mut Around<'_>) {
        let outcome = match node {
            Node::Queue(entity) => enqueue(delivered, entity, around),
            Node::Claims | Node::Management(_) => self.request(delivered, node, around),
        };
        if delivered.settled {
            return;
        }
        let state = match outcome {
            Ok(()) => DeliveryState::Accepted(Accepted {}),
            Err(error) => DeliveryState::Rejected(Rejected { error: Some(error) }),
        };
        let disposition = Disposition {
            role: Role::Receiver,
            first: delivered.delivery_id,
            last: None,
            settled: true,
            state: Some(state),
            batchable: false,
        };
        self.send(&Performative::Disposition(disposition), around);
    }

    fn request(&mut self, delivered: &Delivered, node: &Node, around: &mut Around<'_>) -> Result<(), Error> {
        let request = message::read(&delivered.bytes).map_err(|error| refusal(&error, &error))?;
        let (outcome, body) = match node {
            Node::Management(entity) => {
                let answer = manage(around.broker(), entity, &request);
                (answer.outcome(), answer.body)
            }
            Node::Claims | Node::Queue(_) => {
                (around.gate.put_token(&request, around.rights), serde_amqp::Value::Null)
            }
        };
        let answer = message::answer(request.message_id.clone(), outcome, body)
            .map_err(|error| refusal(&NotTaken::from(error), "The answer cannot be written."))?;
        self.answer(&request, node, answer);
        Ok(())
    }

    /// Gives an answer to the link that the request names. Clients that leave the name out have one link for answers.
    fn answer(&mut self, request: &Sent, node: &Node, answer: Vec<u8>) {
        let wanted = request.message.reply_to.as_deref().filter(|address| !address.is_empty());
        let mut outlets = self.links.values_mut().filter_map(|link| match &mut link.end {
            End::Outlet(outlet) if outlet.node == *node => Some(outlet),
            End::Outlet(_) | End::Inlet(_) | End::Gone => None,
        });
        let fits = |address: Option<&str>| wanted.is_none() || address == wanted;
        match outlets.find(|outlet| fits(outlet.reply_address.as_deref())) {
            Some(outlet) => outlet.answer(answer),
            None => tracing::debug!("an answer has no link to go to"),
        }
    }

    /// Gives the peer credit and window again before it runs out of them.
    fn refill(&mut self, handle: u32, around: &mut Around<'_>) {
        let window = self.incoming_window <= WINDOW / 2;
        if window {
            self.incoming_window = WINDOW;
        }
        let credit = match self.links.get_mut(&handle).map(|link| &mut link.end) {
            Some(End::Inlet(inlet)) => inlet.refill(),
            Some(End::Outlet(_) | End::Gone) | None => false,
        };
        if window || credit {
            self.tell_flow(Some(handle), around);
        }
    }
}

/// All messages of a batch, or none.
fn enqueue(delivered: &Delivered, entity: &str, around: &Around<'_>) -> Result<(), Error> {
    let messages: Vec<Message> = message::read_for_queue(&delivered.bytes, delivered.format)
        .map_err(|error| refusal(&error, &error))?;
    around.broker().send_all(entity, messages).map_err(|error| refused(&error))
}
