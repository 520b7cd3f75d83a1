//! HTTP triggers: a request as the handler sees it, and the response made of what it put out.

use axum::body::Body;
use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, Uri,
    header::{CONTENT_TYPE, HOST},
};
use serde_json::{Map, Value, json};

use super::{function::AuthLevel, invocation::TriggerData, reply::OutputValue};

/// A request that was let in.
pub(super) struct HttpCall<'a> {
    pub(super) method: &'a Method,
    pub(super) uri: &'a Uri,
    pub(super) headers: &'a HeaderMap,
    pub(super) body: &'a Bytes,
    pub(super) parameters: &'a [(String, String)],
    pub(super) level: AuthLevel,
}

/// The `req` object, and as metadata the headers, the query and each route parameter.
pub(super) fn trigger_data(call: &HttpCall<'_>) -> TriggerData {
    let query = joined(form_urlencoded::parse(call.uri.query().unwrap_or_default().as_bytes()));
    let parameters: Map<String, Value> =
        call.parameters.iter().map(|(name, value)| (name.clone(), Value::String(value.clone()))).collect();
    let host = call.headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost");
    let path_and_query = call.uri.path_and_query().map_or("/", |path| path.as_str());
    let mut request = json!({
        "Url": format!("http://{host}{path_and_query}"),
        "Method": call.method.as_str(),
        "Query": query,
        "Headers": headers_json(call.headers),
        "Params": parameters,
        "Identities": [identity(call.level)],
    });
    if let (Some(body), Value::Object(fields)) = (body_json(call.headers, call.body), &mut request) {
        fields.insert("Body".to_owned(), body);
    }
    let mut metadata = parameters;
    metadata.insert("Query".to_owned(), Value::Object(query));
    metadata.insert("Headers".to_owned(), joined_headers(call.headers));
    TriggerData { value: request, metadata, ..TriggerData::default() }
}

/// The response for the value of a function's `http` output, or for a function that gave none.
///
/// `Err` says what in the value cannot be sent; the real host answers 500 then, too.
pub(super) fn response(output: Option<OutputValue>) -> Result<Response<Body>, String> {
    match output {
        None => Ok(Response::new(Body::empty())),
        Some(OutputValue::Bytes(bytes)) => {
            with_body(StatusCode::OK, HeaderMap::new(), Some("application/octet-stream"), bytes)
        }
        Some(OutputValue::Json(Value::Object(fields))) => response_object(&fields),
        Some(OutputValue::Json(value)) => {
            let (kind, bytes) = content(&value);
            with_body(StatusCode::OK, HeaderMap::new(), kind, bytes)
        }
    }
}

fn response_object(fields: &Map<String, Value>) -> Result<Response<Body>, String> {
    let field =
        |name: &str| fields.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value);
    let status = match field("statusCode").or_else(|| field("status")) {
        None | Some(Value::Null) => StatusCode::OK,
        Some(value) => {
            let number = match value {
                Value::String(text) => text.parse().ok(),
                other => other.as_u64().and_then(|number| u16::try_from(number).ok()),
            };
            number
                .and_then(|number| StatusCode::from_u16(number).ok())
                .ok_or_else(|| format!("the output's status {value} is no HTTP status"))?
        }
    };
    let mut headers = HeaderMap::new();
    if let Some(Value::Object(given)) = field("headers") {
        for (name, value) in given {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            let wrong = || format!("the output's header {name} cannot be sent");
            let name = HeaderName::try_from(name.as_str()).map_err(|_| wrong())?;
            headers.append(name, HeaderValue::try_from(text).map_err(|_| wrong())?);
        }
    }
    let (kind, bytes) = content(field("body").unwrap_or(&Value::Null));
    with_body(status, headers, kind, bytes)
}

fn content(value: &Value) -> (Option<&'static str>, Bytes) {
    match value {
        Value::Null => (None, Bytes::new()),
        Value::String(text) => (Some("text/plain; charset=utf-8"), Bytes::from(text.clone())),
        other => (Some("application/json; charset=utf-8"), Bytes::from(other.to_string())),
    }
}

fn with_body(
    status: StatusCode,
    headers: HeaderMap,
    kind: Option<&'static str>,
    body: Bytes,
) -> Result<Response<Body>, String> {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    if let (Some(kind), false) = (kind, response.headers().contains_key(CONTENT_TYPE)) {
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    }
    Ok(response)
}

fn body_json(headers: &HeaderMap, body: &Bytes) -> Option<Value> {
    if body.is_empty() {
        return None;
    }
    let kind = headers
        .get(CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok())
        .unwrap_or_default()
        .to_ascii_lowercase();
    let binary = kind.starts_with("application/octet-stream") || kind.starts_with("multipart/");
    Some(Value::String(if binary {
        STANDARD.encode(body)
    } else {
        String::from_utf8_lossy(body).into_owned()
    }))
}

fn headers_json(headers: &HeaderMap) -> Map<String, Value> {
    let values = |name| {
        headers
            .get_all(name)
            .iter()
            .map(|value| String::from_utf8_lossy(value.as_bytes()))
            .collect::<Vec<_>>()
    };
    headers.keys().map(|name| (dot_net_name(name), json!(values(name)))).collect()
}

fn joined_headers(headers: &HeaderMap) -> Value {
    let pairs =
        headers.iter().map(|(name, value)| (dot_net_name(name), String::from_utf8_lossy(value.as_bytes())));
    Value::Object(joined(pairs))
}

/// Values of the same name are joined by a comma, as `StringValues.ToString` does.
fn joined<N: AsRef<str>, V: AsRef<str>>(pairs: impl Iterator<Item = (N, V)>) -> Map<String, Value> {
    let mut all = Map::new();
    for (name, value) in pairs {
        match all.get_mut(name.as_ref()) {
            Some(Value::String(text)) => {
                text.push(',');
                text.push_str(value.as_ref());
            }
            _ => {
                all.insert(name.as_ref().to_owned(), Value::String(value.as_ref().to_owned()));
            }
        }
    }
    all
}

/// Kestrel gives the headers that it knows their usual spelling and leaves the others as they came, which most clients write in lower case.
fn dot_net_name(name: &HeaderName) -> String {
    let name = name.as_str();
    if name.starts_with("x-") || name.starts_with("aeg-") || name == "traceparent" || name == "tracestate" {
        return name.to_owned();
    }
    let capital = |word: &str| {
        let mut letters = word.chars();
        letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect::<String>()
    };
    name.split('-').map(capital).collect::<Vec<_>>().join("-")
}

/// A .NET `ClaimsIdentity` as the host serialises it.
fn identity(level: AuthLevel) -> Value {
    let (kind, claims) = match level {
        AuthLevel::Anonymous => (Value::Null, json!([])),
        AuthLevel::Function | AuthLevel::Admin => {
            (json!("WebJobsAuthLevel"), json!([auth_level_claim(level)]))
        }
    };
    json!({
        "AuthenticationType": kind,
        "IsAuthenticated": level != AuthLevel::Anonymous,
        "Actor": null,
        "BootstrapContext": null,
        "Claims": claims,
        "Label": null,
        "Name": null,
        "NameClaimType": "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name",
        "RoleClaimType": "http://schemas.microsoft.com/ws/2008/06/identity/claims/role",
    })
}

fn auth_level_claim(level: AuthLevel) -> Value {
    let value = if level == AuthLevel::Admin { "Admin" } else { "Function" };
    json!({ "Type": "http://schemas.microsoft.com/2017/07/functions/claims/authlevel", "Value": value })
}
