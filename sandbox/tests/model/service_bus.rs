//! A namespace of Service Bus: locks, deliveries, schedules, duplicates, dead letters.

use std::time::Duration;

use bytes::Bytes;
use peerpact_sandbox::{
    Azure, Broker, Pace, Settings, Tenant, World,
    service_bus::{Depth, LockLost, Locked, Message, Refused, Value},
};
use uuid::Uuid;

use crate::support::*;

const QUEUE: &str = "reconcile";
const DEAD: &str = "reconcile/$deadletterqueue";

fn broker() -> Broker {
    default_azure().service_bus(Tenant::Contoso)
}

/// With the message `one` in its queue.
fn broker_with_one() -> Broker {
    let broker = broker();
    broker.send(QUEUE, message("one")).unwrap();
    broker
}

fn message(text: &str) -> Message {
    Message { body: Bytes::copy_from_slice(text.as_bytes()), ..Message::default() }
}

fn named(id: &str) -> Message {
    Message { message_id: Some(id.to_owned()), ..message(id) }
}

fn take(broker: &Broker, queue: &str) -> Option<Locked> {
    broker.receive(queue).unwrap()
}

fn text(locked: &Locked) -> &str {
    std::str::from_utf8(&locked.message.body).unwrap()
}

fn depth(broker: &Broker, queue: &str) -> [usize; 4] {
    let Depth { active, scheduled, locked, dead_lettered } = broker.depth(queue).unwrap();
    [active, scheduled, locked, dead_lettered]
}

#[tokio::test(start_paused = true)]
async fn messages_are_received_in_order_each_by_one_receiver_and_are_gone_when_completed() {
    let broker = broker();
    assert_eq!(broker.send(QUEUE, message("one")), Ok(1));
    assert_eq!(broker.send("ReConcile", message("two")), Ok(2), "names have no case");
    let (one, two) = (take(&broker, QUEUE).unwrap(), take(&broker, QUEUE).unwrap());
    assert_eq!(
        [(text(&one), one.sequence_number), (text(&two), two.sequence_number)],
        [("one", 1), ("two", 2)]
    );
    assert_eq!((one.delivery_count, one.locked_until - one.enqueued_time), (1, time::Duration::seconds(30)));
    assert!(take(&broker, QUEUE).is_none());
    assert_eq!(depth(&broker, QUEUE), [0, 0, 2, 0]);
    broker.complete(one.lock_token).unwrap();
    assert_eq!(broker.complete(one.lock_token), Err(LockLost), "a lock settles once");
    assert_eq!(depth(&broker, QUEUE), [0, 0, 1, 0]);
}

#[tokio::test(start_paused = true)]
async fn an_abandoned_message_comes_again_at_once_and_a_released_one_without_being_counted() {
    let broker = broker_with_one();
    broker.abandon(take(&broker, QUEUE).unwrap().lock_token).unwrap();
    let again = take(&broker, QUEUE).unwrap();
    assert_eq!((again.delivery_count, again.sequence_number), (2, 1));
    broker.release(again.lock_token).unwrap();
    assert_eq!(take(&broker, QUEUE).unwrap().delivery_count, 2);
}

#[tokio::test(start_paused = true)]
async fn a_lock_runs_out_counts_as_a_delivery_and_can_be_renewed_before() {
    let broker = broker_with_one();
    let first = take(&broker, QUEUE).unwrap();
    assert_eq!(broker.next_due(), Some(first.locked_until));
    tokio::time::advance(Duration::from_secs(20)).await;
    let until = broker.renew(first.lock_token).unwrap();
    assert_eq!(until - first.locked_until, time::Duration::seconds(20));
    tokio::time::advance(Duration::from_millis(29_999)).await;
    assert!(take(&broker, QUEUE).is_none());
    tokio::time::advance(Duration::from_millis(1)).await;
    let second = take(&broker, QUEUE).unwrap();
    assert_eq!(second.delivery_count, 2);
    assert_eq!(broker.complete(first.lock_token), Err(LockLost));
    assert_eq!(broker.renew(first.lock_token), Err(LockLost));
    broker.complete(second.lock_token).unwrap();
    assert_eq!(broker.next_due(), None);
}

#[tokio::test(start_paused = true)]
async fn the_lock_duration_is_a_setting() {
    let settings = Settings { lock_duration: time::Duration::seconds(5), ..Settings::new(Pace::Quick, 7) };
    let broker = azure(World::new(ORIGIN, 7), settings).service_bus(Tenant::Contoso);
    broker.send(QUEUE, message("one")).unwrap();
    let locked = take(&broker, QUEUE).unwrap();
    assert_eq!(locked.locked_until - locked.enqueued_time, time::Duration::seconds(5));
}

