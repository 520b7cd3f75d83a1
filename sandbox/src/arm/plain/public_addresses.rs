//! `Microsoft.Network/publicIPAddresses`, as plain resources.

use serde_json::{Value, json};

use super::resources::{self, Traits};
use crate::arm::call::{ArmError, Key, Target};
use crate::arm::context::{Cx, Item, Kind};
use crate::arm::state::Work;
use crate::reply::Reply;

pub(crate) struct PublicAddresses;

const TRAITS: Traits = Traits {
    kind: "Microsoft.Network/publicIPAddresses",
    put: Work::PutPlain,
    delete: Work::Delete,
    defaults,
    complete: |_, _| (),
    finish: resources::finish_put,
};

impl Kind for PublicAddresses {
    fn name(&self) -> &'static str {
        TRAITS.kind
    }

    fn get(&self, cx: &Cx<'_>, at: &Target) -> Result<Reply, ArmError> {
        resources::get(cx, at, &TRAITS)
    }

    fn list(&self, cx: &Cx<'_>, at: &Target) -> Result<Vec<Item>, ArmError> {
        Ok(resources::list(cx, at, &TRAITS))
    }

    fn put(&self, cx: &mut Cx<'_>, at: &Target) -> Result<Reply, ArmError> {
        resources::put(cx, at, &TRAITS)
    }

    fn delete(&self, cx: &mut Cx<'_>, at: &Target) -> Result<Reply, ArmError> {
        let key = at.key();
        let user = cx.store.plain.values().find(|plain| {
            let configurations =
                plain.body["properties"]["ipConfigurations"].as_array().into_iter().flatten();
            configurations
                .filter_map(|configuration| configuration["properties"]["publicIPAddress"]["id"].as_str())
                .any(|id| Key::of(id) == key)
        });
        if let Some(user) = user {
            return Err(ArmError::AddressInUse { address: at.id(), user: user.id.clone() });
        }
        resources::delete(cx, at, &TRAITS, resources::finish_delete)
    }
}

fn defaults(written: &mut Value) {
    let properties = &mut written["properties"];
    for (name, value) in [
        ("publicIPAddressVersion", json!("IPv4")),
        ("publicIPAllocationMethod", json!("Dynamic")),
        ("idleTimeoutInMinutes", json!(4)),
        ("ipTags", json!([])),
    ] {
        if properties[name].is_null() {
            properties[name] = value;
        }
    }
    if written["sku"].is_null() {
        written["sku"] = json!({"name": "Basic", "tier": "Regional"});
    }
}
