//! What comes in.

use peerpact::host::{HttpRequest, JsonObject, TriggerData};
use serde_json::{Value, json};

use super::wire::App;

const WRITTEN: &str = "Microsoft.Resources.ResourceWriteSuccess";

fn peering_event(id: &str) -> Value {
    json!({
        "id": id,
        "topic": "/subscriptions/S1",
        "subject": "/subscriptions/S1/resourcegroups/rg1/providers/Microsoft.Network/virtualNetworks/vnet1",
        "eventType": WRITTEN,
        "data": { "tenantId": "T1", "claims": "{\"aud\":\"https://management.azure.com/\"}" },
    })
}

/// `value` serialised into a text that many times.
fn encoded(mut value: Value, times: usize) -> Value {
    for _ in 0..times {
        value = Value::String(value.to_string());
    }
    value
}

fn body(binding: &str, value: &Value) -> String {
    let metadata = json!({ "sys": { "MethodName": "F", "UtcNow": "2026-01-02T03:04:05Z", "RandGuid": "…" } });
    json!({ "Data": { binding: value }, "Metadata": metadata }).to_string()
}

async fn events(body: String) -> Vec<JsonObject> {
    let app = App::start().await;
    app.post("ResourceEvent", body).await.well();
    match app.seen().pop().unwrap().data {
        TriggerData::Events(events) => events,
        other => panic!("{other:?}"),
    }
}

async fn http_request(req: Value) -> HttpRequest {
    let app = App::start().await;
    app.post("Handshakes", body("req", &req)).await.well();
    match app.seen().pop().unwrap().data {
        TriggerData::Http(request) => request,
        other => panic!("{other:?}"),
    }
}

