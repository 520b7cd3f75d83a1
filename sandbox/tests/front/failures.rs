use std::time::Duration;

use peerpact_sandbox::{
    front::functions_host::{FunctionsHost, HostError},
    service_bus::{Depth, Message},
};
use serde_json::json;

use crate::support::{App, client, until};

async fn call(host: &FunctionsHost) -> u16 {
    let address = format!("{}/api/handshakes?code={}", host.origin(), host.keys().master);
    client(None).get(address).send().await.unwrap().status().as_u16()
}

#[tokio::test]
async fn a_reply_that_is_no_success_or_no_json_fails_the_invocation() {
    let app = App::with_functions();
    let host = app.start().await;
    let failing = [
        json!({ "status": 400 }),
        json!({ "status": 404 }),
        json!({ "status": 503, "body": r#"{"Outputs":{"res":{"statusCode":200}}}"# }),
        json!({ "contentType": "text/plain" }),
        json!({ "contentType": "" }),
        json!({ "body": "{" }),
        json!({ "body": "[]" }),
        json!({ "body": r#"{"Outputs":1}"# }),
    ];
    for answer in failing {
        app.answer("/Handshakes", answer.clone());
        assert_eq!(call(&host).await, 500, "{answer}");
    }
    app.answer("/Handshakes", json!({ "status": 202, "contentType": "text/json; charset=utf-8" }));
    assert_eq!(call(&host).await, 200);
    host.shutdown().await;
    assert_eq!(app.starts().len(), 1, "a failed invocation is no reason for a restart");
}

#[tokio::test]
async fn a_reply_without_a_value_hangs_until_the_function_timeout_and_costs_the_handler() {
    let app = App::with_functions();
    app.change_host_json(|host| host["functionTimeout"] = "00:00:01".into());
    let host = app.start().await;
    let silent = [json!({ "body": "" }), json!({ "body": "null" }), json!({ "status": 204, "body": "" })];
    for answer in &silent {
        app.answer("/Handshakes", answer.clone());
        assert_eq!(call(&host).await, 500, "{answer}");
    }
    app.answer("/Handshakes", json!({}));
    assert_eq!(call(&host).await, 200);
    host.shutdown().await;
    let pids: Vec<u32> = app.requests().iter().map(|request| request.pid).collect();
    assert_eq!(pids, app.starts().iter().map(|start| start.pid).collect::<Vec<_>>(), "one start for each");
    assert_eq!(pids.len(), silent.len() + 1);
}

#[tokio::test]
async fn a_handler_that_ends_is_started_again_and_given_up_after_the_third_time() {
    let app = App::with_functions();
    let host = app.start().await;
    for start in 1..=2 {
        app.answer("/Handshakes", json!({ "exit": 1 }));
        assert_eq!(call(&host).await, 500);
        until(|| app.starts().len() == start + 1).await;
        app.answer("/Handshakes", json!({}));
        assert_eq!(call(&host).await, 200, "the invocation waits for the new handler");
    }
    app.answer("/Handshakes", json!({ "exit": 0 }));
    assert_eq!(call(&host).await, 500);
    let given_up = async { while call(&host).await != 503 {} };
    tokio::time::timeout(Duration::from_secs(30), given_up).await.expect("the host never gave up");
    host.shutdown().await;
    assert_eq!(app.starts().len(), 3);
}

#[tokio::test]
async fn messages_wait_while_the_host_is_given_up_and_go_to_the_instance_that_replaces_it() {
    let app = App::with_functions();
    app.queue_function("Reconcile", json!({}));
    app.answer("/Reconcile", json!({ "exit": 1 }));
    let host = app.start().await;
    let send = |id: &str| {
        let message = Message { message_id: Some(id.to_owned()), ..Message::default() };
        app.broker.send("reconcile", message).unwrap();
    };
    assert!(!host.replace().await, "what runs is not replaced");
    send("m-1");
    let given_up = async { while call(&host).await != 503 {} };
    tokio::time::timeout(Duration::from_secs(30), given_up).await.expect("the host never gave up");
    send("m-2");
    app.answer("/Reconcile", json!({}));
    assert!(host.replace().await);
    until(|| app.broker.depth("reconcile").unwrap() == Depth::default()).await;
    let process = app.starts()[3].pid;
    assert_eq!(host.handler_process(), Some(process));
    host.shutdown().await;
    let last = app.requests();
    let last = last.iter().filter(|request| request.pid == process && request.path == "/Reconcile").count();
    assert_eq!((app.starts().len(), last), (4, 2));
}

#[tokio::test]
async fn a_handler_that_never_starts_is_told_with_its_log() {
    let app = App::with_arguments(&["broken"]);
    let Err(HostError::Worker { log, source }) = app.try_start().await else { panic!("it started") };
    assert_eq!(source.to_string(), "the handler ended by itself: exit status: 1");
    assert_eq!(std::fs::read_to_string(log).unwrap().matches("this handler is broken").count(), 3);
}

#[tokio::test]
async fn an_executable_that_is_not_there_is_told_by_its_name() {
    let app = App::new();
    app.change_host_json(|host| {
        host["customHandler"]["description"] = json!({ "defaultExecutablePath": "no-such-handler" });
    });
    let Err(HostError::Worker { source, .. }) = app.try_start().await else { panic!("it started") };
    assert_eq!(source.to_string(), "no-such-handler cannot be started");
}
