//! A session: its windows and its links.

use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;
use fe2o3_amqp_types::definitions::{AmqpError, Error, Handle, SessionError};
use fe2o3_amqp_types::performatives::{Attach, Begin, Detach, Flow, Performative, Transfer};
use uuid::Uuid;

use super::around::Around;
use super::attach;
use super::link::{End, Link, refusal};
use super::wire::FrameKind;
use crate::service_bus::Broker;

/// How many transfers the peer may send before it hears of a new window.
pub(super) const WINDOW: u32 = 5000;
/// The highest handle: more links than any client opens in a session.
const HIGHEST_HANDLE: u32 = 255;

/// A message that went to the peer under a lock.
#[derive(Clone, Copy, Debug)]
pub(super) struct Unsettled {
    pub(super) handle: u32,
    pub(super) lock: Uuid,
}

#[derive(Debug)]
pub(super) struct Session {
    pub(super) channel: u16,
    pub(super) next_incoming_id: u32,
    pub(super) incoming_window: u32,
    pub(super) next_outgoing_id: u32,
    pub(super) next_delivery_id: u32,
    pub(super) remote_window: u32,
    pub(super) links: BTreeMap<u32, Link>,
    pub(super) unsettled: BTreeMap<u32, Unsettled>,
    /// Transfers that wait for the peer's window.
    pub(super) backlog: VecDeque<(Transfer, Bytes)>,
}

impl Session {
    /// Answers the peer's begin.
    pub(super) fn begin(channel: u16, begin: &Begin, around: &mut Around<'_>) -> Self {
        let session = Self {
            channel,
            next_incoming_id: begin.next_outgoing_id,
            incoming_window: WINDOW,
            next_outgoing_id: 0,
            next_delivery_id: 0,
            remote_window: begin.incoming_window,
            links: BTreeMap::new(),
            unsettled: BTreeMap::new(),
            backlog: VecDeque::new(),
        };
        let answer = Begin {
            remote_channel: Some(channel),
            next_outgoing_id: 0,
            incoming_window: WINDOW,
            outgoing_window: WINDOW,
            handle_max: Handle(HIGHEST_HANDLE),
            offered_capabilities: None,
            desired_capabilities: None,
            properties: None,
        };
        session.send(&Performative::Begin(answer), around);
        session
    }

    pub(super) fn attach(&mut self, request: &Attach, around: &mut Around<'_>) -> Result<(), Error> {
        let handle = request.handle.0;
        if handle > HIGHEST_HANDLE {
            return Err(refusal(AmqpError::NotAllowed, format!("The handle is above {HIGHEST_HANDLE}.")));
        }
        if self.links.contains_key(&handle) {
            return Err(refusal(SessionError::HandleInUse, "The handle is in use."));
        }
        let name = request.name.clone();
        match attach::end(request, around) {
            Ok(end) => {
                self.send(&Performative::Attach(attach::accepted(request)), around);
                let gives_credit = matches!(end, End::Inlet(_));
                self.links.insert(handle, Link { name, end });
                if gives_credit {
                    self.tell_flow(Some(handle), around);
                }
            }
            Err(error) => {
                self.send(&Performative::Attach(attach::refused(request)), around);
                self.links.insert(handle, Link { name, end: End::Gone });
                self.send_detach(handle, Some(error), around);
            }
        }
        Ok(())
    }

    pub(super) fn detach(&mut self, detach: &Detach, around: &mut Around<'_>) {
        let handle = detach.handle.0;
        let Some(link) = self.links.remove(&handle) else { return };
        self.release(handle, around.broker());
        match link.end {
            End::Gone => {}
            End::Inlet(_) | End::Outlet(_) => {
                let answer = Detach { handle: Handle(handle), closed: detach.closed, error: None };
                self.send(&Performative::Detach(answer), around);
            }
        }
    }

