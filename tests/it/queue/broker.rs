//! Our client against the sandbox's broker.

use std::collections::BTreeSet;
use std::time::Duration;

use peerpact::clock::Clock;
use peerpact::queue::service_bus::{PeekError, QueuePath};
use peerpact::queue::{Message, Queue, QueueError, Queues};
use peerpact_sandbox::Tenant;

use super::stage::{Stage, ids, message};

const SOON: Duration = Duration::from_secs(5);
/// For what is not to come.
const NOW: Duration = Duration::from_millis(50);

#[tokio::test]
async fn what_is_sent_is_seen_and_received_as_it_was() {
    let stage = Stage::start().await;
    let client = stage.client();
    client.send(Queue::Reconcile, &[message("a"), message("b")]).await.unwrap();
    client.send(Queue::Reconcile, &[message("c")]).await.unwrap();
    let path = QueuePath::of(Queue::Reconcile);
    let seen = client.peek(path, 0, 10).await.unwrap();
    assert_eq!(ids(&seen), ["a", "b", "c"]);
    let mut inbox = client.inbox(path).await.unwrap();
    for expected in &seen {
        let received = inbox.receive(SOON).await.unwrap().unwrap();
        assert_eq!(received.message, *expected);
        assert_eq!(received.message.subject.as_deref(), Some("recheck"));
        assert_eq!(received.message.correlation, received.message.id);
        assert_eq!(received.message.content_type.as_deref(), Some("application/json"));
        assert_eq!(received.message.properties["peerpact-version"], env!("CARGO_PKG_VERSION"));
        assert!(received.message.enqueued.is_some());
        inbox.complete(received).await.unwrap();
    }
    assert!(inbox.receive(NOW).await.unwrap().is_none());
    inbox.close().await.unwrap();
    assert!(client.peek(path, 0, 10).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_scheduled_message_is_shown_and_not_received_before_its_time() {
    let stage = Stage::start().await;
    let client = stage.client();
    let time = Clock::system().now() + time::Duration::hours(1);
    let later = Message { not_before: Some(time), ..message("later") };
    client.send(Queue::Reconcile, &[later, message("now")]).await.unwrap();
    let depth = stage.broker.depth("reconcile").unwrap();
    assert_eq!((depth.active, depth.scheduled), (1, 1));
    let path = QueuePath::of(Queue::Reconcile);
    let seen = client.peek(path, 0, 10).await.unwrap();
    let scheduled = seen.iter().find(|one| one.id.as_deref() == Some("later")).unwrap().scheduled.unwrap();
    assert!((scheduled - time).abs() < time::Duration::milliseconds(2));
    let mut inbox = client.inbox(path).await.unwrap();
    let first = inbox.receive(SOON).await.unwrap().unwrap();
    assert_eq!(first.message.id.as_deref(), Some("now"));
    inbox.complete(first).await.unwrap();
    assert!(inbox.receive(NOW).await.unwrap().is_none());
}

#[tokio::test]
async fn abandoning_counts_and_dead_letters_say_why() {
    let stage = Stage::start().await;
    let client = stage.client();
    client.send(Queue::ConnectionRequests, &[message("r-1")]).await.unwrap();
    let path = QueuePath::of(Queue::ConnectionRequests);
    let mut inbox = client.inbox(path).await.unwrap();
    for count in 0..10 {
        let received = inbox.receive(SOON).await.unwrap().unwrap();
        assert_eq!(received.message.delivery_count, count);
        inbox.abandon(received).await.unwrap();
    }
    inbox.close().await.unwrap();
    assert!(client.peek(path, 0, 10).await.unwrap().is_empty());
    let dead = client.peek(QueuePath::dead_letters_of(Queue::ConnectionRequests), 0, 10).await.unwrap();
    assert_eq!(ids(&dead), ["r-1"]);
    assert_eq!(dead[0].properties["DeadLetterReason"], "MaxDeliveryCountExceeded");
    assert_eq!(
        dead[0].properties["DeadLetterErrorDescription"],
        "Message could not be consumed after 10 delivery attempts."
    );
}

#[tokio::test]
async fn more_than_a_transfer_takes_goes_in_several_and_arrives_in_order() {
    let stage = Stage::start().await;
    let client = stage.client();
    let messages: Vec<Message> = (0..400)
        .map(|number| Message { body: vec![b'x'; 2_000], ..message(&format!("m-{number:03}")) })
        .collect();
    client.send(Queue::Reconcile, &messages).await.unwrap();
    let (mut seen, mut from) = (Vec::new(), 0);
    loop {
        let page = client.peek(QueuePath::of(Queue::Reconcile), from, 250).await.unwrap();
        let Some(last) = page.last() else { break };
        from = last.sequence_number + 1;
        seen.extend(page);
    }
    let sent: Vec<&str> = messages.iter().map(|message| message.id.as_str()).collect();
    assert_eq!(ids(&seen), sent);
}

#[tokio::test]
async fn a_message_that_no_queue_takes_is_refused_at_once_and_holds_nobody_up() {
    let stage = Stage::start().await;
    let client = stage.client();
    let large = Message { body: vec![b'x'; 3 << 20], ..message("large") };
    let (large, small) = ([large], [message("small")]);
    let (refused, sent) =
        tokio::join!(client.send(Queue::Reconcile, &large), client.send(Queue::Reconcile, &small));
    let error = refused.unwrap_err();
    assert!(matches!(error, QueueError::Refused { .. }), "{error}");
    assert!(error.to_string().contains("large"), "{error}");
    sent.unwrap();
    assert_eq!(stage.broker.depth("reconcile").unwrap().active, 1);
}

#[tokio::test]
async fn many_sends_through_dropped_connections_and_restarts_lose_none_and_the_queue_keeps_each_once() {
    let stage = Stage::start().await;
    let client = stage.client();
    let sends: Vec<_> = (0..300)
        .map(|number| {
            let client = client.clone();
            tokio::spawn(async move {
                client.send(Queue::ConnectionOutcomes, &[message(&format!("r-{number}"))]).await
            })
        })
        .collect();
    for breakage in 1..=6 {
        while stage.broker.depth("connection-outcomes").unwrap().active < breakage * 40 {
            stage.broker.changed().await;
        }
        if breakage % 2 == 0 { stage.broker.restart() } else { stage.broker.drop_connections() }
    }
    for send in sends {
        send.await.unwrap().unwrap();
    }
    let path = QueuePath::of(Queue::ConnectionOutcomes);
    let mut seen = client.peek(path, 0, 250).await.unwrap();
    seen.extend(client.peek(path, seen.last().unwrap().sequence_number + 1, 250).await.unwrap());
    assert_eq!(seen.len(), 300, "each once");
    assert_eq!(ids(&seen).into_iter().collect::<BTreeSet<_>>().len(), 300);
}

#[tokio::test]
async fn a_tenants_app_sends_over_tls_with_a_token_of_entra_and_another_tenants_may_not() {
    let stage = Stage::start().await;
    let app = stage.app(Tenant::Contoso);
    app.send(Queue::Reconcile, &[message("a")]).await.unwrap();
    assert_eq!(stage.broker.depth("reconcile").unwrap().active, 1);
    let error = stage.app(Tenant::Fabrikam).send(Queue::Reconcile, &[message("b")]).await.unwrap_err();
    assert!(matches!(error, QueueError::Refused { .. }), "{error}");
    assert!(error.to_string().contains("another tenant"), "{error}");
}

#[tokio::test]
async fn a_wrong_key_is_told_as_a_missing_right_with_what_to_do() {
    let stage = Stage::start().await;
    let stranger = stage.stranger();
    let error = stranger.peek(QueuePath::of(Queue::Reconcile), 0, 1).await.unwrap_err();
    assert!(matches!(error, PeekError::NoRight { .. }), "{error}");
    assert!(error.to_string().contains("Azure Service Bus Data Receiver"), "{error}");
    let error = stranger.send(Queue::Reconcile, &[message("a")]).await.unwrap_err();
    assert!(matches!(error, QueueError::Refused { .. }), "{error}");
}
