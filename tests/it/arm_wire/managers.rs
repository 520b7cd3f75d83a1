use peerpact::arm::wire::{Page, Provisioned};
use peerpact::handshake::provisioning::Provisioning;
use peerpact::handshake::scope::Scope;
use peerpact::kinds::network_manager as halves;
use peerpact::kinds::network_manager::ConnectionState;
use peerpact::kinds::network_manager::wire::{
    NetworkManagerConnectionBody, NetworkManagerConnectionJson, NetworkManagerJson, PutBody,
    ScopeConnectionBody, ScopeConnectionJson, StaticMemberJson,
};
use peerpact::kinds::network_manager::{NetworkGroupId, NetworkManagerId};
use serde_json::{Value, json};

use super::recordings::{Exchange, recordings};

const RECORDED: [&str; 4] =
    ["network_group", "network_manager", "network_manager_connection_subscription", "scope_connection"];

const OTHER: &str = "79686033-97a2-4ebd-8e7d-0cae2c7df00e";
const S1: &str = "6a5f35e9-6951-499d-a36b-83c6c6eed44a";
const S2: &str = "dec492d3-4f4e-493b-aa47-7bdf2f96a6fc";

fn manager(body: &Value) -> halves::NetworkManager {
    serde_json::from_value::<NetworkManagerJson>(body.clone()).unwrap().into_manager().unwrap()
}

fn scope_connection(body: &Value) -> halves::ScopeConnection {
    serde_json::from_value::<ScopeConnectionJson>(body.clone()).unwrap().into_half().unwrap()
}

fn connection(body: &Value) -> halves::NetworkManagerConnection {
    serde_json::from_value::<NetworkManagerConnectionJson>(body.clone()).unwrap().into_half().unwrap()
}

fn member(body: &Value) -> halves::StaticMember {
    serde_json::from_value::<StaticMemberJson>(body.clone()).unwrap().into_member().unwrap()
}

fn text<'a>(body: &'a Value, pointer: &str) -> &'a str {
    body.pointer(pointer).unwrap().as_str().unwrap()
}

fn id_of(manager: &str) -> String {
    format!("/subscriptions/{S1}/resourceGroups/rg/providers/Microsoft.Network/networkManagers/{manager}")
}

/// Reads what an exchange shows and compares it with what it says; how many resources that were.
fn compare(exchange: &Exchange, states: &mut Vec<ConnectionState>) -> usize {
    let mut read = 0;
    for body in exchange.shown("networkManagers") {
        let manager = manager(body);
        assert_eq!(manager.id.to_string(), text(body, "/id"));
        assert!(manager.cross_tenant_scopes.is_empty(), "nothing of another tenant is on record");
        assert_eq!(body.pointer("/properties/networkManagerScopes/crossTenantScopes"), Some(&json!([])));
        read += 1;
    }
    for body in exchange.shown("scopeConnections") {
        let half = scope_connection(body);
        assert_eq!(half.id.to_string(), text(body, "/id"));
        assert_eq!(half.tenant.to_string(), text(body, "/properties/tenantId"));
        assert_eq!(half.scope.to_string(), text(body, "/properties/resourceId"));
        assert_eq!(json!(half.state), body["properties"]["connectionState"]);
        states.push(half.state);
        read += 1;
    }
    for body in exchange.shown("networkManagerConnections") {
        let half = connection(body);
        assert_eq!(half.id.to_string(), text(body, "/id"));
        assert_eq!(half.manager.to_string(), text(body, "/properties/networkManagerId"));
        assert_eq!(json!(half.state), body["properties"]["connectionState"]);
        states.push(half.state);
        read += 1;
    }
    for body in exchange.shown("networkGroups") {
        let group: NetworkGroupId = text(body, "/id").parse().unwrap();
        assert_eq!(group.to_string(), text(body, "/id"));
        let provisioned: Provisioned = serde_json::from_value(body.clone()).unwrap();
        assert_eq!(provisioned.state(), Provisioning::Succeeded);
        read += 1;
    }
    read
}

