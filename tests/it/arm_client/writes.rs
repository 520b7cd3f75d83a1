use std::time::Duration;

use peerpact::arm::{Class, Ended, WriteError};
use peerpact::azure::AzureFailure;
use peerpact::kinds::peering::PeeringFlags;
use peerpact::kinds::peering::PeeringWrite;
use serde_json::{Value, json};

use super::script::*;

fn with_tokens() -> Stage {
    let stage = Stage::new();
    stage.expect_token(CONTOSO, "tok-contoso").expect_token(FABRIKAM, "tok-fabrikam");
    stage
}

#[tokio::test(start_paused = true)]
async fn a_peering_is_written_with_its_flags_and_its_remote_network_and_nothing_else() {
    let stage = with_tokens();
    stage.expect(put(), answer(201, &peering("Succeeded")));
    let flags = PeeringFlags { allow_forwarded_traffic: true, use_remote_gateways: true, ..write().flags };
    let operation = stage.arm.put_peering(&PeeringWrite { flags, ..write() }, stage.until(20)).await.unwrap();
    assert!(operation.has_ended());
    assert_eq!(stage.arm.finish(operation, stage.until(20)).await.unwrap(), Ended::Succeeded);
    let call = &stage.played()[2];
    let expected = json!({"properties": {
        "allowVirtualNetworkAccess": true,
        "allowForwardedTraffic": true,
        "allowGatewayTransit": false,
        "useRemoteGateways": true,
        "remoteVirtualNetwork": {"id": B},
    }});
    assert_eq!(serde_json::from_str::<Value>(&call.body).unwrap(), expected);
    assert_eq!(call.header("content-type"), Some("application/json"));
    assert_eq!(call.header("x-ms-correlation-request-id"), Some(CORRELATION.to_string().as_str()));
}

#[tokio::test(start_paused = true)]
async fn a_sync_is_the_same_write_with_a_query() {
    let stage = with_tokens();
    stage.expect(format!("{}&syncRemoteAddressSpace=true", put()), answer(200, &peering("Updating")));
    stage.expect(get(&format!("{A}/virtualNetworkPeerings/to-b")), answer(200, &peering("Succeeded")));
    let operation =
        stage.arm.put_peering(&PeeringWrite { sync: true, ..write() }, stage.until(60)).await.unwrap();
    assert_eq!(stage.arm.finish(operation, stage.until(60)).await.unwrap(), Ended::Succeeded);
    stage.played();
}

#[tokio::test(start_paused = true)]
async fn the_same_attempt_of_the_same_write_carries_the_same_id_and_another_attempt_another() {
    let mut runs = Vec::new();
    for _ in 0..2 {
        let stage = with_tokens();
        stage.expect(put(), refusal(429, "RetryableErrorDueToAnotherOperation"));
        stage.expect(put(), answer(201, &peering("Succeeded")));
        stage.arm.put_peering(&write(), stage.until(20)).await.unwrap();
        let seen = stage.played();
        let ids = seen.iter().map(|seen| seen.header("x-ms-client-request-id").unwrap().to_owned());
        runs.push(ids.collect::<Vec<_>>());
    }
    assert_eq!(runs[0], runs[1]);
    let mut distinct = runs[0].clone();
    distinct.sort();
    distinct.dedup();
    assert_eq!(distinct.len(), 4, "{:?}", runs[0]);
}

#[tokio::test(start_paused = true)]
async fn what_came_of_a_write_is_unknown_after_5xx_silence_and_a_broken_connection() {
    let replies = [
        refusal(500, "InternalServerError"),
        refusal(502, "BadGateway"),
        answer_with(503, [("retry-after", "1")], &Value::Null),
        refusal(504, "GatewayTimeout"),
        // Not even a code that says "try again" proves anything together with 5xx.
        refusal(500, "RetryableError"),
        refusal(408, "RequestTimeout"),
        text(302, ""),
        Reply::Reset,
        Reply::Silence,
    ];
    for reply in replies {
        let stage = with_tokens();
        stage.expect(put(), reply);
        let error = stage.arm.put_peering(&write(), stage.until(60)).await.unwrap_err();
        assert!(matches!(error, WriteError::Unknown(_)), "{error}");
        assert_eq!(stage.times(), [0], "it was sent once");
    }
}

