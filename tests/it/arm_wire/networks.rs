use peerpact::arm::wire::{OperationStatus, Page, Provisioned};
use peerpact::handshake::ids::VirtualNetworkId;
use peerpact::handshake::provisioning::Provisioning;
use peerpact::kinds::peering::wire::{Peering, PeeringPut, VirtualNetwork};
use peerpact::kinds::peering::{AsRead, Network, PeeringFlags, PeeringHalf, PeeringState, SyncLevel};
use serde_json::{Value, json};

use super::recordings::{recordings, texts};

fn network(body: &Value) -> Network {
    serde_json::from_value::<VirtualNetwork>(body.clone()).unwrap().into_network().unwrap()
}

fn half(body: &Value, of: &VirtualNetworkId) -> PeeringHalf {
    serde_json::from_value::<Peering>(body.clone()).unwrap().into_half(of).unwrap().unwrap()
}

fn shown<T: ToString>(values: &[T]) -> Vec<String> {
    values.iter().map(ToString::to_string).collect()
}

#[test]
fn every_recorded_network_is_read_as_it_says() {
    let Some(exchanges) = recordings() else { return };
    let (mut seen, mut with_gateway, mut with_peerings) = (0, 0, 0);
    for exchange in exchanges.iter().filter(|e| e.is_one("virtualNetworks") && e.has_body()) {
        let body = exchange.body();
        let properties = &body["properties"];
        let read = network(body);
        assert_eq!(read.id.to_string(), body["id"].as_str().unwrap());
        assert_eq!(read.resource_guid.as_deref(), properties["resourceGuid"].as_str());
        assert_eq!(shown(&read.prefixes), texts(&properties["addressSpace"]["addressPrefixes"]));
        assert_eq!(json!(read.provisioning), properties["provisioningState"]);
        assert_eq!(json!(read.tags), body["tags"]);
        assert_eq!(read.peerings.len(), properties["virtualNetworkPeerings"].as_array().unwrap().len());
        let told = body.to_string();
        assert_eq!(read.has_gateway, told.contains("GatewaySubnet") && told.contains("ipConfigurations"));
        seen += 1;
        with_gateway += usize::from(read.has_gateway);
        with_peerings += read.peerings.len();
    }
    println!("networks: {seen}, {with_gateway} with a gateway, {with_peerings} peerings in them");
    assert!(seen > 0 && with_gateway > 0);
}

#[test]
fn every_recorded_peering_is_read_as_it_says() {
    let Some(exchanges) = recordings() else { return };
    let mut states = Vec::new();
    for exchange in &exchanges {
        let bodies = exchange.shown("virtualNetworkPeerings");
        if bodies.is_empty() {
            continue;
        }
        let of: VirtualNetworkId =
            exchange.path.split("/virtualNetworkPeerings").next().unwrap().parse().unwrap();
        for body in bodies {
            let properties = &body["properties"];
            let read = half(body, &of);
            assert_eq!(read.id.to_string(), body["id"].as_str().unwrap());
            assert_eq!(read.id.network, of);
            assert_eq!(read.remote.to_string(), properties["remoteVirtualNetwork"]["id"].as_str().unwrap());
            assert_eq!(json!(read.state), properties["peeringState"]);
            assert_eq!(json!(read.provisioning), properties["provisioningState"]);
            for (flag, value) in json!(read.flags).as_object().unwrap() {
                assert_eq!(value, &properties[flag], "{flag}");
            }
            assert_eq!(shown(&read.peered), texts(&properties["remoteAddressSpace"]["addressPrefixes"]));
            assert_eq!(read.current, read.peered, "this api-version does not tell the current space");
            assert_eq!(read.sync, SyncLevel::Unknown, "nor the sync level");
            assert!(read.whole);
            states.push(read.state);
        }
    }
    println!("peerings: {}", states.len());
    assert!(states.contains(&PeeringState::Initiated) && states.contains(&PeeringState::Connected));
}

