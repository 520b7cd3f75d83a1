//! The two questions of Microsoft Graph that `az role assignment` asks: which service principal an application has, and
//! what the principals behind some object ids are called. Served under `/graph` of the sandbox's origin.

use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::reply::Reply;
use crate::world::{Principal, Tenant, World};

/// Answers for the tenant of the caller's token; `None` for any other address.
pub(crate) fn answer(
    world: &World,
    tenant: Tenant,
    method: &Method,
    path: &str,
    filter: Option<&str>,
    body: &Value,
) -> Option<Reply> {
    let found: Vec<Value> = match (method, path.trim_end_matches('/')) {
        (&Method::GET, "/graph/v1.0/servicePrincipals") => {
            let name = filter.and_then(quoted);
            world
                .principals()
                .filter(|principal| name.is_none_or(|name| principal.client_id.eq_ignore_ascii_case(name)))
                .filter_map(|principal| service_principal(principal, tenant))
                .collect()
        }
        (&Method::POST, "/graph/v1.0/directoryObjects/getByIds") => {
            let wanted: Vec<&str> =
                body["ids"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
            world
                .principals()
                .filter(|principal| principal.object_id(tenant).is_some_and(|id| wanted.contains(&id)))
                .filter_map(|principal| service_principal(principal, tenant))
                .collect()
        }
        _ => return None,
    };
    Some(Reply::json(StatusCode::OK, json!({"value": found})))
}

fn service_principal(principal: &Principal, tenant: Tenant) -> Option<Value> {
    Some(json!({
        "@odata.type": "#microsoft.graph.servicePrincipal",
        "id": principal.object_id(tenant)?,
        "appId": principal.client_id,
        "displayName": principal.name,
        "servicePrincipalNames": [principal.client_id],
        "servicePrincipalType": "Application",
    }))
}

/// The text between the first pair of quotes.
fn quoted(filter: &str) -> Option<&str> {
    filter.split('\'').nth(1)
}
