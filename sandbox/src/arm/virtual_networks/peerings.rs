//! `Microsoft.Network/virtualNetworks/virtualNetworkPeerings`: the halves. The rules are in [`super::states`] and [`super::admission`].

use http::StatusCode;
use serde_json::Value;

use super::admission::{NetworkFacts, Wish, admit};
use super::find::owner;
use super::states::{on_other_removed, on_write, pair_guid};
use super::views::{KIND, body, facts, refresh, refresh_half};
use crate::arm::call::{ArmError, Key, LinkedAccess, PeeringRefusal, Target, check_name, others, parse_id};
use crate::arm::context::{Begin, Cx, Item, Kind};
use crate::arm::state::{
    GatewayFlags, HalfState, Part, PeeringHalf, Provisioning, Store, SyncLevel, VirtualNetwork, Work,
};
use crate::mint::Mint;
use crate::reply::Reply;

pub(crate) struct Peerings;

/// Properties that have a field of their own or that the service decides. Every other one is kept as it was written, and
/// gone with the next write that lacks it.
const OWN_PROPERTIES: [&str; 17] = [
    "provisioningState",
    "resourceGuid",
    "peeringState",
    "peeringSyncLevel",
    "remoteVirtualNetwork",
    "allowVirtualNetworkAccess",
    "allowForwardedTraffic",
    "allowGatewayTransit",
    "useRemoteGateways",
    "doNotVerifyRemoteGateways",
    "peerCompleteVnets",
    "remoteGateways",
    "localAddressSpace",
    "localVirtualNetworkAddressSpace",
    "remoteAddressSpace",
    "remoteVirtualNetworkAddressSpace",
    "routeServiceVips",
];

/// What whoever writes a half needs on the remote network.
static PEER: LinkedAccess =
    LinkedAccess { kind: KIND, action: "Microsoft.Network/virtualNetworks/peer/action" };

impl Kind for Peerings {
    fn name(&self) -> &'static str {
        KIND
    }

    fn get(&self, cx: &Cx<'_>, at: &Target) -> Result<Reply, ArmError> {
        let network = cx.parent_network(at)?;
        let half = network
            .halves
            .get(&at.name().to_lowercase())
            .ok_or_else(|| ArmError::NoChild(cx.canonical_id(at, KIND)))?;
        Ok(Reply::ok(body(cx.store, network, half, &cx.call.api_version)).with_etag())
    }

    fn list(&self, cx: &Cx<'_>, at: &Target) -> Result<Vec<Item>, ArmError> {
        let network = cx.parent_network(at)?;
        let item = |half: &PeeringHalf| Item {
            key: Key::of(&half.id),
            body: body(cx.store, network, half, &cx.call.api_version),
        };
        Ok(network.halves.values().map(item).collect())
    }

    /// Creates, updates or, with `syncRemoteAddressSpace=true`, syncs a half. What the body says about states and address
    /// spaces is ignored.
    fn put(&self, cx: &mut Cx<'_>, at: &Target) -> Result<Reply, ArmError> {
        check_name(at.name())?;
        let properties = &cx.call.body["properties"];
        let given = properties["remoteVirtualNetwork"]["id"]
            .as_str()
            .ok_or(ArmError::MissingValue("properties.remoteVirtualNetwork.id"))?;
        let remote = remote_target(given)?;
        cx.linked(&PEER, at, &remote)?;
        let Admitted { parent, location, created, half } = admitted(cx, at, given, &remote.key())?;
        let (subject, name) = (Key::of(&half.id), at.name().to_lowercase());
        let etag = cx.mint.etag();
        if let Some(network) = cx.store.networks.get_mut(&parent) {
            network.halves.insert(name.clone(), half);
            network.etag = etag;
        }
        refresh_half(cx.store, &parent, &name);
        let begin = Begin {
            holds: vec![parent],
            notifies: notifies(&cx.call.api_version),
            created,
            ..Begin::of(Work::PutPeering, subject, location, finish_put)
        };
        let status = if created { StatusCode::CREATED } else { StatusCode::OK };
        let reply = cx.begin(begin, Reply::json(status, Value::Null));
        let network = cx.parent_network(at)?;
        let written = network.halves.get(&name);
        let written = written.map(|half| body(cx.store, network, half, &cx.call.api_version));
        Ok(reply.with_body(written.unwrap_or_default()))
    }

    /// Never looks at the remote network: neither its state nor rights on it matter.
    fn delete(&self, cx: &mut Cx<'_>, at: &Target) -> Result<Reply, ArmError> {
        let parent = Key::of(&at.parent());
        let lower = at.name().to_lowercase();
        let gone = || Ok(Reply::empty(StatusCode::NO_CONTENT));
        let Some(network) = cx.store.networks.get(&parent) else { return gone() };
        let Some(half) = network.halves.get(&lower) else { return gone() };
        cx.must_be_free(&parent)?;
        let (subject, location) = (Key::of(&half.id), network.location.clone());
        let etag = cx.mint.etag();
        if let Some(network) = cx.store.networks.get_mut(&parent) {
            network.etag = etag;
            if let Some(half) = network.halves.get_mut(&lower) {
                half.provisioning = Provisioning::Deleting;
            }
        }
        let begin = Begin {
            holds: vec![parent],
            notifies: notifies(&cx.call.api_version),
            ..Begin::of(Work::Delete, subject, location, finish_delete)
        };
        Ok(cx.begin(begin, Reply::empty(StatusCode::ACCEPTED)))
    }
}

