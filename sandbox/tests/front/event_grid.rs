use peerpact_sandbox::front::functions_host::FunctionsHost;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{App, client};

fn event(id: &str) -> Value {
    json!({
        "id": id, "topic": "/subscriptions/s", "subject": "/subscriptions/s/x", "eventType": "Microsoft.Resources.ResourceWriteSuccess",
        "eventTime": "2026-01-02T03:04:05.6117357Z", "dataVersion": "2", "metadataVersion": "1",
        "data": { "tenantId": "t", "authorization": { "scope": "/subscriptions/s/x" } },
    })
}

fn webhook(host: &FunctionsHost, query: &str) -> String {
    format!("{}/runtime/webhooks/EventGrid?{query}", host.origin())
}

async fn post(host: &FunctionsHost, kind: &str, body: &Value) -> (u16, String) {
    let address = webhook(host, &format!("functionName=ResourceEvent&code={}", host.keys().event_grid));
    let request = client(None).post(address).header("aeg-event-type", kind).body(body.to_string());
    let response = request.send().await.unwrap();
    (response.status().as_u16(), response.text().await.unwrap())
}

#[tokio::test]
async fn an_event_is_an_object_in_data_and_its_data_is_metadata() {
    let app = App::with_functions();
    let host = app.start().await;
    assert_eq!(post(&host, "Notification", &json!([event("1")])).await, (202, String::new()));
    host.shutdown().await;

    let request = app.request();
    assert_eq!(request.path, "/ResourceEvent");
    assert_eq!(request.headers["content-type"], "application/json; charset=utf-8");
    assert!(request.headers["user-agent"].starts_with("Azure-Functions-Host/4."));
    assert!(request.headers["x-azure-functions-hostversion"].starts_with("4."));
    assert_eq!(request.headers["x-azure-functions-invocationid"].len(), 36);
    let system = &request.json()["Metadata"]["sys"];
    let (now, guid) = (system["UtcNow"].as_str().unwrap(), system["RandGuid"].as_str().unwrap());
    assert!(now.len() == 28 && now.ends_with('Z'), "{now}");
    assert_ne!(guid, request.headers["x-azure-functions-invocationid"]);
    let expected = format!(
        r#"{{"Data":{{"event":{}}},"Metadata":{{"data":{},"sys":{{"MethodName":"ResourceEvent","UtcNow":"{now}","RandGuid":"{guid}"}}}}}}"#,
        event("1"),
        event("1")["data"],
    );
    assert_eq!(request.body, expected);
}

#[tokio::test]
async fn a_single_cloud_event_is_taken_and_every_event_of_an_array_is_an_invocation() {
    let app = App::with_functions();
    let host = app.start().await;
    let cloud_event =
        json!({ "specversion": "1.0", "id": "a", "source": "/s", "type": "t", "data": { "x": 1 } });
    assert_eq!(post(&host, "Notification", &cloud_event).await.0, 202);
    assert_eq!(post(&host, "Notification", &json!([event("1"), event("2")])).await.0, 202);
    host.shutdown().await;

    let mut sent: Vec<Value> =
        app.requests().iter().map(|request| request.json()["Data"]["event"].clone()).collect();
    assert_eq!(sent.remove(0), cloud_event);
    sent.sort_by_key(|event| event["id"].to_string());
    assert_eq!(sent, [event("1"), event("2")]);
}

#[tokio::test]
async fn one_failed_invocation_fails_the_whole_delivery_with_its_message() {
    let app = App::with_functions();
    let host = app.start().await;
    app.answer("/ResourceEvent", json!({ "status": 500 }));
    let (status, message) = post(&host, "Notification", &json!([event("1"), event("2")])).await;
    host.shutdown().await;
    assert_eq!(status, 500);
    assert_eq!(message, "Exception while executing function: ResourceEvent: the handler answered 500");
    assert_eq!(app.requests().len(), 2);
}

#[tokio::test]
async fn a_validation_code_is_given_back_without_an_invocation() {
    let app = App::with_functions();
    let host = app.start().await;
    let expected = (200, r#"{"validationResponse":"512d38b6"}"#.to_owned());
    let array = json!([{ "data": { "validationCode": "512d38b6", "validationUrl": "https://x" } }]);
    assert_eq!(post(&host, "SubscriptionValidation", &array).await, expected);
    let cloud_event = json!({ "specversion": "1.0", "data": r#"{"validationCode":"512d38b6"}"# });
    assert_eq!(post(&host, "SubscriptionValidation", &cloud_event).await, expected);
    assert_eq!(post(&host, "SubscriptionValidation", &json!([{}])).await.0, 400);
    assert_eq!(post(&host, "Unsubscribe", &json!([])).await.0, 202);
    assert_eq!(post(&host, "Surprise", &json!([])).await.0, 400);
    assert_eq!(post(&host, "Notification", &json!(1)).await.0, 400);
    host.shutdown().await;
    assert!(app.requests().is_empty());
}

#[tokio::test]
async fn cloud_events_consent_names_the_origin_that_asked() {
    let app = App::with_functions();
    let host = app.start().await;
    let address = webhook(&host, &format!("functionName=resourceevent&code={}", host.keys().master));
    let ask = client(None)
        .request(Method::OPTIONS, address)
        .header("WebHook-Request-Origin", "eventgrid.azure.net");
    let response = ask.header("WebHook-Request-Rate", "120").send().await.unwrap();
    host.shutdown().await;
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["WebHook-Allowed-Origin"], "eventgrid.azure.net");
    assert_eq!(response.headers()["WebHook-Allowed-Rate"], "120");
    assert_eq!(response.headers()["Allow"], "POST");
}

#[tokio::test]
async fn the_webhook_opens_with_the_extensions_key_or_the_master_key_only() {
    let app = App::with_functions();
    let host = app.start().await;
    let keys = host.keys().clone();
    let cases = [
        (format!("functionName=ResourceEvent&code={}", keys.event_grid), 202),
        (format!("functionName=ResourceEvent&code={}", keys.master), 202),
        (format!("functionName=ResourceEvent&code={}", keys.default), 401),
        ("functionName=ResourceEvent&code=".to_owned(), 401),
        ("functionName=ResourceEvent".to_owned(), 401),
        (format!("functionName=Nothing&code={}", keys.master), 404),
        (format!("functionName=StatusSweep&code={}", keys.master), 404),
        (format!("code={}", keys.master), 404),
    ];
    for (query, status) in cases {
        let request = client(None).post(webhook(&host, &query)).header("aeg-event-type", "Unsubscribe");
        assert_eq!(request.send().await.unwrap().status(), status, "{query}");
    }
    let other = format!("{}/runtime/webhooks/DurableTask?code={}", host.origin(), keys.master);
    assert_eq!(client(None).post(other).send().await.unwrap().status(), 404);
    host.shutdown().await;
}