fn ids(events: &[JsonObject]) -> Vec<&str> {
    events.iter().map(|event| event["id"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn an_event_is_the_same_as_an_object_and_as_a_text_encoded_once_or_twice() {
    for times in 0..=2 {
        let events = events(body("event", &encoded(peering_event("e1"), times))).await;
        assert_eq!(events, [peering_event("e1").as_object().unwrap().clone()], "encoded {times} times");
    }
}

#[tokio::test]
async fn an_event_encoded_three_times_is_nothing_that_the_host_sends() {
    let app = App::start().await;
    let answer = app.post("ResourceEvent", body("event", &encoded(peering_event("e1"), 3))).await;
    answer.told("Data.event: expected an object, found a text");
    assert!(app.seen().is_empty());
}

#[tokio::test]
async fn several_events_come_as_an_array_or_as_a_text_that_holds_one() {
    for times in 0..=2 {
        let array =
            json!([peering_event("e1"), encoded(peering_event("e2"), 1), encoded(peering_event("e3"), 2)]);
        assert_eq!(ids(&events(body("event", &encoded(array, times))).await), ["e1", "e2", "e3"]);
    }
}

#[tokio::test]
async fn a_bad_event_does_not_cost_the_good_ones_beside_it() {
    let app = App::start().await;
    let array = json!([peering_event("e1"), 7, peering_event("e3"), null]);
    let answer = app.post("ResourceEvent", body("event", &array)).await;
    answer.told("Data.event[1]: expected an object, found a number");
    answer.told("Data.event[3]: expected an object, found null");
    let TriggerData::Events(events) = app.seen().pop().unwrap().data else { panic!() };
    assert_eq!(ids(&events), ["e1", "e3"]);
}

#[tokio::test]
async fn a_cloud_event_may_carry_its_data_as_a_text() {
    let cloud = json!({ "specversion": "1.0", "id": "c1", "type": WRITTEN, "data": "{\"tenantId\":\"T1\"}" });
    let events = events(body("event", &cloud)).await;
    assert_eq!(events[0]["data"], json!({ "tenantId": "T1" }));
}

#[tokio::test]
async fn a_timer_ticks_as_an_object_and_as_a_text() {
    let info = json!({ "Schedule": { "AdjustForDST": true }, "ScheduleStatus": null, "IsPastDue": true });
    for times in 0..=2 {
        let app = App::start().await;
        app.post("StatusSweep", body("timer", &encoded(info.clone(), times))).await.well();
        let TriggerData::Timer(timer) = app.seen().pop().unwrap().data else { panic!() };
        assert!(timer.is_past_due);
    }
}

#[tokio::test]
async fn a_tick_that_says_nothing_of_itself_is_a_tick() {
    for info in [json!({}), json!({ "IsPastDue": "yes", "Schedule": 3 })] {
        let app = App::start().await;
        app.post("StatusSweep", body("timer", &info)).await.well();
        let TriggerData::Timer(timer) = app.seen().pop().unwrap().data else { panic!() };
        assert!(!timer.is_past_due);
    }
}

#[tokio::test]
async fn a_request_has_its_method_query_route_and_body() {
    let request = http_request(json!({
        "Url": "http://127.0.0.1:7071/api/handshakes/h1?phase=refused",
        "Method": "POST",
        "Query": { "phase": "refused", "top": 5, "gone": null },
        "Headers": { "Host": ["127.0.0.1:7071"] },
        "Params": { "id": "h1" },
        "Identities": [{ "AuthenticationType": null, "IsAuthenticated": false }],
        "Body": "{\"a\":[1,2]}",
    }))
    .await;
    assert_eq!(request.method, "POST");
    let query: Vec<_> = request.query.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(query, [("phase", "refused"), ("top", "5")]);
    assert_eq!(request.params["id"], "h1");
    assert_eq!(request.body.as_deref(), Some("{\"a\":[1,2]}"), "as it was sent");
    assert_eq!(request.json().unwrap(), json!({ "a": [1, 2] }));
}

#[tokio::test]
async fn a_request_without_query_route_and_body_is_whole() {
    let request = http_request(json!({ "Method": "GET" })).await;
    assert!(request.query.is_empty() && request.params.is_empty() && request.body.is_none());
    assert!(request.json().is_err());
}

#[tokio::test]
async fn the_functions_key_reaches_no_function() {
    let request = http_request(json!({
        "Url": "http://h/api/handshakes?code=K3Y",
        "Method": "GET",
        "Query": { "Code": "K3Y", "phase": "refused" },
        "Headers": { "x-functions-key": ["K3Y"] },
    }))
    .await;
    assert_eq!(request.query.keys().collect::<Vec<_>>(), ["phase"]);
    assert!(!format!("{request:?}").contains("K3Y"));
}

#[tokio::test]
async fn metadata_can_neither_give_nor_change_anything() {
    let forged = json!({
        "event": peering_event("forged"), "Data": { "event": peering_event("forged") },
        "InvocationId": "forged", "sys": { "MethodName": "Handshakes" },
    });
    for metadata in [forged.clone(), Value::Null, json!([1]), json!("{}"), json!(encoded(forged, 2))] {
        let app = App::start().await;
        let good = json!({ "Data": { "event": peering_event("real") }, "Metadata": metadata });
        app.post_as("the-header's-id-is-unfit", "ResourceEvent", good.to_string()).await.well();
        let seen = app.seen().pop().unwrap();
        assert_eq!((seen.id.as_str(), seen.function.as_str()), ("none", "ResourceEvent"));
        let TriggerData::Events(events) = seen.data else { panic!() };
        assert_eq!(ids(&events), ["real"]);

        let bare = json!({ "Metadata": metadata }).to_string();
        app.post("ResourceEvent", bare).await.told("Data: expected an object, found nothing");
        assert!(app.seen().is_empty());
    }
}

#[tokio::test]
async fn the_invocation_id_is_the_headers() {
    let app = App::start().await;
    for (header, id) in [
        ("6b1f3a0e-4c5d-4f0a-9c1b-3a2d1e0f9b8c", "6b1f3a0e-4c5d-4f0a-9c1b-3a2d1e0f9b8c"),
        ("", "none"),
        ("a b", "none"),
        ("<script>", "none"),
        (&"x".repeat(65), "none"),
    ] {
        app.post_as(header, "StatusSweep", body("timer", &json!({}))).await.well();
        assert_eq!(app.seen().pop().unwrap().id.as_str(), id);
    }
}
