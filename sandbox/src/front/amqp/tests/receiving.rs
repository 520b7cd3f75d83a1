//! Messages that go out, and how they are settled.

use fe2o3_amqp_types::definitions::{ErrorCondition, Fields};
use fe2o3_amqp_types::messaging::{Accepted, Modified, Rejected, Released};
use serde_amqp::Value as Amqp;
use serde_amqp::primitives::Symbol;

use super::*;
use crate::front::amqp::message::read;
use crate::service_bus::{Depth, Value};

impl Peer {
    /// Settles a delivery, and says what the broker answers if it is to settle first.
    fn settle(&mut self, id: u32, settled: bool, state: DeliveryState) -> Option<DeliveryState> {
        self.say(Performative::Disposition(Disposition {
            role: Role::Receiver,
            first: id,
            last: None,
            settled,
            state: Some(state),
            batchable: false,
        }));
        self.heard.pop_front().map(|(performative, _)| match performative {
            Performative::Disposition(Disposition {
                role: Role::Sender,
                settled: true,
                first,
                state,
                ..
            }) => {
                assert_eq!(first, id);
                state.unwrap()
            }
            other => panic!("{other:?}"),
        })
    }

    fn depth(&self) -> [usize; 3] {
        let Depth { active, locked, dead_lettered, .. } = self.broker().depth(QUEUE).unwrap();
        [active, locked, dead_lettered]
    }
}

fn modified(failed: bool, elsewhere: bool) -> DeliveryState {
    DeliveryState::Modified(Modified {
        delivery_failed: Some(failed),
        undeliverable_here: Some(elsewhere),
        message_annotations: None,
    })
}

fn dead(reason: &str) -> DeliveryState {
    let mut info = Fields::new();
    info.insert(Symbol::from("DeadLetterReason"), Amqp::String(reason.to_owned()));
    info.insert(Symbol::from("DeadLetterErrorDescription"), Amqp::String("why".to_owned()));
    let condition = ErrorCondition::Custom(Symbol::from("com.microsoft:dead-letter"));
    DeliveryState::Rejected(Rejected { error: Some(Error::new(condition, None, info)) })
}

#[tokio::test(start_paused = true)]
async fn a_message_says_where_it_stands_and_its_tag_is_the_lock() {
    let mut peer = Peer::with_key();
    let now = peer.azure.clock().now();
    peer.broker().send(QUEUE, Message { message_id: Some("m".to_owned()), ..text("one") }).unwrap();
    peer.receiver(0, QUEUE, 1);
    let (id, tag, bytes) = peer.message();
    let lock = uuid::Uuid::from_slice_le(&tag).unwrap();
    assert_eq!(peer.broker().renew(lock).unwrap(), now + time::Duration::seconds(30));
    let message = read(&bytes).unwrap().message;
    assert_eq!((message.message_id.as_deref(), &message.body[..]), (Some("m"), &b"one"[..]));
    peer.settle(id, true, modified(true, false));
    peer.credit(0, 1, 1, false);
    let (_, _, bytes) = peer.message();
    let annotations = crate::front::amqp::bounded::sections(&bytes).unwrap();
    let header: fe2o3_amqp_types::messaging::Header = serde_amqp::from_slice(annotations[0].bytes).unwrap();
    assert_eq!(header.delivery_count, 1, "AMQP counts the deliveries before this one");
    let found: fe2o3_amqp_types::messaging::MessageAnnotations =
        serde_amqp::from_slice(annotations[1].bytes).unwrap();
    let names: Vec<String> = found
        .keys()
        .map(|key| match key {
            fe2o3_amqp_types::messaging::annotations::OwnedKey::Symbol(name) => name.as_str().to_owned(),
            fe2o3_amqp_types::messaging::annotations::OwnedKey::Ulong(number) => number.to_string(),
        })
        .collect();
    assert_eq!(names, ["x-opt-enqueued-time", "x-opt-sequence-number", "x-opt-locked-until"]);
}

