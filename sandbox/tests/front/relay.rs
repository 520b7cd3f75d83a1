//! A partner's events that come through a queue.

use peerpact_sandbox::{
    Tenant, World,
    up::{AppFolder, Setting, up, up_with},
};
use serde_json::{Value, json};

use crate::support::{App, client_of, options};

fn app() -> App {
    let app = App::new();
    app.event_function("ResourceEvent");
    app.function(
        "RelayedResourceEvent",
        &json!([{
            "type": "serviceBusTrigger", "direction": "in", "name": "message", "queueName": "resource-events",
            "connection": "SERVICE_BUS",
        }]),
    );
    app
}

/// Contoso makes a resource that its subscription tells of; what each tenant's handler was sent.
async fn told(relayed: bool) -> [Vec<Value>; 2] {
    let work_dir = tempfile::tempdir().unwrap();
    let apps = [app(), app()];
    let environment = || vec![("SERVICE_BUS".to_owned(), Setting::ServiceBus)];
    let folder = |app: &App| AppFolder { path: app.path().to_owned(), environment: environment() };
    let deployed = vec![(Tenant::Contoso, folder(&apps[0])), (Tenant::Fabrikam, folder(&apps[1]))];
    let options = options(&work_dir, deployed);
    let running =
        if relayed { up_with(options, World::relaying_partner_events).await } else { up(options).await }
            .unwrap();
    let client = client_of(&running);
    let origin = running.ready.resource_manager.clone();
    let operator = running.azure().world().operator(Tenant::Contoso).clone();
    let form = format!(
        "grant_type=client_credentials&client_id={}&client_secret={}&scope={origin}/.default",
        operator.client_id, operator.client_secret
    );
    let address = format!("{origin}/{}/oauth2/v2.0/token", Tenant::Contoso.tenant_id());
    let answer = client.post(address).body(form).send().await.unwrap().text().await.unwrap();
    let token: Value = serde_json::from_str(&answer).unwrap();
    let group = format!("{origin}/subscriptions/{}/resourceGroups/rg", Tenant::Contoso.subscription_id());
    let network = "/providers/Microsoft.Network/virtualNetworks/net";
    for (path, properties) in
        [("", json!({})), (network, json!({ "addressSpace": { "addressPrefixes": ["10.0.0.0/16"] } }))]
    {
        let body = json!({ "location": "eastus2", "properties": properties }).to_string();
        let request = client
            .put(format!("{group}{path}?api-version=2024-05-01"))
            .bearer_auth(token["access_token"].as_str().unwrap())
            .header("content-type", "application/json");
        assert_eq!(request.body(body).send().await.unwrap().status(), 201);
    }
    let mut told = Vec::new();
    for app in &apps {
        let requests = app.invoked(1).await;
        told.push(
            requests.iter().map(|request| json!({ "path": request.path, "body": request.json() })).collect(),
        );
    }
    running.shutdown().await;
    told.try_into().unwrap()
}

#[tokio::test]
async fn a_partners_event_comes_as_one_message_where_the_world_relays_and_ones_own_by_the_webhook() {
    let [own, partners] = told(true).await;
    assert_eq!((own[0]["path"].as_str(), own.len()), (Some("/ResourceEvent"), 1));
    assert_eq!((partners[0]["path"].as_str(), partners.len()), (Some("/RelayedResourceEvent"), 1));
    let sent = &partners[0]["body"];
    let body: String = serde_json::from_str(sent["Data"]["message"].as_str().unwrap()).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&body).unwrap(), own[0]["body"]["Data"]["event"]);
    let properties = &sent["Metadata"]["ApplicationProperties"];
    assert_eq!(properties["aeg-event-type"], "Notification");
    assert_eq!(properties["aeg-subscription-name"], "CONTOSO-NETWORKS-TO-FABRIKAM");
}

#[tokio::test]
async fn without_the_relay_both_come_by_the_webhook() {
    let [own, partners] = told(false).await;
    assert_eq!((&own[0]["path"], &partners[0]["path"]), (&json!("/ResourceEvent"), &json!("/ResourceEvent")));
}
