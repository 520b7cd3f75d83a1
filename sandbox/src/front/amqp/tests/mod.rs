//! Connections without a wire: a peer's performatives go in and ours come out, under virtual time.

mod attaching;
mod claims;
mod receiving;
mod sending;

use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};
use fe2o3_amqp_types::definitions::{Error, Handle, ReceiverSettleMode, Role, SenderSettleMode};
use fe2o3_amqp_types::messaging::{DeliveryState, Source, Target, TargetArchetype};
use fe2o3_amqp_types::performatives::{
    Attach, Begin, ChannelMax, Detach, Disposition, Flow, MaxFrameSize, Open, Performative, Transfer,
};
use serde_amqp::primitives::Binary;
use time::macros::datetime;

use super::claims::{Gate, Rights};
use super::connection::Connection;
use super::wire::{Frame, FrameKind, Outgoing};
use crate::service_bus::{Broker, Message};
use crate::{Azure, Clock, Settings, Tenant, World};

const QUEUE: &str = "reconcile";

/// A client on a connection with one session.
struct Peer {
    azure: Azure,
    connection: Connection,
    heard: VecDeque<(Performative, Bytes)>,
    next_delivery_id: u32,
}

fn azure() -> Azure {
    let clock = Clock::starting_at(datetime!(2026-01-02 03:04:05 UTC));
    Azure::new(World::new("https://sandbox.test", 7), clock, Settings::default())
}

impl Peer {
    /// One that came in with the key.
    fn with_key() -> Self {
        Self::on(azure(), Rights::for_ever(), 64 * 1024)
    }

    fn on(azure: Azure, rights: Rights, frame_limit: u32) -> Self {
        let broker = azure.service_bus(Tenant::Contoso);
        let gate = Gate { azure: azure.clone(), broker, port: 5671 };
        let connection = Connection::new(gate, rights);
        let mut peer = Self { azure, connection, heard: VecDeque::new(), next_delivery_id: 0 };
        peer.say(Performative::Open(Open {
            container_id: "peer".to_owned(),
            hostname: None,
            max_frame_size: MaxFrameSize(frame_limit),
            channel_max: ChannelMax(0),
            idle_time_out: None,
            outgoing_locales: None,
            incoming_locales: None,
            offered_capabilities: None,
            desired_capabilities: None,
            properties: None,
        }));
        peer.say(Performative::Begin(Begin {
            remote_channel: None,
            next_outgoing_id: 0,
            incoming_window: 1000,
            outgoing_window: 1000,
            handle_max: Handle::default(),
            offered_capabilities: None,
            desired_capabilities: None,
            properties: None,
        }));
        assert!(matches!(peer.next(), Performative::Open(_)));
        assert!(matches!(peer.next(), Performative::Begin(begin) if begin.remote_channel == Some(0)));
        peer
    }

    fn broker(&self) -> Broker {
        self.azure.service_bus(Tenant::Contoso)
    }

    fn say(&mut self, performative: Performative) {
        self.say_with(performative, &[]);
    }

    fn say_with(&mut self, performative: Performative, payload: &[u8]) {
        let mut out = Outgoing::default();
        out.frame(FrameKind::Amqp, 0, &performative, payload);
        while let Some(frame) = Frame::take(&mut out.bytes).unwrap() {
            self.connection.take(frame, self.azure.clock().now());
        }
        self.listen();
    }

    /// Lets the broker's side do what is due and reads what it says.
    fn listen(&mut self) {
        self.connection.pump(self.azure.clock().now());
        let mut bytes: BytesMut = self.connection.outgoing().split();
        while let Some(frame) = Frame::take(&mut bytes).unwrap() {
            self.heard.extend(frame.performative().unwrap());
        }
    }

    /// What was said next; fails if nothing was.
    fn next(&mut self) -> Performative {
        self.heard.pop_front().expect("nothing was said").0
    }

    fn silent(&mut self) {
        self.listen();
        assert!(self.heard.is_empty(), "{:?}", self.heard);
    }

    /// Attaches a link on which this peer sends. The answer and the credit are left to be heard.
    fn attach_sender(&mut self, handle: u32, address: &str) {
        self.say(Performative::Attach(attach("link", handle, Role::Sender, address)));
    }

    fn attach_receiver(&mut self, handle: u32, address: &str) {
        self.say(Performative::Attach(attach("link", handle, Role::Receiver, address)));
    }

