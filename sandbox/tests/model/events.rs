//! Event Grid: what is told, to whom, how often, and what becomes of what nobody takes.

use std::time::Duration;

use http::Method;
use peerpact_sandbox::{Azure, Delivery, FaultPlan, Tenant};
use serde_json::{Value, json};

use crate::support::*;

/// Takes all that is due now and counts it as delivered.
fn take(azure: &Azure) -> Vec<Delivery> {
    let due = azure.due_events();
    for delivery in &due {
        azure.delivered(delivery.id);
    }
    due
}

async fn quiet_pair() -> Pair {
    let pair = pair().await;
    take(&pair.azure);
    assert_eq!(pair.azure.next_event_at(), None);
    pair
}

fn told(deliveries: &[Delivery]) -> Vec<(&'static str, String, &str)> {
    let mut told: Vec<_> = deliveries
        .iter()
        .map(|delivery| {
            let operation = delivery.event["data"]["operationName"].as_str().unwrap();
            let resource = delivery.event["subject"].as_str().unwrap().rsplit('/').next().unwrap();
            (delivery.to.name(), resource.to_owned(), operation.rsplit_once('/').unwrap().1)
        })
        .collect();
    told.sort();
    told
}

#[tokio::test(start_paused = true)]
async fn a_write_is_told_in_the_shape_of_event_grids_schema() {
    let pair = quiet_pair().await;
    let path = half(&pair.hub, "to-spoke").replace("resourceGroups", "resourcegroups");
    let mut request = pair.contoso.request(Method::PUT, &path, Some(&half_body(&pair.spoke)));
    request.headers_mut().insert("x-ms-correlation-request-id", "together".parse().unwrap());
    let started = send(&pair.azure, request).await.unwrap().expect(201);
    pair.contoso.finish(&started).await;
    let due = take(&pair.azure);
    assert_eq!(
        told(&due),
        [("contoso", "to-spoke".into(), "write"), ("fabrikam", "to-spoke".into(), "write")]
    );
    let event = &due[0].event;
    assert_eq!(event["eventType"], "Microsoft.Resources.ResourceWriteSuccess");
    assert_eq!(event["subject"], path.as_str(), "in the casing of the caller's path");
    assert_eq!(event["topic"], format!("/subscriptions/{}", Tenant::Contoso.subscription_id()));
    let data = &event["data"];
    assert_eq!(data["resourceUri"], path.as_str());
    assert_eq!(data["operationName"], "Microsoft.Network/virtualNetworks/virtualNetworkPeerings/write");
    assert_eq!(data["correlationId"], "together");
    assert_eq!(data["tenantId"], Tenant::Contoso.tenant_id());
    assert_eq!(data["status"], "Succeeded");
    assert_eq!(data["authorization"]["evidence"]["role"], "Owner");
    let traveller = pair.azure.world().traveller();
    let claim =
        |name: &str| data["claims"][format!("http://schemas.microsoft.com/identity/claims/{name}")].clone();
    assert_eq!(data["claims"]["appid"], traveller.client_id.as_str());
    assert_eq!(claim("objectidentifier"), traveller.object_id(Tenant::Contoso).unwrap());
    assert_eq!(claim("tenantid"), Tenant::Contoso.tenant_id());
    assert!(data.get("httpRequest").is_none(), "absent when something is created");

    let started = pair.contoso.put(&path, &half_body(&pair.spoke)).await.expect(200);
    pair.contoso.finish(&started).await;
    assert_eq!(take(&pair.azure)[0].event["data"]["httpRequest"]["method"], "PUT");
}

#[tokio::test(start_paused = true)]
async fn what_the_service_changes_by_itself_is_not_told() {
    let pair = quiet_pair().await;
    pair.connect().await;
    take(&pair.azure);
    pair.contoso.delete_to_end(&half(&pair.hub, "to-spoke")).await;
    assert_eq!(state(&pair.spokes_half().await).0, "Disconnected");
    let due = take(&pair.azure);
    assert_eq!(
        told(&due),
        [("contoso", "to-spoke".into(), "delete"), ("fabrikam", "to-spoke".into(), "delete")]
    );
    assert_eq!(due[0].event["eventType"], "Microsoft.Resources.ResourceDeleteSuccess");
}

