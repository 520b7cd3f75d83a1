//! Networks, subnets and resource groups.

use http::Method;
use peerpact_sandbox::Tenant;
use serde_json::{Value, json};

use crate::support::*;

#[tokio::test(start_paused = true)]
async fn a_write_of_a_network_keeps_its_peerings_whether_they_are_left_out_empty_or_sent_back() {
    let pair = connected_pair().await;
    let read = pair.contoso.get(&pair.hub).await.body;
    let mut empty = network_body(&["10.0.0.0/16"]);
    empty["properties"]["virtualNetworkPeerings"] = json!([]);
    for body in [network_body(&["10.0.0.0/16"]), empty, read.clone()] {
        let after = pair.contoso.put_to_end(&pair.hub, &body).await;
        assert_eq!(after["properties"]["virtualNetworkPeerings"][0]["name"], "to-spoke");
        assert_eq!(state(&pair.hubs_half().await), ("Connected", "FullyInSync"));
    }
    let mut changed = read.clone();
    changed["properties"]["virtualNetworkPeerings"][0]["properties"]["allowForwardedTraffic"] = true.into();
    pair.contoso.put(&pair.hub, &changed).await.refused(400, "InlinePeeringsNotSupported");
    let mut added = read;
    added["properties"]["virtualNetworkPeerings"] =
        json!([{"name": "new", "properties": half_body(&pair.spoke)["properties"]}]);
    pair.contoso.put(&pair.hub, &added).await.refused(400, "InlinePeeringsNotSupported");
}

#[tokio::test(start_paused = true)]
async fn subnets_lie_inside_the_network_and_apart() {
    let pair = pair().await;
    let put = async |name: &str, prefix: &str| {
        let id = format!("{}/subnets/{name}", pair.hub);
        pair.contoso.put(&id, &json!({"properties": {"addressPrefix": prefix}})).await
    };
    put("a", "10.9.0.0/24").await.refused(400, "NetcfgSubnetRangeOutsideVnet");
    put("a", "10.0.0.1/24").await.refused(400, "InvalidCIDRNotation");
    put("a", "ten").await.refused(400, "InvalidAddressPrefixFormat");
    let made = put("a", "10.0.0.0/24").await.expect(201);
    pair.contoso.finish(&made).await;
    put("b", "10.0.0.0/25").await.refused(400, "NetcfgSubnetRangesOverlap");
    let shrunk = pair.contoso.put(&pair.hub, &network_body(&["10.0.128.0/17"])).await;
    shrunk.refused(400, "NetcfgSubnetRangeOutsideVnet");
    let list = pair.contoso.get(&format!("{}/subnets", pair.hub)).await.expect(200);
    assert_eq!(list.body["value"][0]["properties"]["addressPrefix"], "10.0.0.0/24");
    let kept = pair.contoso.put_to_end(&pair.hub, &network_body(&["10.0.0.0/16"])).await;
    assert_eq!(kept["properties"]["subnets"][0]["name"], "a", "left out means kept");
}

#[tokio::test(start_paused = true)]
async fn tags_are_patched_at_once() {
    let pair = pair().await;
    let tagged =
        pair.contoso.send(Method::PATCH, &pair.hub, Some(&json!({"tags": {"peerpact": "fabrikam"}}))).await;
    let tagged = tagged.expect(200);
    assert_eq!(tagged.header("azure-asyncoperation"), None);
    assert_eq!(tagged.body["tags"], json!({"peerpact": "fabrikam"}));
    assert_eq!(pair.contoso.get(&pair.hub).await.body["tags"], json!({"peerpact": "fabrikam"}));
}

#[tokio::test(start_paused = true)]
async fn ids_are_compared_without_regard_to_case_and_keep_the_casing_they_were_made_with() {
    let pair = pair().await;
    let shouted = pair.contoso.get(&pair.hub.to_uppercase()).await.expect(200);
    assert_eq!(shouted.body["id"], pair.hub.as_str());
    let mut names = Vec::new();
    for groups in ["resourceGroups", "resourcegroups"] {
        let path = pair.hub.replace("resourceGroups", groups).replace("virtualNetworks", "virtualnetworks");
        names.push(pair.contoso.get(&path).await.expect(200).body["id"].clone());
    }
    assert_eq!(names, vec![Value::from(pair.hub.as_str()); 2]);
}

#[tokio::test(start_paused = true)]
async fn a_group_takes_everything_in_it_along() {
    let pair = connected_pair().await;
    let listed = pair
        .contoso
        .get(&format!("/subscriptions/{}/resourcegroups", Tenant::Contoso.subscription_id()))
        .await;
    assert_eq!(listed.body["value"][0]["name"], "rg");
    let path = group(Tenant::Contoso).replace("resourceGroups", "resourcegroups");
    let started = pair.contoso.delete(&path).await.expect(202);
    let location = started.header("location").unwrap().to_owned();
    assert_eq!(pair.contoso.get(&location).await.status, 202);
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    assert_eq!(pair.contoso.get(&location).await.status, 200);
    pair.contoso.get(&path).await.refused(404, "ResourceGroupNotFound");
    pair.contoso.get(&pair.hub).await.refused(404, "ResourceGroupNotFound");
    assert_eq!(state(&pair.spokes_half().await).0, "Disconnected");
}

#[tokio::test(start_paused = true)]
async fn lists_hold_the_networks_of_a_group_or_of_the_subscription() {
    let pair = pair().await;
    let second = format!("/subscriptions/{}/resourceGroups/second", Tenant::Contoso.subscription_id());
    pair.contoso.put(&second, &json!({"location": "West US"})).await.expect(201);
    let other = format!("{second}/providers/Microsoft.Network/virtualNetworks/other");
    pair.contoso.put_to_end(&other, &network_body(&["10.5.0.0/16"])).await;
    let names = async |scope: &str| -> Vec<String> {
        let list = pair
            .contoso
            .get(&format!("{scope}/providers/Microsoft.Network/virtualNetworks"))
            .await
            .expect(200);
        let list = list.body["value"].as_array().unwrap().clone();
        list.iter().map(|network| network["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names(&group(Tenant::Contoso)).await, ["hub"]);
    assert_eq!(names(&second).await, ["other"]);
    let subscription = format!("/subscriptions/{}", Tenant::Contoso.subscription_id());
    assert_eq!(names(&subscription).await, ["hub", "other"]);
}