    pub(super) fn flow(&mut self, flow: &Flow, around: &mut Around<'_>) -> Result<(), Error> {
        let seen = flow.next_incoming_id.unwrap_or(0);
        let window = seen.wrapping_add(flow.incoming_window).wrapping_sub(self.next_outgoing_id);
        self.remote_window = if window > u32::MAX / 2 { 0 } else { window };
        let handle = flow.handle.as_ref().map(|handle| handle.0);
        if let Some(handle) = handle {
            let link = self.links.get_mut(&handle).ok_or_else(unattached)?;
            if let End::Outlet(outlet) = &mut link.end {
                outlet.grant(flow.delivery_count, flow.link_credit, flow.drain);
            }
        }
        if flow.echo {
            self.tell_flow(handle, around);
        }
        Ok(())
    }

    /// Detaches a link for a reason of ours and gives back what was locked over it.
    pub(super) fn cut_link(&mut self, handle: u32, error: Error, around: &mut Around<'_>) {
        let Some(link) = self.links.get_mut(&handle) else { return };
        tracing::debug!(link = link.name, condition = ?error.condition, "a link is detached");
        link.end = End::Gone;
        self.release(handle, around.broker());
        self.send_detach(handle, Some(error), around);
    }

    /// Detaches the links whose right has run out.
    pub(super) fn check_rights(&mut self, around: &mut Around<'_>) {
        let lapsed: Vec<(u32, String)> = self
            .links
            .iter()
            .filter_map(|(&handle, link)| {
                let node = match &link.end {
                    End::Inlet(inlet) => &inlet.node,
                    End::Outlet(outlet) => &outlet.node,
                    End::Gone => return None,
                };
                let entity = node.entity().filter(|entity| !around.rights.cover(entity, around.now))?;
                Some((handle, entity.to_owned()))
            })
            .collect();
        for (handle, entity) in lapsed {
            self.cut_link(handle, attach::no_right(&entity), around);
        }
    }

    /// Gives back everything that is locked over this session.
    pub(super) fn release_all(&mut self, broker: &Broker) {
        for unsettled in std::mem::take(&mut self.unsettled).into_values() {
            // The lock may be gone already, which is what is wanted.
            let _ = broker.release(unsettled.lock);
        }
    }

    fn release(&mut self, handle: u32, broker: &Broker) {
        self.unsettled.retain(|_, unsettled| {
            let others = unsettled.handle != handle;
            if !others {
                // As above.
                let _ = broker.release(unsettled.lock);
            }
            others
        });
    }

    /// Tells the windows, and for a link what it counts.
    pub(super) fn tell_flow(&self, handle: Option<u32>, around: &mut Around<'_>) {
        let (delivery_count, link_credit, drain) = match handle.and_then(|handle| self.links.get(&handle)) {
            Some(Link { end: End::Inlet(inlet), .. }) => {
                (Some(inlet.delivery_count), Some(inlet.credit), false)
            }
            Some(Link { end: End::Outlet(outlet), .. }) => {
                (Some(outlet.delivery_count), Some(outlet.credit), outlet.drain)
            }
            Some(Link { end: End::Gone, .. }) | None => (None, None, false),
        };
        let flow = Flow {
            next_incoming_id: Some(self.next_incoming_id),
            incoming_window: self.incoming_window,
            next_outgoing_id: self.next_outgoing_id,
            outgoing_window: WINDOW,
            handle: delivery_count.and(handle).map(Handle),
            delivery_count,
            link_credit,
            available: None,
            drain,
            echo: false,
            properties: None,
        };
        self.send(&Performative::Flow(flow), around);
    }

    fn send_detach(&self, handle: u32, error: Option<Error>, around: &mut Around<'_>) {
        self.send(&Performative::Detach(Detach { handle: Handle(handle), closed: true, error }), around);
    }

    pub(super) fn send(&self, performative: &Performative, around: &mut Around<'_>) {
        around.out.frame(FrameKind::Amqp, self.channel, performative, &[]);
    }
}

/// Something was said about a link that does not exist.
pub(super) fn unattached() -> Error {
    refusal(SessionError::UnattachedHandle, "There is no link with this handle.")
}