#[tokio::test(start_paused = true)]
async fn refused_calls_reads_deletions_of_nothing_and_other_types_are_not_told() {
    let pair = quiet_pair().await;
    pair.contoso.get(&pair.hub).await.expect(200);
    pair.contoso.put(&half(&pair.hub, "p"), &half_body(&pair.hub)).await.expect(400);
    assert_eq!(pair.contoso.delete(&half(&pair.hub, "p")).await.status, 204);
    let subnet = format!("{}/subnets/a", pair.hub);
    pair.contoso.put_to_end(&subnet, &json!({"properties": {"addressPrefix": "10.0.0.0/24"}})).await;
    assert_eq!(take(&pair.azure), []);
    pair.contoso.send(Method::PATCH, &pair.hub, Some(&json!({"tags": {}}))).await.expect(200);
    assert_eq!(told(&take(&pair.azure)).len(), 2, "a patch is told at once");
}

#[tokio::test(start_paused = true)]
async fn a_group_that_goes_tells_of_the_networks_in_it() {
    let pair = quiet_pair().await;
    pair.contoso.delete(&group(Tenant::Contoso)).await.expect(202);
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(
        told(&take(&pair.azure)),
        [("contoso", "hub".into(), "delete"), ("fabrikam", "hub".into(), "delete")]
    );
}

/// One event on its way to contoso, the other tenant's having been taken.
async fn one_event(azure: &Azure, pair: &Pair) -> Delivery {
    pair.contoso.send(Method::PATCH, &pair.hub, Some(&json!({"tags": {}}))).await.expect(200);
    let mut due = azure.due_events();
    due.retain(|delivery| {
        if delivery.to == Tenant::Fabrikam {
            azure.delivered(delivery.id);
        }
        delivery.to == Tenant::Contoso
    });
    due.remove(0)
}

/// Fails every attempt until the event is given up; the waits between attempts, in seconds.
async fn exhaust(pair: &Pair, fail: impl Fn(&Azure, &Delivery)) -> Vec<i64> {
    let azure = &pair.azure;
    let mut delivery = one_event(azure, pair).await;
    let mut waits = Vec::new();
    loop {
        let sent_at = azure.clock().now();
        fail(azure, &delivery);
        let again = next_events(azure).await;
        let Some(next) = again.into_iter().next() else { return waits };
        assert_eq!((next.id, &next.event), (delivery.id, &delivery.event));
        waits.push((azure.clock().now() - sent_at).whole_seconds());
        delivery = next;
    }
}

#[tokio::test(start_paused = true)]
async fn what_fails_is_tried_again_on_event_grids_schedule_thirty_times() {
    let pair = quiet_pair().await;
    let waits = exhaust(&pair, |azure, delivery| azure.delivery_failed(delivery.id, Some(503))).await;
    assert_eq!(waits[..7], [10, 30, 60, 300, 600, 1800, 3600]);
    assert_eq!(waits[7..], [3600; 22]);
    let dead = pair.azure.dead_letters();
    assert_eq!(dead.len(), 1);
    assert_eq!(dead[0]["deadLetterReason"], "MaxDeliveryAttemptsExceeded");
    assert_eq!(dead[0]["deliveryAttempts"], 30);
    assert_eq!(dead[0]["lastDeliveryOutcome"], "Busy");
}

#[tokio::test(start_paused = true)]
async fn what_is_never_answered_is_given_up_after_a_day() {
    let pair = quiet_pair().await;
    let waits = exhaust(&pair, |_, _| {}).await;
    assert_eq!(waits[..3], [40, 60, 90], "half a minute longer than after an answer");
    assert!(waits.iter().sum::<i64>() <= 24 * 3600, "{waits:?}");
    assert_eq!(pair.azure.dead_letters()[0]["deadLetterReason"], "TimeToLiveExceeded");
    assert_eq!(pair.azure.dead_letters()[0]["lastDeliveryOutcome"], "TimedOut");
}

