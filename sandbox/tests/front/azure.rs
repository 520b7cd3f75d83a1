use peerpact_sandbox::{
    Principal, Tenant,
    up::{AppFolder, Running, up},
};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{App, client_of, options, until};

/// A running sandbox, and contoso's operator signed in to it.
struct World {
    running: Running,
    client: reqwest::Client,
    token: String,
    _work_dir: TempDir,
}

impl World {
    async fn with(apps: Vec<(Tenant, &App)>) -> Self {
        let work_dir = tempfile::tempdir().unwrap();
        let apps = apps
            .into_iter()
            .map(|(tenant, app)| (tenant, AppFolder { path: app.path().to_owned(), environment: Vec::new() }))
            .collect();
        let running = up(options(&work_dir, apps)).await.unwrap();
        let client = client_of(&running);
        let operator = running.azure().world().operator(Tenant::Contoso).clone();
        let token = sign_in(&client, &running.ready.authority, &operator).await;
        Self { running, client, token, _work_dir: work_dir }
    }

    fn request(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        let subscription = Tenant::Contoso.subscription_id();
        let address = format!(
            "{}/subscriptions/{subscription}/resourceGroups/{path}?api-version=2024-05-01",
            self.running.ready.resource_manager
        );
        self.client.request(method.parse().unwrap(), address).bearer_auth(&self.token)
    }

    async fn put(&self, path: &str, properties: Value) -> u16 {
        let body = json!({ "location": "eastus2", "properties": properties }).to_string();
        let request = self.request("PUT", path).header("content-type", "application/json").body(body);
        request.send().await.unwrap().status().as_u16()
    }

    async fn control(&self, method: &str, path: &str, body: &str) -> (u16, Value) {
        let address = format!("{}{path}", self.running.ready.control);
        let response =
            self.client.request(method.parse().unwrap(), address).body(body.to_owned()).send().await.unwrap();
        let status = response.status().as_u16();
        (status, serde_json::from_str(&response.text().await.unwrap()).unwrap_or(Value::Null))
    }

    async fn make_network(&self) {
        assert_eq!(self.put("rg", json!({})).await, 201);
        let space = json!({ "addressSpace": { "addressPrefixes": ["10.0.0.0/16"] } });
        assert_eq!(self.put("rg/providers/Microsoft.Network/virtualNetworks/net", space).await, 201);
    }
}

async fn sign_in(client: &reqwest::Client, authority: &str, principal: &Principal) -> String {
    let address = format!("{authority}/{}/oauth2/v2.0/token", Tenant::Contoso.tenant_id());
    let form = format!(
        "grant_type=client_credentials&client_id={}&client_secret={}&scope={authority}/.default",
        principal.client_id, principal.client_secret
    );
    let request = client.post(address).header("content-type", "application/x-www-form-urlencoded").body(form);
    let answer: Value =
        serde_json::from_slice(&request.send().await.unwrap().bytes().await.unwrap()).unwrap();
    answer["access_token"].as_str().unwrap().to_owned()
}

fn events(app: &App) -> Vec<Value> {
    app.requests().iter().map(|request| request.json()["Data"]["event"].clone()).collect()
}

#[tokio::test]
async fn a_write_is_an_event_for_each_tenants_app_that_there_is() {
    let app = App::with_functions();
    let world = World::with(vec![(Tenant::Fabrikam, &app)]).await;
    world.make_network().await;
    app.invoked(1).await;
    // What is for the tenant without an app goes nowhere, instead of being sent again and again.
    until(|| world.running.azure().next_event_at().is_none()).await;
    world.running.shutdown().await;
    let event = &events(&app)[0];
    assert_eq!(event["data"]["operationName"], "Microsoft.Network/virtualNetworks/write");
    assert_eq!(event["data"]["tenantId"], Tenant::Contoso.tenant_id());
}

#[tokio::test]
async fn an_event_whose_function_failed_comes_again() {
    let app = App::with_functions();
    let world = World::with(vec![(Tenant::Contoso, &app)]).await;
    app.answer("/ResourceEvent", json!({ "status": 500 }));
    world.make_network().await;
    app.invoked(1).await;
    app.answer("/ResourceEvent", json!({}));
    app.invoked(2).await;
    until(|| world.running.azure().next_event_at().is_none()).await;
    assert_eq!(world.control("GET", "/deadletters", "").await, (200, json!([])));
    world.running.shutdown().await;
    let events = events(&app);
    assert_eq!(events.len(), 2);
    assert_eq!(events[0], events[1]);
}

