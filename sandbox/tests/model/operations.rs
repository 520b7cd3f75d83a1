//! Operations: headers, polls, and what may not happen meanwhile.

use std::time::Duration;

use http::Method;
use peerpact_sandbox::{Pace, Settings, Tenant, World};

use crate::support::*;

#[tokio::test(start_paused = true)]
async fn a_write_of_a_peering_has_an_operation_and_no_location_and_a_deletion_has_both() {
    let pair = pair().await;
    let id = half(&pair.hub, "p");
    let started = pair.contoso.put(&id, &half_body(&pair.spoke)).await.expect(201);
    let url = started.header("azure-asyncoperation").unwrap();
    assert!(
        url.contains(started.header("x-ms-request-id").unwrap()),
        "the operation is named after the call"
    );
    assert!(url.contains("&c=") && url.contains("&s=") && url.len() > 3000, "a long signed address");
    assert_eq!(started.header("location"), None);
    assert_eq!(started.header("azure-asyncnotification"), Some("Enabled"));
    assert_eq!(started.header("retry-after"), Some("1"));
    let poll = pair.contoso.get(url).await.expect(200);
    assert_eq!(poll.body, serde_json::json!({"status": "InProgress"}));
    pair.contoso.finish(&started).await;
    let poll = pair.contoso.get(url).await.expect(200);
    assert_eq!(poll.body, serde_json::json!({"status": "Succeeded"}));
    assert_eq!(poll.header("retry-after"), None);

    let deleted = pair.contoso.delete(&id).await.expect(202);
    let location = deleted.header("location").unwrap();
    assert!(location.contains("/operationResults/"));
    assert_eq!(pair.contoso.get(&id).await.body["properties"]["provisioningState"], "Deleting");
    assert_eq!(pair.contoso.get(location).await.status, 202);
    pair.contoso.finish(&deleted).await;
    assert_eq!(pair.contoso.get(location).await.status, 204);
}

#[tokio::test(start_paused = true)]
async fn an_address_that_is_not_followed_verbatim_leads_nowhere() {
    let pair = pair().await;
    let started = pair.contoso.put(&pair.hub, &network_body(&["10.0.0.0/16"])).await.expect(200);
    let url = started.header("azure-asyncoperation").unwrap();
    let cut = url.split('&').next().unwrap();
    pair.contoso.get(cut).await.refused(404, "NotFound");
}

#[tokio::test(start_paused = true)]
async fn the_recorded_pace_takes_ten_to_twenty_seconds_and_says_so() {
    let azure = azure(World::new(ORIGIN, 7), Settings::new(Pace::Recorded, 7));
    let pair = pair_in(azure).await;
    let started = pair.contoso.put(&half(&pair.hub, "p"), &half_body(&pair.spoke)).await.expect(201);
    assert_eq!(started.header("retry-after"), Some("10"));
    let url = started.header("azure-asyncoperation").unwrap();
    tokio::time::sleep(Duration::from_millis(9_999)).await;
    let poll = pair.contoso.get(url).await;
    assert_eq!((poll.body["status"].as_str(), poll.header("retry-after")), (Some("InProgress"), Some("20")));
    tokio::time::sleep(Duration::from_millis(10_001)).await;
    assert_eq!(pair.contoso.get(url).await.body["status"], "Succeeded");
}

#[tokio::test(start_paused = true)]
async fn older_versions_of_peerings_know_no_notification_no_sync_level_and_one_space_only() {
    let mut pair = pair().await;
    pair.contoso.version = "api-version=2020-08-01".into();
    let started = pair.contoso.put(&half(&pair.hub, "p"), &half_body(&pair.spoke)).await.expect(201);
    assert_eq!(started.header("azure-asyncnotification"), None);
    let properties = started.body["properties"].as_object().unwrap();
    assert!(!properties.contains_key("peeringSyncLevel"));
    assert!(!properties.contains_key("remoteVirtualNetworkAddressSpace"));
}

#[tokio::test(start_paused = true)]
async fn a_network_under_an_operation_takes_no_other_write() {
    let pair = pair().await;
    pair.contoso.put(&half(&pair.hub, "p"), &half_body(&pair.spoke)).await.expect(201);
    assert_eq!(pair.contoso.get(&pair.hub).await.body["properties"]["provisioningState"], "Updating");
    let busy = "AnotherOperationInProgress";
    pair.contoso.put(&half(&pair.hub, "p"), &half_body(&pair.spoke)).await.refused(409, busy);
    pair.contoso.put(&pair.hub, &network_body(&["10.0.0.0/16"])).await.refused(409, busy);
    pair.contoso.delete(&half(&pair.hub, "p")).await.refused(409, busy);
    pair.contoso.delete(&pair.hub).await.refused(409, busy);
    pair.contoso.delete(&group(Tenant::Contoso)).await.refused(409, busy);
    pair.contoso
        .send(Method::PATCH, &pair.hub, Some(&serde_json::json!({"tags": {}})))
        .await
        .refused(409, busy);
    let refused = pair.fabrikam.put(&half(&pair.spoke, "to-hub"), &half_body(&pair.hub)).await;
    let refused = refused.refused(400, "ReferencedResourceNotProvisioned");
    assert!(refused.message().contains(
        "the last operation that updated/is updating the resource is PutVirtualNetworkPeeringOperation"
    ));
}

#[tokio::test(start_paused = true)]
async fn ids_of_the_call_come_back() {
    let pair = pair().await;
    let mut request = pair.contoso.request(Method::GET, &pair.hub, None);
    let headers = request.headers_mut();
    headers.insert("x-ms-client-request-id", "mine".parse().unwrap());
    headers.insert("x-ms-correlation-request-id", "together".parse().unwrap());
    let answer = send(&pair.azure, request.clone()).await.unwrap();
    assert_eq!(answer.header("x-ms-correlation-request-id"), Some("together"));
    assert_eq!(answer.header("x-ms-client-request-id"), None, "only if asked for");
    request.headers_mut().insert("x-ms-return-client-request-id", "true".parse().unwrap());
    let answer = send(&pair.azure, request).await.unwrap();
    assert_eq!(answer.header("x-ms-client-request-id"), Some("mine"));
    assert!(answer.header("x-ms-request-id").is_some());
    assert_eq!(pair.azure.calls_since(0).last().unwrap().client_request_id.as_deref(), Some("mine"));
}

#[tokio::test(start_paused = true)]
async fn the_rate_limit_headers_count_down_and_recover() {
    let pair = pair().await;
    let reads = async || -> u64 {
        let answer = pair.contoso.get(&pair.hub).await;
        answer.header("x-ms-ratelimit-remaining-subscription-reads").unwrap().parse().unwrap()
    };
    let first = reads().await;
    assert_eq!(reads().await, first - 1);
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(reads().await, 249);
}

#[tokio::test(start_paused = true)]
async fn the_same_seed_and_calls_give_the_same_answers() {
    let run = async |seed: u64| {
        let azure = azure(World::new(ORIGIN, 7), Settings::new(Pace::Recorded, seed));
        let pair = pair_in(azure).await;
        pair.connect().await;
        let answer = pair.contoso.get(&pair.hub).await;
        (answer.body.to_string(), format!("{:?}", answer.headers), format!("{:?}", pair.azure.calls_since(0)))
    };
    assert_eq!(run(1).await, run(1).await);
    assert_ne!(run(1).await.0, run(2).await.0);
}
