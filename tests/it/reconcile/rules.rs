//! Azure's rules and the agreement's, each found before any write.

use peerpact::handshake::phase::Phase;
use peerpact_sandbox::Tenant::Fabrikam;
use serde_json::{Value, json};

use super::stage::app::App;
use super::stage::{Stage, half, hub, network, spoke};

/// Refused before any write, for these codes, with these words told.
async fn refused(stage: &Stage, terms: &str, codes: &[&str], words: &[&str]) {
    let app = stage.app(Fabrikam, terms);
    let mark = stage.mark();
    stage.deliver(&[&app]).await;
    app.sweep().await;
    let all = app.records().await;
    let record = all.iter().find(|record| record.ours.resource_id == spoke()).expect("a record");
    assert_eq!(record.phase, Phase::Refused, "{record:#?}");
    let told: Vec<String> = record.reasons.iter().map(|reason| reason.code.as_str()).collect();
    assert_eq!(told, codes, "{:#?}", record.reasons);
    let message = &record.reason.as_ref().unwrap().message;
    for word in words {
        assert!(message.contains(word), "{word} is not told: {message}");
    }
    assert_eq!(stage.writes_of_app(Fabrikam, mark), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn an_overlap_with_a_neighbour_is_refused_with_network_and_prefix() {
    let stage = Stage::opened().await;
    // The spoke takes a neighbour whose space the hub uses too, before its app looks.
    let neighbour = network(Fabrikam, "spokes", "neighbour");
    stage.traveller.network(&neighbour, &["10.10.128.0/17"]).await;
    stage.traveller.open(&half(&spoke(), "to-neighbour"), &neighbour).await;
    refused(&stage, "", &["overlap-with-neighbour"], &["10.10.0.0/16", "10.10.128.0/17", &neighbour, &hub()])
        .await;
}

#[tokio::test(start_paused = true)]
async fn several_reasons_are_told_at_once() {
    let stage = Stage::new().await;
    stage.traveller.network(&hub(), &["192.168.0.0/16", "10.10.0.0/16", "172.16.0.0/16"]).await;
    stage.traveller.network(&spoke(), &["10.20.0.0/16"]).await;
    stage.contoso_opens().await;
    refused(
        &stage,
        "tag = \"peerpact=contoso\"",
        &["tag-missing", "prefix-not-agreed", "prefix-not-agreed"],
        &["peerpact=contoso", "192.168.0.0/16", "172.16.0.0/16"],
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_tag_added_later_is_consent() {
    let stage = Stage::of_two_networks().await;
    let app = stage.app(Fabrikam, "tag = \"peerpact=contoso\"");
    stage.contoso_opens().await;
    stage.deliver(&[&app]).await;
    assert_eq!(app.phase().await, Phase::Refused);
    let body = json!({
        "location": "westeurope", "tags": { "peerpact": "contoso" },
        "properties": { "addressSpace": { "addressPrefixes": ["10.20.0.0/16"] } },
    });
    stage.traveller.put(&spoke(), &body).await;
    stage.deliver(&[&app]).await;
    assert_eq!(app.phase().await, Phase::Connected, "{:#?}", app.record().await);
}

/// A network with a virtual network gateway in it.
async fn with_gateway(stage: &Stage, id: &str, prefix: &str, subnet: &str) {
    let subnets = json!([{ "name": "GatewaySubnet", "properties": { "addressPrefix": subnet } }]);
    let body = json!({
        "location": "westeurope",
        "properties": { "addressSpace": { "addressPrefixes": [prefix] }, "subnets": subnets },
    });
    stage.traveller.put(id, &body).await;
    let group = id.split("/virtualNetworks/").next().unwrap();
    let name = id.rsplit('/').next().unwrap();
    let address = format!("{group}/publicIPAddresses/{name}-address");
    stage
        .traveller
        .put(
            &address,
            &json!({ "location": "westeurope", "properties": { "publicIPAllocationMethod": "Dynamic" } }),
        )
        .await;
    let configuration = json!({ "name": "default", "properties": {
        "privateIPAllocationMethod": "Dynamic",
        "subnet": { "id": format!("{id}/subnets/GatewaySubnet") },
        "publicIPAddress": { "id": address },
    }});
    let gateway = json!({ "location": "westeurope", "properties": {
        "ipConfigurations": [configuration], "gatewayType": "Vpn", "vpnType": "RouteBased",
        "sku": { "name": "VpnGw1", "tier": "VpnGw1" },
    }});
    stage.traveller.put(&format!("{group}/virtualNetworkGateways/{name}-gateway"), &gateway).await;
    super::stage::wait(60).await;
    stage.azure.settle();
}

fn flags(stage_half: &Value) -> (bool, bool) {
    (stage_half["allowGatewayTransit"] == true, stage_half["useRemoteGateways"] == true)
}

/// Our half, made on these terms towards a hub that has a gateway and lends it.
async fn half_towards_a_gateway(terms: &str) -> (App, Value) {
    let stage = Stage::new().await;
    with_gateway(&stage, &hub(), "10.10.0.0/16", "10.10.255.0/27").await;
    stage.traveller.network(&spoke(), &["10.20.0.0/16"]).await;
    stage
        .traveller
        .open_with(&half(&hub(), "to-spoke"), &spoke(), json!({ "allowGatewayTransit": true }))
        .await;
    let app = stage.app(Fabrikam, terms);
    stage.deliver(&[&app]).await;
    let ours = stage.traveller.halves(&spoke()).await.unwrap().into_values().next().unwrap();
    (app, ours)
}

#[tokio::test(start_paused = true)]
async fn our_network_uses_the_partners_gateway_where_that_is_agreed() {
    let (app, ours) = half_towards_a_gateway("remote_gateways = true").await;
    assert_eq!(app.phase().await, Phase::Connected, "{:#?}", app.record().await);
    assert_eq!(flags(&ours), (false, true));
}

#[tokio::test(start_paused = true)]
async fn our_network_does_not_use_a_gateway_that_was_not_agreed() {
    let (_, ours) = half_towards_a_gateway("").await;
    assert_eq!(flags(&ours), (false, false));
}

#[tokio::test(start_paused = true)]
async fn transit_comes_first_so_that_the_partner_can_use_our_gateway_afterwards() {
    let stage = Stage::new().await;
    with_gateway(&stage, &spoke(), "10.20.0.0/16", "10.20.255.0/27").await;
    stage.traveller.network(&hub(), &["10.10.0.0/16"]).await;
    stage.contoso_opens().await;
    let app = stage.app(Fabrikam, "gateway_transit = true");
    stage.deliver(&[&app]).await;
    let halves = stage.traveller.halves(&spoke()).await.unwrap();
    assert_eq!(flags(halves.values().next().unwrap()), (true, false));
    stage
        .traveller
        .open_with(&half(&hub(), "to-spoke"), &spoke(), json!({ "useRemoteGateways": true }))
        .await;
    stage.deliver(&[&app]).await;
    assert_eq!(app.phase().await, Phase::Connected);
    assert_eq!(stage.traveller.state(&hub()).await, "Connected/FullyInSync");
}

#[tokio::test(start_paused = true)]
async fn a_half_that_people_made_beyond_the_agreement_is_refused_and_cut_down_only_where_that_is_agreed() {
    let stage = Stage::of_two_networks().await;
    stage
        .traveller
        .open_with(&half(&spoke(), "by-hand"), &hub(), json!({ "allowForwardedTraffic": true }))
        .await;
    stage.contoso_opens().await;
    let app = stage.app(Fabrikam, "");
    let mark = stage.mark();
    stage.deliver(&[&app]).await;
    let record = app.record().await;
    assert_eq!(record.phase, Phase::Refused, "{record:#?}");
    assert_eq!(record.reason.unwrap().code.as_str(), "flag-not-agreed");
    assert_eq!(stage.writes_of_app(Fabrikam, mark), Vec::<String>::new());

    let app = stage.app(Fabrikam, "adopt = \"manage\"");
    app.sweep().await;
    assert_eq!(app.phase().await, Phase::Connected, "{:#?}", app.record().await);
    let halves = stage.traveller.halves(&spoke()).await.unwrap();
    assert_eq!(halves["by-hand"]["allowForwardedTraffic"], false);
}

#[tokio::test(start_paused = true)]
async fn a_denied_network_is_refused_by_name() {
    let stage = Stage::opened().await;
    let deny = format!("[[deny]]\nnetwork = \"{}\"\nreason = \"the vault\"", spoke());
    refused(&stage, &deny, &["denied-by-name"], &[&spoke(), "the vault"]).await;
}