#[test]
fn every_recorded_manager_connection_and_group_is_read_as_it_says() {
    let Some(exchanges) = recordings() else { return };
    let mut states = Vec::new();
    for recording in RECORDED {
        let exchanges: Vec<_> = exchanges.iter().filter(|e| e.recording == recording).collect();
        let mut read = 0;
        for exchange in &exchanges {
            let shown = compare(exchange, &mut states);
            let silent = exchange.method == "DELETE" && exchange.response.is_none();
            assert!(shown > 0 || silent, "{} {} was not read", exchange.method, exchange.path);
            assert_eq!(exchange.status, 200, "creating and deleting too");
            read += shown;
        }
        println!("{recording}: {} exchanges, {read} resources", exchanges.len());
        assert!(read > 0, "{recording}");
    }
    assert!(states.contains(&ConnectionState::Pending) && states.contains(&ConnectionState::Connected));
}

#[test]
fn what_we_put_is_what_the_azure_cli_put_but_for_the_description() {
    let Some(exchanges) = recordings() else { return };
    let mut compared = 0;
    for exchange in exchanges.iter().filter(|exchange| exchange.method == "PUT") {
        let theirs = exchange.request.as_ref().unwrap();
        let description = theirs["properties"]["description"].as_str().unwrap_or_default();
        let ours = if exchange.is_one("scopeConnections") {
            let half = scope_connection(exchange.body());
            let properties =
                ScopeConnectionBody { tenant_id: half.tenant, resource_id: &half.scope, description };
            serde_json::to_value(PutBody { properties }).unwrap()
        } else if exchange.is_one("networkManagerConnections") {
            let half = connection(exchange.body());
            let properties = NetworkManagerConnectionBody { network_manager_id: &half.manager, description };
            serde_json::to_value(PutBody { properties }).unwrap()
        } else {
            continue;
        };
        assert_eq!(&ours, theirs);
        compared += 1;
    }
    println!("writes: {compared}");
    assert_eq!(compared, 4);
}

#[test]
fn an_empty_next_link_ends_a_list_and_an_empty_etag_is_borne() {
    let page: Page =
        serde_json::from_value(json!({"nextLink": "", "value": [{"id": id_of("m"), "etag": ""}]})).unwrap();
    assert_eq!(page.next(), None);
    assert_eq!(manager(&page.value[0]).id, id_of("m").parse().unwrap());
}

#[test]
fn ids_are_read_in_every_form_that_azure_gives_them() {
    let id = format!("{}/SCOPECONNECTIONS/C", id_of("M").to_uppercase());
    for scope in [format!("/subscriptions/{S2}/"), format!("subscriptions/{}", S2.to_uppercase())] {
        let half = scope_connection(&json!({"id": id.trim_start_matches('/'), "properties": {
            "tenantId": OTHER.to_uppercase(), "resourceId": scope, "connectionState": "Pending"}}));
        assert_eq!(half.id.manager, id_of("m").parse::<NetworkManagerId>().unwrap());
        assert_eq!(half.tenant, OTHER.parse().unwrap());
        assert_eq!(half.scope, Scope::Subscription(S2.parse().unwrap()));
    }
    let group = "/providers/microsoft.management/managementgroups/Fabrikam-Root";
    let half = connection(&json!({
        "id": format!("{group}/providers/microsoft.network/networkmanagerconnections/c"),
        "properties": {"networkManagerId": id_of("M").trim_start_matches('/'), "connectionState": "Connected"}}));
    assert_eq!(half.id.scope, Scope::ManagementGroup("fabrikam-root".parse().unwrap()));
    assert_eq!(half.manager, id_of("m").parse().unwrap());
    let group_id = format!("{}/networkGroups/g", id_of("m"));
    let network =
        format!("/subscriptions/{S2}/resourcegroups/rg/providers/Microsoft.Network/virtualnetworks/v");
    let member = member(&json!({"id": format!("{group_id}/staticMembers/x"),
        "properties": {"resourceId": network, "provisioningState": "Updating", "location": ""}}));
    assert_eq!(member.id.group, group_id.parse().unwrap());
    assert_eq!(member.network, network.parse().unwrap());
    assert_eq!(member.provisioning, Provisioning::Updating);
}

