//! The life of a peering after it was made: growth, sync, removal, recovery.

use http::{Method, StatusCode};
use peerpact_sandbox::Tenant;
use serde_json::{Value, json};

use crate::support::*;

async fn grow(pair: &Pair, prefixes: &[&str]) -> Value {
    pair.contoso.put_to_end(&pair.hub, &network_body(prefixes)).await
}

fn spaces(half: &Value) -> (&Value, &Value) {
    let properties = &half["properties"];
    (
        &properties["remoteAddressSpace"]["addressPrefixes"],
        &properties["remoteVirtualNetworkAddressSpace"]["addressPrefixes"],
    )
}

#[tokio::test(start_paused = true)]
async fn growth_of_a_network_puts_both_halves_out_of_sync_and_a_sync_of_the_other_half_mends_both() {
    let pair = connected_pair().await;
    let before = pair.fabrikam.get(&pair.spoke).await.body["etag"].clone();

    let grown =
        pair.contoso.put(&pair.hub, &network_body(&["10.0.0.0/16", "10.99.0.0/16"])).await.expect(200);
    assert_eq!(
        state(&grown.body["properties"]["virtualNetworkPeerings"][0]),
        ("Connected", "RemoteNotInSync"),
        "the answer to the write shows it already"
    );
    pair.contoso.finish(&grown).await;
    let (hub, spoke) = (pair.hubs_half().await, pair.spokes_half().await);
    assert_eq!(state(&hub), ("Connected", "RemoteNotInSync"));
    assert_eq!(state(&spoke), ("Connected", "LocalNotInSync"));
    assert_eq!(spaces(&hub), (&json!(["10.1.0.0/16"]), &json!(["10.1.0.0/16"])));
    assert_eq!(spaces(&spoke), (&json!(["10.0.0.0/16"]), &json!(["10.0.0.0/16", "10.99.0.0/16"])));
    assert_ne!(
        before,
        pair.fabrikam.get(&pair.spoke).await.body["etag"],
        "nobody wrote it, yet its tag changed"
    );

    // The body is the whole half as it was read, with states and spaces that are out of date.
    let sync = format!("{}?syncRemoteAddressSpace=True", half(&pair.spoke, "to-hub"));
    let started = pair.fabrikam.put(&sync, &spoke).await.expect(200);
    assert_eq!(state(&started.body), ("Connected", "FullyInSync"));
    pair.fabrikam.finish(&started).await;
    assert_eq!(state(&pair.hubs_half().await), ("Connected", "FullyInSync"));
    let spoke = pair.spokes_half().await;
    assert_eq!(
        spaces(&spoke),
        (&json!(["10.0.0.0/16", "10.99.0.0/16"]), &json!(["10.0.0.0/16", "10.99.0.0/16"]))
    );
}

#[tokio::test(start_paused = true)]
async fn a_plain_write_does_not_sync_and_neither_does_a_sync_of_the_half_whose_remote_is_behind() {
    let pair = connected_pair().await;
    grow(&pair, &["10.0.0.0/16", "10.99.0.0/16"]).await;

    assert_eq!(
        state(&pair.fabrikam.peer(&pair.spoke, "to-hub", &pair.hub).await),
        ("Connected", "LocalNotInSync")
    );
    let sync = format!("{}?syncRemoteAddressSpace=true", half(&pair.hub, "to-spoke"));
    let started = pair.contoso.put(&sync, &half_body(&pair.spoke)).await.expect(200);
    pair.contoso.finish(&started).await;
    assert_eq!(state(&pair.hubs_half().await), ("Connected", "RemoteNotInSync"));
    assert_eq!(state(&pair.spokes_half().await), ("Connected", "LocalNotInSync"));
}

#[tokio::test(start_paused = true)]
async fn when_both_networks_grow_each_half_needs_its_own_sync() {
    let pair = connected_pair().await;
    grow(&pair, &["10.0.0.0/16", "10.99.0.0/16"]).await;
    pair.fabrikam.put_to_end(&pair.spoke, &network_body(&["10.1.0.0/16", "10.98.0.0/16"])).await;
    assert_eq!(state(&pair.hubs_half().await).1, "LocalAndRemoteNotInSync");
    assert_eq!(state(&pair.spokes_half().await).1, "LocalAndRemoteNotInSync");

    let sync = |network: &str, name: &str| format!("{}?syncRemoteAddressSpace=true", half(network, name));
    pair.contoso.put_to_end(&sync(&pair.hub, "to-spoke"), &half_body(&pair.spoke)).await;
    assert_eq!(state(&pair.hubs_half().await).1, "RemoteNotInSync");
    assert_eq!(state(&pair.spokes_half().await).1, "LocalNotInSync");
    pair.fabrikam.put_to_end(&sync(&pair.spoke, "to-hub"), &half_body(&pair.hub)).await;
    assert_eq!(state(&pair.hubs_half().await).1, "FullyInSync");
    assert_eq!(state(&pair.spokes_half().await).1, "FullyInSync");
}

