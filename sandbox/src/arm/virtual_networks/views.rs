//! What halves show: of the network they lead to, to the rules and to those who read them.

use ipnet::IpNet;
use serde_json::{Value, json};

use super::admission::{HalfFacts, NetworkFacts, spaces_fit};
use super::prefixes;
use super::states::{same_space, sync_level};
use crate::arm::call::{ArmError, Key, merge};
use crate::arm::plain::gateways_of;
use crate::arm::state::{HalfState, PeeringHalf, Provisioning, Store, SyncLevel, VirtualNetwork};
use crate::mint::Mint;

pub(super) const KIND: &str = "Microsoft.Network/virtualNetworks/virtualNetworkPeerings";

/// The half as a version of the interface shows it: 2018 and 2020 versions know no sync level and one address space only.
pub(super) fn body(store: &Store, network: &VirtualNetwork, half: &PeeringHalf, api_version: &str) -> Value {
    let mut properties = json!({
        "provisioningState": half.provisioning.as_str(),
        "resourceGuid": half.pair_guid.to_string(),
        "peeringState": half.state.as_str(),
    });
    if api_version >= "2021-02-01" {
        properties["peeringSyncLevel"] = half.sync.as_str().into();
    }
    properties["remoteVirtualNetwork"] = json!({"id": half.remote_id});
    properties["allowVirtualNetworkAccess"] = half.allow_access.into();
    properties["allowForwardedTraffic"] = half.allow_forwarded.into();
    properties["allowGatewayTransit"] = half.gateway.allow_gateway_transit.into();
    properties["useRemoteGateways"] = half.gateway.use_remote_gateways.into();
    properties["doNotVerifyRemoteGateways"] = half.gateway.do_not_verify_remote_gateways.into();
    if api_version >= "2022-01-01" {
        properties["peerCompleteVnets"] = half.part.is_complete().into();
    }
    if half.gateway.use_remote_gateways {
        let gateways = gateways_of(store, &half.remote_key());
        let ids: Vec<Value> = gateways.iter().map(|gateway| json!({"id": gateway.id})).collect();
        properties["remoteGateways"] = ids.into();
    }
    if api_version >= "2023-09-01" {
        let local = prefixes::to_json(&half.part.local(network));
        properties["localAddressSpace"] = local.clone();
        properties["localVirtualNetworkAddressSpace"] = local;
    }
    properties["remoteAddressSpace"] = prefixes::to_json(&half.peered_space);
    if api_version >= "2021-02-01" {
        properties["remoteVirtualNetworkAddressSpace"] = prefixes::to_json(&half.seen_space);
    }
    properties["routeServiceVips"] = json!({});
    merge(&mut properties, &half.rest);
    json!({"name": half.name, "id": half.id, "etag": network.etag, "properties": properties, "type": KIND})
}

/// What the rules look at. A gateway of the remote network counts once it is provisioned, one of our own at once.
pub(super) fn facts(store: &Store, network: &VirtualNetwork, remote: bool) -> NetworkFacts {
    let gateways = gateways_of(store, &Key::of(&network.id));
    NetworkFacts {
        id: network.id.clone(),
        space: network.space.clone(),
        has_gateway: gateways
            .iter()
            .any(|gateway| !remote || gateway.provisioning == Provisioning::Succeeded),
        halves: network
            .halves
            .iter()
            .map(|(name, half)| HalfFacts {
                name: name.clone(),
                state: half.state,
                flags: half.gateway,
                remote: half.remote_id.clone(),
                remote_space: store
                    .networks
                    .get(&half.remote_key())
                    .filter(|remote| remote.guid == half.remote_guid)
                    .map_or_else(|| half.seen_space.clone(), |remote| half.part.remote(remote)),
            })
            .collect(),
    }
}

/// Whether a network may take a new space, as far as its peerings go.
pub(super) fn space_fits(store: &Store, key: &Key, after: &VirtualNetwork) -> Result<(), ArmError> {
    let ours = facts(store, after, false);
    for half in after.halves.values().filter(|half| half.state != HalfState::Disconnected) {
        let remote = store.networks.get(&half.remote_key()).filter(|remote| remote.guid == half.remote_guid);
        if let Some(theirs) = remote.filter(|remote| Key::of(&remote.id) != *key) {
            spaces_fit(&half.id, &ours, &facts(store, theirs, true))?;
        }
    }
    Ok(())
}

/// Whether a body that inlines a half says nothing new about it.
pub(super) fn says_the_same(half: &PeeringHalf, given: &Value) -> bool {
    let flag = |name: &str, stands: bool| given[name].as_bool().is_none_or(|given| given == stands);
    given["remoteVirtualNetwork"]["id"].as_str().is_none_or(|id| Key::of(id) == half.remote_key())
        && flag("allowVirtualNetworkAccess", half.allow_access)
        && flag("allowForwardedTraffic", half.allow_forwarded)
        && flag("allowGatewayTransit", half.gateway.allow_gateway_transit)
        && flag("useRemoteGateways", half.gateway.use_remote_gateways)
}

/// What a half shows of the remote network.
struct View {
    seen_space: Vec<IpNet>,
    sync: SyncLevel,
}

fn view(store: &Store, network: &Key, name: &str) -> Option<View> {
    let ours = store.networks.get(network)?;
    let half = ours.halves.get(name)?;
    let theirs = store.networks.get(&half.remote_key()).filter(|remote| remote.guid == half.remote_guid)?;
    let counterpart =
        theirs.halves.values().find(|other| other.remote_key() == *network && other.remote_guid == ours.guid);
    let seen_space = half.part.remote(theirs);
    let local_behind = !same_space(&half.peered_space, &seen_space);
    let local_space = half.part.local(ours);
    let remote_behind = counterpart.is_some_and(|other| !same_space(&other.peered_space, &local_space));
    Some(View { seen_space, sync: sync_level(half.state, half.sync, local_behind, remote_behind) })
}

/// Whether anything changed.
fn apply(store: &mut Store, network: &Key, name: &str, view: View) -> bool {
    let half = store.networks.get_mut(network).and_then(|network| network.halves.get_mut(name));
    let Some(half) = half.filter(|half| half.sync != view.sync || half.seen_space != view.seen_space) else {
        return false;
    };
    half.sync = view.sync;
    half.seen_space = view.seen_space;
    true
}

/// Lets one half show how things stand now. Whether anything changed.
pub(super) fn refresh_half(store: &mut Store, network: &Key, name: &str) -> bool {
    match view(store, network, name) {
        Some(view) => apply(store, network, name, view),
        None => false,
    }
}

/// After a network changed: every half in it and every half that leads to it shows how things stand now. A network whose
/// halves change by this gets a new entity tag, though nobody wrote it (seen 2021).
pub(super) fn refresh(store: &mut Store, mint: &mut Mint, changed: &Key) {
    let halves: Vec<(Key, String)> = store
        .networks
        .iter()
        .flat_map(|(key, network)| network.halves.iter().map(move |(name, half)| (key, name, half)))
        .filter(|(key, _, half)| *key == changed || half.remote_key() == *changed)
        .map(|(key, name, _)| (key.clone(), name.clone()))
        .collect();
    for (key, name) in halves {
        if refresh_half(store, &key, &name)
            && key != *changed
            && let Some(network) = store.networks.get_mut(&key)
        {
            network.etag = mint.etag();
        }
    }
}
