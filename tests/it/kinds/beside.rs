//! The toy kind beside those that are built in.

use std::sync::Arc;

use peerpact::handshake::resource_id::ResourceId;
use peerpact::kinds::network_manager::ManagementKind;
use peerpact::kinds::peering::PeeringKind;
use peerpact::kinds::{Kind, Kinds};
use peerpact::request::Request;
use peerpact_fixtures::id;
use serde_json::json;

use super::stage::{hall, lobby, their_link};
use super::toy::{LinkKind, Rooms};

fn kinds() -> Kinds {
    let toy: Arc<dyn Kind> = Arc::new(LinkKind(Rooms::default()));
    Kinds::new([Arc::new(PeeringKind) as _, Arc::new(ManagementKind) as _, toy])
}

#[test]
fn each_half_belongs_to_one_kind_and_both_tenants_find_the_same_handshake() {
    let kinds = kinds();
    let peering = ResourceId::of(&id("ours").peering("to-theirs".parse().unwrap()));
    let name = |half: &ResourceId| kinds.of_half(half).map(|kind| kind.name().to_string());
    assert_eq!(name(&their_link()).as_deref(), Some("link"));
    assert_eq!(name(&peering).as_deref(), Some("peering"));
    assert_eq!(name(&hall()), None);
    assert!(kinds.handshake(&hall(), &lobby()).is_some());
    assert_eq!(kinds.handshake(&hall(), &lobby()), kinds.handshake(&lobby(), &hall()));
    assert_eq!(kinds.handshake(&hall(), &ResourceId::of(&id("theirs"))), None);
}

#[test]
fn what_is_told_of_ids_and_actions_names_every_kind() {
    let kinds = kinds();
    let told = |request: serde_json::Value| {
        Request::parse(&kinds, request.to_string().as_bytes()).unwrap_err().to_string()
    };
    let half = told(json!({ "version": 1, "id": "r-1", "action": "disconnect", "half": hall() }));
    assert!(
        half.ends_with("a peering, a scope connection, a network manager connection or a link"),
        "{half}"
    );
    let network = id("theirs").to_string();
    let pair =
        told(json!({ "version": 1, "id": "r-1", "action": "recheck", "ours": hall(), "theirs": network }));
    assert!(pair.ends_with(
        "makes no pair with `ours`: a virtual network goes with a virtual network, a network manager goes with a subscription or a management group, a room goes with a room"
    ), "{pair}");
    let action = told(json!({ "version": 1, "id": "r-1", "action": "connect" }));
    assert!(
        action.ends_with("connect-peering, connect-management, connect-link, disconnect, recheck"),
        "{action}"
    );
}
