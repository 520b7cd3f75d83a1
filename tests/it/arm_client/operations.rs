use peerpact::arm::{Class, Ended, Operation, WriteError};
use peerpact::azure::AzureFailure;
use serde_json::{Value, json};

use super::script::*;

const OPERATION: &str = "https://arm.test/operations/1?api-version=2024-05-01&t=638&c=MII%2B&s=sig%3D%3D&h=x";
const RESULT: &str = "https://arm.test/operationResults/1?api-version=2024-05-01";

fn resource() -> String {
    get(&format!("{A}/virtualNetworkPeerings/to-b"))
}

fn status(word: &str) -> Reply {
    answer(200, &json!({"status": word}))
}

/// A stage on which a PUT was accepted with these headers.
async fn accepted<const N: usize>(headers: [(&'static str, &str); N]) -> (Stage, Operation) {
    let stage = Stage::new();
    stage.expect_token(CONTOSO, "t").expect_token(FABRIKAM, "u");
    stage.expect(put(), answer_with(201, headers, &peering("Updating")));
    let operation = stage.arm.put_peering(&write(), stage.until(20)).await.unwrap();
    (stage, operation)
}

/// A stage on which a DELETE was accepted with these headers.
async fn deleting<const N: usize>(headers: [(&'static str, &str); N]) -> (Stage, Operation) {
    let stage = Stage::new();
    stage.expect_token(CONTOSO, "t");
    stage.expect(delete(), answer_with(202, headers, &Value::Null));
    let until = stage.until(20);
    let operation = stage.arm.delete_peering(tenant(CONTOSO), &half(), CORRELATION, until).await.unwrap();
    (stage, operation)
}

#[tokio::test(start_paused = true)]
async fn an_operation_is_looked_at_as_it_is_addressed_and_as_often_as_it_allows() {
    let (stage, operation) = accepted([("azure-asyncoperation", OPERATION), ("retry-after", "10")]).await;
    let running = answer_with(200, [("retry-after", "20")], &json!({"status": "InProgress"}));
    stage.expect(format!("GET {OPERATION}"), running).expect(format!("GET {OPERATION}"), status("Succeeded"));
    assert_eq!(stage.arm.finish(operation, stage.until(60)).await.unwrap(), Ended::Succeeded);
    assert_eq!(stage.times(), [0, 10_000, 30_000]);
    let seen = stage.played();
    let ids: Vec<_> = seen[2..].iter().map(|seen| seen.header("x-ms-client-request-id").unwrap()).collect();
    assert!(ids[0] != ids[1] && ids[1] != ids[2], "{ids:?}");
    for call in &seen[2..] {
        assert_eq!(call.header("x-ms-correlation-request-id"), Some(CORRELATION.to_string().as_str()));
    }
}

#[tokio::test(start_paused = true)]
async fn without_retry_after_an_operation_is_looked_at_every_ten_seconds() {
    let (stage, operation) = accepted([("azure-asyncoperation", OPERATION)]).await;
    for word in ["InProgress", "SomethingNew", "succeeded"] {
        stage.expect(format!("GET {OPERATION}"), status(word));
    }
    assert_eq!(stage.arm.finish(operation, stage.until(60)).await.unwrap(), Ended::Succeeded);
    assert_eq!(stage.times(), [0, 10_000, 20_000, 30_000]);
}

#[tokio::test(start_paused = true)]
async fn a_deletes_operation_is_looked_at_before_its_location() {
    let headers = [("azure-asyncoperation", OPERATION), ("location", RESULT), ("retry-after", "10")];
    let (stage, operation) = deleting(headers).await;
    stage.expect(format!("GET {OPERATION}"), status("Succeeded"));
    assert_eq!(stage.arm.finish(operation, stage.until(60)).await.unwrap(), Ended::Succeeded);
    stage.played();
}

#[tokio::test(start_paused = true)]
async fn a_location_alone_is_followed_until_it_is_no_longer_202() {
    let (stage, operation) = deleting([("location", RESULT), ("retry-after", "1")]).await;
    let moved = "https://arm.test/operationResults/2";
    stage.expect(format!("GET {RESULT}"), text(202, ""));
    stage.expect(format!("GET {RESULT}"), answer_with(202, [("location", moved)], &Value::Null));
    stage.expect(format!("GET {moved}"), text(204, ""));
    assert_eq!(stage.arm.finish(operation, stage.until(60)).await.unwrap(), Ended::Succeeded);
    assert_eq!(stage.times(), [0, 1000, 2000, 3000]);
}

#[tokio::test(start_paused = true)]
async fn a_location_that_refuses_tells_why_it_failed() {
    let (stage, operation) = deleting([("location", RESULT), ("retry-after", "1")]).await;
    stage.expect(format!("GET {RESULT}"), refusal(400, "InUse"));
    let failure = AzureFailure { code: "InUse".to_owned(), message: "because".to_owned() };
    assert_eq!(stage.arm.finish(operation, stage.until(60)).await.unwrap(), Ended::Failed(failure));
    stage.played();
}

#[tokio::test(start_paused = true)]
async fn a_failure_comes_with_status_200() {
    for word in ["Failed", "Canceled"] {
        let (stage, operation) = accepted([("azure-asyncoperation", OPERATION), ("retry-after", "0")]).await;
        let error =
            json!({"code": "AnotherOperationInProgress", "message": "Another operation", "details": []});
        stage.expect(format!("GET {OPERATION}"), answer(200, &json!({"status": word, "error": error})));
        let ended = stage.arm.finish(operation, stage.until(60)).await.unwrap();
        let Ended::Failed(failure) = ended else { panic!("{ended:?}") };
        assert_eq!(failure.code, "AnotherOperationInProgress");
        assert!(failure.is_busy());
        assert_eq!(stage.times(), [0, 200], "not more often than this, even with Retry-After: 0");
    }
}

#[tokio::test(start_paused = true)]
async fn an_operation_that_is_gone_or_not_for_us_is_looked_at_in_the_next_best_place() {
    for reply in [refusal(404, "NotFound"), refusal(403, "AuthorizationFailed")] {
        let (stage, operation) = accepted([("azure-asyncoperation", OPERATION), ("retry-after", "1")]).await;
        stage.expect(format!("GET {OPERATION}"), reply);
        stage.expect(resource(), answer(200, &peering("Updating")));
        stage.expect(resource(), answer(200, &peering("Succeeded")));
        assert_eq!(stage.arm.finish(operation, stage.until(60)).await.unwrap(), Ended::Succeeded);
        assert_eq!(stage.times(), [0, 1000, 1000, 2000]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_delete_whose_operation_is_gone_succeeded_once_the_resource_is_gone() {
    let headers = [("azure-asyncoperation", OPERATION), ("location", RESULT), ("retry-after", "1")];
    let (stage, operation) = deleting(headers).await;
    stage.expect(format!("GET {OPERATION}"), refusal(404, "NotFound"));
    stage.expect(format!("GET {RESULT}"), refusal(404, "NotFound"));
    stage.expect(resource(), answer(200, &peering("Deleting")));
    stage.expect(resource(), refusal(404, "NotFound"));
    assert_eq!(stage.arm.finish(operation, stage.until(60)).await.unwrap(), Ended::Succeeded);
    assert_eq!(stage.times(), [0, 1000, 1000, 1000, 2000]);
}

#[tokio::test(start_paused = true)]
async fn without_any_address_the_resource_itself_tells() {
    let (stage, operation) = accepted([("retry-after", "1")]).await;
    stage.expect(resource(), answer(200, &peering("Updating")));
    stage.expect(resource(), answer(200, &peering("Failed")));
    let ended = stage.arm.finish(operation, stage.until(60)).await.unwrap();
    assert!(matches!(ended, Ended::Failed(_)), "{ended:?}");
    assert_eq!(stage.times(), [0, 1000, 2000]);
}

#[tokio::test(start_paused = true)]
async fn an_operation_that_outlasts_the_deadline_is_still_running_and_nobody_waits_in_vain() {
    let (stage, operation) = accepted([("azure-asyncoperation", OPERATION), ("retry-after", "10")]).await;
    let running = answer_with(200, [("retry-after", "20")], &json!({"status": "InProgress"}));
    stage.expect(format!("GET {OPERATION}"), running);
    let start = stage.clock.now();
    assert_eq!(
        stage.arm.finish(operation, stage.until(20)).await.unwrap(),
        Ended::StillRunning { after: Some(std::time::Duration::from_secs(20)) }
    );
    assert_eq!(stage.clock.now() - start, time::Duration::seconds(10));
    assert_eq!(stage.times(), [0, 10_000]);
}

#[tokio::test(start_paused = true)]
async fn a_look_that_fails_by_chance_is_repeated() {
    let (stage, operation) = accepted([("azure-asyncoperation", OPERATION), ("retry-after", "1")]).await;
    stage.expect(format!("GET {OPERATION}"), text(503, "")).expect(format!("GET {OPERATION}"), Reply::Reset);
    stage.expect(format!("GET {OPERATION}"), status("Succeeded"));
    assert_eq!(stage.arm.finish(operation, stage.until(60)).await.unwrap(), Ended::Succeeded);
    assert_eq!(stage.times(), [0, 1000, 1200, 1600]);
}

#[tokio::test(start_paused = true)]
async fn an_operation_without_a_status_makes_no_sense() {
    for reply in
        [answer(200, &json!({})), text(200, ""), text(200, "<html>"), answer(200, &json!({"status": 7}))]
    {
        let (stage, operation) = accepted([("azure-asyncoperation", OPERATION), ("retry-after", "1")]).await;
        stage.expect(format!("GET {OPERATION}"), reply);
        let error = stage.arm.finish(operation, stage.until(60)).await.unwrap_err();
        assert_eq!(error.class(), Class::Malformed, "{error}");
        stage.played();
    }
}

#[tokio::test(start_paused = true)]
async fn no_token_follows_an_operation_to_another_host() {
    let long = format!("https://arm.test/{}", "x".repeat(20_000));
    for elsewhere in
        ["https://evil.test/operations/1", "http://arm.test/1", "https://arm.test@evil.test/1", "1", &long]
    {
        let stage = Stage::new();
        stage.expect_token(CONTOSO, "t").expect_token(FABRIKAM, "u");
        stage.expect(put(), answer_with(201, [("azure-asyncoperation", elsewhere)], &peering("Updating")));
        let error = stage.arm.put_peering(&write(), stage.until(20)).await.unwrap_err();
        assert!(matches!(error, WriteError::Unknown(_)), "it was written all the same: {error}");
        assert_eq!(error.error().class(), Class::Malformed);
        stage.played();
    }
}

#[tokio::test(start_paused = true)]
async fn no_token_follows_a_location_that_moves_to_another_host() {
    let (stage, operation) = deleting([("location", RESULT), ("retry-after", "1")]).await;
    let moved = answer_with(202, [("location", "https://evil.test/1")], &Value::Null);
    stage.expect(format!("GET {RESULT}"), moved);
    let error = stage.arm.finish(operation, stage.until(60)).await.unwrap_err();
    assert_eq!(error.class(), Class::Malformed, "{error}");
    stage.played();
}