#[test]
fn every_recorded_operation_is_read_as_it_says() {
    let Some(exchanges) = recordings() else { return };
    let mut words = Vec::new();
    for exchange in exchanges.iter().filter(|exchange| exchange.is_one("operations")) {
        let read: OperationStatus = serde_json::from_value(exchange.body().clone()).unwrap();
        assert!(read.error.is_none());
        words.push(read.status.unwrap());
    }
    println!("operations: {}", words.len());
    assert!(words.iter().all(|word| word == "InProgress" || word == "Succeeded"), "{words:?}");
    assert!(words.contains(&"InProgress".to_owned()) && words.contains(&"Succeeded".to_owned()));
}

#[test]
fn every_recorded_list_and_every_resource_has_an_end_and_a_state() {
    let Some(exchanges) = recordings() else { return };
    let mut lists = 0;
    for exchange in exchanges.iter().filter(|exchange| exchange.has_body()) {
        let body = exchange.body();
        if let Some(items) = body.get("value") {
            let page: Page = serde_json::from_value(body.clone()).unwrap();
            assert_eq!(page.value.len(), items.as_array().unwrap().len());
            assert_eq!(page.next(), None, "{} on {}", exchange.method, exchange.path);
            lists += 1;
        } else {
            let read: Provisioned = serde_json::from_value(body.clone()).unwrap();
            let told = body.pointer("/properties/provisioningState");
            assert_eq!(json!(read.state()), *told.unwrap_or(&json!("Succeeded")));
        }
    }
    println!("lists: {lists}");
    assert!(lists > 0);
}

#[test]
fn what_we_put_is_what_the_azure_cli_put() {
    let Some(exchanges) = recordings() else { return };
    let mut compared = 0;
    for exchange in exchanges.iter().filter(|e| e.method == "PUT" && e.is_one("virtualNetworkPeerings")) {
        let theirs = &exchange.request.as_ref().unwrap()["properties"];
        let flags: PeeringFlags = serde_json::from_value(theirs.clone()).unwrap();
        let remote = theirs["remoteVirtualNetwork"]["id"].as_str().unwrap().parse().unwrap();
        let ours = serde_json::to_value(PeeringPut::new(&remote, flags, &AsRead::default())).unwrap();
        for (field, value) in ours["properties"].as_object().unwrap() {
            assert_eq!(value, &theirs[field], "{field}");
        }
        compared += 1;
    }
    println!("writes: {compared}");
    assert!(compared > 0);
}

const A: &str = "/subscriptions/6a5f35e9-6951-499d-a36b-83c6c6eed44a/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/A";
const B: &str = "/SUBSCRIPTIONS/dec492d3-4f4e-493b-aa47-7bdf2f96a6fc/resourcegroups/RG/providers/microsoft.network/virtualnetworks/b";

#[test]
fn what_is_missing_null_or_new_is_borne() {
    let read = network(&json!({"id": A}));
    assert!(read.prefixes.is_empty() && read.peerings.is_empty() && !read.has_gateway);
    assert_eq!(read.provisioning, Provisioning::Succeeded, "an absent state means done");

    let read = network(
        &json!({"id": A, "tags": {"peerpact": "contoso", "empty": null}, "brandNew": [1], "properties": {
        "provisioningState": "Hibernating", "resourceGuid": "", "addressSpace": null,
        "subnets": [{"name": "gatewaysubnet", "properties": null}, {"name": "x", "properties": {"ipConfigurations": [{}]}}],
        "virtualNetworkPeerings": null}}),
    );
    assert_eq!(read.provisioning, Provisioning::Updating);
    assert_eq!(read.resource_guid, None);
    assert_eq!(
        read.tags.into_iter().collect::<Vec<_>>(),
        [("empty".to_owned(), String::new()), ("peerpact".to_owned(), "contoso".to_owned())]
    );
    assert!(!read.has_gateway, "addresses of another subnet are no gateway");
}

