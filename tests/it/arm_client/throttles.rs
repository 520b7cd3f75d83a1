use std::time::Duration;

use peerpact::arm::{ArmError, Class, Operation, WriteError};
use peerpact::handshake::ids::VirtualNetworkId;
use peerpact::kinds::peering::PeeringWrite;
use serde_json::{Value, json};

use super::script::*;

const SENTENCE: &str = "Operation PutVirtualNetworkPeeringOperation is updating resource vnet-a.";

/// 429 as a lock is told, with what is found in `error` under the outer code.
fn lock(error: &Value) -> Reply {
    answer_with(429, [("retry-after", "60")], &json!({"error": error}))
}

fn throttled() -> Reply {
    answer_with(
        429,
        [("retry-after", "60")],
        &json!({"error": {"code": "TooManyRequests", "message": "Slow down.", "details": []}}),
    )
}

fn locked() -> Reply {
    let detail = json!({"code": "RetryableErrorDueToAnotherOperation", "message": SENTENCE});
    lock(&json!({"code": "RetryableError", "message": "A retryable error occurred.", "details": [detail]}))
}

/// A network in the group of [`A`].
fn sibling() -> String {
    A.replace("vnet-a", "vnet-c")
}

fn put_in(network: &str) -> String {
    put_to(&format!("{network}/virtualNetworkPeerings/to-b"))
}

async fn read(stage: &Stage, id: &str) -> Result<(), ArmError> {
    stage.arm.network(tenant(CONTOSO), &network(id), stage.until(20)).await.map(drop)
}

async fn write_in(stage: &Stage, id: &str) -> Result<Operation, WriteError> {
    let network: VirtualNetworkId = network(id);
    let write = PeeringWrite { id: network.peering("to-b".parse().unwrap()), ..write() };
    stage.arm.put_peering(&write, stage.until(20)).await
}

fn with_tokens() -> Stage {
    let stage = Stage::new();
    stage.expect_token(CONTOSO, "t").expect_token(FABRIKAM, "u");
    stage
}

#[tokio::test(start_paused = true)]
async fn a_throttle_of_writes_lets_reads_through_and_keeps_every_write_of_the_subscription() {
    let stage = with_tokens();
    stage.expect(put(), throttled());
    assert_class(&write_in(&stage, A).await, &Class::Throttled { after: Some(Duration::from_secs(60)) });
    stage.expect(get(A), answer(200, &vnet(A, "10.0.0.0/16")));
    read(&stage, A).await.unwrap();
    tokio::time::advance(Duration::from_secs(20)).await;
    let left = Class::Throttled { after: Some(Duration::from_secs(40)) };
    assert_class(&write_in(&stage, A).await, &left);
    assert_class(&write_in(&stage, &sibling()).await, &left);
    tokio::time::advance(Duration::from_secs(40)).await;
    stage.expect(put_in(&sibling()), answer(201, &peering("Succeeded")));
    write_in(&stage, &sibling()).await.unwrap();
    stage.played();
}

#[tokio::test(start_paused = true)]
async fn a_throttle_of_reads_lets_writes_through_but_no_look_at_their_operation() {
    let operation = "https://arm.test/subscriptions/6a5f35e9-6951-499d-a36b-83c6c6eed44a/operations/1";
    let stage = Stage::new();
    stage.expect_token(CONTOSO, "t").expect(get(A), throttled());
    read(&stage, A).await.unwrap_err();
    let headers = [("azure-asyncoperation", operation), ("retry-after", "1")];
    stage.expect_token(FABRIKAM, "u").expect(put(), answer_with(201, headers, &peering("Updating")));
    let accepted = write_in(&stage, A).await.unwrap();
    let error = stage.arm.finish(accepted, stage.until(20)).await.unwrap_err();
    assert_eq!(error.class(), Class::Throttled { after: Some(Duration::from_secs(59)) });
    stage.played();
}

