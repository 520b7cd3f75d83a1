//! Faults of calls: where they strike, and what has happened when they do.

use http::Method;
use peerpact_sandbox::{Cut, FaultPlan, Tenant};
use serde_json::{Value, json};

use crate::support::*;

fn plan(plan: Value) -> FaultPlan {
    FaultPlan::from_json(plan.to_string().as_bytes()).unwrap()
}

fn rule(rule: Value) -> FaultPlan {
    plan(json!({"rules": [rule]}))
}

#[tokio::test(start_paused = true)]
async fn the_nth_matching_call_is_answered_with_an_error_and_has_done_nothing() {
    let pair = pair().await;
    pair.azure.set_faults(rule(json!({
        "match": {"method": "put", "path": "*/virtualNetworkPeerings/*"}, "nth": 2,
        "action": {"answer": {"status": 429, "retryAfter": 7}}})));
    pair.contoso.get(&pair.hub).await.expect(200);
    let started = pair.contoso.put(&half(&pair.hub, "p"), &half_body(&pair.spoke)).await.expect(201);
    pair.contoso.finish(&started).await;
    let second = pair.fabrikam.put(&half(&pair.spoke, "q"), &half_body(&pair.hub)).await.expect(429);
    assert_eq!(second.header("retry-after"), Some("7"));
    pair.fabrikam.get(&half(&pair.spoke, "q")).await.expect(404);
    pair.fabrikam.put(&half(&pair.spoke, "q"), &half_body(&pair.hub)).await.expect(201);
}

#[tokio::test(start_paused = true)]
async fn a_cut_before_the_commit_changes_nothing_and_one_after_it_everything() {
    let pair = pair().await;
    let id = half(&pair.hub, "p");
    for (action, cut, exists) in
        [("cutBeforeCommit", Cut::BeforeCommit, 404), ("cutAfterCommit", Cut::AfterCommit, 200)]
    {
        pair.azure.set_faults(rule(json!({"match": {"method": "PUT"}, "action": action})));
        let outcome = pair.contoso.try_send(Method::PUT, &id, Some(&half_body(&pair.spoke))).await;
        assert_eq!(outcome.unwrap_err(), cut);
        assert_eq!(pair.azure.calls_since(0).last().unwrap().status, 0, "the caller got no answer");
        pair.contoso.get(&id).await.expect(exists);
    }
}

#[tokio::test(start_paused = true)]
async fn an_error_answer_can_hide_that_the_call_took_effect() {
    let pair = pair().await;
    let id = half(&pair.hub, "p");
    pair.azure.set_faults(rule(json!({
        "match": {"method": "PUT"}, "times": 1,
        "action": {"answer": {"status": 500, "afterCommit": true, "retryAfter": "soon"}}})));
    let answer = pair.contoso.put(&id, &half_body(&pair.spoke)).await.refused(500, "InternalServerError");
    assert_eq!(answer.header("retry-after"), Some("soon"));
    pair.contoso.get(&id).await.expect(200);
}

#[tokio::test(start_paused = true)]
async fn rules_choose_by_caller_and_strike_at_most_so_many_times() {
    let pair = pair().await;
    let traveller = pair.azure.world().traveller().client_id.clone();
    pair.azure.set_faults(rule(json!({
        "match": {"principal": traveller, "tenant": Tenant::Fabrikam.tenant_id()}, "every": 2, "times": 2,
        "action": {"answer": {"status": 503}}})));
    pair.contoso.get(&pair.hub).await.expect(200);
    let mut statuses = Vec::new();
    for _ in 0..8 {
        statuses.push(pair.fabrikam.get(&pair.spoke).await.status);
    }
    assert_eq!(statuses, [200, 503, 200, 503, 200, 200, 200, 200]);
    pair.azure.clear_faults();
    pair.fabrikam.get(&pair.spoke).await.expect(200);
}

