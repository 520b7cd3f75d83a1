//! Recorded exchanges with Azure Resource Manager, replayed against the model.
//!
//! The folder comes from `PEERPACT_RECORDINGS`: JSON lines, one exchange each, `{"method", "path", "query", "request",
//! "status", "headers", "response"}`. Without it the test says that it was skipped.
//!
//! Compared are the status, the async headers, and of the body every recorded field: that it is there, its type, and its
//! value. What Azure makes up anew each time (ids, entity tags, times) has to be the same wherever it was recorded as the same,
//! and another wherever it was recorded as another. The clock follows the recording: before a poll that was answered
//! *InProgress* one second passes, before one that was answered otherwise five minutes, as long as any operation takes, and
//! before every other call about a network manager three seconds, as long as a state takes to change by itself.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

#[path = "model/support.rs"]
mod support;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use http::Method;
use peerpact_sandbox::{Pace, Settings, Tenant, World};
use serde::Deserialize;
use serde_json::{Value, json};

use support::{Answer, Client, ORIGIN, azure, operator};

/// The sessions that the model serves from end to end.
const SERVED: [&str; 5] = [
    "vnet_peering_2021.jsonl",
    "network_manager.jsonl",
    "scope_connection.jsonl",
    "network_manager_connection_subscription.jsonl",
    "network_group.jsonl",
];

/// What a recorder wrote in place of the subscription.
const RECORDED_SUBSCRIPTION: &str = "00000000-0000-0000-0000-000000000000";

/// The tenant of that subscription: the sandbox's home tenant takes its place.
const RECORDED_TENANT: &str = "54826b22-38d6-4fb2-bad9-b7b93a3e9c5a";

/// No operation takes longer at the recorded pace.
const LONGEST: Duration = Duration::from_secs(300);

/// No state of a network manager's connection takes longer to change by itself.
const FLIP: Duration = Duration::from_secs(3);

/// Headers that are there if and only if they were recorded. `Retry-After` was stripped by the recorder.
const ASYNC_HEADERS: [&str; 3] = ["azure-asyncoperation", "location", "azure-asyncnotification"];

/// Values that are new in each world. The recorder's user is an application here.
const MADE_UP: [&str; 10] = [
    "etag",
    "resourceGuid",
    "tunnelIpAddresses",
    "date",
    "createdAt",
    "lastModifiedAt",
    "createdBy",
    "createdByType",
    "lastModifiedBy",
    "lastModifiedByType",
];

/// Recorded value -> the one given in its place, for each name of what is made up.
type Pairs = BTreeMap<(String, String), String>;

#[derive(Deserialize)]
struct Exchange {
    method: String,
    path: String,
    query: String,
    request: Value,
    status: u16,
    headers: BTreeMap<String, String>,
    response: Value,
}

