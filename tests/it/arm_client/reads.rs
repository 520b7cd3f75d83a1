use std::time::Duration;

use azure_core::time::to_rfc7231;
use peerpact::arm::{Class, ListedIn};
use peerpact::azure::CallFault;
use peerpact::handshake::read::Read;
use serde_json::{Value, json};

use super::script::*;

#[tokio::test(start_paused = true)]
async fn a_network_is_one_get_with_our_names_on_it() {
    let stage = Stage::new();
    stage
        .expect_token(CONTOSO, "tok-contoso")
        .expect(get(A), answer(200, &vnet(&A.to_uppercase(), "10.0.0.0/16")));
    let network = stage.arm.network(tenant(CONTOSO), &network(A), stage.until(20)).await.unwrap();
    assert_eq!(network.prefixes, ["10.0.0.0/16".parse().unwrap()]);
    let seen = stage.played();
    let call = &seen[1];
    assert_eq!(call.header("authorization"), Some("Bearer tok-contoso"));
    assert_eq!(call.header("x-ms-authorization-auxiliary"), None);
    assert_eq!(call.header("x-ms-return-client-request-id"), Some("true"));
    assert_eq!(call.header("user-agent"), Some(concat!("peerpact/", env!("CARGO_PKG_VERSION"))));
    assert_eq!(seen[0].header("user-agent"), call.header("user-agent"));
}