#[tokio::test(start_paused = true)]
async fn a_share_strikes_by_the_plans_seed_whatever_else_is_in_the_plan() {
    let pair = pair().await;
    let run = async |plan_json: Value| {
        pair.azure.set_faults(plan(plan_json));
        let mut struck = Vec::new();
        for _ in 0..40 {
            struck.push(pair.contoso.get(&pair.hub).await.status == 500);
        }
        struck
    };
    let rules = json!([{"share": 0.3, "action": {"answer": {"status": 500}}}]);
    let first = run(json!({"seed": 5, "rules": rules})).await;
    let count = first.iter().filter(|struck| **struck).count();
    assert!((4..=20).contains(&count), "{count} of 40");
    assert_eq!(first, run(json!({"seed": 5, "rules": rules})).await);
    let slow = json!({"seed": 5, "rules": rules, "latencyMs": {"min": 1, "max": 9}});
    assert_eq!(first, run(slow).await, "latency has a stream of its own");
    assert_ne!(first, run(json!({"seed": 6, "rules": rules})).await);
}

#[tokio::test(start_paused = true)]
async fn latency_passes_before_and_after_the_call_takes_effect() {
    let pair = pair().await;
    pair.azure.set_faults(plan(json!({"latencyMs": {"min": 100, "max": 100}})));
    let before = pair.azure.clock().now();
    pair.contoso.get(&pair.hub).await.expect(200);
    assert_eq!((pair.azure.clock().now() - before).whole_milliseconds(), 100);
    let call = pair.azure.calls_since(0).pop().unwrap();
    let at = time::OffsetDateTime::parse(&call.time, &time::format_description::well_known::Rfc3339).unwrap();
    assert_eq!((at - before).whole_milliseconds(), 50);
}

#[tokio::test(start_paused = true)]
async fn faults_strike_requests_for_tokens_too() {
    let azure = default_azure();
    azure.set_faults(rule(
        json!({"match": {"path": "*/oauth2/v2.0/token"}, "nth": 1, "action": {"answer": {"status": 503}}}),
    ));
    let principal = azure.world().traveller().clone();
    let ask = async || {
        let scope = format!("{ORIGIN}/.default");
        ask_token(&azure, Tenant::Contoso.tenant_id(), &principal.client_id, &principal.client_secret, &scope)
            .await
    };
    assert_eq!(ask().await.status, 503);
    assert_eq!(ask().await.status, 200);
}

#[test]
fn plans_that_make_no_sense_are_refused_with_a_reason() {
    for (plan, reason) in [
        (json!({"latency": 5}), "unknown field `latency`"),
        (json!({"rules": [{"action": "explode"}]}), "unknown variant `explode`"),
        (json!({"rules": [{"match": {"host": "x"}, "action": "cutAfterCommit"}]}), "unknown field `host`"),
        (json!({"rules": [{"action": {"answer": {"status": 404}}}]}), "rules[0]: status is 429, 500 or 503"),
        (
            json!({"rules": [{"nth": 1, "share": 0.5, "action": "cutAfterCommit"}]}),
            "give one of nth, every and share",
        ),
        (json!({"rules": [{"nth": 0, "action": "cutAfterCommit"}]}), "count from 1"),
        (json!({"rules": [{"share": 1.5, "action": "cutAfterCommit"}]}), "share lies between 0 and 1"),
        (json!({"latencyMs": {"min": 2, "max": 1}}), "min is above max"),
        (json!({"events": {"drop": -0.1}}), "shares lie between 0 and 1"),
        (json!({"events": {"delay": {"share": 1, "ms": {"min": 2, "max": 1}}}}), "events.delay.ms"),
    ] {
        let refused = FaultPlan::from_json(plan.to_string().as_bytes()).unwrap_err().to_string();
        assert!(refused.contains(reason), "{plan}: {refused}");
    }
}

#[test]
fn a_plan_reads_back_as_it_was_written() {
    let written = json!({
        "seed": 7, "latencyMs": {"min": 5, "max": 40},
        "rules": [{"match": {"method": "PUT"}, "nth": 1, "action": "cutAfterCommit"}],
        "events": {"subject": "*", "drop": 0.1, "duplicate": 0.2, "delay": {"share": 0.5, "ms": {"min": 0, "max": 5}}}});
    let read = serde_json::to_value(plan(written.clone())).unwrap();
    assert_eq!(read, written);
}
