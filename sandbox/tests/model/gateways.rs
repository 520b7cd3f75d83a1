//! Gateways, and the flags of halves that use them.

use peerpact_sandbox::Tenant;
use serde_json::{Value, json};

use crate::support::*;

async fn gateway(client: &Client, tenant: Tenant, network: &str) -> String {
    let subnet = format!("{network}/subnets/GatewaySubnet");
    let prefix = client.get(network).await.body["properties"]["addressSpace"]["addressPrefixes"][0].clone();
    let prefix = prefix.as_str().unwrap().replace("/16", "/24");
    client.put_to_end(&subnet, &json!({"properties": {"addressPrefix": prefix}})).await;
    let id = format!("{}/providers/Microsoft.Network/virtualNetworkGateways/gw", group(tenant));
    let body = json!({"location": "westus", "properties": {
        "ipConfigurations": [{"name": "default", "properties": {"subnet": {"id": subnet}}}]}});
    client.put_to_end(&id, &body).await;
    id
}

fn uses_remote(remote: &str) -> Value {
    half_with(remote, json!({"useRemoteGateways": true}))
}

#[tokio::test(start_paused = true)]
async fn remote_gateways_need_transit_on_the_existing_other_half_and_a_gateway_there() {
    let pair = pair().await;
    let half_id = half(&pair.spoke, "to-hub");
    let wish = uses_remote(&pair.hub);
    let code = "RemotePeeringDoesNotAllowGatewayTransit";
    pair.fabrikam.put(&half_id, &wish).await.refused(400, code);
    pair.contoso.peer(&pair.hub, "to-spoke", &pair.spoke).await;
    let refused = pair.fabrikam.put(&half_id, &wish).await.refused(400, code);
    assert!(
        refused.message().contains("corresponding remote peering has AllowGatewayTransit flag set to false")
    );

    let transit = half_with(&pair.spoke, json!({"allowGatewayTransit": true}));
    pair.contoso.put_to_end(&half(&pair.hub, "to-spoke"), &transit).await;
    pair.fabrikam.put(&half_id, &wish).await.refused(400, "RemoteVnetHasNoGateways");
    let unverified =
        half_with(&pair.hub, json!({"useRemoteGateways": true, "doNotVerifyRemoteGateways": true}));
    assert_eq!(
        pair.fabrikam.put_to_end(&half_id, &unverified).await["properties"]["remoteGateways"],
        json!([])
    );

    let id = gateway(&pair.contoso, Tenant::Contoso, &pair.hub).await;
    let written = pair.fabrikam.put_to_end(&half_id, &wish).await;
    assert_eq!(written["properties"]["remoteGateways"], json!([{"id": id}]));
}

#[tokio::test(start_paused = true)]
async fn a_network_with_a_gateway_or_with_another_half_that_uses_one_cannot_use_remote_gateways() {
    let pair = pair().await;
    let transit = |remote: &str| half_with(remote, json!({"allowGatewayTransit": true}));
    gateway(&pair.contoso, Tenant::Contoso, &pair.hub).await;
    pair.contoso.put_to_end(&half(&pair.hub, "to-spoke"), &transit(&pair.spoke)).await;
    pair.fabrikam.put_to_end(&half(&pair.spoke, "to-hub"), &uses_remote(&pair.hub)).await;

    let second = pair.contoso.network(Tenant::Contoso, "second", &["10.2.0.0/16"]).await;
    pair.contoso.put_to_end(&half(&second, "to-spoke"), &transit(&pair.spoke)).await;
    let again = pair.fabrikam.put(&half(&pair.spoke, "to-second"), &uses_remote(&second)).await;
    again.refused(400, "AnotherPeeringAlreadyUsesRemoteGateways");

    let plain = pair.contoso.network(Tenant::Contoso, "plain", &["10.3.0.0/16"]).await;
    pair.contoso.put_to_end(&half(&plain, "to-hub"), &transit(&pair.hub)).await;
    let own = pair.contoso.put(&half(&pair.hub, "to-plain"), &uses_remote(&plain)).await;
    own.refused(400, "VnetWithGatewayCannotUseRemoteGateways");
}

#[tokio::test(start_paused = true)]
async fn a_gateway_shows_in_its_subnet_and_keeps_it_from_being_deleted() {
    let pair = pair().await;
    let id = gateway(&pair.contoso, Tenant::Contoso, &pair.hub).await;
    let subnet = format!("{}/subnets/GatewaySubnet", pair.hub);
    let shown = pair.contoso.get(&subnet).await.body["properties"]["ipConfigurations"].clone();
    assert_eq!(shown, json!([{"id": format!("{id}/ipConfigurations/default")}]));
    pair.contoso.delete(&subnet).await.refused(400, "InUseSubnetCannotBeDeleted");
    pair.contoso.delete(&pair.hub).await.refused(400, "InUseSubnetCannotBeDeleted");
    let without = json!({"location": "westus", "properties": {
        "addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}, "subnets": []}});
    pair.contoso.put(&pair.hub, &without).await.refused(400, "InUseSubnetCannotBeDeleted");
    pair.contoso.delete_to_end(&id).await;
    pair.contoso.delete_to_end(&subnet).await;
    pair.contoso.delete_to_end(&pair.hub).await;
}

#[tokio::test(start_paused = true)]
async fn a_gateway_needs_the_subnet_and_the_address_it_names() {
    let pair = pair().await;
    let id = format!("{}/providers/Microsoft.Network/virtualNetworkGateways/gw", group(Tenant::Contoso));
    let body = |configuration: Value| json!({"location": "westus", "properties": {"ipConfigurations": [configuration]}});
    let nowhere =
        json!({"name": "a", "properties": {"subnet": {"id": format!("{}/subnets/none", pair.hub)}}});
    pair.contoso.put(&id, &body(nowhere)).await.refused(400, "InvalidResourceReference");
    pair.contoso.put(&id, &json!({"location": "westus"})).await.refused(400, "MissingJsonReferenceId");

    let subnet = format!("{}/subnets/GatewaySubnet", pair.hub);
    pair.contoso.put_to_end(&subnet, &json!({"properties": {"addressPrefix": "10.0.0.0/24"}})).await;
    let address = format!("{}/providers/Microsoft.Network/publicIPAddresses/ip", group(Tenant::Contoso));
    let with_address =
        json!({"name": "a", "properties": {"subnet": {"id": subnet}, "publicIPAddress": {"id": address}}});
    pair.contoso.put(&id, &body(with_address.clone())).await.refused(400, "InvalidResourceReference");
    pair.contoso.put_to_end(&address, &json!({"location": "westus"})).await;
    pair.contoso.put_to_end(&id, &body(with_address)).await;
    pair.contoso.delete(&address).await.refused(400, "PublicIPAddressCannotBeDeleted");
}