#[test]
fn a_peering_shows_both_spaces_and_whether_it_is_whole() {
    let of: VirtualNetworkId = A.parse().unwrap();
    let body = |extra: Value| {
        let mut properties = json!({"remoteVirtualNetwork": {"id": B}, "peeringState": "Connected",
            "peeringSyncLevel": "LocalNotInSync", "remoteAddressSpace": {"addressPrefixes": ["10.1.0.0/16"]},
            "remoteVirtualNetworkAddressSpace": {"addressPrefixes": ["10.1.0.0/16", "fd00::/48"]}});
        properties.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        json!({"id": format!("{}/virtualnetworkpeerings/P", A.to_lowercase()), "name": "P", "properties": properties})
    };
    let read = half(&body(json!({"peerCompleteVnets": true, "enableOnlyIPv6Peering": false})), &of);
    assert_eq!(read.id, of.peering("p".parse().unwrap()));
    assert_eq!(read.remote, B.to_lowercase().parse().unwrap());
    assert_eq!((read.state, read.sync), (PeeringState::Connected, SyncLevel::LocalNotInSync));
    assert_eq!(shown(&read.peered), ["10.1.0.0/16"]);
    assert_eq!(shown(&read.current), ["10.1.0.0/16", "fd00::/48"]);
    assert!(read.whole);
    for partial in [json!({"peerCompleteVnets": false}), json!({"enableOnlyIPv6Peering": true})] {
        assert!(!half(&body(partial.clone()), &of).whole, "{partial}");
    }
    let odd = half(&body(json!({"peeringState": "Dreaming", "peeringSyncLevel": "Perhaps"})), &of);
    assert_eq!((odd.state, odd.sync), (PeeringState::Unknown, SyncLevel::Unknown));
}

#[test]
fn a_peering_without_a_readable_remote_is_passed_over_and_its_network_is_not() {
    let peering = |remote: Value| json!({"name": "p", "properties": {"remoteVirtualNetwork": remote}});
    let read = network(&json!({"id": A, "properties": {"virtualNetworkPeerings": [
        peering(Value::Null), peering(json!({})), peering(json!({"id": "/nowhere"})),
        {"properties": null}, {"name": "a/b", "properties": {"remoteVirtualNetwork": {"id": B}}},
        peering(json!({"id": B.trim_start_matches('/')}))]}}));
    assert_eq!(read.peerings.len(), 1);
    assert_eq!(
        read.peerings[0].id,
        read.id.peering("p".parse().unwrap()),
        "named by its network and its name"
    );
}

#[test]
fn a_peering_whose_id_lies_in_another_network_is_named_by_its_name_in_its_own() {
    let far = B.to_owned() + "/virtualNetworkPeerings/far";
    let near = A.to_uppercase() + "/virtualNetworkPeerings/near";
    let peering = |more: Value| {
        let mut peering = json!({"properties": {"remoteVirtualNetwork": {"id": B}}});
        peering.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        peering
    };
    let read = network(&json!({"id": A, "properties": {"virtualNetworkPeerings": [
        peering(json!({"id": far, "name": "p"})), peering(json!({"id": far})),
        peering(json!({"id": far, "name": "a/b"})), peering(json!({"id": near})), peering(json!({"id": near, "name": "q"}))]}}));
    let named = |name: &str| read.id.peering(name.parse().unwrap());
    let ids: Vec<_> = read.peerings.iter().map(|half| half.id.clone()).collect();
    assert_eq!(ids, [named("p"), named("near"), named("near")]);
}

#[test]
fn every_recorded_half_goes_back_as_it_was_read_but_for_what_is_to_change() {
    let Some(exchanges) = recordings() else { return };
    let mut compared = 0;
    for exchange in &exchanges {
        for body in exchange.shown("virtualNetworkPeerings") {
            let of = exchange.path.split("/virtualNetworkPeerings").next().unwrap().parse().unwrap();
            goes_back(body, &of);
            compared += 1;
        }
        for network in exchange.shown("virtualNetworks") {
            let of = network["id"].as_str().unwrap().parse().unwrap();
            for body in network["properties"]["virtualNetworkPeerings"].as_array().unwrap() {
                goes_back(body, &of);
                compared += 1;
            }
        }
    }
    println!("halves written requeue_after: {compared}");
    assert!(compared > 0);
}

