//! Events, honest and hostile, and the triggers that they are.

use serde_json::{Value, json};

use super::*;

const CONTOSO: &str = "72f988bf-86f1-41af-91ab-2d7cd011db47";
const FABRIKAM: &str = "79686033-97a2-4ebd-8e7d-0cae2c7df00e";
const STRANGER: &str = "11111111-2222-3333-4444-555555555555";
const NETWORK: &str = "/subscriptions/6a5f35e9-6951-499d-a36b-83c6c6eed44a/resourcegroups/rg/providers/Microsoft.Network/virtualNetworks/v";
const CORRELATION: &str = "4db48cba-50a2-455a-93b4-de41a3b5b7f6";

fn peering() -> String {
    format!("{NETWORK}/virtualNetworkPeerings/p")
}

fn agreements() -> Agreements {
    let pattern = |subscription: &str| {
        format!(
            "/subscriptions/{subscription}/resourceGroups/*/providers/Microsoft.Network/virtualNetworks/*"
        )
    };
    let text = format!(
        "partner = \"contoso\"\ntenant = \"{CONTOSO}\"\n[[peering]]\nname = \"all\"\nours = \"{}\"\ntheirs = \"{}\"\nprefixes = [\"10.0.0.0/8\"]\n",
        pattern("dec492d3-4f4e-493b-aa47-7bdf2f96a6fc"),
        pattern("6a5f35e9-6951-499d-a36b-83c6c6eed44a")
    );
    Kinds::built_in().agreements(None, [("contoso.toml", text.as_str())]).unwrap()
}

/// An event as Event Grid delivers it for a resource that was written.
fn event(kind: &str, resource: &str) -> Value {
    json!({
        "topic": "/subscriptions/6a5f35e9-6951-499d-a36b-83c6c6eed44a",
        "subject": resource,
        "eventType": kind,
        "eventTime": "2026-01-02T03:04:05.6117357Z",
        "id": "e-1",
        "data": {
            "authorization": {"scope": resource, "action": "write", "evidence": {"role": "Contributor"}},
            "claims": {"aud": "https://management.core.windows.net/"},
            "correlationId": CORRELATION,
            "httpRequest": {"clientRequestId": "x", "method": "PUT", "url": "https://management.azure.com/x"},
            "resourceProvider": "Microsoft.Network",
            "resourceUri": resource,
            "operationName": "Microsoft.Network/virtualNetworks/virtualNetworkPeerings/write",
            "status": "Succeeded",
            "subscriptionId": "6a5f35e9-6951-499d-a36b-83c6c6eed44a",
            "tenantId": CONTOSO,
        },
        "dataVersion": "2",
        "metadataVersion": "1",
    })
}

const WRITTEN: &str = "Microsoft.Resources.ResourceWriteSuccess";

fn read(event: Value) -> UnverifiedEvent {
    let Value::Object(event) = event else { panic!("an event is an object") };
    UnverifiedEvent::new(event)
}

fn trigger(event: Value) -> Option<Trigger> {
    read(event).trigger(FABRIKAM.parse().unwrap(), &Kinds::built_in(), &agreements())
}

/// A written peering's event in which one thing is otherwise.
fn with(pointer: &str, value: Value) -> Value {
    let mut event = event(WRITTEN, &peering());
    *event.pointer_mut(pointer).unwrap() = value;
    event
}

fn without(parent: &str, key: &str) -> Value {
    let mut event = event(WRITTEN, &peering());
    event.pointer_mut(parent).unwrap().as_object_mut().unwrap().remove(key).unwrap();
    event
}

fn half(written: bool) -> Option<Trigger> {
    let correlation = Some(Uuid::parse_str(CORRELATION).unwrap());
    Some(Trigger::Half { half: peering().parse().unwrap(), written, correlation })
}

#[test]
fn a_written_and_a_deleted_peering_are_triggers_however_the_operation_ended() {
    for end in ["Success", "Failure", "Cancel"] {
        let written = event(&format!("Microsoft.Resources.ResourceWrite{end}"), &peering());
        assert_eq!(trigger(written), half(true), "Write{end}");
        let deleted = event(&format!("Microsoft.Resources.ResourceDelete{end}"), &peering());
        assert_eq!(trigger(deleted), half(false), "Delete{end}");
    }
}

