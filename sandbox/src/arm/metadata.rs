//! What a client reads before it knows anything: the cloud's endpoints, and the subscriptions it may see.

use http::Method;
use serde_json::{Value, json};

use super::call::{ArmError, Key};
use super::context::Cx;
use crate::reply::Reply;
use crate::world::{Tenant, World};

/// `GET /metadata/endpoints`, which `az cloud register` reads without a token. Everything is the one origin.
pub(crate) fn endpoints(world: &World) -> Value {
    let origin = world.resource_manager();
    let host = origin.split("//").nth(1).unwrap_or_default();
    json!({
        "name": "PeerpactSandbox",
        "portal": origin,
        "authentication": {
            "loginEndpoint": origin, "audiences": [origin], "tenant": "common", "identityProvider": "AAD",
        },
        "resourceManager": origin,
        "graph": format!("{origin}/graph"),
        "graphAudience": format!("{origin}/graph"),
        "microsoftGraphResourceId": format!("{origin}/graph"),
        "gallery": origin,
        "media": origin,
        "batch": origin,
        "sqlManagement": origin,
        "vmImageAliasDoc": format!("{origin}/images"),
        "activeDirectoryDataLake": origin,
        "logAnalyticsResourceId": origin,
        "appInsightsResourceId": origin,
        "suffixes": {
            "storage": host, "keyVaultDns": host, "acrLoginServer": host, "sqlServerHostname": host,
            "mhsmDns": host, "mysqlServerEndpoint": host, "postgresqlServerEndpoint": host, "mariadbServerEndpoint": host,
            "synapseAnalytics": host, "azureDataLakeStoreFileSystem": host, "azureDataLakeAnalyticsCatalogAndJob": host,
            "attestationEndpoint": host, "storageSyncEndpointSuffix": host, "azureFrontDoorEndpointSuffix": host,
        },
    })
}

/// `GET /subscriptions`: those in which the caller holds any role.
pub(super) fn subscriptions(cx: &Cx<'_>) -> Result<Reply, ArmError> {
    if cx.call.method != Method::GET {
        return Err(ArmError::Method(cx.call.method.to_string()));
    }
    let seen: Vec<Value> = Tenant::ALL
        .into_iter()
        .filter(|&tenant| tenant == cx.caller.tenant && cx.store.knows(&cx.caller.claims.oid, &key(tenant)))
        .map(body)
        .collect();
    Ok(Reply::ok(json!({"count": {"type": "Total", "value": seen.len()}, "value": seen})))
}

/// `GET /subscriptions/{id}`.
pub(super) fn subscription(cx: &Cx<'_>, id: &str) -> Result<Reply, ArmError> {
    if cx.call.method != Method::GET {
        return Err(ArmError::Method(cx.call.method.to_string()));
    }
    let tenant = Tenant::by_subscription_id(id).ok_or_else(|| ArmError::NoSubscription(id.to_owned()))?;
    cx.must_be_known(&key(tenant))?;
    Ok(Reply::ok(body(tenant)))
}

fn key(tenant: Tenant) -> Key {
    Key::of(&format!("/subscriptions/{}", tenant.subscription_id()))
}

fn body(tenant: Tenant) -> Value {
    let id = tenant.subscription_id();
    json!({
        "id": format!("/subscriptions/{id}"),
        "authorizationSource": "RoleBased",
        "managedByTenants": [],
        "subscriptionId": id,
        "tenantId": tenant.tenant_id(),
        "displayName": tenant.name(),
        "state": "Enabled",
        "subscriptionPolicies": {
            "locationPlacementId": "Public_2014-09-01", "quotaId": "PayAsYouGo_2014-09-01", "spendingLimit": "Off",
        },
    })
}
