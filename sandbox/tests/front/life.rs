use serde_json::json;

use crate::support::{App, client, runs};

#[tokio::test]
async fn the_handler_is_ready_with_any_answer_and_has_its_environment_and_arguments() {
    let app = App::with_arguments(&["--colour=%COLOUR%", "%NOBODY%"]);
    let host = app.start().await;
    assert_eq!(client(None).get(host.origin()).send().await.unwrap().status(), 200);
    host.shutdown().await;

    let start = &app.starts()[0];
    assert_eq!(start.arguments, ["--colour=blue", "%NOBODY%"]);
    let variable = |name: &str| start.environment.get(name).map(String::as_str);
    assert_eq!(variable("COLOUR"), Some("blue"));
    assert_eq!(variable("FUNCTIONS_APP_ROOT_PATH"), app.path().to_str());
    assert_eq!(variable("FUNCTIONS_CUSTOMHANDLER_WORKER_ID").map(str::len), Some(36));
    assert_ne!(variable("FUNCTIONS_CUSTOMHANDLER_PORT"), None);
    assert_eq!(variable("CARGO_MANIFEST_DIR"), None, "the environment of the sandbox is not the handler's");
    let log = std::fs::read_to_string(app.path().join("handler.log")).unwrap();
    assert_eq!(log, "handler starts\n");
}

#[tokio::test]
async fn shutdown_leaves_no_child_and_no_address() {
    let app = App::with_functions();
    let host = app.start().await;
    let (pid, origin) = (app.starts()[0].pid, host.origin());
    assert!(runs(pid));
    host.shutdown().await;
    assert!(!runs(pid));
    assert!(client(None).get(origin).send().await.unwrap_err().is_connect());
}

#[tokio::test]
async fn shutdown_kills_a_handler_that_does_not_listen_and_ends_what_hangs() {
    let app = App::with_arguments(&["stubborn"]);
    app.http("Hang", json!({ "authLevel": "anonymous" }));
    app.answer("/Hang", json!({ "body": "null" }));
    let host = app.start().await;
    let address = format!("{}/api/Hang", host.origin());
    let hanging =
        tokio::spawn(async move { client(None).get(address).send().await.unwrap().status().as_u16() });
    app.invoked(1).await;
    host.shutdown().await;
    assert_eq!(hanging.await.unwrap(), 503);
    assert!(!runs(app.starts()[0].pid));
}

#[tokio::test]
async fn a_host_that_is_dropped_takes_its_handler_along() {
    let app = App::with_functions();
    let host = app.start().await;
    let pid = app.starts()[0].pid;
    drop(host);
    crate::support::until(|| !runs(pid)).await;
}
