use std::fs;

use peerpact_sandbox::front::functions_host::HostError;
use serde_json::{Value, json};

use crate::support::App;

/// The whole chain of errors that a start ends with.
async fn refusal(app: &App) -> String {
    let Err(error) = app.try_start().await else { panic!("it started") };
    assert!(matches!(error, HostError::App(_)), "{error}");
    let mut text = String::new();
    let mut next: Option<&dyn std::error::Error> = Some(&error);
    while let Some(error) = next {
        text += &format!("{error}\n");
        next = error.source();
    }
    text
}

#[tokio::test]
async fn a_host_json_that_cannot_be_used_is_refused_by_file_and_field() {
    let wrong: [(&str, Value, &str); 11] = [
        ("/version", json!("1.0"), "version: "),
        (
            "/customHandler/enableForwardingHttpRequest",
            json!(true),
            "customHandler.enableForwardingHttpRequest: ",
        ),
        (
            "/customHandler/enableProxyingHttpRequest",
            json!(true),
            "customHandler.enableProxyingHttpRequest: ",
        ),
        ("/customHandler/initializationTimeout", json!("-1"), "customHandler.initializationTimeout: "),
        ("/functionTimeout", json!("5 minutes"), "functionTimeout: "),
        ("/customHandler/description/arguments", json!("-x"), "customHandler.description.arguments\n"),
        ("/customHandler/description", json!({}), "missing field `defaultExecutablePath`"),
        (
            "/extensions",
            json!({ "serviceBus": { "maxConcurrentCalls": 0 } }),
            "extensions.serviceBus.maxConcurrentCalls\n",
        ),
        (
            "/extensions",
            json!({ "serviceBus": { "prefetchCount": -1 } }),
            "extensions.serviceBus.prefetchCount\n",
        ),
        (
            "/extensions",
            json!({ "serviceBus": { "autoCompleteMessages": "yes" } }),
            "extensions.serviceBus.autoCompleteMessages\n",
        ),
        (
            "/extensions",
            json!({ "serviceBus": { "maxAutoLockRenewalDuration": "5 min" } }),
            "extensions.serviceBus.maxAutoLockRenewalDuration: ",
        ),
    ];
    for (pointer, value, told) in wrong {
        let app = App::with_functions();
        app.change_host_json(|host| {
            let (parent, field) = pointer.rsplit_once('/').unwrap();
            host.pointer_mut(parent).unwrap()[field] = value;
        });
        let text = refusal(&app).await;
        assert!(text.contains("host.json: ") && text.contains(told), "{text}");
    }
    let app = App::new();
    fs::write(app.path().join("host.json"), "{").unwrap();
    assert!(refusal(&app).await.contains("line 1"));
    fs::remove_file(app.path().join("host.json")).unwrap();
    assert!(refusal(&app).await.contains("host.json cannot be read"));
}

#[tokio::test]
async fn a_function_json_that_cannot_be_used_is_refused_by_file_and_field() {
    let timer = |schedule: &str| json!([{ "type": "timerTrigger", "direction": "in", "name": "t", "schedule": schedule }]);
    let http = |field: &str, value: Value| {
        let mut trigger = json!({ "type": "httpTrigger", "direction": "in", "name": "req" });
        trigger[field] = value;
        json!([{ "type": "http", "direction": "out", "name": "res" }, trigger])
    };
    let queue = |field: &str, value: Value| {
        let mut trigger = json!({
            "type": "serviceBusTrigger", "direction": "in", "name": "m", "queueName": "%QUEUE%",
            "connection": "SERVICE_BUS",
        });
        trigger[field] = value;
        json!([trigger])
    };
    let event = json!({ "type": "eventGridTrigger", "direction": "in", "name": "e" });
    let wrong = [
        (json!([]), "bindings: "),
        (json!([{ "type": "http", "direction": "out", "name": "res" }]), "bindings: "),
        (json!([event, event]), "bindings[1].type: "),
        (json!([{ "type": "kafkaTrigger", "direction": "in", "name": "m" }]), "bindings[0].type: "),
        (queue("queueName", json!(null)), "bindings[0].queueName: is missing"),
        (queue("queueName", json!("nothing")), "bindings[0].queueName: there is no queue `nothing`"),
        (queue("queueName", json!("%NOBODY%")), "bindings[0].queueName: the setting `NOBODY`"),
        (queue("connection", json!("NOBODY")), "bindings[0].connection: the setting `NOBODY`"),
        (queue("connection", json!(null)), "bindings[0].connection: the setting `AzureWebJobsServiceBus`"),
        (queue("connection", json!("OTHER_BUS")), "bindings[0].connection: the setting `OTHER_BUS` is not"),
        (queue("isSessionsEnabled", json!(true)), "bindings[0].isSessionsEnabled: "),
        (queue("cardinality", json!("many")), "bindings[0].cardinality: "),
        (queue("topicName", json!("t")), "bindings[0].topicName: "),
        (queue("dataType", json!("stream")), "bindings[0].dataType\n"),
        (json!([{ "type": "queue", "direction": "out", "name": "q" }]), "bindings[0].type: "),
        (
            json!([{ "type": "eventGridTrigger", "direction": "in", "name": "e", "cardinality": "many" }]),
            "bindings[0].cardinality: ",
        ),
        (json!([{ "type": "timerTrigger", "direction": "in", "name": "t" }]), "bindings[0].schedule: "),
        (timer("*/5 * * * *"), "bindings[0].schedule: "),
        (timer("%NOBODY%"), "bindings[0].schedule: the setting `NOBODY`"),
        (http("route", json!("a/{id:int}")), "bindings[1].route: "),
        (http("authLevel", json!("everybody")), "bindings[1].authLevel\n"),
        (json!([{ "type": "httpTrigger", "direction": "in" }]), "bindings[0]\nmissing field `name`"),
    ];
    for (bindings, told) in wrong {
        let app = App::new();
        app.function("F", &bindings);
        let text = refusal(&app).await;
        assert!(text.contains("F/function.json: ") && text.contains(told), "{bindings}: {text}");
        assert!(!text.contains("guarded"), "a key is told: {text}");
    }
}

#[tokio::test]
async fn a_disabled_function_and_a_folder_without_one_are_left_out() {
    let app = App::with_functions();
    fs::create_dir(app.path().join("docs")).unwrap();
    fs::write(app.path().join("StatusSweep/function.json"), r#"{"disabled":true,"bindings":[]}"#).unwrap();
    let host = app.start().await;
    assert_eq!(host.app().functions.keys().collect::<Vec<_>>(), ["Handshakes", "ResourceEvent"]);
    host.shutdown().await;
}
