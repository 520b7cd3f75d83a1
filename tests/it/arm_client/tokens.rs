use std::time::Duration;

use peerpact::arm::{Class, WriteError};
use peerpact::handshake::read::{Denial, Read};
use serde_json::{Value, json};

use super::script::*;
use crate::log::Log;

fn expired() -> Reply {
    refusal(401, "ExpiredAuthenticationToken")
}

#[tokio::test(start_paused = true)]
async fn a_tenants_token_is_asked_for_once_and_used_for_its_own_calls_only() {
    let stage = Stage::new();
    stage.expect_token(CONTOSO, "tok-contoso").expect(get(A), answer(200, &vnet(A, "10.0.0.0/16")));
    stage.expect_token(FABRIKAM, "tok-fabrikam").expect(get(B), answer(200, &vnet(B, "10.1.0.0/16")));
    stage.expect(get(A), answer(200, &vnet(A, "10.0.0.0/16")));
    for (home, id) in [(CONTOSO, A), (FABRIKAM, B), (CONTOSO, A)] {
        stage.arm.network(tenant(home), &network(id), stage.until(20)).await.unwrap();
    }
    let seen = stage.played();
    let used: Vec<_> = seen.iter().filter_map(|seen| seen.header("authorization")).collect();
    assert_eq!(used, ["Bearer tok-contoso", "Bearer tok-fabrikam", "Bearer tok-contoso"]);
    assert!(seen[0].body.contains("scope=https%3A%2F%2Farm.test%2F.default"), "{}", seen[0].body);
    assert!(seen[0].body.contains(&format!("client_id={CLIENT_ID}")), "{}", seen[0].body);
}

#[tokio::test(start_paused = true)]
async fn two_reads_at_once_ask_for_one_token() {
    let stage = Stage::new();
    stage.expect_token(CONTOSO, "t");
    stage.expect(get(A), answer(200, &vnet(A, "10.0.0.0/16")));
    stage.expect(get(A), answer(200, &vnet(A, "10.0.0.0/16")));
    let read = || async {
        stage.arm.network(tenant(CONTOSO), &network(A), stage.until(20)).await.unwrap();
    };
    tokio::join!(read(), read());
    stage.played();
}

#[tokio::test(start_paused = true)]
async fn a_peering_write_carries_one_auxiliary_token_the_partners_and_the_looks_at_its_operation_none() {
    let stage = Stage::new();
    let operation = "https://arm.test/operations/1?t=1&s=signed";
    let headers = [("azure-asyncoperation", operation), ("retry-after", "1")];
    stage.expect_token(CONTOSO, "tok-contoso").expect_token(FABRIKAM, "tok-fabrikam");
    stage.expect(put(), answer_with(201, headers, &peering("Updating")));
    stage.expect(format!("GET {operation}"), answer(200, &json!({"status": "Succeeded"})));
    let accepted = stage.arm.put_peering(&write(), stage.until(20)).await.unwrap();
    stage.arm.finish(accepted, stage.until(20)).await.unwrap();
    for (call, auxiliary) in stage.played()[2..].iter().zip([Some("Bearer tok-fabrikam"), None]) {
        assert_eq!(call.header("authorization"), Some("Bearer tok-contoso"), "{}", call.line);
        assert_eq!(call.header("x-ms-authorization-auxiliary"), auxiliary, "{}", call.line);
    }
}

#[tokio::test(start_paused = true)]
async fn what_can_be_no_token_is_neither_shown_nor_kept_and_the_next_call_asks_anew() {
    for odd in
        ["", "tok-odd\r\nx-injected: 1", "tok-odd\n", "tok-odd ", "tok-\u{f6}dd", "tok-odd\u{7f}", "\0"]
    {
        let stage = Stage::new();
        stage.expect_token(CONTOSO, odd);
        let error = stage.arm.network(tenant(CONTOSO), &network(A), stage.until(20)).await.unwrap_err();
        assert_eq!(error.class(), Class::Malformed, "{error}");
        let told = format!("{error} {error:?}");
        assert!(told.contains("can be no token") && told.contains(CONTOSO), "{told}");
        assert!(!told.contains("tok-") && !told.contains("injected"), "{told}");
        stage.expect_token(CONTOSO, "good").expect(get(A), answer(200, &vnet(A, "10.0.0.0/16")));
        stage.arm.network(tenant(CONTOSO), &network(A), stage.until(20)).await.unwrap();
        stage.played();
    }
}

/// Reads with one token, lets time pass as `pass` has it, and reads requeue_after: the tokens that were asked for.
async fn tokens_when(pass: impl AsyncFnOnce(&Stage)) -> usize {
    let stage = Stage::new();
    let read = async || {
        stage.expect(get(A), answer(200, &vnet(A, "10.0.0.0/16")));
        stage.arm.network(tenant(CONTOSO), &network(A), stage.until(20)).await
    };
    stage.expect_token(CONTOSO, "first");
    read().await.unwrap();
    pass(&stage).await;
    stage.may_be_asked_for_a_token(CONTOSO, "second");
    read().await.unwrap();
    stage.played().iter().filter(|seen| seen.line == token_line(CONTOSO)).count()
}