/// Writes a half again, with each of its flags as it is and the other way.
fn goes_back(body: &Value, of: &VirtualNetworkId) {
    let read = half(body, of);
    let put = |flags| {
        serde_json::to_value(PeeringPut::new(&read.remote, flags, &read.as_read)).unwrap()["properties"]
            .clone()
    };
    assert_eq!(put(read.flags), body["properties"]);
    let flags = PeeringFlags { allow_forwarded_traffic: !read.flags.allow_forwarded_traffic, ..read.flags };
    let mut changed = body["properties"].clone();
    changed["allowForwardedTraffic"] = flags.allow_forwarded_traffic.into();
    assert_eq!(put(flags), changed);
}

#[test]
fn what_this_version_does_not_know_of_a_half_goes_back_with_it() {
    let of: VirtualNetworkId = A.parse().unwrap();
    let body = json!({"name": "p", "properties": {
        "peeringState": "Connected", "peeringSyncLevel": "FullyInSync", "provisioningState": "Succeeded",
        "remoteVirtualNetwork": {"id": B, "viaHub": {"deep": [1, {"er": null}]}},
        "allowVirtualNetworkAccess": true, "allowForwardedTraffic": true, "allowGatewayTransit": false,
        "useRemoteGateways": false, "doNotVerifyRemoteGateways": true, "peerCompleteVnets": false,
        "localSubnetNames": ["a", "b"], "remoteSubnetNames": ["c"], "enableOnlyIPv6Peering": true,
        "remoteAddressSpace": {"addressPrefixes": ["10.1.0.0/24"], "ipamPoolPrefixAllocations": [{"pool": {"id": "x"}}]},
        "inventedLater": {"nested": [{"with": {"more": 1.5}}, "text", false]}, "nothing": null}});
    goes_back(&body, &of);
    let elsewhere: VirtualNetworkId = A.replace("/A", "/C").parse().unwrap();
    let read = half(&body, &of);
    let put = serde_json::to_value(PeeringPut::new(&elsewhere, read.flags, &read.as_read)).unwrap();
    assert_eq!(put["properties"]["remoteVirtualNetwork"]["id"], elsewhere.to_string());
    assert_eq!(put["properties"]["remoteVirtualNetwork"]["viaHub"], json!({"deep": [1, {"er": null}]}));
    assert!(!format!("{read:?}").contains("inventedLater"));
}

#[test]
fn access_that_a_half_does_not_mention_is_allowed() {
    let of: VirtualNetworkId = A.parse().unwrap();
    let read = half(&json!({"name": "p", "properties": {"remoteVirtualNetwork": {"id": B}}}), &of);
    assert_eq!(read.flags, PeeringFlags { allow_virtual_network_access: true, ..PeeringFlags::default() });
}

#[test]
fn a_prefix_that_is_none_spoils_its_network() {
    let spaces = |prefix: &str| json!({"addressPrefixes": ["10.0.0.0/16", prefix]});
    for prefix in ["10.0.0.0/33", "", "ten", "10.0.0.0/16/8"] {
        let own = json!({"id": A, "properties": {"addressSpace": spaces(prefix)}});
        let peered = json!({"id": A, "properties": {"virtualNetworkPeerings": [
            {"name": "p", "properties": {"remoteVirtualNetwork": {"id": B}, "remoteAddressSpace": spaces(prefix)}}]}});
        for body in [own, peered] {
            let error = serde_json::from_value::<VirtualNetwork>(body).unwrap().into_network().unwrap_err();
            assert!(error.to_string().contains(&format!("`{prefix}`")), "{error}");
        }
    }
}
