//! Messages that come in.

use std::collections::BTreeMap;

use fe2o3_amqp_types::messaging::annotations::{Annotations, OwnedKey};
use fe2o3_amqp_types::messaging::{
    AmqpSequence, AmqpValue, ApplicationProperties, Data, Header, MessageAnnotations, MessageId, Properties,
};
use fe2o3_amqp_types::primitives::SimpleValue;
use serde::Serialize;
use serde_amqp::Value as Amqp;
use serde_amqp::primitives::{OrderedMap, Symbol, Timestamp, Uuid};

use super::*;
use crate::service_bus::{BodyType, Value};

fn encoded(section: &impl Serialize) -> Vec<u8> {
    serde_amqp::to_vec(section).unwrap()
}

fn data(text: &str) -> Vec<u8> {
    encoded(&Data(Binary::from(text.as_bytes())))
}

fn rejected(peer: &mut Peer) -> Error {
    match peer.outcome() {
        DeliveryState::Rejected(rejected) => rejected.error.unwrap(),
        other => panic!("{other:?}"),
    }
}

fn stored(peer: &Peer) -> Message {
    Message::clone(&peer.broker().receive(QUEUE).unwrap().unwrap().message)
}

#[tokio::test(start_paused = true)]
async fn every_type_of_an_application_property_is_kept() {
    let values: BTreeMap<&str, (SimpleValue, Value)> = BTreeMap::from([
        ("null", (SimpleValue::Null, Value::Null)),
        ("bool", (SimpleValue::Bool(true), Value::Bool(true))),
        ("ubyte", (SimpleValue::Ubyte(1), Value::Ubyte(1))),
        ("ushort", (SimpleValue::Ushort(2), Value::Ushort(2))),
        ("uint", (SimpleValue::Uint(3), Value::Uint(3))),
        ("ulong", (SimpleValue::Ulong(4), Value::Ulong(4))),
        ("byte", (SimpleValue::Byte(-1), Value::Byte(-1))),
        ("short", (SimpleValue::Short(-2), Value::Short(-2))),
        ("int", (SimpleValue::Int(-3), Value::Int(-3))),
        ("long", (SimpleValue::Long(-4), Value::Long(-4))),
        ("float", (SimpleValue::Float(0.5.into()), Value::Float(0.5))),
        ("double", (SimpleValue::Double(0.25.into()), Value::Double(0.25))),
        ("char", (SimpleValue::Char('é'), Value::Char('é'))),
        ("time", (SimpleValue::Timestamp(Timestamp::from_milliseconds(5)), Value::Timestamp(5))),
        ("uuid", (SimpleValue::Uuid(Uuid::from([7; 16])), Value::Uuid(uuid::Uuid::from_bytes([7; 16])))),
        (
            "binary",
            (SimpleValue::Binary(Binary::from([0, 255])), Value::Binary(Bytes::from_static(&[0, 255]))),
        ),
        ("string", (SimpleValue::String("s".to_owned()), Value::from("s"))),
        ("symbol", (SimpleValue::Symbol(Symbol::from("y")), Value::Symbol("y".to_owned()))),
    ]);
    let mut map = OrderedMap::new();
    for (name, (sent, _)) in &values {
        map.insert((*name).to_owned(), sent.clone());
    }
    let mut peer = Peer::with_key();
    peer.sender(0, QUEUE);
    let message = [encoded(&ApplicationProperties(map)), data("x")].concat();
    peer.send(0, 0, &message);
    assert!(matches!(peer.outcome(), DeliveryState::Accepted(_)));
    let kept = stored(&peer).application_properties;
    assert_eq!(kept.len(), values.len());
    for (name, (_, expected)) in values {
        assert_eq!(kept[name], expected, "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn ids_are_kept_as_text_whatever_their_type() {
    let ids = [
        (MessageId::String("a".to_owned()), "a"),
        (MessageId::Ulong(7), "7"),
        (MessageId::Uuid(Uuid::from([1; 16])), "01010101-0101-0101-0101-010101010101"),
        (MessageId::Binary(Binary::from([1, 0xab])), "01ab"),
    ];
    let mut peer = Peer::with_key();
    peer.sender(0, QUEUE);
    for (id, expected) in ids {
        let properties =
            Properties { message_id: Some(id.clone()), correlation_id: Some(id), ..Properties::default() };
        peer.send(0, 0, &[encoded(&properties), data("x")].concat());
        assert!(matches!(peer.outcome(), DeliveryState::Accepted(_)));
        let kept = stored(&peer);
        assert_eq!([kept.message_id.as_deref(), kept.correlation_id.as_deref()], [Some(expected); 2]);
    }
}

#[tokio::test(start_paused = true)]
async fn bodies_are_data_text_or_bytes_and_nothing_else() {
    let mut peer = Peer::with_key();
    peer.sender(0, QUEUE);
    let taken = [
        ([data("a"), data("b")].concat(), "ab", BodyType::Data),
        (encoded(&AmqpValue("text".to_owned())), "text", BodyType::Text),
        (encoded(&AmqpValue(Amqp::Binary(Binary::from(&b"bytes"[..])))), "bytes", BodyType::Binary),
        (Vec::new(), "", BodyType::Data),
    ];
    for (message, body, body_type) in taken {
        peer.send(0, 0, &message);
        assert!(matches!(peer.outcome(), DeliveryState::Accepted(_)));
        let kept = stored(&peer);
        assert_eq!((&kept.body[..], kept.body_type), (body.as_bytes(), body_type));
    }
    let ttl = Header { ttl: Some(1), ..Header::default() };
    let refused = [
        (encoded(&AmqpSequence(vec![Amqp::Int(1)])), "amqp:not-implemented"),
        (encoded(&AmqpValue(Amqp::Int(1))), "amqp:not-implemented"),
        (encoded(&ttl), "amqp:not-implemented"),
        (b"junk".to_vec(), "amqp:decode-error"),
    ];
    for (message, expected) in refused {
        peer.send(0, 0, &message);
        assert_eq!(condition(&rejected(&mut peer)), expected);
    }
    assert_eq!(peer.broker().receive(QUEUE).unwrap(), None);
}

#[tokio::test(start_paused = true)]
async fn a_batch_is_unpacked_whole_or_not_at_all() {
    let mut peer = Peer::with_key();
    peer.sender(0, QUEUE);
    let inner = |text: &str| encoded(&Data(Binary::from(data(text))));
    peer.send(0, 0x8001_3700, &[inner("one"), inner("two")].concat());
    assert!(matches!(peer.outcome(), DeliveryState::Accepted(_)));
    assert_eq!([&stored(&peer).body[..], &stored(&peer).body[..]], [b"one", b"two"]);
    let broken = encoded(&Data(Binary::from(&b"junk"[..])));
    peer.send(0, 0x8001_3700, &[inner("three"), broken].concat());
    assert_eq!(condition(&rejected(&mut peer)), "amqp:decode-error");
    assert_eq!(peer.broker().receive(QUEUE).unwrap(), None);
}

#[tokio::test(start_paused = true)]
async fn a_scheduled_message_waits() {
    let mut peer = Peer::with_key();
    peer.sender(0, QUEUE);
    let due = peer.azure.clock().now() + time::Duration::seconds(60);
    let at = Timestamp::from_milliseconds(i64::try_from(due.unix_timestamp_nanos() / 1_000_000).unwrap());
    let mut annotations = Annotations::new();
    annotations.insert(OwnedKey::from("x-opt-scheduled-enqueue-time"), Amqp::Timestamp(at));
    annotations.insert(OwnedKey::from("x-opt-partition-key"), Amqp::String("k".to_owned()));
    peer.send(0, 0, &[encoded(&MessageAnnotations(annotations)), data("x")].concat());
    assert!(matches!(peer.outcome(), DeliveryState::Accepted(_)));
    assert_eq!(peer.broker().receive(QUEUE).unwrap(), None);
    assert_eq!(peer.broker().next_due(), Some(due));
    tokio::time::advance(std::time::Duration::from_secs(60)).await;
    assert_eq!(stored(&peer).partition_key.as_deref(), Some("k"));
}

#[tokio::test(start_paused = true)]
async fn a_message_may_come_in_many_transfers_be_aborted_or_be_settled_before() {
    let mut peer = Peer::with_key();
    peer.sender(0, QUEUE);
    let message = data(&"x".repeat(10_000));
    let first = peer.transfer(0, 0);
    let later = Transfer { delivery_id: None, delivery_tag: None, message_format: None, ..first.clone() };
    peer.say_with(Performative::Transfer(Transfer { more: true, ..first }), &message[..9]);
    peer.say_with(Performative::Transfer(Transfer { more: true, ..later.clone() }), &message[9..5000]);
    peer.silent();
    peer.say_with(Performative::Transfer(later.clone()), &message[5000..]);
    assert!(matches!(peer.outcome(), DeliveryState::Accepted(_)));
    assert_eq!(stored(&peer).body.len(), 10_000);

    let first = peer.transfer(0, 0);
    peer.say_with(Performative::Transfer(Transfer { more: true, ..first }), &message[..9]);
    peer.say(Performative::Transfer(Transfer { aborted: true, ..later }));
    let settled = Transfer { settled: Some(true), ..peer.transfer(0, 0) };
    peer.say_with(Performative::Transfer(settled), &data("settled"));
    peer.silent();
    assert_eq!(&stored(&peer).body[..], b"settled");
    assert_eq!(peer.broker().receive(QUEUE).unwrap(), None);
}

#[tokio::test(start_paused = true)]
async fn a_message_that_is_too_large_costs_the_link_before_all_of_it_has_come() {
    let mut peer = Peer::with_key();
    peer.sender(0, QUEUE);
    let part = vec![0; 200_000];
    let first = Transfer { more: true, ..peer.transfer(0, 0) };
    peer.say_with(Performative::Transfer(first.clone()), &part);
    let later = Transfer { delivery_id: None, ..first };
    for _ in 0..4 {
        peer.say_with(Performative::Transfer(later.clone()), &part);
    }
    peer.silent();
    peer.say_with(Performative::Transfer(later), &part);
    assert_eq!(condition(&peer.detached()), "amqp:link:message-size-exceeded");
}

#[tokio::test(start_paused = true)]
async fn credit_and_window_are_given_again_in_time() {
    let mut peer = Peer::with_key();
    peer.sender(0, QUEUE);
    let mut flows = 0;
    for _ in 0..6000 {
        let settled = Transfer { settled: Some(true), ..peer.transfer(0, 0) };
        peer.say_with(Performative::Transfer(settled), &data("x"));
        while let Some((performative, _)) = peer.heard.pop_front() {
            let Performative::Flow(flow) = performative else { panic!("{performative:?}") };
            assert_eq!((flow.delivery_count, flow.link_credit), (Some(peer.next_delivery_id), Some(1000)));
            flows += 1;
        }
    }
    assert_eq!(flows, 12);
    assert_eq!(peer.broker().depth(QUEUE).unwrap().active, 6000);
}