#[tokio::test(start_paused = true)]
async fn each_outcome_does_its_work_and_is_echoed_where_the_broker_settles_first() {
    let accepted = || DeliveryState::Accepted(Accepted {});
    let released = || DeliveryState::Released(Released {});
    let cases = [
        (accepted(), accepted(), [0, 0, 0], 0),
        (released(), released(), [1, 0, 0], 1),
        (modified(true, false), modified(true, false), [1, 0, 0], 2),
        (modified(false, false), modified(false, false), [1, 0, 0], 1),
        (dead("Bad"), DeliveryState::Rejected(Rejected { error: None }), [0, 0, 1], 0),
    ];
    for (outcome, echo, depth, next_delivery) in cases {
        for settled in [false, true] {
            let mut peer = Peer::with_key();
            peer.broker().send(QUEUE, text("one")).unwrap();
            peer.receiver(0, QUEUE, 1);
            let (id, ..) = peer.message();
            assert_eq!(peer.depth(), [0, 1, 0]);
            let answer = peer.settle(id, settled, outcome.clone());
            assert_eq!(answer, (!settled).then(|| echo.clone()));
            assert_eq!(peer.depth(), depth, "{outcome:?}");
            if next_delivery > 0 {
                assert_eq!(peer.broker().receive(QUEUE).unwrap().unwrap().delivery_count, next_delivery);
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_rejection_says_why_in_the_dead_letter_queue() {
    let mut peer = Peer::with_key();
    peer.broker().send(QUEUE, text("one")).unwrap();
    peer.receiver(0, QUEUE, 1);
    let (id, ..) = peer.message();
    peer.settle(id, true, dead("Bad"));
    peer.receiver(1, "Reconcile/$DeadLetterQueue", 1);
    let (_, _, bytes) = peer.message();
    let properties = read(&bytes).unwrap().message.application_properties;
    assert_eq!(properties["DeadLetterReason"], Value::from("Bad"));
    assert_eq!(properties["DeadLetterErrorDescription"], Value::from("why"));
}

#[tokio::test(start_paused = true)]
async fn a_settlement_that_comes_too_late_and_a_deferral_are_answered_with_an_error() {
    let mut peer = Peer::with_key();
    for _ in 0..2 {
        peer.broker().send(QUEUE, text("one")).unwrap();
    }
    peer.receiver(0, QUEUE, 2);
    let (late, ..) = peer.message();
    let (deferred, ..) = peer.message();
    let Some(DeliveryState::Rejected(answer)) = peer.settle(deferred, false, modified(true, true)) else {
        panic!("it was deferred")
    };
    assert_eq!(condition(&answer.error.unwrap()), "amqp:not-implemented");
    tokio::time::advance(std::time::Duration::from_secs(30)).await;
    let Some(DeliveryState::Rejected(answer)) =
        peer.settle(late, false, DeliveryState::Accepted(Accepted {}))
    else {
        panic!("it was settled")
    };
    assert_eq!(condition(&answer.error.unwrap()), "com.microsoft:message-lock-lost");
    assert_eq!(peer.depth(), [2, 0, 0]);
}

#[tokio::test(start_paused = true)]
async fn no_more_is_sent_than_there_is_credit_and_a_drain_uses_it_up() {
    let mut peer = Peer::with_key();
    for _ in 0..5 {
        peer.broker().send(QUEUE, text("one")).unwrap();
    }
    peer.receiver(0, QUEUE, 2);
    peer.message();
    peer.message();
    peer.silent();
    assert_eq!(peer.depth(), [3, 2, 0]);
    // The peer knew of one delivery when it said so: of the two that it gives, one is under way.
    peer.credit(0, 1, 2, false);
    peer.message();
    peer.silent();
    peer.credit(0, 3, 10, true);
    peer.message();
    peer.message();
    let Performative::Flow(flow) = peer.next() else { panic!("the drain is not told") };
    assert_eq!((flow.delivery_count, flow.link_credit, flow.drain), (Some(13), Some(0), true));
    peer.broker().send(QUEUE, text("one")).unwrap();
    peer.silent();
}

#[tokio::test(start_paused = true)]
async fn a_message_larger_than_a_frame_is_cut_and_waits_for_the_window() {
    let mut peer = Peer::on(azure(), Rights::for_ever(), 512);
    let body = "x".repeat(700_000);
    peer.broker().send(QUEUE, text(&body)).unwrap();
    peer.receiver(0, QUEUE, 1);
    assert_eq!(peer.heard.len(), 1000, "the window that the peer gave");
    peer.say(Performative::Flow(Flow {
        next_incoming_id: Some(1000),
        incoming_window: 1000,
        next_outgoing_id: 0,
        outgoing_window: 1000,
        handle: None,
        delivery_count: None,
        link_credit: None,
        available: None,
        drain: false,
        echo: false,
        properties: None,
    }));
    let (_, _, bytes) = peer.message();
    assert_eq!(read(&bytes).unwrap().message.body, body.as_bytes());
    assert!(peer.heard.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_settled_receiver_takes_messages_for_good() {
    let mut peer = Peer::with_key();
    peer.broker().send(QUEUE, text("one")).unwrap();
    let request =
        Attach { snd_settle_mode: SenderSettleMode::Settled, ..attach("link", 0, Role::Receiver, QUEUE) };
    peer.say(Performative::Attach(request));
    let Performative::Attach(answer) = peer.next() else { panic!("no attach") };
    assert_eq!(answer.snd_settle_mode, SenderSettleMode::Settled);
    peer.credit(0, 0, 1, false);
    assert!(matches!(&peer.heard[0].0, Performative::Transfer(transfer) if transfer.settled == Some(true)));
    assert_eq!(peer.depth(), [0, 0, 0]);
}

#[tokio::test(start_paused = true)]
async fn what_is_locked_over_a_link_a_session_or_a_connection_goes_back_with_it() {
    let endings: [fn(&mut Peer); 3] = [
        |peer| peer.say(Performative::Detach(Detach { handle: Handle(0), closed: true, error: None })),
        |peer| peer.say(Performative::End(fe2o3_amqp_types::performatives::End { error: None })),
        |peer| {
            let gate = Gate { azure: peer.azure.clone(), broker: peer.broker(), port: 5671 };
            peer.connection = Connection::new(gate, Rights::for_ever());
        },
    ];
    for end in endings {
        let mut peer = Peer::with_key();
        peer.broker().send(QUEUE, text("one")).unwrap();
        peer.receiver(0, QUEUE, 1);
        assert_eq!(peer.depth(), [0, 1, 0]);
        end(&mut peer);
        assert_eq!(peer.depth(), [1, 0, 0]);
        assert_eq!(peer.broker().receive(QUEUE).unwrap().unwrap().delivery_count, 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_range_is_settled_at_once() {
    let mut peer = Peer::with_key();
    for _ in 0..10 {
        peer.broker().send(QUEUE, text("one")).unwrap();
    }
    peer.receiver(0, QUEUE, 10);
    peer.heard.clear();
    peer.say(Performative::Disposition(Disposition {
        role: Role::Receiver,
        first: 2,
        last: Some(8),
        settled: true,
        state: Some(DeliveryState::Accepted(Accepted {})),
        batchable: false,
    }));
    assert_eq!(peer.depth(), [0, 3, 0]);
    peer.silent();
}
