use std::fs;

use peerpact_sandbox::{
    Tenant,
    up::{AppFolder, Running, Setting, UpError, UpOptions, up},
};
use serde_json::{Value, json};

use crate::support::{App, client, client_of, options, runs};

fn folder(app: &App) -> AppFolder {
    let environment = vec![
        ("ORIGIN".to_owned(), Setting::ResourceManager),
        ("BUNDLE".to_owned(), Setting::CaBundle),
        ("COLOUR".to_owned(), "red".into()),
    ];
    AppFolder { path: app.path().to_owned(), environment }
}

async fn control(running: &Running, method: &str, path: &str, body: &str) -> (u16, Value) {
    let address = format!("{}{path}", running.ready.control);
    let request = client_of(running).request(method.parse().unwrap(), address).body(body.to_owned());
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    (status, serde_json::from_str(&response.text().await.unwrap()).unwrap_or(Value::Null))
}

#[tokio::test]
async fn the_ready_file_says_where_everything_is() {
    let work_dir = tempfile::tempdir().unwrap();
    let app = App::with_functions();
    let running = up(options(&work_dir, vec![(Tenant::Fabrikam, folder(&app))])).await.unwrap();
    let file = work_dir.path().join("ready.json");
    running.ready.write_to(&file).unwrap();
    let ready: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>().join(" ");
    assert_eq!(keys(&ready), "resourceManager authority caBundle control tenants traveller");
    assert_eq!(keys(&ready["tenants"]), "contoso fabrikam");
    for tenant in [&ready["tenants"]["contoso"], &ready["tenants"]["fabrikam"]] {
        assert_eq!(
            keys(tenant),
            "tenantId subscriptionId managementGroupId operator serviceBus functions masterKey"
        );
        assert_eq!(keys(&tenant["operator"]), "clientId clientSecret objectId");
    }
    assert_eq!(keys(&ready["traveller"]), "clientId clientSecret objectIds");
    assert_eq!(keys(&ready["traveller"]["objectIds"]), "contoso fabrikam");
    assert_eq!(ready["tenants"]["contoso"]["functions"], Value::Null);
    assert_eq!(ready["control"], format!("{}/sandbox", ready["resourceManager"].as_str().unwrap()));

    let functions = ready["tenants"]["fabrikam"]["functions"].as_str().unwrap();
    assert_eq!(client(None).get(functions).send().await.unwrap().status(), 200);
    let key = ready["tenants"]["fabrikam"]["masterKey"].as_str().unwrap();
    let handshakes = client(None).get(format!("{functions}/api/handshakes?code={key}"));
    assert_eq!(handshakes.send().await.unwrap().status(), 200);
    running.shutdown().await;
}

#[tokio::test]
async fn a_handler_is_told_who_it_is_and_where_azure_is() {
    let work_dir = tempfile::tempdir().unwrap();
    let app = App::with_functions();
    let running = up(options(&work_dir, vec![(Tenant::Contoso, folder(&app))])).await.unwrap();
    let identity = running.azure().world().app(Tenant::Contoso).client_id.to_string();
    let (origin, bundle) = (running.ready.resource_manager.clone(), running.ready.ca_bundle.clone());
    running.shutdown().await;
    let start = &app.starts()[0];
    let expected = [
        ("AZURE_TENANT_ID", Tenant::Contoso.tenant_id().to_string()),
        ("AZURE_CLIENT_ID", identity),
        ("AZURE_AUTHORITY_HOST", origin.clone()),
        ("ORIGIN", origin),
        ("BUNDLE", bundle),
        ("COLOUR", "red".to_owned()),
    ];
    for (name, value) in expected {
        assert_eq!(start.environment.get(name), Some(&value), "{name}");
    }
    assert!(start.environment.contains_key("AZURE_CLIENT_SECRET"));
    assert!(work_dir.path().join("contoso-handler.log").is_file());
}

#[tokio::test]
async fn shutdown_ends_the_handlers_and_the_listener() {
    let work_dir = tempfile::tempdir().unwrap();
    let (one, other) = (App::with_functions(), App::with_functions());
    let apps = vec![(Tenant::Contoso, folder(&one)), (Tenant::Fabrikam, folder(&other))];
    let running = up(options(&work_dir, apps)).await.unwrap();
    let pids = [one.starts()[0].pid, other.starts()[0].pid];
    let (client, origin) = (client_of(&running), running.ready.resource_manager.clone());
    assert!(pids.iter().all(|pid| runs(*pid)));
    running.shutdown().await;
    assert!(!pids.iter().any(|pid| runs(*pid)));
    assert!(client.get(origin).send().await.unwrap_err().is_connect());
}

#[tokio::test]
async fn a_start_that_fails_leaves_nothing_behind() {
    let work_dir = tempfile::tempdir().unwrap();
    let (good, bad) = (App::with_functions(), App::with_functions());
    bad.event_function("Another");
    let apps = vec![(Tenant::Contoso, folder(&good)), (Tenant::Fabrikam, folder(&bad))];
    let Err(error) = up(options(&work_dir, apps)).await else { panic!("it started") };
    assert!(matches!(error, UpError::EventFunctions { tenant: "fabrikam", .. }), "{error}");
    assert_eq!(error.to_string(), "fabrikam's app has several Event Grid functions: Another, ResourceEvent");
    assert!(!runs(good.starts()[0].pid) && !runs(bad.starts()[0].pid));
}

#[tokio::test]
async fn a_port_that_is_taken_is_told() {
    let work_dir = tempfile::tempdir().unwrap();
    let taken = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = taken.local_addr().unwrap().port();
    let Err(error) = up(UpOptions { port, ..options(&work_dir, Vec::new()) }).await else {
        panic!("it started")
    };
    assert_eq!(error.to_string(), format!("127.0.0.1:{port} cannot be listened on"));
}

#[tokio::test]
async fn control_answers_its_routes_and_names_the_field_that_is_wrong() {
    let work_dir = tempfile::tempdir().unwrap();
    let running = up(options(&work_dir, Vec::new())).await.unwrap();
    assert_eq!(control(&running, "GET", "/deadletters", "").await, (200, json!([])));
    assert_eq!(control(&running, "DELETE", "/faults", "").await.0, 204);
    let (status, error) = control(&running, "GET", "/calls?since=yesterday", "").await;
    assert_eq!((status, &error["error"]["code"]), (400, &json!("BadRequest")));
    assert!(error["error"]["message"].as_str().unwrap().contains("`since`"));
    assert_eq!(control(&running, "POST", "/faults", "{").await.0, 400);
    for (method, path) in [("GET", ""), ("GET", "/clock"), ("PUT", "/faults"), ("POST", "/calls")] {
        let (status, error) = control(&running, method, path, "").await;
        assert_eq!((status, &error["error"]["code"]), (404, &json!("NotFound")), "{method} {path}");
    }
    running.shutdown().await;
}