#[tokio::test(start_paused = true)]
async fn what_may_pass_by_itself_is_tried_four_times_with_growing_pauses() {
    for status in [429, 500, 502, 503, 504] {
        let stage = Stage::new();
        stage.expect_token(CONTOSO, "t");
        for _ in 0..4 {
            stage.expect(get(A), refusal(status, "Weather"));
        }
        let error = stage.arm.network(tenant(CONTOSO), &network(A), stage.until(60)).await.unwrap_err();
        assert_eq!(stage.times(), [0, 200, 600, 1400], "{status}");
        let expected = match status {
            429 => Class::Throttled { after: None },
            _ => Class::Unavailable { after: None },
        };
        assert_eq!(error.class(), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn a_broken_connection_and_silence_are_tried_again() {
    let stage = Stage::new();
    stage.expect_token(CONTOSO, "t");
    stage.expect(get(A), Reply::Reset).expect(get(A), Reply::Silence);
    stage.expect(get(A), answer(200, &vnet(A, "10.0.0.0/16")));
    stage.arm.network(tenant(CONTOSO), &network(A), stage.until(60)).await.unwrap();
    assert_eq!(stage.times(), [0, 200, 200 + 15_000 + 400]);
}

#[tokio::test(start_paused = true)]
async fn retry_after_is_kept_where_it_makes_sense() {
    let date = |stage: &Stage, ahead: i64| to_rfc7231(&(stage.clock.now() + time::Duration::seconds(ahead)));
    for (told, waits) in [
        ("0", 0),
        ("2", 2000),
        (" 5 ", 5000),
        ("date+3", 3000),
        ("date-3", 0),
        ("soon", 200),
        ("-5", 200),
        ("1.5", 200),
        ("99999999999999999999999", 200),
        ("", 200),
    ] {
        let stage = Stage::new();
        let text = match told {
            "date+3" => date(&stage, 3),
            "date-3" => date(&stage, -3),
            text => text.to_owned(),
        };
        stage.expect_token(CONTOSO, "t");
        stage.expect(get(A), answer_with(503, [("retry-after", &text)], &Value::Null));
        stage.expect(get(A), answer(200, &vnet(A, "10.0.0.0/16")));
        stage.arm.network(tenant(CONTOSO), &network(A), stage.until(60)).await.unwrap();
        assert_eq!(stage.times(), [0, waits], "Retry-After: {told}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_long_wait_is_given_up_at_once_and_told() {
    for (told, after, until) in [("4", 4, 3), ("6", 6, 60), ("3600", 3600, 60), ("86400", 3600, 60)] {
        let stage = Stage::new();
        stage.expect_token(CONTOSO, "t");
        stage.expect(get(A), answer_with(429, [("retry-after", told)], &Value::Null));
        let error = stage.arm.network(tenant(CONTOSO), &network(A), stage.until(until)).await.unwrap_err();
        assert_eq!(error.class(), Class::Throttled { after: Some(Duration::from_secs(after)) });
        assert_eq!(stage.times(), [0], "it did not wait in vain");
    }
}

#[tokio::test(start_paused = true)]
async fn who_throttles_us_is_left_alone_until_then_and_nobody_else_is() {
    let stage = Stage::new();
    stage.expect_token(CONTOSO, "t");
    stage.expect(get(A), answer_with(429, [("retry-after", "60")], &Value::Null));
    stage.arm.network(tenant(CONTOSO), &network(A), stage.until(20)).await.unwrap_err();
    tokio::time::advance(Duration::from_secs(20)).await;
    let error = stage.arm.network(tenant(CONTOSO), &network(A), stage.until(20)).await.unwrap_err();
    assert_eq!(error.class(), Class::Throttled { after: Some(Duration::from_secs(40)) });
    assert_eq!(stage.times(), [0], "the second one was not sent");
    tokio::time::advance(Duration::from_secs(40)).await;
    stage.expect(get(A), answer(200, &vnet(A, "10.0.0.0/16")));
    stage.arm.network(tenant(CONTOSO), &network(A), stage.until(20)).await.unwrap();
    stage.played();
}

#[tokio::test(start_paused = true)]
async fn nothing_is_asked_once_the_deadline_has_passed() {
    let stage = Stage::new();
    let error = stage.arm.network(tenant(CONTOSO), &network(A), stage.until(0)).await.unwrap_err();
    assert!(matches!(*error.fault, CallFault::PastDeadline), "{error}");
    assert!(stage.played().is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_attempt_ends_at_the_deadline() {
    let stage = Stage::new();
    stage.expect_token(CONTOSO, "t").expect(get(A), Reply::Silence);
    let start = stage.clock.now();
    let error = stage.arm.network(tenant(CONTOSO), &network(A), stage.until(4)).await.unwrap_err();
    assert!(matches!(*error.fault, CallFault::TimedOut(_)), "{error}");
    assert_eq!(stage.clock.now() - start, time::Duration::seconds(4));
    stage.played();
}

#[tokio::test(start_paused = true)]
async fn each_of_the_three_shapes_of_404_says_that_it_is_not_there() {
    let gateway = json!({"error": {"code": "ResourceNotFound", "message": "The Resource 'Microsoft.Network/virtualNetworks/ps2312' under resource group 'ps8292' was not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix"}});
    let provider = json!({"error": {"code": "NotFound", "message": "Resource /subscriptions/S not found.", "details": []}});
    let manager = text(
        404,
        r#"{"error":{"message":"Resource [/x] does not exist or has been deleted","code":"NotFound"}}"#,
    );
    for reply in [answer(404, &gateway), answer(404, &provider), manager, text(404, ""), text(404, "<html>")]
    {
        let stage = Stage::new();
        stage.expect_token(CONTOSO, "t").expect(get(A), reply);
        let sight = stage.arm.read_network(tenant(CONTOSO), &network(A), stage.until(20)).await.unwrap();
        assert_eq!(sight, Read::Absent);
        stage.played();
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_makes_no_sense_is_malformed_and_not_asked_for_again() {
    let nonsense = [
        text(200, "<html>"),
        text(200, ""),
        answer(200, &json!([])),
        answer(200, &json!({"id": "/nowhere"})),
        answer(200, &vnet(A, "10.0.0.0/33")),
        answer(200, &vnet(B, "10.0.0.0/16")),
        text(200, &"[".repeat(10_000)),
        text(200, &" ".repeat(9 * 1024 * 1024)),
        text(302, ""),
    ];
    for reply in nonsense {
        let stage = Stage::new();
        stage.expect_token(CONTOSO, "t").expect(get(A), reply);
        let error = stage.arm.read_network(tenant(CONTOSO), &network(A), stage.until(20)).await.unwrap_err();
        assert_eq!(error.class(), Class::Malformed, "{error}");
        stage.played();
    }
}

#[tokio::test(start_paused = true)]
async fn the_segments_of_an_address_are_encoded() {
    let stage = Stage::new();
    let group = A.replace("rg-a", "grüne(1)");
    let line = get(&A.replace("rg-a", "gr%C3%BCne(1)"));
    stage.expect_token(CONTOSO, "t").expect(line, answer(200, &vnet(&group, "10.0.0.0/16")));
    stage.arm.network(tenant(CONTOSO), &network(&group), stage.until(20)).await.unwrap();
    stage.played();
}

#[tokio::test(start_paused = true)]
async fn a_list_is_read_page_by_page_until_there_is_no_next_link() {
    for end in [json!(""), Value::Null] {
        let stage = Stage::new();
        let (group, networks) = (
            "/subscriptions/6a5f35e9-6951-499d-a36b-83c6c6eed44a/resourceGroups/rg-a",
            "/providers/Microsoft.Network/virtualNetworks",
        );
        let next = "https://arm.test:443/page?api-version=2019-01-01&$skiptoken=a%2Fb";
        let other = A.replace("vnet-a", "vnet-c");
        let elsewhere = [A.replace("rg-a", "rg-ab"), A.replace("6a5f35e9", "6a5f35e8")];
        let [other_group, other_subscription] = elsewhere.map(|id| vnet(&id, "10.2.0.0/16"));
        let odd = vnet(&A.replace("vnet-a", "vnet-o"), "nonsense");
        let first = json!({"value": [vnet(A, "10.0.0.0/16"), odd, other_group, "?", other_subscription],
            "nextLink": next});
        stage.expect_token(CONTOSO, "t").expect(get(&format!("{group}{networks}")), answer(200, &first));
        let last = json!({"value": [vnet(&other, "10.1.0.0/16")], "nextLink": end});
        stage.expect(format!("GET {}", next.replace(":443", "")), answer(200, &last));
        let place = ListedIn::ResourceGroup(
            "6a5f35e9-6951-499d-a36b-83c6c6eed44a".parse().unwrap(),
            "rg-a".parse().unwrap(),
        );
        let networks = stage.arm.networks(tenant(CONTOSO), &place, stage.until(20)).await.unwrap();
        let ids: Vec<_> = networks.into_iter().map(|network| network.id).collect();
        assert_eq!(
            ids,
            [network(A), network(&other)],
            "one that makes no sense or lies elsewhere does not hide the others"
        );
        stage.played();
    }
}

#[tokio::test(start_paused = true)]
async fn a_next_link_that_leads_elsewhere_is_not_followed() {
    for next in ["https://arm.test.evil/x", "http://arm.test/x", "https://arm.test:444/x", "/relative", "::"]
    {
        let stage = Stage::new();
        let subscription = "6a5f35e9-6951-499d-a36b-83c6c6eed44a";
        let line = get(&format!("/subscriptions/{subscription}/providers/Microsoft.Network/virtualNetworks"));
        stage.expect_token(CONTOSO, "t").expect(line, answer(200, &json!({"value": [], "nextLink": next})));
        let place = ListedIn::Subscription(subscription.parse().unwrap());
        let error = stage.arm.networks(tenant(CONTOSO), &place, stage.until(20)).await.unwrap_err();
        assert_eq!(error.class(), Class::Malformed, "{next}");
        assert_eq!(stage.played().len(), 2, "{next}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_list_without_an_end_is_given_up() {
    let stage = Stage::new();
    let subscription = "6a5f35e9-6951-499d-a36b-83c6c6eed44a";
    let line = get(&format!("/subscriptions/{subscription}/providers/Microsoft.Network/virtualNetworks"));
    let page = json!({"value": [], "nextLink": "https://arm.test/again"});
    stage.expect_token(CONTOSO, "t").expect(line, answer(200, &page));
    for _ in 1..100 {
        stage.expect("GET https://arm.test/again", answer(200, &page));
    }
    let place = ListedIn::Subscription(subscription.parse().unwrap());
    let error = stage.arm.networks(tenant(CONTOSO), &place, stage.until(20)).await.unwrap_err();
    assert_eq!(error.class(), Class::Malformed, "{error}");
    stage.played();
}

#[tokio::test(start_paused = true)]
async fn nothing_goes_out_over_plain_http() {
    let stage = Stage::at("http://arm.test/");
    let error = stage.arm.network(tenant(CONTOSO), &network(A), stage.until(20)).await.unwrap_err();
    assert!(matches!(*error.fault, CallFault::Unusable { .. }), "{error}");
    assert!(stage.played().is_empty());
}