    /// A link to send on that is ready.
    fn sender(&mut self, handle: u32, address: &str) {
        self.attach_sender(handle, address);
        assert!(matches!(self.next(), Performative::Attach(attach) if attach.target.is_some()));
        assert!(matches!(self.next(), Performative::Flow(flow) if flow.link_credit == Some(1000)));
    }

    /// A link to receive on that is ready and has this credit.
    fn receiver(&mut self, handle: u32, address: &str, credit: u32) {
        self.attach_receiver(handle, address);
        assert!(matches!(self.next(), Performative::Attach(attach) if attach.source.is_some()));
        self.credit(handle, 0, credit, false);
    }

    fn credit(&mut self, handle: u32, delivery_count: u32, credit: u32, drain: bool) {
        self.say(Performative::Flow(Flow {
            next_incoming_id: Some(0),
            incoming_window: 1000,
            next_outgoing_id: 0,
            outgoing_window: 1000,
            handle: Some(Handle(handle)),
            delivery_count: Some(delivery_count),
            link_credit: Some(credit),
            available: None,
            drain,
            echo: false,
            properties: None,
        }));
    }

    /// Sends a message in one transfer.
    fn send(&mut self, handle: u32, format: u32, encoded: &[u8]) {
        let transfer = self.transfer(handle, format);
        self.say_with(Performative::Transfer(transfer), encoded);
    }

    fn transfer(&mut self, handle: u32, format: u32) -> Transfer {
        let id = self.next_delivery_id;
        self.next_delivery_id += 1;
        Transfer {
            handle: Handle(handle),
            delivery_id: Some(id),
            delivery_tag: Some(Binary::from(id.to_be_bytes())),
            message_format: Some(format),
            settled: None,
            more: false,
            rcv_settle_mode: None,
            state: None,
            resume: false,
            aborted: false,
            batchable: false,
        }
    }

    /// The outcome of what was sent last.
    fn outcome(&mut self) -> DeliveryState {
        match self.next() {
            Performative::Disposition(Disposition {
                role: Role::Receiver,
                settled: true,
                first,
                state,
                ..
            }) => {
                assert_eq!(first, self.next_delivery_id - 1);
                state.unwrap()
            }
            other => panic!("{other:?}"),
        }
    }

    /// A whole message, put together from its transfers: its delivery id, its tag and its bytes.
    fn message(&mut self) -> (u32, Vec<u8>, Bytes) {
        let (mut first, mut whole) = (None, BytesMut::new());
        loop {
            let (performative, payload) = self.heard.pop_front().expect("no message came");
            let Performative::Transfer(transfer) = performative else { panic!("{performative:?}") };
            whole.extend_from_slice(&payload);
            let head = first.get_or_insert_with(|| transfer.clone());
            if !transfer.more {
                let tag = head.delivery_tag.clone().unwrap().into_vec();
                return (head.delivery_id.unwrap(), tag, whole.freeze());
            }
        }
    }

    fn detached(&mut self) -> Error {
        match self.next() {
            Performative::Detach(Detach { closed: true, error: Some(error), .. }) => error,
            other => panic!("{other:?}"),
        }
    }
}

fn attach(name: &str, handle: u32, role: Role, address: &str) -> Attach {
    let source = Source { address: Some(address.to_owned()), ..Source::default() };
    let target = Target { address: Some(address.to_owned()), ..Target::default() };
    Attach {
        name: name.to_owned(),
        handle: Handle(handle),
        initial_delivery_count: (role == Role::Sender).then_some(0),
        role,
        snd_settle_mode: SenderSettleMode::Unsettled,
        rcv_settle_mode: ReceiverSettleMode::Second,
        source: Some(Box::new(source)),
        target: Some(Box::new(TargetArchetype::Target(target))),
        unsettled: None,
        incomplete_unsettled: false,
        max_message_size: None,
        offered_capabilities: None,
        desired_capabilities: None,
        properties: None,
    }
}

fn text(text: &str) -> Message {
    Message { body: Bytes::copy_from_slice(text.as_bytes()), ..Message::default() }
}

/// The error's condition as it stands on the wire.
fn condition(error: &Error) -> String {
    let encoded = serde_amqp::to_vec(&error.condition).unwrap();
    String::from_utf8_lossy(&encoded[2..]).into_owned()
}
