//! The files that the Functions host reads.

use std::path::Path;
use std::time::Duration;

use peerpact::functions;
use peerpact::host::HttpReply;
use peerpact::host::TriggerType;
use peerpact::queue::Queue;
use serde_json::{Value, json};

fn file(path: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

#[test]
fn the_host_starts_our_handler_and_leaves_http_to_the_protocol() {
    let host = file("host.json");
    assert_eq!(host["version"], "2.0");
    assert_eq!(
        host["customHandler"],
        json!({
            "description": { "defaultExecutablePath": "handler", "arguments": ["serve"] },
            "enableForwardingHttpRequest": false,
        })
    );
    // A message is held for eight minutes and a last try, and its lock with it.
    assert_eq!(host["functionTimeout"], "00:10:00");
    assert_eq!(host["extensions"]["serviceBus"]["maxAutoLockRenewalDuration"], "00:10:00");
    assert!(functions::MESSAGE_HELD + functions::RECONCILE_BOUND < Duration::from_secs(600));
    assert_eq!(host["extensionBundle"]["id"], "Microsoft.Azure.Functions.ExtensionBundle");
}

#[test]
fn each_function_is_deployed_with_the_binding_that_its_trigger_is_read_from() {
    let mut deployed: Vec<_> = std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("functions"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    deployed.sort();
    let triggers = [
        ("ConnectionRequest", TriggerType::ServiceBus),
        ("Handshakes", TriggerType::Http),
        ("Health", TriggerType::Http),
        ("Reconcile", TriggerType::ServiceBus),
        ("RelayedResourceEvent", TriggerType::ServiceBus),
        ("ResourceEvent", TriggerType::EventGrid),
        ("StatusSweep", TriggerType::Timer),
    ];
    assert_eq!(deployed, triggers.map(|(function, _)| function));
    for (function, trigger) in triggers {
        let binding = &file(&format!("functions/{function}/function.json"))["bindings"][0];
        let given = (&binding["type"], &binding["name"], &binding["direction"]);
        assert_eq!(given, (&json!(trigger.kind()), &json!(trigger.binding()), &json!("in")), "{function}");
    }
}

#[test]
fn each_queue_is_read_by_one_function_as_bytes_that_the_host_does_not_look_into() {
    for (function, queue) in [
        ("ConnectionRequest", Queue::ConnectionRequests),
        ("Reconcile", Queue::Reconcile),
        ("RelayedResourceEvent", Queue::ResourceEvents),
    ] {
        let binding = &file(&format!("functions/{function}/function.json"))["bindings"][0];
        assert_eq!(binding["queueName"], queue.name(), "{function}");
        assert_eq!(binding["connection"], "PEERPACT_SERVICE_BUS", "{function}");
        assert_eq!(
            binding["dataType"], "binary",
            "{function}: a text's own keys would overwrite the metadata"
        );
    }
}

#[test]
fn the_ledger_is_read_only_and_behind_a_key() {
    let bindings = &file("functions/Handshakes/function.json")["bindings"];
    assert_eq!(bindings[0]["methods"], json!(["get"]));
    assert_eq!(bindings[0]["authLevel"], "function");
    assert_eq!(bindings[0]["route"], "handshakes/{id?}");
    assert_eq!(bindings[1], json!({ "type": "http", "direction": "out", "name": HttpReply::BINDING }));
}
