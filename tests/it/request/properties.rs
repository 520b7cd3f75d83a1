//! What holds for every input.

use peerpact::handshake::ids::HandshakeId;
use peerpact::handshake::ids::{Name, VirtualNetworkId};
use peerpact::handshake::request_id::RequestId;
use peerpact::kinds::Kinds;
use peerpact::kinds::network_manager::{AskedMember, ConnectManagement};
use peerpact::kinds::peering::AskedFlags;
use peerpact::kinds::peering::ConnectPeering;
use peerpact::request::{Action, Request};
use proptest::prelude::*;
use serde_json::{Map, Value};

use super::support::*;

fn name() -> impl Strategy<Value = Name> {
    "[a-zA-Z0-9_()-][a-zA-Z0-9_.()-]{0,40}|ä[Kſ]{1,3}".prop_map(|text| text.parse().unwrap())
}

fn subscription() -> impl Strategy<Value = String> {
    any::<u128>().prop_map(|number| uuid::Uuid::from_u128(number).to_string())
}

fn network() -> impl Strategy<Value = VirtualNetworkId> {
    (subscription(), name(), name()).prop_map(|(subscription, resource_group, name)| VirtualNetworkId {
        subscription: subscription.parse().unwrap(),
        resource_group,
        name,
    })
}

fn manager_text() -> impl Strategy<Value = String> {
    subscription().prop_map(|subscription| manager(&subscription))
}

fn scope_text() -> impl Strategy<Value = String> {
    let group = |name: Name| format!("/providers/Microsoft.Management/managementGroups/{name}");
    prop_oneof![subscription().prop_map(|subscription| scope(&subscription)), name().prop_map(group)]
}

fn flags() -> impl Strategy<Value = AskedFlags> {
    any::<[Option<bool>; 3]>()
        .prop_filter("one or the other", |[_, lend, borrow]| !(*lend == Some(true) && *borrow == Some(true)))
        .prop_map(|[forwarded_traffic, gateway_transit, remote_gateways]| AskedFlags {
            forwarded_traffic,
            gateway_transit,
            remote_gateways,
        })
}

/// A request of any kind under this id.
fn request_of(id: RequestId) -> impl Strategy<Value = Request> {
    let member = (name(), network()).prop_map(|(group, network)| AskedMember { group, network });
    let halves = prop_oneof![
        (network(), name()).prop_map(|(network, name)| network.peering(name).to_string()),
        (manager_text(), name()).prop_map(|(manager, name)| format!("{manager}/scopeConnections/{name}")),
        (scope_text(), name()).prop_map(|(scope, name)| {
            format!("{scope}/providers/Microsoft.Network/networkManagerConnections/{name}")
        }),
    ];
    let (for_peering, for_management) = (id.clone(), id.clone());
    prop_oneof![
        (network(), network(), flags()).prop_filter("two ends", |(ours, theirs, _)| ours != theirs).prop_map(
            move |(ours, theirs, flags)| {
                let asked = ConnectPeering::new(for_peering.clone(), ours, theirs, flags);
                Action::Connect(asked.checked().unwrap())
            }
        ),
        (manager_text(), scope_text(), prop::collection::vec(member, 0..4)).prop_map(
            move |(manager, scope, members)| {
                let (manager, scope) = (manager.parse().unwrap(), scope.parse().unwrap());
                let asked = ConnectManagement::new(for_management.clone(), manager, scope, members);
                Action::Connect(asked.request())
            }
        ),
        halves.prop_map(|half| Action::Disconnect { half: half.parse().unwrap() }),
        (manager_text(), scope_text(), any::<bool>()).prop_map(|(manager, scope, swapped)| {
            let handshake = HandshakeId::of_management(&manager.parse().unwrap(), &scope.parse().unwrap());
            let (ours, theirs) = if swapped { (scope, manager) } else { (manager, scope) };
            Action::Recheck { ours: ours.parse().unwrap(), theirs: theirs.parse().unwrap(), handshake }
        }),
    ]
    .prop_map(move |action| Request { id: id.clone(), action })
}

pub(crate) fn request() -> impl Strategy<Value = Request> {
    "[A-Za-z0-9][A-Za-z0-9._-]{0,63}".prop_flat_map(|id| request_of(id.parse().unwrap()))
}

fn json() -> impl Strategy<Value = Value> {
    let text = prop_oneof![any::<String>(), Just(peerpact_fixtures::id("ours").to_string())];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::from),
        text.prop_map(Value::String),
    ];
    leaf.prop_recursive(20, 60, 4, |inner| {
        let key = prop_oneof![
            any::<String>(),
            prop::sample::select(vec![
                "version", "id", "action", "ours", "theirs", "flags", "members", "half"
            ])
            .prop_map(str::to_owned),
        ];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
            prop::collection::vec((key, inner), 0..6)
                .prop_map(|fields| Value::Object(fields.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

/// Whatever it is, the answer is bounded and on one line.
fn answered(body: &[u8]) {
    if let Err(bad) = Request::parse(&Kinds::built_in(), body) {
        assert!(bad.to_string().chars().count() < 1200, "{bad}");
        assert!(!bad.to_string().contains(char::is_control), "{bad:?}");
    }
}

proptest! {
    #[test]
    fn any_bytes_are_answered(body in prop::collection::vec(any::<u8>(), 0..300)) {
        answered(&body);
    }

    #[test]
    fn any_json_is_answered(document in json()) {
        answered(document.to_string().as_bytes());
    }

    #[test]
    fn any_field_may_be_anything(at in 0_usize..12, value in json(), cut in 0_usize..400) {
        let documents = [peering(), management(), disconnect(), recheck()];
        let mut document = documents[at % 4].clone();
        let fields: Vec<String> = document.as_object().unwrap().keys().cloned().collect();
        document[&fields[at % fields.len()]] = value;
        let text = document.to_string();
        answered(text.as_bytes());
        answered(&text.as_bytes()[..cut.min(text.len())]);
    }

    #[test]
    fn what_was_written_is_read_back(request in request()) {
        let text = request.to_json();
        let read = Request::parse(&Kinds::built_in(), text.as_bytes()).unwrap();
        prop_assert_eq!(&read, &request);
        prop_assert_eq!(read.digest(), request.digest());
        prop_assert_eq!(read.to_json(), text);
    }
}