#[tokio::test(start_paused = true)]
async fn a_lock_of_a_network_keeps_writes_from_it_and_nothing_else() {
    let stage = with_tokens();
    stage.expect(put(), locked());
    let busy = |seconds| Class::Busy { after: Some(Duration::from_secs(seconds)) };
    assert_class(&write_in(&stage, A).await, &busy(60));
    assert_class(&write_in(&stage, &A.replace("virtualNetworks", "VIRTUALNETWORKS")).await, &busy(60));
    stage.expect(put_in(&sibling()), answer(201, &peering("Succeeded")));
    write_in(&stage, &sibling()).await.unwrap();
    stage.expect(get(A), answer(200, &vnet(A, "10.0.0.0/16")));
    read(&stage, A).await.unwrap();
    tokio::time::advance(Duration::from_secs(60)).await;
    stage.expect(put(), answer(201, &peering("Succeeded")));
    write_in(&stage, A).await.unwrap();
    stage.played();
}

#[tokio::test(start_paused = true)]
async fn a_lock_is_known_by_its_code_wherever_that_stands_and_told_by_the_sentence_that_says_which() {
    let detail = |code: &str| json!([{"code": "Else"}, {"code": code, "message": SENTENCE}]);
    for error in [
        json!({"code": "RetryableError", "message": "A retryable error occurred.", "details": detail("X")}),
        json!({"code": "Conflict", "message": "An error occurred.",
            "details": detail("RetryableErrorDueToAnotherOperation")}),
        json!({"code": "Conflict", "details": detail("AnotherOperationInProgress")}),
        json!({"message": "", "details": detail("retryableerror")}),
        json!({"code": "AnotherOperationInProgress", "message": SENTENCE, "details": null}),
    ] {
        let stage = with_tokens();
        stage.expect(put(), lock(&error));
        let refused = write_in(&stage, A).await;
        assert_class(&refused, &Class::Busy { after: Some(Duration::from_secs(60)) });
        let told = refused.unwrap_err().to_string();
        assert!(told.contains(SENTENCE), "{told}");
        stage.expect(put_in(&sibling()), answer(201, &peering("Succeeded")));
        write_in(&stage, &sibling()).await.unwrap();
        stage.played();
    }
}

#[tokio::test(start_paused = true)]
async fn a_sentence_that_says_something_is_not_replaced_by_a_detail() {
    let stage = with_tokens();
    let details = json!([{"code": "Other", "message": "More of it."}]);
    let error = json!({"error": {"code": "VnetAddressSpacesOverlap", "message": "They overlap.", "details": details}});
    stage.expect(put(), answer(400, &error));
    let told = write_in(&stage, A).await.unwrap_err().to_string();
    assert!(told.contains("VnetAddressSpacesOverlap: They overlap."), "{told}");
    stage.played();
}

#[tokio::test(start_paused = true)]
async fn no_step_of_the_wall_clock_ends_or_prolongs_a_pause() {
    for step in [time::Duration::HOUR, time::Duration::DAY, -time::Duration::HOUR, -time::Duration::DAY] {
        let stage = Stage::new();
        stage.expect_token(CONTOSO, "t").expect(get(A), throttled());
        read(&stage, A).await.unwrap_err();
        stage.clock.step(step);
        let error = read(&stage, A).await.unwrap_err();
        assert_eq!(error.class(), Class::Throttled { after: Some(Duration::from_secs(60)) }, "{step}");
        tokio::time::advance(Duration::from_secs(60)).await;
        stage.may_be_asked_for_a_token(CONTOSO, "another");
        stage.expect(get(A), answer(200, &vnet(A, "10.0.0.0/16")));
        read(&stage, A).await.unwrap();
        stage.played();
    }
}

fn assert_class(written: &Result<Operation, WriteError>, class: &Class) {
    let Err(WriteError::Rejected(error)) = written else { panic!("{written:?}") };
    assert_eq!(error.class(), *class, "{error}");
}