#[tokio::test(start_paused = true)]
async fn removing_one_half_disconnects_the_other_which_then_has_to_be_written_first() {
    let pair = connected_pair().await;
    pair.contoso.delete_to_end(&half(&pair.hub, "to-spoke")).await;
    pair.contoso.get(&half(&pair.hub, "to-spoke")).await.refused(404, "NotFound");
    let left = pair.spokes_half().await;
    assert_eq!(state(&left).0, "Disconnected");
    assert_eq!(left["properties"]["provisioningState"], "Succeeded");
    assert_eq!(spaces(&left).0, &json!(["10.0.0.0/16"]), "what was peered is kept");

    let refused = pair.contoso.put(&half(&pair.hub, "to-spoke"), &half_body(&pair.spoke)).await;
    let refused = refused.refused(400, "RemotePeeringIsDisconnected");
    assert!(refused.message().contains("is in Disconnected state. Update or re-create the remote peering"));

    let again = pair.fabrikam.peer(&pair.spoke, "to-hub", &pair.hub).await;
    assert_eq!(state(&again), ("Initiated", "RemoteNotInSync"));
    pair.contoso.peer(&pair.hub, "to-spoke", &pair.spoke).await;
    assert_eq!(state(&pair.spokes_half().await), ("Connected", "FullyInSync"));
    assert_eq!(state(&pair.hubs_half().await), ("Connected", "FullyInSync"));
}

#[tokio::test(start_paused = true)]
async fn halves_without_a_counterpart_can_be_removed_and_made_again() {
    let pair = pair().await;
    pair.contoso.peer(&pair.hub, "to-spoke", &pair.spoke).await;
    pair.contoso.delete_to_end(&half(&pair.hub, "to-spoke")).await;
    assert_eq!(state(&pair.contoso.peer(&pair.hub, "to-spoke", &pair.spoke).await).0, "Initiated");
    pair.fabrikam.peer(&pair.spoke, "to-hub", &pair.hub).await;
    pair.fabrikam.delete_to_end(&half(&pair.spoke, "to-hub")).await;
    pair.contoso.delete_to_end(&half(&pair.hub, "to-spoke")).await;
    let list = pair.contoso.get(&format!("{}/virtualNetworkPeerings", pair.hub)).await;
    assert_eq!(list.body, json!({"value": []}));
    let absent = pair.contoso.delete(&half(&pair.hub, "to-spoke")).await;
    assert_eq!(absent.status, StatusCode::NO_CONTENT.as_u16());
}

#[tokio::test(start_paused = true)]
async fn a_network_made_again_under_the_same_name_is_another_network() {
    let pair = connected_pair().await;
    let first = pair.contoso.get(&pair.hub).await.body["properties"]["resourceGuid"].clone();
    pair.contoso.delete_to_end(&pair.hub).await;
    assert_eq!(state(&pair.spokes_half().await).0, "Disconnected");

    pair.contoso.network(Tenant::Contoso, "hub", &["10.0.0.0/16"]).await;
    assert_ne!(first, pair.contoso.get(&pair.hub).await.body["properties"]["resourceGuid"]);
    assert_eq!(state(&pair.spokes_half().await).0, "Disconnected", "it still means the network that is gone");
    let refused = pair.contoso.put(&half(&pair.hub, "to-spoke"), &half_body(&pair.spoke)).await;
    refused.refused(400, "RemotePeeringIsDisconnected");
    pair.fabrikam.peer(&pair.spoke, "to-hub", &pair.hub).await;
    pair.contoso.peer(&pair.hub, "to-spoke", &pair.spoke).await;
    assert_eq!(state(&pair.spokes_half().await), ("Connected", "FullyInSync"));
}