#[tokio::test(start_paused = true)]
async fn what_azure_refuses_was_not_written_and_is_told_in_its_words() {
    let refused =
        |code: &str| Class::Refused(AzureFailure { code: code.to_owned(), message: "because".to_owned() });
    for (status, code, class) in [
        (400, "VnetAddressSpacesOverlap", refused("VnetAddressSpacesOverlap")),
        (400, "RemotePeeringIsDisconnected", refused("RemotePeeringIsDisconnected")),
        (403, "RequestDisallowedByPolicy", refused("RequestDisallowedByPolicy")),
        (409, "ScopeLocked", refused("ScopeLocked")),
        (412, "PreconditionFailed", refused("PreconditionFailed")),
        (404, "ParentResourceNotFound", Class::NotFound),
    ] {
        let stage = with_tokens();
        stage.expect(put(), refusal(status, code));
        let error = stage.arm.put_peering(&write(), stage.until(60)).await.unwrap_err();
        assert!(matches!(error, WriteError::Rejected(_)), "{error}");
        assert_eq!(error.error().class(), class);
        assert_eq!(stage.times(), [0], "it was sent once");
    }
}

#[tokio::test(start_paused = true)]
async fn a_write_is_sent_again_where_the_answer_proves_that_nothing_was_done() {
    for (status, code) in [
        (429, "SubscriptionRequestsThrottled"),
        (429, "RetryableErrorDueToAnotherOperation"),
        (409, "AnotherOperationInProgress"),
        (409, "Conflict"),
        (400, "ReferencedResourceNotProvisioned"),
    ] {
        let stage = with_tokens();
        stage.expect(put(), refusal(status, code)).expect(put(), refusal(status, code));
        stage.expect(put(), answer(201, &peering("Succeeded")));
        stage.arm.put_peering(&write(), stage.until(60)).await.unwrap();
        assert_eq!(stage.times(), [0, 1000, 3000], "{status} {code}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_write_is_given_up_as_not_written_after_two_more_tries() {
    let stage = with_tokens();
    for _ in 0..3 {
        stage.expect(put(), refusal(409, "AnotherOperationInProgress"));
    }
    let error = stage.arm.put_peering(&write(), stage.until(60)).await.unwrap_err();
    assert!(matches!(error, WriteError::Rejected(_)), "{error}");
    assert_eq!(error.error().class(), Class::Busy { after: None });
    stage.played();
}

#[tokio::test(start_paused = true)]
async fn a_write_waits_for_retry_after_only_if_that_is_short() {
    let throttled = |seconds: &str| answer_with(429, [("retry-after", seconds)], &Value::Null);
    let stage = with_tokens();
    stage.expect(put(), throttled("5")).expect(put(), answer(200, &peering("Succeeded")));
    stage.arm.put_peering(&write(), stage.until(60)).await.unwrap();
    assert_eq!(stage.times(), [0, 5000]);

    let stage = with_tokens();
    stage.expect(put(), throttled("6"));
    let error = stage.arm.put_peering(&write(), stage.until(60)).await.unwrap_err();
    assert!(matches!(error, WriteError::Rejected(_)), "{error}");
    assert_eq!(error.error().class(), Class::Throttled { after: Some(Duration::from_secs(6)) });
    stage.played();
}

#[tokio::test(start_paused = true)]
async fn a_write_is_not_sent_once_the_deadline_has_passed() {
    let stage = Stage::new();
    let error = stage.arm.put_peering(&write(), stage.until(0)).await.unwrap_err();
    assert!(matches!(error, WriteError::Rejected(_)), "{error}");
    assert!(stage.played().is_empty());
}

#[tokio::test(start_paused = true)]
async fn deleting_what_is_not_there_succeeds() {
    for reply in [text(204, ""), refusal(404, "ResourceNotFound")] {
        let stage = Stage::new();
        stage.expect_token(CONTOSO, "t").expect(delete(), reply);
        let deleted =
            stage.arm.delete_peering(tenant(CONTOSO), &half(), CORRELATION, stage.until(20)).await.unwrap();
        assert_eq!(stage.arm.finish(deleted, stage.until(20)).await.unwrap(), Ended::Succeeded);
        stage.played();
    }
}