#[test]
fn each_state_is_known_and_any_other_is_unknown() {
    let states = ["Connected", "Pending", "Conflict", "Revoked", "Rejected"];
    let read = |state: Value| {
        connection(&json!({"id": format!("/subscriptions/{S2}/providers/Microsoft.Network/networkManagerConnections/c"),
            "properties": {"networkManagerId": id_of("m"), "connectionState": state}}))
        .state
    };
    for state in states {
        assert_eq!(json!(read(json!(state))), json!(state));
    }
    for odd in [json!("Dreaming"), json!(""), Value::Null] {
        assert_eq!(read(odd), ConnectionState::Unknown);
    }
}

#[test]
fn a_half_that_does_not_say_what_it_connects_makes_no_sense() {
    let id = format!("{}/scopeConnections/c", id_of("m"));
    let scope = format!("/subscriptions/{S2}");
    for body in [
        json!({"id": id}),
        json!({"id": id, "properties": {"tenantId": OTHER}}),
        json!({"id": id, "properties": {"resourceId": scope}}),
        json!({"id": id, "properties": {"tenantId": "fabrikam", "resourceId": scope}}),
        json!({"id": id, "properties": {"tenantId": OTHER, "resourceId": format!("{scope}/resourceGroups/rg")}}),
        json!({"properties": {"tenantId": OTHER, "resourceId": scope}}),
    ] {
        let read = serde_json::from_value::<ScopeConnectionJson>(body.clone()).unwrap().into_half();
        assert!(read.is_err(), "{body}");
    }
    let id = format!("/subscriptions/{S2}/providers/Microsoft.Network/networkManagerConnections/c");
    for body in [json!({"id": id}), json!({"id": id, "properties": {"networkManagerId": scope}})] {
        let read = serde_json::from_value::<NetworkManagerConnectionJson>(body.clone()).unwrap().into_half();
        assert!(read.is_err(), "{body}");
    }
}

#[test]
fn a_manager_shows_what_it_has_taken_of_other_tenants_whatever_form_that_has() {
    let group = "/providers/Microsoft.Management/managementGroups/fabrikam-root";
    let bare = "0d5a2b6c-1111-4222-8333-444455556666";
    let read = manager(&json!({"id": id_of("m"), "properties": {"networkManagerScopes": {
    "subscriptions": [format!("/subscriptions/{S1}")],
    "crossTenantScopes": [
        {"tenantId": OTHER, "subscriptions": [format!("/subscriptions/{S2}"), S2], "managementGroups": [group, bare]},
        {"tenantId": S1, "subscriptions": null},
    ]}}}));
    let other = OTHER.parse().unwrap();
    let subscription = Scope::Subscription(S2.parse().unwrap());
    assert_eq!(
        read.cross_tenant_scopes,
        [
            (other, subscription.clone()),
            (other, subscription),
            (other, Scope::ManagementGroup("fabrikam-root".parse().unwrap())),
            (other, Scope::ManagementGroup(bare.parse().unwrap())),
        ]
    );
}

#[test]
fn what_makes_no_sense_among_the_scopes_of_a_manager_does_not_hide_the_others() {
    let good = json!({"tenantId": OTHER, "subscriptions": ["?", 7, null, format!("/subscriptions/{S2}"), "/nowhere"],
        "managementGroups": ["", "a/b", [], format!("/providers/Microsoft.Management/managementGroups/")]});
    let read =
        manager(&json!({"id": id_of("m"), "properties": {"networkManagerScopes": {"crossTenantScopes": [
        "nonsense", null, {"tenantId": "fabrikam", "subscriptions": [S2]}, {"subscriptions": [S2]},
        {"tenantId": OTHER, "subscriptions": "all"}, good]}}}));
    assert_eq!(
        read.cross_tenant_scopes,
        [(OTHER.parse().unwrap(), Scope::Subscription(S2.parse().unwrap()))]
    );
    for bare in
        [json!({"id": id_of("m")}), json!({"id": id_of("m"), "properties": {"networkManagerScopes": null}})]
    {
        assert!(manager(&bare).cross_tenant_scopes.is_empty());
    }
}

#[test]
fn a_member_that_is_no_virtual_network_makes_no_sense() {
    let id = format!("{}/networkGroups/g/staticMembers/x", id_of("m"));
    let subnet = format!(
        "/subscriptions/{S2}/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/v/subnets/s"
    );
    let read =
        serde_json::from_value::<StaticMemberJson>(json!({"id": id, "properties": {"resourceId": subnet}}));
    assert!(read.unwrap().into_member().is_err());
}