#[tokio::test(start_paused = true)]
async fn after_ten_deliveries_a_message_is_dead_lettered_with_the_reason() {
    let broker = broker();
    broker.send(QUEUE, named("poison")).unwrap();
    for delivery in 1..=10 {
        let locked = take(&broker, QUEUE).unwrap();
        assert_eq!(locked.delivery_count, delivery);
        if delivery % 2 == 0 {
            tokio::time::advance(Duration::from_secs(30)).await;
        } else {
            broker.abandon(locked.lock_token).unwrap();
        }
    }
    assert!(take(&broker, QUEUE).is_none());
    assert_eq!(depth(&broker, QUEUE), [0, 0, 0, 1]);
    let dead = take(&broker, "RECONCILE/$DeadLetterQueue").unwrap();
    assert_eq!((text(&dead), dead.dead_letter_source.as_deref()), ("poison", Some(QUEUE)));
    let properties = &dead.message.application_properties;
    assert_eq!(properties["DeadLetterReason"], Value::from("MaxDeliveryCountExceeded"));
    assert_eq!(
        properties["DeadLetterErrorDescription"],
        Value::from("Message could not be consumed after 10 delivery attempts.")
    );
    broker.complete(dead.lock_token).unwrap();
    assert_eq!(depth(&broker, QUEUE), [0, 0, 0, 0]);
}

#[tokio::test(start_paused = true)]
async fn a_receiver_dead_letters_with_its_own_reason_and_a_dead_letter_stays_dead() {
    let broker = broker_with_one();
    broker.dead_letter(take(&broker, QUEUE).unwrap().lock_token, "NotJson", "line 1").unwrap();
    for _ in 0..12 {
        broker.abandon(take(&broker, DEAD).unwrap().lock_token).unwrap();
    }
    let dead = take(&broker, DEAD).unwrap();
    assert_eq!(dead.message.application_properties["DeadLetterReason"], Value::from("NotJson"));
    assert_eq!(dead.message.application_properties["DeadLetterErrorDescription"], Value::from("line 1"));
    assert_eq!(broker.send(DEAD, message("two")), Err(Refused::DeadLetterQueue(DEAD.to_owned())));
}

#[tokio::test(start_paused = true)]
async fn a_scheduled_message_waits_for_its_time_and_then_takes_its_place_at_the_end() {
    let broker = broker();
    let at = broker.clock().now() + time::Duration::seconds(60);
    let later = Message { scheduled_enqueue_time: Some(at), ..message("later") };
    assert_eq!(broker.send(QUEUE, later.clone()), Ok(1));
    let cancelled = broker.send(QUEUE, later).unwrap();
    broker.send(QUEUE, message("now")).unwrap();
    assert_eq!(depth(&broker, QUEUE), [1, 2, 0, 0]);
    assert!(broker.peek(QUEUE, 0, 10).unwrap()[0].scheduled);
    assert_eq!(broker.cancel_scheduled(QUEUE, cancelled), Ok(true));
    assert_eq!(broker.cancel_scheduled(QUEUE, cancelled), Ok(false));
    let now = take(&broker, QUEUE).unwrap();
    broker.complete(now.lock_token).unwrap();
    assert!(take(&broker, QUEUE).is_none());
    assert_eq!(broker.next_due(), Some(at));
    tokio::time::advance(Duration::from_secs(60)).await;
    let later = take(&broker, QUEUE).unwrap();
    assert_eq!((text(&later), later.enqueued_time), ("later", at));
    assert!(later.sequence_number > now.sequence_number);
}

#[tokio::test(start_paused = true)]
async fn a_message_id_is_taken_once_within_ten_minutes_where_duplicates_are_detected() {
    let broker = broker();
    let queue = "connection-outcomes";
    for _ in 0..3 {
        broker.send(queue, named("o-1")).unwrap();
    }
    broker.send(queue, message("without an id")).unwrap();
    broker.send(queue, message("without an id")).unwrap();
    assert_eq!(depth(&broker, queue), [3, 0, 0, 0]);
    tokio::time::advance(Duration::from_secs(599)).await;
    broker.send(queue, named("o-1")).unwrap();
    assert_eq!(depth(&broker, queue), [3, 0, 0, 0]);
    tokio::time::advance(Duration::from_secs(1)).await;
    broker.send(queue, named("o-1")).unwrap();
    assert_eq!(depth(&broker, queue), [4, 0, 0, 0]);
    for queue in ["connection-requests", "reconcile", "resource-events"] {
        broker.send(queue, named("h-1")).unwrap();
        broker.send(queue, named("h-1")).unwrap();
        assert_eq!(depth(&broker, queue), [2, 0, 0, 0], "{queue}");
    }
}