#[test]
fn a_cloud_event_is_read_the_same() {
    let grid = event(WRITTEN, &peering());
    let cloud = json!({
        "specversion": "1.0", "id": "c-1", "source": "/subscriptions/6a5f35e9-6951-499d-a36b-83c6c6eed44a",
        "type": WRITTEN, "subject": peering(), "time": "2026-01-02T03:04:05.6117357Z", "data": grid["data"],
    });
    assert_eq!(trigger(cloud.clone()), half(true));
    assert_eq!(read(cloud).id(), "c-1");
}

#[test]
fn a_network_is_a_trigger_itself() {
    let network = Some(Trigger::Resource(NETWORK.parse().unwrap()));
    assert_eq!(trigger(event(WRITTEN, NETWORK)), network);
    assert_eq!(trigger(event("Microsoft.Resources.ResourceDeleteSuccess", NETWORK)), network);
}

const MANAGER: &str = "/subscriptions/6a5f35e9-6951-499d-a36b-83c6c6eed44a/resourcegroups/rg/providers/Microsoft.Network/networkManagers/m";
const SCOPES: [&str; 2] = [
    "/subscriptions/dec492d3-4f4e-493b-aa47-7bdf2f96a6fc",
    "/providers/Microsoft.Management/managementGroups/fabrikam-root",
];

#[test]
fn a_connection_of_either_end_and_at_either_scope_is_a_trigger() {
    let of_scopes =
        SCOPES.map(|scope| format!("{scope}/providers/Microsoft.Network/networkManagerConnections/c"));
    for resource in of_scopes.into_iter().chain([format!("{MANAGER}/scopeConnections/c")]) {
        for (change, was_written) in [("Write", true), ("Delete", false)] {
            for text in [resource.clone(), resource.to_uppercase(), format!("{resource}/")] {
                let found = trigger(event(&format!("Microsoft.Resources.Resource{change}Success"), &text));
                let Some(Trigger::Half { half, written, correlation }) = found else { panic!("{text}") };
                assert_eq!((half, written), (resource.parse().unwrap(), was_written), "{text}");
                assert!(correlation.is_some());
            }
        }
    }
}

#[test]
fn a_manager_is_a_trigger_itself_and_a_scope_is_not() {
    let manager = Some(Trigger::Resource(MANAGER.parse().unwrap()));
    assert_eq!(trigger(event(WRITTEN, MANAGER)), manager);
    assert_eq!(trigger(event("Microsoft.Resources.ResourceDeleteSuccess", &MANAGER.to_uppercase())), manager);
    for scope in SCOPES {
        assert_eq!(trigger(event(WRITTEN, scope)), None, "{scope}");
    }
}

#[test]
fn other_children_of_a_manager_or_a_connection_name_nothing() {
    let connection = format!("{}/providers/Microsoft.Network/networkManagerConnections/c", SCOPES[0]);
    for resource in [
        format!("{MANAGER}/networkGroups/g"),
        format!("{MANAGER}/networkGroups/g/staticMembers/s"),
        format!("{MANAGER}/connectivityConfigurations/c"),
        format!("{MANAGER}/commit"),
        format!("{MANAGER}/scopeConnections"),
        format!("{MANAGER}/scopeConnections/c/x/y"),
        format!("{MANAGER}/scopeConnections/.."),
        format!("{connection}/providers/Microsoft.Authorization/locks/l"),
        connection.replace("Microsoft.Network", "Microsoft.Other"),
        connection.replace("/networkManagerConnections/c", "/networkManagerConnections"),
        format!("{NETWORK}/providers/Microsoft.Network/networkManagerConnections/c"),
    ] {
        assert_eq!(trigger(event(WRITTEN, &resource)), None, "{resource}");
    }
}

#[test]
fn an_event_about_anything_else_names_nothing() {
    let subscription = "/subscriptions/6a5f35e9-6951-499d-a36b-83c6c6eed44a";
    for resource in [
        subscription.to_owned(),
        format!("{subscription}/resourceGroups/rg"),
        format!("{NETWORK}/subnets/default"),
        format!(
            "{subscription}/resourceGroups/rg/providers/Microsoft.Network/networkManagers/m/networkGroups/g"
        ),
        format!("{subscription}/resourceGroups/rg/providers/Microsoft.Network/virtualNetworkGateways/v"),
        format!("{NETWORK}/providers/Microsoft.Authorization/roleAssignments/r"),
        format!("{}/../..", peering()),
        format!("{NETWORK}/virtualNetworkPeerings/p%2f..%2fq"),
        "*".to_owned(),
        String::new(),
    ] {
        assert_eq!(trigger(event(WRITTEN, &resource)), None, "{resource}");
    }
}