#[tokio::test(start_paused = true)]
async fn an_answer_of_400_or_413_is_final_and_no_answer_is_a_failure_after_half_a_minute() {
    let pair = quiet_pair().await;
    for (status, reason) in [(400, "BadRequest"), (413, "RequestEntityTooLarge")] {
        let delivery = one_event(&pair.azure, &pair).await;
        pair.azure.delivery_failed(delivery.id, Some(status));
        assert_eq!(pair.azure.next_event_at(), None);
        assert_eq!(pair.azure.dead_letters().last().unwrap()["deadLetterReason"], reason);
    }
    let silent = one_event(&pair.azure, &pair).await;
    tokio::time::sleep(Duration::from_secs(30)).await;
    assert!(pair.azure.due_events().is_empty());
    tokio::time::sleep(Duration::from_secs(10)).await;
    let again = take(&pair.azure);
    assert_eq!((again[0].id, again[0].attempt), (silent.id, 2));
}

#[tokio::test(start_paused = true)]
async fn a_waiter_wakes_when_something_is_published_or_will_be() {
    let pair = quiet_pair().await;
    let soon = || tokio::time::timeout(Duration::from_secs(5), pair.azure.events_changed());
    soon().await.expect("making the networks has left a wake-up behind");
    assert!(soon().await.is_err(), "nothing happened");
    pair.contoso.get(&pair.hub).await.expect(200);
    assert!(soon().await.is_err(), "a read changes nothing");
    pair.contoso.put(&half(&pair.hub, "p"), &half_body(&pair.spoke)).await.expect(201);
    let woken_at = pair.azure.clock().now();
    assert!(soon().await.is_ok(), "an operation was started");
    assert_eq!(pair.azure.clock().now(), woken_at);
    let due = pair.azure.next_event_at().unwrap();
    assert_eq!((due - pair.azure.clock().now()).whole_milliseconds(), 500, "the end of the operation");
}

async fn touch(pair: &Pair, times: usize) -> Vec<Value> {
    let mut ids = Vec::new();
    for _ in 0..times {
        pair.contoso.send(Method::PATCH, &pair.hub, Some(&json!({"tags": {}}))).await.expect(200);
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    while pair.azure.next_event_at().is_some() {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let taken = take(&pair.azure).into_iter().filter(|delivery| delivery.to == Tenant::Contoso);
        ids.extend(taken.map(|delivery| delivery.event["eventTime"].clone()));
    }
    ids
}

fn plan(events: Value) -> FaultPlan {
    FaultPlan::from_json(json!({"seed": 3, "events": events}).to_string().as_bytes()).unwrap()
}

#[tokio::test(start_paused = true)]
async fn events_are_lost_duplicated_delayed_and_reordered_on_request() {
    let pair = quiet_pair().await;
    pair.azure.set_faults(plan(json!({"drop": 1.0})));
    assert_eq!(touch(&pair, 3).await, Vec::<Value>::new());
    pair.azure.set_faults(plan(json!({"drop": 1.0, "subject": "*/virtualNetworkPeerings/*"})));
    assert_eq!(touch(&pair, 3).await.len(), 3, "other subjects are left alone");

    pair.azure.set_faults(plan(json!({"duplicate": 1.0})));
    let twice = touch(&pair, 2).await;
    assert_eq!((twice.len(), twice[0] == twice[1]), (4, true));

    pair.azure.set_faults(plan(json!({"delay": {"share": 1.0, "ms": {"min": 60_000, "max": 60_000}}})));
    let before = pair.azure.clock().now();
    assert_eq!(touch(&pair, 1).await.len(), 1);
    assert!(pair.azure.clock().now() - before >= time::Duration::minutes(1));

    pair.azure.set_faults(plan(json!({"reorder": {"share": 0.5, "withinMs": 10_000}})));
    let times = touch(&pair, 10).await;
    let sorted = {
        let mut sorted = times.clone();
        sorted.sort_by_key(ToString::to_string);
        sorted
    };
    assert_eq!(times.len(), 10);
    assert_ne!(times, sorted);
}
