//! `Microsoft.Network/virtualNetworks/subnets`.

use http::StatusCode;
use serde_json::Value;

use super::find::owner;
use super::subnet_rules::{self, KIND};
use super::views;
use crate::arm::call::{ArmError, Key, Target, check_name};
use crate::arm::context::{Begin, Cx, Item, Kind};
use crate::arm::state::{Provisioning, Store, Work};
use crate::mint::Mint;
use crate::reply::Reply;

pub(crate) struct Subnets;

impl Kind for Subnets {
    fn name(&self) -> &'static str {
        KIND
    }

    fn get(&self, cx: &Cx<'_>, at: &Target) -> Result<Reply, ArmError> {
        let network = cx.parent_network(at)?;
        let subnet = network
            .subnets
            .get(&at.name().to_lowercase())
            .ok_or_else(|| ArmError::NoChild(cx.canonical_id(at, KIND)))?;
        Ok(Reply::ok(subnet_rules::body(cx.store, network, subnet)).with_etag())
    }

    fn list(&self, cx: &Cx<'_>, at: &Target) -> Result<Vec<Item>, ArmError> {
        let network = cx.parent_network(at)?;
        Ok(network
            .subnets
            .values()
            .map(|subnet| Item {
                key: Key::of(&subnet.id),
                body: subnet_rules::body(cx.store, network, subnet),
            })
            .collect())
    }

    fn put(&self, cx: &mut Cx<'_>, at: &Target) -> Result<Reply, ArmError> {
        check_name(at.name())?;
        let network = cx.parent_network(at)?;
        let parent = Key::of(&network.id);
        cx.must_be_free(&parent)?;
        let lower = at.name().to_lowercase();
        let before = network.subnets.get(&lower);
        let created = before.is_none();
        let (id, name) = match before {
            Some(subnet) => (subnet.id.clone(), subnet.name.clone()),
            None => (format!("{}/subnets/{}", network.id, at.name()), at.name().to_owned()),
        };
        let subnet = subnet_rules::read(&cx.call.body, id, &name)?;
        let subject = Key::of(&subnet.id);
        let mut subnets = network.subnets.clone();
        subnets.insert(lower, subnet);
        subnet_rules::check(&network.id, &network.space, &subnets)?;
        let location = network.location.clone();
        let etag = cx.mint.etag();
        if let Some(network) = cx.store.networks.get_mut(&parent) {
            network.subnets = subnets;
            network.etag = etag;
        }
        views::refresh(cx.store, cx.mint, &parent);
        let begin = Begin {
            holds: vec![parent],
            created,
            ..Begin::of(Work::PutSubnet, subject, location, finish_put)
        };
        let status = if created { StatusCode::CREATED } else { StatusCode::OK };
        let reply = cx.begin(begin, Reply::json(status, Value::Null));
        let network = cx.parent_network(at)?;
        let written = network
            .subnets
            .get(&at.name().to_lowercase())
            .map(|subnet| subnet_rules::body(cx.store, network, subnet));
        Ok(reply.with_body(written.unwrap_or_default()))
    }

    fn delete(&self, cx: &mut Cx<'_>, at: &Target) -> Result<Reply, ArmError> {
        let parent = Key::of(&at.parent());
        let lower = at.name().to_lowercase();
        let gone = || Ok(Reply::empty(StatusCode::NO_CONTENT));
        let Some(network) = cx.store.networks.get(&parent) else { return gone() };
        let Some(subnet) = network.subnets.get(&lower) else { return gone() };
        cx.must_be_free(&parent)?;
        subnet_rules::must_be_unused(cx.store, subnet)?;
        let (subject, location) = (Key::of(&subnet.id), network.location.clone());
        if let Some(subnet) =
            cx.store.networks.get_mut(&parent).and_then(|network| network.subnets.get_mut(&lower))
        {
            subnet.provisioning = Provisioning::Deleting;
        }
        let begin =
            Begin { holds: vec![parent], ..Begin::of(Work::Delete, subject, location, finish_delete) };
        Ok(cx.begin(begin, Reply::empty(StatusCode::ACCEPTED)))
    }
}

fn finish_put(store: &mut Store, mint: &mut Mint, key: &Key) {
    if let Some((network, name)) = owner(store, key) {
        if let Some(subnet) = network.subnets.get_mut(&name) {
            subnet.provisioning = Provisioning::Succeeded;
        }
        network.etag = mint.etag();
    }
}

fn finish_delete(store: &mut Store, mint: &mut Mint, key: &Key) {
    if let Some((network, name)) = owner(store, key) {
        network.subnets.remove(&name);
        network.etag = mint.etag();
    }
}