#[tokio::test(start_paused = true)]
async fn a_token_is_renewed_when_wall_time_or_elapsed_time_calls_it_old() {
    let minutes = |minutes: u64| Duration::from_secs(minutes * 60);
    assert_eq!(tokens_when(async |_| {}).await, 1);
    assert_eq!(tokens_when(async |_| tokio::time::advance(minutes(40)).await).await, 1);
    assert_eq!(tokens_when(async |_| tokio::time::advance(minutes(46)).await).await, 2);
    for step in [time::Duration::HOUR, time::Duration::DAY, -time::Duration::HOUR, -time::Duration::DAY] {
        assert_eq!(tokens_when(async |stage| stage.clock.step(step)).await, 2, "a step by {step}");
    }
    let elapsed = async |stage: &Stage| {
        tokio::time::advance(minutes(60)).await;
        stage.clock.step(-time::Duration::HOUR);
    };
    assert_eq!(tokens_when(elapsed).await, 2, "an hour has elapsed that the wall clock does not show");
}

#[tokio::test(start_paused = true)]
async fn no_step_of_the_wall_clock_ends_or_prolongs_what_time_is_left() {
    for step in [time::Duration::HOUR, time::Duration::DAY, -time::Duration::HOUR, -time::Duration::DAY] {
        let stage = Stage::new();
        let until = stage.until(20);
        stage.clock.step(step);
        assert_eq!(until.remaining(&stage.clock), Duration::from_secs(20), "after a step by {step}");
        tokio::time::advance(Duration::from_secs(20)).await;
        assert!(until.remaining(&stage.clock).is_zero(), "after a step by {step}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_delete_and_a_write_inside_one_tenant_carry_no_auxiliary_token() {
    for auxiliary in [None, Some(tenant(CONTOSO))] {
        let stage = Stage::new();
        stage.expect_token(CONTOSO, "tok-contoso");
        stage.expect(put(), answer(200, &peering("Succeeded"))).expect(delete(), text(204, ""));
        let write = peerpact::kinds::peering::PeeringWrite { auxiliary, ..write() };
        stage.arm.put_peering(&write, stage.until(20)).await.unwrap();
        stage.arm.delete_peering(tenant(CONTOSO), &half(), CORRELATION, stage.until(20)).await.unwrap();
        for call in stage.played() {
            assert_eq!(call.header("x-ms-authorization-auxiliary"), None, "{}", call.line);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_refused_token_is_replaced_once_and_the_call_made_again() {
    let stage = Stage::new();
    stage.expect_token(CONTOSO, "old").expect(get(A), expired());
    stage.expect_token(CONTOSO, "new").expect(get(A), answer(200, &vnet(A, "10.0.0.0/16")));
    stage.expect(get(A), answer(200, &vnet(A, "10.0.0.0/16")));
    for _ in 0..2 {
        stage.arm.network(tenant(CONTOSO), &network(A), stage.until(20)).await.unwrap();
    }
    let seen = stage.played();
    let used: Vec<_> = seen.iter().filter_map(|seen| seen.header("authorization")).collect();
    assert_eq!(used, ["Bearer old", "Bearer new", "Bearer new"]);
}

#[tokio::test(start_paused = true)]
async fn a_token_that_is_refused_again_is_a_denial() {
    let stage = Stage::new();
    stage.expect_token(CONTOSO, "old").expect(get(A), expired());
    stage.expect_token(CONTOSO, "new").expect(get(A), expired());
    let sight = stage.arm.read_network(tenant(CONTOSO), &network(A), stage.until(20)).await.unwrap();
    let Read::Denied(denial) = sight else { panic!("{sight:?}") };
    assert_eq!(denial.code, "ExpiredAuthenticationToken");
    stage.played();
}

#[tokio::test(start_paused = true)]
async fn calls_that_were_refused_the_same_token_at_once_renew_it_once() {
    let late = |reply| Reply::Late(Duration::from_millis(100), Box::new(reply));
    let stage = Stage::new();
    stage.expect_token(CONTOSO, "old").expect(get(A), late(expired())).expect(get(A), late(expired()));
    stage.expect_token(CONTOSO, "new");
    stage.expect(get(A), late(answer(200, &vnet(A, "10.0.0.0/16"))));
    stage.expect(get(A), late(answer(200, &vnet(A, "10.0.0.0/16"))));
    let read = || async {
        stage.arm.network(tenant(CONTOSO), &network(A), stage.until(20)).await.unwrap();
    };
    tokio::join!(read(), read());
    stage.played();
}

#[tokio::test(start_paused = true)]
async fn a_write_whose_tokens_were_refused_is_sent_again_with_both_renewed() {
    let stage = Stage::new();
    stage.expect_token(CONTOSO, "ours-old").expect_token(FABRIKAM, "theirs-old").expect(put(), expired());
    stage.expect_token(CONTOSO, "ours-new").expect_token(FABRIKAM, "theirs-new");
    stage.expect(put(), answer(200, &peering("Succeeded")));
    stage.arm.put_peering(&write(), stage.until(20)).await.unwrap();
    let seen = stage.played();
    assert_eq!(seen[5].header("authorization"), Some("Bearer ours-new"));
    assert_eq!(seen[5].header("x-ms-authorization-auxiliary"), Some("Bearer theirs-new"));
}

#[tokio::test(start_paused = true)]
async fn a_token_of_the_wrong_tenant_or_application_is_not_renewed() {
    for code in ["InvalidAuthenticationTokenTenant", "AuxiliaryTokensInvalidApplicationIdentity"] {
        let stage = Stage::new();
        stage.expect_token(CONTOSO, "t").expect(get(A), refusal(401, code));
        let error = stage.arm.network(tenant(CONTOSO), &network(A), stage.until(20)).await.unwrap_err();
        assert!(matches!(error.class(), Class::Denied(denial) if denial.code == code));
        stage.played();
    }
}

#[tokio::test(start_paused = true)]
async fn a_tenant_without_our_service_principal_is_a_denial_before_any_call() {
    let refused = json!({"error": "unauthorized_client", "error_codes": [700016],
        "error_description": "AADSTS700016: Application was not found in the directory.\r\nTrace ID: 1"});
    let stage = Stage::new();
    stage.expect(token_line(FABRIKAM), answer(400, &refused));
    let sight = stage.arm.read_network(tenant(FABRIKAM), &network(B), stage.until(20)).await.unwrap();
    let expected = Denial {
        principal: CLIENT_ID.to_owned(),
        action: "Microsoft.Network/virtualNetworks/read".to_owned(),
        scope: B.to_owned(),
        code: "AADSTS700016".to_owned(),
    };
    assert_eq!(sight, Read::Denied(expected));
    stage.played();
}

#[tokio::test(start_paused = true)]
async fn a_write_without_a_token_was_never_sent() {
    let stage = Stage::new();
    stage.expect_token(CONTOSO, "t");
    stage.expect(token_line(FABRIKAM), answer(401, &json!({"error": "invalid_client"})));
    let error = stage.arm.put_peering(&write(), stage.until(20)).await.unwrap_err();
    assert!(matches!(error, WriteError::Rejected(_)), "{error}");
    assert!(matches!(error.error().class(), Class::Denied(denial) if denial.code == "invalid_client"));
    stage.played();
}

#[tokio::test(start_paused = true)]
async fn a_token_endpoint_out_of_order_is_asked_again() {
    let stage = Stage::new();
    stage.expect(token_line(CONTOSO), text(503, "<html>")).expect(token_line(CONTOSO), Reply::Reset);
    let throttled = answer_with(429, [("retry-after", "2")], &Value::Null);
    stage.expect(token_line(CONTOSO), throttled);
    stage.expect_token(CONTOSO, "t").expect(get(A), answer(200, &vnet(A, "10.0.0.0/16")));
    stage.arm.network(tenant(CONTOSO), &network(A), stage.until(20)).await.unwrap();
    assert_eq!(stage.times(), [200 + 400 + 2000]);
}

#[tokio::test(start_paused = true)]
async fn a_write_is_sent_though_the_token_endpoint_stumbled_first() {
    let stage = Stage::new();
    stage.expect(token_line(CONTOSO), text(503, ""));
    stage.expect_token(CONTOSO, "t").expect_token(FABRIKAM, "u");
    stage.expect(put(), answer(200, &peering("Succeeded")));
    stage.arm.put_peering(&write(), stage.until(20)).await.unwrap();
    assert_eq!(stage.times(), [1000]);
}

#[tokio::test(start_paused = true)]
async fn secrets_tokens_and_signatures_are_printed_nowhere() {
    let log = Log::read();

    let stage = Stage::new();
    let operation = "https://arm.test/operations/1?s=the-signature";
    let mut told = vec![format!("{:?} {:?}", settings("https://arm.test/"), stage.arm)];
    stage.expect_token(CONTOSO, "tok-contoso").expect_token(FABRIKAM, "tok-fabrikam");
    stage.expect(put(), answer_with(201, [("azure-asyncoperation", operation)], &peering("Updating")));
    stage.expect(format!("GET {operation}"), text(200, "?"));
    let accepted = stage.arm.put_peering(&write(), stage.until(20)).await.unwrap();
    told.push(format!("{accepted:?}"));
    let error = stage.arm.finish(accepted, stage.until(20)).await.unwrap_err();
    told.push(format!("{error} {error:?}"));
    stage.expect(put(), Reply::Reset);
    let error = stage.arm.put_peering(&write(), stage.until(20)).await.unwrap_err();
    told.push(format!("{error} {error:?} {:?}", error.error()));
    stage.expect(put(), expired()).expect(token_line(CONTOSO), refusal(401, "invalid_client"));
    let error = stage.arm.put_peering(&write(), stage.until(20)).await.unwrap_err();
    told.push(format!("{error} {error:?}"));
    stage.played();

    told.push(log.text());
    let told = told.join("\n");
    assert!(told.contains("/operations/1"), "the calls are in the log:\n{told}");
    for secret in [SECRET, "tok-contoso", "tok-fabrikam", "the-signature"] {
        assert!(!told.contains(secret), "`{secret}` is in:\n{told}");
    }
}