#[tokio::test(start_paused = true)]
async fn recorded_exchanges_are_answered_as_azure_answered_them() {
    let Some(folder) = std::env::var_os("PEERPACT_RECORDINGS").map(PathBuf::from) else {
        println!("skipped: PEERPACT_RECORDINGS is not set");
        return;
    };
    let mut differences = Vec::new();
    for file in SERVED {
        let exchanges = read(&folder.join(file));
        let found = replay(&exchanges).await;
        println!("{file}: matched {} of {}", exchanges.len() - found.len(), exchanges.len());
        differences.extend(found.into_iter().map(|difference| format!("{file}: {difference}")));
    }
    for (file, exchanges) in others(&folder) {
        println!("not served: {file}, {} exchanges about {}", exchanges.len(), kinds(&exchanges));
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

fn read(path: &Path) -> Vec<Exchange> {
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let exchanges: Vec<Exchange> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(!exchanges.is_empty(), "{} holds no exchange", path.display());
    exchanges
}

fn others(folder: &Path) -> BTreeMap<String, Vec<Exchange>> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    entries
        .map(|entry| (entry.file_name().to_string_lossy().into_owned(), entry.path()))
        .filter(|(name, _)| name.ends_with(".jsonl") && !SERVED.contains(&name.as_str()))
        .map(|(name, path)| (name, read(&path)))
        .collect()
}

/// The types of resources that exchanges are about.
fn kinds(exchanges: &[Exchange]) -> String {
    let mut kinds: Vec<String> = exchanges
        .iter()
        .filter_map(|exchange| exchange.path.rsplit_once("/providers/").map(|(_, rest)| rest))
        .map(kind)
        .collect();
    kinds.sort();
    kinds.dedup();
    kinds.join(", ")
}

fn kind(rest: &str) -> String {
    let mut segments = rest.split('/');
    let namespace = segments.next().unwrap_or_default();
    segments.step_by(2).fold(namespace.to_owned(), |kind, segment| format!("{kind}/{segment}"))
}

/// The differences, one line each, at most one for an exchange.
async fn replay(exchanges: &[Exchange]) -> Vec<String> {
    let settings = Settings { token_lifetime: time::Duration::DAY, ..Settings::new(Pace::Recorded, 1) };
    let azure = azure(World::new(ORIGIN, 1), settings);
    let client = operator(&azure, Tenant::Contoso).await;
    seed_group(&client, &exchanges[0]).await;
    // Recorded operation -> the address that the model gave in its place.
    let mut operations: BTreeMap<String, String> = BTreeMap::new();
    let mut pairs = Pairs::new();
    let mut differences = Vec::new();
    for (number, exchange) in exchanges.iter().enumerate() {
        let answer = match operation_id(&exchange.path).and_then(|id| operations.get(id)) {
            Some(url) => {
                pass_time(exchange).await;
                client.get(url).await
            }
            None => {
                if exchange.path.contains("/networkManager") {
                    tokio::time::sleep(FLIP).await;
                }
                send(&client, exchange).await
            }
        };
        if let (Some(recorded), Some(given)) =
            (exchange.headers.get("azure-asyncoperation"), answer.header("azure-asyncoperation"))
            && let Some(id) = operation_id(recorded)
        {
            operations.insert(id.to_owned(), given.to_owned());
        }
        if let Err(what) = compare(exchange, &answer, &mut pairs) {
            differences.push(format!("line {}: {} {}: {what}", number + 1, exchange.method, exchange.path));
        }
    }
    differences
}

/// The group existed when the recording began.
async fn seed_group(client: &Client, first: &Exchange) {
    let path = mapped(&first.path);
    let group: String = path.split('/').skip(1).take(4).map(|segment| format!("/{segment}")).collect();
    let recorded = if group == path { &first.response } else { &json!({"location": "eastus2", "tags": {}}) };
    let body = json!({"location": recorded["location"], "tags": recorded["tags"]});
    client.put(&group, &body).await.expect(201);
}

async fn pass_time(exchange: &Exchange) {
    let wait = if exchange.response["status"] == "InProgress" { Duration::from_secs(1) } else { LONGEST };
    tokio::time::sleep(wait).await;
}

async fn send(client: &Client, exchange: &Exchange) -> Answer {
    let method: Method = exchange.method.parse().unwrap();
    let body = (!exchange.request.is_null())
        .then(|| serde_json::from_str(&mapped(&exchange.request.to_string())).unwrap());
    client.send(method, &format!("{}?{}", mapped(&exchange.path), exchange.query), body.as_ref()).await
}

fn mapped(text: &str) -> String {
    text.replace(RECORDED_SUBSCRIPTION, Tenant::Contoso.subscription_id())
        .replace(RECORDED_TENANT, Tenant::Contoso.tenant_id())
}

fn operation_id(path: &str) -> Option<&str> {
    let (_, rest) = path.split_once("/operations/")?;
    rest.split('?').next()
}

fn compare(exchange: &Exchange, answer: &Answer, pairs: &mut Pairs) -> Result<(), String> {
    if exchange.status != answer.status {
        return Err(format!("status {} instead of {}: {}", answer.status, exchange.status, answer.body));
    }
    for name in ASYNC_HEADERS {
        let (recorded, given) = (exchange.headers.contains_key(name), answer.header(name).is_some());
        if recorded != given {
            return Err(format!("header {name}: recorded {recorded}, given {given}"));
        }
    }
    for name in exchange.headers.keys() {
        if answer.header(name).is_none() {
            return Err(format!("header {name} is missing"));
        }
    }
    compare_values("", &exchange.response, &answer.body, pairs)
}

/// The empty string stands for itself: an answer without an entity tag has none.
fn made_up_alike(name: &str, recorded: &str, given: &str, pairs: &mut Pairs) -> Result<(), String> {
    if recorded.is_empty() != given.is_empty() {
        return Err(format!("is {given:?} instead of {recorded:?}"));
    }
    let known = pairs.entry((name.to_owned(), recorded.to_owned())).or_insert_with(|| given.to_owned());
    if known != given {
        return Err(format!("is {given} where {known} was given for the same recorded {recorded}"));
    }
    let twin = pairs
        .iter()
        .find(|((kind, other), value)| kind == name && other != recorded && value.as_str() == given);
    twin.map_or(Ok(()), |((_, other), _)| Err(format!("is {given} for {recorded} and for {other} alike")))
}

fn compare_values(at: &str, recorded: &Value, given: &Value, pairs: &mut Pairs) -> Result<(), String> {
    let name = at.rsplit('.').next().unwrap_or_default();
    match (recorded, given) {
        (Value::Object(recorded), Value::Object(given)) => recorded.iter().try_for_each(|(name, value)| {
            let at = format!("{at}.{name}");
            let given = given.get(name).ok_or_else(|| format!("{at} is missing"))?;
            compare_values(&at, value, given, pairs)
        }),
        (Value::Array(recorded), Value::Array(given)) if recorded.len() == given.len() => {
            recorded.iter().zip(given).try_for_each(|(recorded, given)| {
                compare_values(&format!("{at}[].{name}"), recorded, given, pairs)
            })
        }
        (Value::String(recorded), Value::String(given)) if MADE_UP.contains(&name) => {
            made_up_alike(name, recorded, given, pairs).map_err(|what| format!("{at} {what}"))
        }
        (Value::String(recorded), Value::String(given)) if mapped(recorded) == *given => Ok(()),
        _ if recorded == given => Ok(()),
        _ => Err(format!("{at} is {given} instead of {recorded}")),
    }
}
