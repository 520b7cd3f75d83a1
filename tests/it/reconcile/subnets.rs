//! Peerings of subnets, which people make by hand, stay what they are when a pair is touched.

use peerpact::handshake::phase::Phase;
use peerpact_sandbox::Tenant::Fabrikam;
use serde_json::{Value, json};

use super::stage::{Stage, half, hub, spoke, wait};

/// Both networks with a subnet each, and both halves made by hand for these subnets.
async fn peered_by_subnets(stage: &Stage) {
    for (network, prefix, subnet) in
        [(hub(), "10.10.0.0/16", "10.10.1.0/24"), (spoke(), "10.20.0.0/16", "10.20.1.0/24")]
    {
        let subnets = json!([{ "name": "app", "properties": { "addressPrefix": subnet } }]);
        let space = json!({ "addressSpace": { "addressPrefixes": [prefix] }, "subnets": subnets });
        stage.traveller.put(&network, &json!({ "location": "westeurope", "properties": space })).await;
    }
    for (own, name, other) in [(hub(), "to-spoke", spoke()), (spoke(), "to-hub", hub())] {
        let more = json!({
            "peerCompleteVnets": false, "localSubnetNames": ["app"], "remoteSubnetNames": ["app"],
            "allowForwardedTraffic": true, "doNotVerifyRemoteGateways": true,
            "inventedLater": { "nested": [{ "deep": 1 }, null] },
        });
        stage.traveller.open_with(&half(&own, name), &other, more).await;
    }
}

async fn our_half(stage: &Stage) -> Value {
    stage.traveller.get(&half(&spoke(), "to-hub")).await.unwrap()["properties"].clone()
}

#[tokio::test(start_paused = true)]
async fn a_half_of_subnets_is_told_as_not_covered_and_never_touched() {
    for terms in ["", "adopt = \"manage\"", "adopt = \"manage\"\non_withdrawal = \"remove\""] {
        let stage = Stage::new().await;
        peered_by_subnets(&stage).await;
        let before = our_half(&stage).await;
        assert_eq!(before["peeringState"], "Connected", "{before:#}");
        assert_eq!(before["remoteAddressSpace"]["addressPrefixes"], json!(["10.10.1.0/24"]));
        let app = stage.app(Fabrikam, terms);
        app.sweep().await;
        wait(60).await;
        app.sweep().await;
        let record = app.record().await;
        assert_eq!(record.phase, Phase::Refused, "{record:#?}");
        assert_eq!(record.reasons[0].code.as_str(), "partial-peering", "{record:#?}");
        assert_eq!(our_half(&stage).await, before, "{terms}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_half_that_is_cut_down_and_synced_keeps_every_other_property() {
    let stage = Stage::opened().await;
    let more = json!({
        "allowForwardedTraffic": true, "doNotVerifyRemoteGateways": true,
        "inventedLater": { "nested": [{ "deep": 1 }, null] },
    });
    stage.traveller.open_with(&half(&spoke(), "to-hub"), &hub(), more).await;
    let before = our_half(&stage).await;
    let app = stage.app(Fabrikam, "adopt = \"manage\"");
    let mark = stage.mark();
    app.sweep().await;
    assert_eq!(stage.writes_of_app(Fabrikam, mark), ["PUT virtualNetworkPeerings/to-hub"]);
    let mut narrowed = before;
    narrowed["allowForwardedTraffic"] = false.into();
    assert_eq!(our_half(&stage).await, narrowed);

    stage.traveller.respace(&hub(), &["10.10.0.0/16", "10.11.0.0/16"]).await;
    stage.deliver(&[&app]).await;
    for space in ["remoteAddressSpace", "remoteVirtualNetworkAddressSpace"] {
        narrowed[space] = json!({ "addressPrefixes": ["10.10.0.0/16", "10.11.0.0/16"] });
    }
    assert_eq!(our_half(&stage).await, narrowed);
}

#[tokio::test(start_paused = true)]
async fn a_write_without_them_loses_the_properties_of_a_half_as_in_azure() {
    let stage = Stage::new().await;
    peered_by_subnets(&stage).await;
    stage.traveller.open(&half(&spoke(), "to-hub"), &hub()).await;
    let after = our_half(&stage).await;
    assert_eq!(after["peerCompleteVnets"], true, "{after:#}");
    assert_eq!(after["doNotVerifyRemoteGateways"], false, "{after:#}");
    for gone in ["localSubnetNames", "remoteSubnetNames", "inventedLater"] {
        assert!(after.get(gone).is_none(), "{after:#}");
    }
}
