use serde_json::json;

use crate::support::{App, client};

async fn start_function(origin: &str, name: &str, key: &str, body: &str) -> u16 {
    let address = format!("{origin}/admin/functions/{name}");
    let request = client(None).post(address).header("x-functions-key", key).body(body.to_owned());
    request.send().await.unwrap().status().as_u16()
}

#[tokio::test]
async fn a_timer_function_is_started_at_once_by_its_admin_address() {
    let app = App::with_functions();
    let host = app.start().await;
    let (origin, master) = (host.origin(), host.keys().master.clone());
    assert_eq!(start_function(&origin, "statussweep", &master, r#"{"input":""}"#).await, 202);
    let sent = app.invoked(1).await[0].json();
    host.shutdown().await;

    assert_eq!(sent["Data"]["timer"]["Schedule"], json!({ "AdjustForDST": true }));
    assert_eq!(sent["Data"]["timer"]["IsPastDue"], false);
    let next = sent["Data"]["timer"]["ScheduleStatus"]["Next"].as_str().unwrap();
    assert!(next.ends_with("-02-29T00:00:00.0000000Z"), "{next}");
    assert_eq!(sent["Metadata"].as_object().unwrap().keys().collect::<Vec<_>>(), ["sys"]);
    assert_eq!(sent["Metadata"]["sys"]["MethodName"], "StatusSweep");
}

#[tokio::test]
async fn an_event_function_is_started_with_the_event_in_its_input() {
    let app = App::with_functions();
    let host = app.start().await;
    let body = json!({ "input": r#"{"id":"1","data":{"x":1}}"# }).to_string();
    assert_eq!(start_function(&host.origin(), "ResourceEvent", &host.keys().master, &body).await, 202);
    let sent = app.invoked(1).await[0].json();
    host.shutdown().await;
    assert_eq!(sent["Data"]["event"], json!({ "id": "1", "data": { "x": 1 } }));
    assert_eq!(sent["Metadata"]["data"], json!({ "x": 1 }));
}

#[tokio::test]
async fn the_admin_address_wants_the_master_key_a_known_function_and_a_usable_input() {
    let app = App::with_functions();
    let host = app.start().await;
    let (origin, keys) = (host.origin(), host.keys().clone());
    let cases = [
        ("StatusSweep", keys.default.as_str(), "{}", 401),
        ("StatusSweep", "", "{}", 401),
        ("Nothing", keys.master.as_str(), "{}", 404),
        ("StatusSweep", keys.master.as_str(), "", 400),
        ("ResourceEvent", keys.master.as_str(), r#"{"input":"[]"}"#, 400),
        ("ResourceEvent", keys.master.as_str(), "{}", 400),
        ("Handshakes", keys.master.as_str(), "{}", 400),
    ];
    for (name, key, body, status) in cases {
        assert_eq!(start_function(&origin, name, key, body).await, status, "{name} {body}");
    }
    host.shutdown().await;
    assert!(app.requests().is_empty());
}

#[tokio::test]
async fn a_timer_runs_on_startup_and_then_by_a_schedule_from_its_settings() {
    let app = App::new();
    app.change_host_json(|host| host["functionTimeout"] = "-1".into());
    app.function(
        "Tick",
        &json!([{ "type": "timerTrigger", "direction": "in", "name": "timer", "schedule": "%SCHEDULE%", "runOnStartup": true }]),
    );
    let host = app.start().await;
    let runs = app.invoked(3).await;
    host.shutdown().await;
    let status = |run: usize| runs[run].json()["Data"]["timer"]["ScheduleStatus"].clone();
    assert_eq!(status(0)["Last"], "0001-01-01T00:00:00");
    assert_ne!(status(1)["Last"], "0001-01-01T00:00:00");
    assert!(status(2)["Last"].as_str() > status(1)["Last"].as_str());
}