#[tokio::test]
async fn a_call_that_is_cut_after_its_commit_has_no_answer_but_has_happened() {
    let world = World::with(Vec::new()).await;
    let plan = json!({ "rules": [{ "match": { "method": "PUT" }, "nth": 1, "action": "cutAfterCommit" }] });
    assert_eq!(world.control("POST", "/faults", &plan.to_string()).await.0, 204);
    let body = json!({ "location": "eastus2" }).to_string();
    let error = world.request("PUT", "rg").body(body).send().await.unwrap_err();
    assert!(error.is_request() && error.status().is_none(), "{error:?}");
    assert_eq!(world.request("GET", "rg").send().await.unwrap().status(), 200);

    let (status, calls) = world.control("GET", "/calls?since=1", "").await;
    assert_eq!(status, 200);
    let told = |call: &Value| (call["sequence"].clone(), call["method"].clone(), call["status"].clone());
    let calls: Vec<_> = calls.as_array().unwrap().iter().map(told).collect();
    assert_eq!(calls, [(json!(2), json!("PUT"), json!(0)), (json!(3), json!("GET"), json!(200))]);
    world.running.shutdown().await;
}

#[tokio::test]
async fn a_call_in_the_history_says_who_and_what() {
    let world = World::with(Vec::new()).await;
    let id = "0f0f0f0f-0000-4000-8000-000000000001";
    world.request("GET", "rg").header("x-ms-client-request-id", id).send().await.unwrap();
    let (_, calls) = world.control("GET", "/calls", "").await;
    let operator = world.running.azure().world().operator(Tenant::Contoso).client_id.clone();
    world.running.shutdown().await;
    let call = &calls[1];
    assert_eq!(
        call["path"],
        format!("/subscriptions/{}/resourceGroups/rg", Tenant::Contoso.subscription_id())
    );
    assert_eq!(call["query"], "api-version=2024-05-01");
    assert_eq!(call["principal"], operator);
    assert_eq!(call["tenant"], Tenant::Contoso.tenant_id());
    assert_eq!(call["clientRequestId"], id);
    assert!(call["time"].as_str().unwrap().ends_with('Z'));
}

#[tokio::test]
async fn a_half_of_a_connection_is_rejected_on_request() {
    let world = World::with(Vec::new()).await;
    assert_eq!(world.put("rg", json!({})).await, 201);
    let manager = "rg/providers/Microsoft.Network/networkManagers/m";
    assert_eq!(world.put(manager, json!({ "networkManagerScopes": {} })).await, 200);
    let half = format!("{manager}/scopeConnections/c");
    let there = Tenant::Fabrikam;
    let scope = format!("/subscriptions/{}", there.subscription_id());
    assert_eq!(world.put(&half, json!({ "tenantId": there.tenant_id(), "resourceId": scope })).await, 200);

    let id = format!("/subscriptions/{}/resourceGroups/{half}", Tenant::Contoso.subscription_id());
    let reject = async |body: Value| world.control("POST", "/reject", &body.to_string()).await.0;
    assert_eq!(reject(json!({ "id": format!("{id}x") })).await, 404);
    assert_eq!(reject(json!({ "half": id })).await, 400);
    assert_eq!(reject(json!({ "id": id })).await, 204);
    let text = world.request("GET", &half).send().await.unwrap().text().await.unwrap();
    let read: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(read["properties"]["connectionState"], "Rejected");
    world.running.shutdown().await;
}

#[tokio::test]
async fn a_fault_plan_that_cannot_be_used_is_refused_by_its_field() {
    let world = World::with(Vec::new()).await;
    let wrong = [
        (json!({ "rules": [{ "action": "explode" }] }), "rules[0].action"),
        (json!({ "latency": 5 }), "latency"),
        (json!({ "rules": [{ "nth": 0, "action": "cutAfterCommit" }] }), "rules[0]"),
        (json!({ "events": { "drop": 2.0 } }), "events"),
    ];
    for (plan, field) in wrong {
        let (status, error) = world.control("POST", "/faults", &plan.to_string()).await;
        assert_eq!(status, 400, "{plan}");
        assert!(error["error"]["message"].as_str().unwrap().contains(field), "{error}");
    }
    assert_eq!(world.put("rg", json!({})).await, 201, "a plan that is refused changes nothing");
    world.running.shutdown().await;
}