/// `Azure-AsyncNotification` is absent from peerings in the recordings of 2018 and 2021 and present since 2022-01-01.
fn notifies(api_version: &str) -> bool {
    api_version >= "2022-01-01"
}

fn remote_target(id: &str) -> Result<Target, ArmError> {
    let invalid = || {
        ArmError::BadContent("properties.remoteVirtualNetwork.id is not the id of a virtual network".into())
    };
    let target = parse_id(id).map_err(|_| invalid())?;
    if target.kind().eq_ignore_ascii_case(VirtualNetwork::KIND) { Ok(target) } else { Err(invalid()) }
}

/// A half as it will stand, and where.
struct Admitted {
    parent: Key,
    location: String,
    created: bool,
    half: PeeringHalf,
}

/// The half as it will stand, if every rule lets it.
fn admitted(cx: &Cx<'_>, at: &Target, given: &str, remote_key: &Key) -> Result<Admitted, ArmError> {
    let properties = &cx.call.body["properties"];
    let ours = cx.parent_network(at)?;
    let parent = Key::of(&ours.id);
    cx.must_be_free(&parent)?;
    let lower = at.name().to_lowercase();
    let before = ours.halves.get(&lower);
    let id = before
        .map_or_else(|| format!("{}/virtualNetworkPeerings/{}", ours.id, at.name()), |half| half.id.clone());
    let theirs = cx
        .store
        .networks
        .get(remote_key)
        .ok_or_else(|| ArmError::NoReferenced { referenced: given.to_owned(), resource: id.clone() })?;
    if *remote_key != parent {
        cx.must_be_provisioned(remote_key, &theirs.id, &id)?;
    }
    let part = Part::read(properties);
    part.check(&id, ours, theirs)?;
    let flag = |name: &str, default: bool| properties[name].as_bool().unwrap_or(default);
    let gateway = GatewayFlags {
        allow_gateway_transit: flag("allowGatewayTransit", false),
        use_remote_gateways: flag("useRemoteGateways", false),
        do_not_verify_remote_gateways: flag("doNotVerifyRemoteGateways", false),
    };
    let wish = Wish { id: id.clone(), name: lower, flags: gateway };
    let our_facts = NetworkFacts { space: part.local(ours), ..facts(cx.store, ours, false) };
    let their_facts = NetworkFacts { space: part.remote(theirs), ..facts(cx.store, theirs, true) };
    admit(&wish, &our_facts, &their_facts)?;

    let counterpart = theirs.halves.values().find(|half| half.remote_key() == parent);
    let sync =
        cx.call.query.get("syncremoteaddressspace").is_some_and(|value| value.eq_ignore_ascii_case("true"));
    let written =
        on_write(before.map(|half| half.state), counterpart.map(|half| half.state), sync).map_err(|_| {
            PeeringRefusal::RemoteDisconnected {
                peering: id.clone(),
                remote_peering: counterpart.map(|half| half.id.clone()).unwrap_or_default(),
                network: ours.id.clone(),
            }
        })?;
    let kept_space = before.filter(|_| !written.takes_prefixes).map(|half| half.peered_space.clone());
    let half = PeeringHalf {
        name: before.map_or_else(|| at.name().to_owned(), |half| half.name.clone()),
        id,
        provisioning: Provisioning::Updating,
        state: written.ours,
        sync: before.map_or(SyncLevel::RemoteNotInSync, |half| half.sync),
        remote_id: given.to_owned(),
        remote_guid: theirs.guid,
        pair_guid: pair_guid(ours.guid, theirs.guid),
        allow_access: flag("allowVirtualNetworkAccess", true),
        allow_forwarded: flag("allowForwardedTraffic", false),
        gateway,
        peered_space: kept_space.unwrap_or_else(|| part.remote(theirs)),
        seen_space: part.remote(theirs),
        part,
        rest: others(properties, &OWN_PROPERTIES),
    };
    Ok(Admitted { location: ours.location.clone(), created: before.is_none(), parent, half })
}

fn finish_put(store: &mut Store, mint: &mut Mint, key: &Key) {
    let Some((network, name)) = owner(store, key) else { return };
    network.etag = mint.etag();
    let (parent, guid) = (Key::of(&network.id), network.guid);
    let Some(half) = network.halves.get_mut(&name) else { return };
    half.provisioning = Provisioning::Succeeded;
    if half.state == HalfState::Connected {
        let remote = half.remote_key();
        connect_counterpart(store, mint, &remote, &parent, guid);
    }
    refresh(store, mint, &parent);
}

fn connect_counterpart(store: &mut Store, mint: &mut Mint, remote: &Key, parent: &Key, guid: uuid::Uuid) {
    let Some(network) = store.networks.get_mut(remote) else { return };
    let counterpart = network.halves.values_mut().find(|half| {
        half.remote_key() == *parent && half.remote_guid == guid && half.state == HalfState::Initiated
    });
    if let Some(half) = counterpart {
        half.state = HalfState::Connected;
        network.etag = mint.etag();
    }
}

fn finish_delete(store: &mut Store, mint: &mut Mint, key: &Key) {
    let Some((network, name)) = owner(store, key) else { return };
    network.etag = mint.etag();
    let (parent, guid) = (Key::of(&network.id), network.guid);
    let Some(gone) = network.halves.remove(&name) else { return };
    let Some(remote) = store.networks.get_mut(&gone.remote_key()) else { return };
    let survivor =
        remote.halves.values_mut().find(|half| half.remote_key() == parent && half.remote_guid == guid);
    if let Some(half) = survivor {
        half.state = on_other_removed(half.state);
        remote.etag = mint.etag();
    }
}
