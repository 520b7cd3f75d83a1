//! Clocks that are wrong, and are set right.

use peerpact::clock::Clock;
use peerpact::queue::service_bus::{QueuePath, ServiceBus};
use peerpact::queue::{Queue, QueueError, Queues};
use time::Duration;

use super::stage::{Stage, message};

async fn send(client: &ServiceBus) -> Result<(), QueueError> {
    client.send(Queue::Reconcile, &[message("m")]).await
}

fn assert_expired(sent: Result<(), QueueError>) {
    let error = sent.unwrap_err();
    assert!(matches!(error, QueueError::Refused { .. }), "{error}");
    assert!(error.to_string().contains("ExpiredToken"), "{error}");
}

#[tokio::test]
async fn who_started_with_a_clock_two_hours_behind_sends_once_it_is_set_right() {
    let stage = Stage::start().await;
    let clock = Clock::starting_at(stage.broker.clock().now() - Duration::hours(2));
    let client = stage.client_by(clock);
    assert_expired(send(&client).await);
    clock.step(Duration::hours(2));
    send(&client).await.unwrap();
}

#[tokio::test]
async fn a_token_that_stands_on_a_connection_is_put_anew_whichever_way_the_clock_is_set() {
    for step in [Duration::HOUR, Duration::DAY] {
        let stage = Stage::start().await;
        let clock = Clock::starting_at(stage.broker.clock().now());
        let client = stage.client_by(clock);
        send(&client).await.unwrap();
        // A token that is made so far behind has ended already, so that Service Bus tells whether one was put.
        clock.step(-step);
        assert_expired(send(&client).await);
        clock.step(step);
        send(&client).await.unwrap();
        clock.step(step);
        stage.broker.clock().step(step + Duration::minutes(30));
        send(&client).await.unwrap();
        client.peek(QueuePath::of(Queue::Reconcile), 0, 1).await.unwrap();
    }
}

#[tokio::test]
async fn a_token_that_service_bus_calls_expired_before_we_do_is_replaced_at_once() {
    let stage = Stage::start().await;
    let clock = Clock::starting_at(stage.broker.clock().now() - Duration::minutes(50));
    let client = stage.client_by(clock);
    let path = QueuePath::of(Queue::Reconcile);
    client.peek(path, 0, 1).await.unwrap();
    for clock_shows in [Duration::minutes(15), Duration::minutes(30)] {
        clock.step(Duration::minutes(15));
        stage.broker.clock().step(Duration::minutes(15));
        client.peek(path, 0, 1).await.unwrap_or_else(|error| panic!("after {clock_shows}: {error}"));
    }
}