#[tokio::test(start_paused = true)]
async fn peeking_takes_nothing_and_shows_locked_messages_too() {
    let broker = broker();
    for text in ["one", "two", "three"] {
        broker.send(QUEUE, message(text)).unwrap();
    }
    let locked = take(&broker, QUEUE).unwrap();
    let numbers = |from, most| {
        broker
            .peek(QUEUE, from, most)
            .unwrap()
            .iter()
            .map(|peeked| peeked.sequence_number)
            .collect::<Vec<_>>()
    };
    assert_eq!(numbers(0, 10), [1, 2, 3]);
    assert_eq!(numbers(2, 1), [2]);
    assert_eq!(broker.peek(QUEUE, 0, 1).unwrap()[0].delivery_count, 1);
    broker.complete(locked.lock_token).unwrap();
    assert_eq!(numbers(0, 10), [2, 3]);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_taken_is_refused() {
    let broker = broker();
    assert_eq!(broker.send("nothing", message("")), Err(Refused::NoSuchQueue("nothing".to_owned())));
    assert_eq!(broker.receive("$management"), Err(Refused::NoSuchQueue("$management".to_owned())));
    let large = Message { body: vec![0; 1 << 20].into(), ..Message::default() };
    broker.send(QUEUE, large.clone()).unwrap();
    let larger = Message { subject: Some("x".to_owned()), ..large };
    assert_eq!(broker.send(QUEUE, larger), Err(Refused::TooLarge((1 << 20) + 1)));
    assert_eq!(broker.send(QUEUE, named(&"é".repeat(129))), Err(Refused::MessageId));
    broker.send(QUEUE, named(&"é".repeat(128))).unwrap();
    assert_eq!(broker.complete(Uuid::nil()), Err(LockLost));
}

#[tokio::test(start_paused = true)]
async fn a_restart_keeps_the_messages_and_loses_the_locks() {
    let broker = broker_with_one();
    let before = take(&broker, QUEUE).unwrap();
    broker.restart();
    assert_eq!(broker.complete(before.lock_token), Err(LockLost));
    let after = take(&broker, QUEUE).unwrap();
    assert_eq!((text(&after), after.delivery_count), ("one", 1));
}

#[tokio::test(start_paused = true)]
async fn each_tenant_has_its_own_namespace_which_clones_share() {
    let azure: Azure = default_azure();
    azure.service_bus(Tenant::Contoso).send(QUEUE, message("one")).unwrap();
    assert_eq!(depth(&azure.clone().service_bus(Tenant::Contoso), QUEUE), [1, 0, 0, 0]);
    assert_eq!(depth(&azure.service_bus(Tenant::Fabrikam), QUEUE), [0, 0, 0, 0]);
    assert_ne!(azure.service_bus(Tenant::Contoso).key(), azure.service_bus(Tenant::Fabrikam).key());
    assert!(
        !format!("{:?}", azure.service_bus(Tenant::Contoso))
            .contains(azure.service_bus(Tenant::Contoso).key())
    );
}

#[tokio::test(start_paused = true)]
async fn several_waiters_get_a_message_each_when_it_is_sent_due_or_free_again() {
    let broker = broker();
    let waiter = || {
        let broker = broker.clone();
        tokio::spawn(async move { broker.next_message(QUEUE).await.unwrap() })
    };
    let at = broker.clock().now() + time::Duration::seconds(60);
    let later = Message { scheduled_enqueue_time: Some(at), ..message("later") };
    let (one, other) = (waiter(), waiter());
    tokio::task::yield_now().await;
    broker.send(QUEUE, message("now")).unwrap();
    broker.send(QUEUE, message("also now")).unwrap();
    let [one, other] = [one.await.unwrap(), other.await.unwrap()];
    assert_ne!(one.sequence_number, other.sequence_number);
    let (again, scheduled) = (waiter(), waiter());
    broker.complete(one.lock_token).unwrap();
    broker.send(QUEUE, later).unwrap();
    assert_eq!(again.await.unwrap().message, other.message, "its lock ran out");
    broker.complete(broker.next_message(QUEUE).await.unwrap().lock_token).unwrap();
    let scheduled = scheduled.await.unwrap();
    assert_eq!(text(&scheduled), "later");
    assert_eq!(broker.clock().now(), at);
}
