//! Halves that peer subnets, or only IPv6, and what else a half may hold.

use peerpact_sandbox::Tenant;
use serde_json::{Value, json};

use crate::support::*;

/// A pair with a subnet `s1` on each side, and a second one, `s2`, in the hub.
async fn pair_with_subnets() -> Pair {
    let pair = pair().await;
    let subnet = |prefix: &str| json!({"properties": {"addressPrefix": prefix}});
    pair.contoso.put_to_end(&format!("{}/subnets/s1", pair.hub), &subnet("10.0.1.0/24")).await;
    pair.contoso.put_to_end(&format!("{}/subnets/s2", pair.hub), &subnet("10.0.2.0/24")).await;
    pair.fabrikam.put_to_end(&format!("{}/subnets/s1", pair.spoke), &subnet("10.1.1.0/24")).await;
    pair
}

fn of_subnets(remote: &str, local: &[&str], remotes: &[&str]) -> Value {
    half_with(
        remote,
        json!({"peerCompleteVnets": false, "localSubnetNames": local, "remoteSubnetNames": remotes}),
    )
}

fn space<'a>(half: &'a Value, name: &str) -> &'a Value {
    &half["properties"][name]["addressPrefixes"]
}

/// The steps of a recording of 2025: a subnet is added to either half and taken over by syncs.
#[tokio::test(start_paused = true)]
async fn a_half_of_subnets_peers_their_spaces_and_takes_over_another_by_a_sync() {
    let pair = pair_with_subnets().await;
    let (hubs, spokes) = (half(&pair.hub, "to-spoke"), half(&pair.spoke, "to-hub"));
    let made = pair.contoso.put_to_end(&hubs, &of_subnets(&pair.spoke, &["s1"], &["s1"])).await;
    assert_eq!(state(&made), ("Initiated", "RemoteNotInSync"));
    for (name, prefix) in [
        ("localAddressSpace", "10.0.1.0/24"),
        ("localVirtualNetworkAddressSpace", "10.0.1.0/24"),
        ("remoteAddressSpace", "10.1.1.0/24"),
        ("remoteVirtualNetworkAddressSpace", "10.1.1.0/24"),
    ] {
        assert_eq!(space(&made, name), &json!([prefix]), "{name}");
    }
    let other = pair.fabrikam.put_to_end(&spokes, &of_subnets(&pair.hub, &["s1"], &["S1"])).await;
    assert_eq!(state(&other), ("Connected", "FullyInSync"));
    assert_eq!(state(&pair.hubs_half().await), ("Connected", "FullyInSync"));

    let more = of_subnets(&pair.hub, &["s1"], &["s1", "s2"]);
    pair.contoso.put_to_end(&hubs, &of_subnets(&pair.spoke, &["s1", "s2"], &["s1"])).await;
    assert_eq!(state(&pair.hubs_half().await), ("Connected", "RemoteNotInSync"));
    let added = pair.fabrikam.put_to_end(&spokes, &more).await;
    assert_eq!(state(&added), ("Connected", "LocalNotInSync"), "a plain write does not sync");
    assert_eq!(space(&added, "remoteAddressSpace"), &json!(["10.0.1.0/24"]));
    assert_eq!(space(&added, "remoteVirtualNetworkAddressSpace"), &json!(["10.0.1.0/24", "10.0.2.0/24"]));
    let synced = pair.fabrikam.put(&format!("{spokes}?syncRemoteAddressSpace=true"), &more).await.expect(200);
    pair.fabrikam.finish(&synced).await;
    assert_eq!(state(&pair.spokes_half().await), ("Connected", "FullyInSync"));
    assert_eq!(state(&pair.hubs_half().await), ("Connected", "FullyInSync"));
    assert_eq!(
        space(&pair.spokes_half().await, "remoteAddressSpace"),
        &json!(["10.0.1.0/24", "10.0.2.0/24"])
    );
}

#[tokio::test(start_paused = true)]
async fn a_half_of_subnets_names_some_on_both_sides_and_they_are_there() {
    let pair = pair_with_subnets().await;
    let put = async |local: &[&str], remote: &[&str]| {
        pair.contoso.put(&half(&pair.hub, "p"), &of_subnets(&pair.spoke, local, remote)).await
    };
    put(&["s1"], &[]).await.refused(400, "SubnetPeeringWithoutSubnets");
    put(&[], &["s1"]).await.refused(400, "SubnetPeeringWithoutSubnets");
    put(&["s1", "s9"], &["s1"]).await.refused(400, "PeeredSubnetNotFound");
    put(&["s1"], &["s2"]).await.refused(400, "PeeredSubnetNotFound");
}

#[tokio::test(start_paused = true)]
async fn a_half_of_ipv6_only_peers_no_other_space() {
    let pair = pair().await;
    pair.fabrikam.put_to_end(&pair.spoke, &network_body(&["10.1.0.0/16", "fd00:1::/48"])).await;
    let body = half_with(&pair.spoke, json!({"enableOnlyIPv6Peering": true}));
    let made = pair.contoso.put_to_end(&half(&pair.hub, "to-spoke"), &body).await;
    assert_eq!(made["properties"]["enableOnlyIPv6Peering"], true);
    assert_eq!(space(&made, "remoteAddressSpace"), &json!(["fd00:1::/48"]));
}

#[tokio::test(start_paused = true)]
async fn what_else_a_half_holds_is_kept_until_a_write_lacks_it() {
    let pair = pair().await;
    let id = half(&pair.hub, "to-spoke");
    let more = json!({"inventedLater": {"nested": [1, {"deep": null}]}, "peerCompleteVnets": true});
    let made = pair.contoso.put_to_end(&id, &half_with(&pair.spoke, more.clone())).await;
    assert_eq!(made["properties"]["inventedLater"], more["inventedLater"]);
    let again = pair.contoso.put_to_end(&id, &made).await;
    assert_eq!(again["properties"], made["properties"], "what was read goes back as it was");
    let network = pair.contoso.get(&network(Tenant::Contoso, "hub")).await.body;
    assert_eq!(network["properties"]["virtualNetworkPeerings"][0]["properties"], made["properties"]);
    let bare = pair.contoso.put_to_end(&id, &half_body(&pair.spoke)).await;
    assert!(bare["properties"].get("inventedLater").is_none(), "{bare:#}");
}