#[test]
fn actions_and_events_of_other_kinds_name_nothing() {
    for kind in [
        "Microsoft.Resources.ResourceActionSuccess",
        "Microsoft.Resources.ResourceActionFailure",
        "Microsoft.Resources.Resource",
        "Microsoft.EventGrid.SubscriptionValidationEvent",
        "Microsoft.Storage.BlobCreated",
        "Write",
        "",
    ] {
        assert_eq!(trigger(event(kind, &peering())), None, "{kind}");
    }
}

#[test]
fn of_our_own_tenant_and_of_a_partners_an_event_is_followed_and_of_nobody_elses() {
    for tenant in [FABRIKAM.to_owned(), CONTOSO.to_owned(), CONTOSO.to_uppercase()] {
        assert_eq!(trigger(with("/data/tenantId", json!(tenant))), half(true), "{tenant}");
    }
    assert_eq!(trigger(with("/data/tenantId", json!(STRANGER))), None);
}

#[test]
fn a_tenant_that_is_not_named_is_found_out_by_the_subscription() {
    assert_eq!(trigger(without("/data", "tenantId")), half(true));
    assert_eq!(trigger(with("/data/tenantId", json!("not a tenant"))), half(true));
    assert_eq!(trigger(with("/data/tenantId", json!(7))), half(true));
}

#[test]
fn where_the_uri_is_missing_the_subject_counts_and_else_the_uri() {
    assert_eq!(trigger(without("/data", "resourceUri")), half(true));
    assert_eq!(trigger(with("/data/resourceUri", json!(["x"]))), half(true));
    assert_eq!(trigger(with("/subject", json!("/subscriptions/elsewhere"))), half(true));
    assert_eq!(
        trigger(with("/data/resourceUri", json!(NETWORK))),
        Some(Trigger::Resource(NETWORK.parse().unwrap()))
    );
    assert_eq!(
        trigger(with("/data/resourceUri", json!("/somewhere"))),
        None,
        "it is not guessed which one is meant"
    );
}

#[test]
fn ids_are_the_same_in_any_case() {
    assert_eq!(trigger(event(WRITTEN, &peering().to_uppercase())), half(true));
}

#[test]
fn an_event_without_its_parts_names_nothing_and_breaks_nothing() {
    assert_eq!(trigger(json!({})), None);
    assert_eq!(trigger(json!({"eventType": WRITTEN})), None);
    assert_eq!(trigger(without("", "eventType")), None);
    assert_eq!(trigger(with("/eventType", json!(1))), None);
    let mut bare = without("", "subject");
    bare["data"] = Value::Null;
    assert_eq!(trigger(bare), None);
    for data in [Value::Null, json!([]), json!(7), json!("{\"resourceUri\":\"/x\"}")] {
        let found = trigger(with("/data", data.clone()));
        assert!(
            matches!(found, Some(Trigger::Half { correlation: None, .. })),
            "{data}: the subject is left"
        );
    }
}

#[test]
fn older_deliveries_whose_authorization_and_claims_are_texts_are_read_the_same() {
    let mut older = with("/data/authorization", json!("{\"scope\":\"/x\"}"));
    older["data"]["claims"] = json!("{\"aud\":\"x\"}");
    older["data"]["httpRequest"] = json!("{}");
    assert_eq!(trigger(older), half(true));
}

#[test]
fn a_correlation_that_is_none_is_left_out() {
    for id in [json!("x"), json!(1), json!(""), Value::Null] {
        let found = trigger(with("/data/correlationId", id.clone()));
        assert!(matches!(found, Some(Trigger::Half { correlation: None, .. })), "{id}");
    }
}

fn id_of(id: Value) -> String {
    read(with("/id", id)).id()
}

#[test]
fn an_event_id_is_fit_to_be_written_down() {
    assert_eq!(id_of(json!("e-1")), "e-1");
    assert_eq!(id_of(json!("a\n2026 ERROR forged\u{1b}[31m\0\u{85}b")), "a2026 ERROR forged[31mb");
    assert_eq!(id_of(json!("é".repeat(100_000))), "é".repeat(LONGEST_ID));
}

#[test]
fn an_event_without_an_id_says_so() {
    for id in [json!(""), json!("\n"), json!(7), Value::Null] {
        assert_eq!(id_of(id.clone()), "an event without an id", "{id}");
    }
    assert_eq!(read(json!({})).id(), "an event without an id");
}