#[tokio::test(start_paused = true)]
async fn a_half_is_bound_to_its_remote_network_and_a_network_to_one_half_for_each() {
    let pair = pair().await;
    let other = pair.contoso.network(Tenant::Contoso, "other", &["10.2.0.0/16"]).await;
    pair.contoso.peer(&pair.hub, "to-spoke", &pair.spoke).await;
    let moved = pair.contoso.put(&half(&pair.hub, "to-spoke"), &half_body(&other)).await;
    moved.refused(400, "ChangingRemoteVirtualNetworkNotAllowed");
    let second = pair.contoso.put(&half(&pair.hub, "second"), &half_body(&pair.spoke.to_uppercase())).await;
    second.refused(400, "AnotherPeeringAlreadyReferencesRemoteVnet");
    let rewritten = pair.contoso.put(&half(&pair.hub, "TO-SPOKE"), &half_body(&pair.spoke)).await.expect(200);
    assert_eq!(rewritten.body["name"], "to-spoke", "the name keeps the casing it was made with");
}

#[tokio::test(start_paused = true)]
async fn flags_are_each_halfs_own_and_an_update_is_answered_200() {
    let pair = connected_pair().await;
    let body =
        half_with(&pair.hub, json!({"allowForwardedTraffic": true, "allowVirtualNetworkAccess": false}));
    let updated = pair.fabrikam.put(&half(&pair.spoke, "to-hub"), &body).await.expect(200);
    assert_eq!(updated.body["properties"]["allowForwardedTraffic"], true);
    pair.fabrikam.finish(&updated).await;
    assert_eq!(pair.spokes_half().await["properties"]["allowVirtualNetworkAccess"], false);
    assert_eq!(pair.hubs_half().await["properties"]["allowForwardedTraffic"], false);
    assert_eq!(state(&pair.hubs_half().await), ("Connected", "FullyInSync"));
}

#[tokio::test(start_paused = true)]
async fn entity_tags_are_the_networks_and_change_with_every_state() {
    let pair = pair().await;
    let id = half(&pair.hub, "to-spoke");
    let before = pair.contoso.get(&pair.hub).await.body["etag"].clone();
    let started = pair.contoso.put(&id, &half_body(&pair.spoke)).await.expect(201);
    pair.contoso.finish(&started).await;
    let read = pair.contoso.get(&id).await;
    let network = pair.contoso.get(&pair.hub).await;
    assert_eq!(read.body["etag"], network.body["etag"]);
    assert_eq!(read.header("etag"), read.body["etag"].as_str());
    let tags = [&before, &started.body["etag"], &read.body["etag"]];
    assert!(tags[0] != tags[1] && tags[1] != tags[2], "{tags:?}");
    pair.fabrikam.peer(&pair.spoke, "to-hub", &pair.hub).await;
    assert_ne!(
        pair.contoso.get(&pair.hub).await.body["etag"],
        network.body["etag"],
        "its half was connected"
    );
}

#[tokio::test(start_paused = true)]
async fn the_five_hundred_and_first_peering_is_refused() {
    let pair = pair().await;
    for number in 0..500u32 {
        let (high, low) = (number / 250, number % 250);
        let remote = pair
            .contoso
            .network(Tenant::Contoso, &format!("n{number}"), &[&format!("172.{}.{low}.0/24", 16 + high)])
            .await;
        pair.contoso.peer(&pair.hub, &format!("p{number}"), &remote).await;
    }
    let over = pair.contoso.put(&half(&pair.hub, "over"), &half_body(&pair.spoke)).await;
    over.refused(400, "PeeringsPerVirtualNetworkLimitReached");
}

#[tokio::test(start_paused = true)]
async fn malformed_halves_are_refused() {
    let pair = pair().await;
    let put = async |name: &str, body: Value| pair.contoso.put(&half(&pair.hub, name), &body).await;
    put("-x", half_body(&pair.spoke)).await.refused(400, "InvalidResourceName");
    put(&"x".repeat(81), half_body(&pair.spoke)).await.refused(400, "InvalidResourceName");
    put("p", json!({"properties": {}})).await.refused(400, "MissingJsonReferenceId");
    put("p", half_body("/subscriptions/x")).await.refused(400, "InvalidRequestContent");
    put("p", half_body(&half(&pair.spoke, "to-hub"))).await.refused(400, "InvalidRequestContent");
    put("p", half_body(&network(Tenant::Fabrikam, "none"))).await.refused(400, "InvalidResourceReference");
    put("p", half_with(&pair.spoke, json!({"peerCompleteVnets": false})))
        .await
        .refused(400, "SubnetPeeringWithoutSubnets");
    let nowhere = half(&network(Tenant::Contoso, "none"), "p");
    pair.contoso.put(&nowhere, &half_body(&pair.spoke)).await.refused(404, "ParentResourceNotFound");
    pair.contoso
        .send(Method::PATCH, &half(&pair.hub, "p"), Some(&json!({})))
        .await
        .refused(405, "MethodNotAllowed");
}
