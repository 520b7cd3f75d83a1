//! The published schemas, made from the types that are read and written. Only tests make them: the program itself has
//! no use for them.
//!
//! What a schema cannot say without becoming unreadable is left to the parser, so that a document that the schema takes
//! may still be refused: see `tests/it/request/schema.rs`. The other way round never happens.

use std::borrow::Cow;
use std::path::Path;

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::Value;

use crate::handshake::fields::RequestVersion;
use crate::handshake::ids::{HandshakeId, LONGEST_ID, Name, TenantId, VirtualNetworkId};
use crate::handshake::phase::Phase;
use crate::handshake::reason::Code;
use crate::handshake::request_id::RequestId;
use crate::handshake::request_queue::RequestQueue;
use crate::handshake::scope::Scope;
use crate::kinds::Kinds;
use crate::kinds::network_manager::{ConnectManagement, NetworkManagerId};
use crate::kinds::peering::ConnectPeering;
use crate::public::{Told, Unplaced};
use crate::request::{Disconnect, Recheck, Request};

const HOME: &str = "https://github.com/peerpact/peerpact/schemas";

/// What peerpact is asked to do, as a message in the queue `connection-requests`.
#[derive(JsonSchema)]
#[serde(tag = "action", rename_all = "kebab-case", deny_unknown_fields)]
#[schemars(title = "Connection request")]
#[expect(dead_code, reason = "it stands for the four shapes and is never made")]
enum ConnectionRequest {
    ConnectPeering(ConnectPeering),
    ConnectManagement(ConnectManagement),
    Disconnect(Disconnect),
    Recheck(Recheck),
}

/// How a request or a handshake ended, as a message in the queue `connection-outcomes`.
#[derive(JsonSchema)]
#[schemars(untagged, title = "Connection outcome")]
#[expect(dead_code, reason = "it stands for the two shapes and is never made")]
enum ConnectionOutcome<'a> {
    /// A handshake that came to an end, whether or not a request asked for it.
    Told(Told<'a>),
    /// A request that was refused before any handshake took it up.
    Unplaced(Unplaced<'a>),
}

/// What is connected.
#[derive(JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(rename = "Kind")]
#[expect(dead_code, reason = "it stands for the name of a kind and is never made")]
pub(crate) enum KindText {
    /// Two virtual networks.
    Peering,
    /// A network manager takes a scope.
    Management,
}

/// A peering, a scope connection or a network manager connection.
pub(crate) struct HalfText;

/// A virtual network, a network manager, a subscription or a management group.
pub(crate) struct ResourceText;

/// A moment in UTC.
pub(crate) struct Moment;

const GUID: &str = "[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}";
/// ASCII as [`Name`] has it; beyond ASCII letters are not told from the rest.
const NAME: &str = r"[^\x00-'*-,/:-@\[-^`{-\x7f]{1,90}";

/// A pattern of an id: literals in any case, `{}` a subscription's, `*` a name.
fn id(template: &str) -> String {
    let mut pattern = String::new();
    let mut rest = template;
    while let Some(c) = rest.chars().next() {
        rest = &rest[c.len_utf8()..];
        match c {
            '{' => {
                pattern += GUID;
                rest = rest.strip_prefix('}').unwrap();
            }
            '*' => pattern += NAME,
            '.' => pattern += r"\.",
            c if c.is_ascii_alphabetic() => {
                pattern.extend(['[', c.to_ascii_uppercase(), c.to_ascii_lowercase(), ']']);
            }
            c => pattern.push(c),
        }
    }
    pattern
}

/// A text that is one of these ids whole; Azure's own answers vary in the slashes at the ends.
fn text(description: &str, templates: &[&str]) -> Schema {
    let ids: Vec<String> = templates.iter().map(|template| id(template)).collect();
    json_schema!({
        "type": "string",
        "description": description,
        "maxLength": LONGEST_ID,
        "pattern": format!("^/?({})/?$", ids.join("|")),
    })
}

const NETWORK: &str = "subscriptions/{}/resourceGroups/*/providers/Microsoft.Network/virtualNetworks/*";
const MANAGER: &str = "subscriptions/{}/resourceGroups/*/providers/Microsoft.Network/networkManagers/*";
const SUBSCRIPTION: &str = "subscriptions/{}";
const GROUP: &str = "providers/Microsoft.Management/managementGroups/*";

impl JsonSchema for RequestVersion {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Version".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "const": Self::NUMBER })
    }
}

/// Gives types that are written as text a schema under their own name.
macro_rules! schema_of {
    ($($type:ty, $name:literal => $schema:expr;)+) => {$(
        impl JsonSchema for $type {
            fn schema_name() -> Cow<'static, str> {
                $name.into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                $schema
            }
        }
    )+};
}

schema_of! {
    RequestId, "RequestId" => json_schema!({
        "type": "string",
        "description": "Made by whoever asks. The same id with the same content is the same request, however often it is sent; with other content it is refused.",
        "pattern": format!("^[A-Za-z0-9][A-Za-z0-9._-]{{0,{}}}$", RequestId::LENGTH_MAX - 1),
    });
    RequestQueue, "RequestQueue" => json_schema!({
        "type": "string",
        "description": "A queue of requests.",
        "pattern": format!("^connection-requests(-[a-z0-9-]{{1,{}}})?$", RequestQueue::SUFFIX_MAX),
    });
    HandshakeId, "HandshakeId" => json_schema!({
        "type": "string",
        "description": "The same in both tenants.",
        "pattern": "^[0-9a-f]{32}$",
    });
    TenantId, "TenantId" => json_schema!({
        "type": "string",
        "description": "A Microsoft Entra tenant.",
        "pattern": format!("^{GUID}$"),
    });
    Name, "Name" => json_schema!({
        "type": "string",
        "description": "A name; case does not count.",
        "pattern": format!("^{NAME}$"),
    });
    VirtualNetworkId, "VirtualNetworkId" => text("The resource id of a virtual network; case does not count.", &[NETWORK]);
    NetworkManagerId, "NetworkManagerId" => text("The resource id of a network manager; case does not count.", &[MANAGER]);
    Scope, "Scope" => text("A subscription or a management group; case does not count.", &[SUBSCRIPTION, GROUP]);
    ResourceText, "Resource" => text(
        "The id of a virtual network, a network manager, a subscription or a management group; case does not count.",
        &[NETWORK, MANAGER, SUBSCRIPTION, GROUP],
    );
    HalfText, "Half" => text(
        "The id of a peering, a scope connection or a network manager connection; case does not count.",
        &[
            &format!("{NETWORK}/virtualNetworkPeerings/*"),
            &format!("{MANAGER}/scopeConnections/*"),
            &format!("{SUBSCRIPTION}/providers/Microsoft.Network/networkManagerConnections/*"),
            &format!("{GROUP}/providers/Microsoft.Network/networkManagerConnections/*"),
        ],
    );
    Moment, "Moment" => json_schema!({
        "type": "string",
        "description": "A moment in UTC, as RFC 3339 has it.",
        "format": "date-time",
    });
}

/// A later version may add reasons to a shape that is otherwise the same.
pub(crate) fn open_to_more(schema: &mut Schema) {
    if let Some(Value::Array(mut known)) = schema.remove("oneOf") {
        known.push(serde_json::json!({ "type": "string", "description": "One that a later version adds." }));
        schema.insert("anyOf".to_owned(), known.into());
    }
}

fn published<T: JsonSchema>(name: &str, settings: SchemaSettings, examples: Vec<Value>) -> Value {
    let mut schema = settings.into_generator().into_root_schema_for::<T>();
    schema.insert("$id".to_owned(), format!("{HOME}/{name}").into());
    if !examples.is_empty() {
        schema.insert("examples".to_owned(), examples.into());
    }
    schema.to_value()
}

/// The examples are requests as we write them ourselves.
fn examples() -> Vec<Value> {
    let ours = "/subscriptions/dec492d3-4f4e-493b-aa47-7bdf2f96a6fc";
    let theirs = "/subscriptions/6a5f35e9-6951-499d-a36b-83c6c6eed44a";
    let network = "resourceGroups/app/providers/Microsoft.Network/virtualNetworks";
    let manager = format!("{ours}/resourceGroups/hub/providers/Microsoft.Network/networkManagers/central");
    let requests = [
        format!(
            r#"{{"version":1,"id":"r-1","action":"connect-peering","ours":"{ours}/{network}/spoke","theirs":"{theirs}/{network}/hub","flags":{{"forwardedTraffic":true}}}}"#
        ),
        format!(
            r#"{{"version":1,"id":"r-2","action":"connect-management","manager":"{manager}","scope":"{theirs}","members":[{{"group":"spokes","network":"{theirs}/{network}/hub"}}]}}"#
        ),
        format!(
            r#"{{"version":1,"id":"r-3","action":"disconnect","half":"{ours}/{network}/spoke/virtualNetworkPeerings/to-hub"}}"#
        ),
        format!(r#"{{"version":1,"id":"r-4","action":"recheck","ours":"{manager}","theirs":"{theirs}"}}"#),
    ];
    let canonical = |text: &String| Request::parse(&Kinds::built_in(), text.as_bytes()).unwrap().to_json();
    requests.iter().map(|text| serde_json::from_str(&canonical(text)).unwrap()).collect()
}

#[track_caller]
fn is_current(name: &str, schema: &Value) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas").join(name);
    if std::env::var_os("PEERPACT_WRITE_GOLDEN").is_some() {
        std::fs::write(&file, serde_json::to_string_pretty(schema).unwrap() + "\n").unwrap();
    }
    // As values: in which order fields come depends on what else is built with the program.
    let published: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    assert!(
        published == *schema,
        "schemas/{name} is not what the types say: run with PEERPACT_WRITE_GOLDEN=1 and read the difference"
    );
}

/// Holds a file that is made from the code to what the code says.
#[track_caller]
pub(crate) fn is_current_text(name: &str, text: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    if std::env::var_os("PEERPACT_WRITE_GOLDEN").is_some() {
        std::fs::write(&file, text).unwrap();
    }
    assert!(
        std::fs::read_to_string(&file).unwrap() == text,
        "{name} is not what the code says: run with PEERPACT_WRITE_GOLDEN=1 and read the difference"
    );
}

#[test]
fn the_published_schema_of_requests_is_that_of_the_types() {
    let name = "connection-request.v1.json";
    is_current(name, &published::<ConnectionRequest>(name, SchemaSettings::draft2020_12(), examples()));
}

#[test]
fn the_published_schema_of_outcomes_is_that_of_the_types() {
    let name = "connection-outcome.v1.json";
    // As it is written, not as it might be read: every field is there.
    let settings = SchemaSettings::draft2020_12().for_serialize();
    is_current(name, &published::<ConnectionOutcome<'static>>(name, settings, Vec::new()));
}

/// What a type's schema says of each of its values: the value, and the lines of its documentation in one.
fn documented<T: JsonSchema>() -> Vec<(String, String)> {
    let schema = SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<T>().to_value();
    let any = ["oneOf", "anyOf"].into_iter().find_map(|key| schema[key].as_array().cloned());
    let values = any.expect("a type of named values").into_iter();
    let named = values.filter_map(|value| {
        let text = value["description"].as_str()?.replace('\n', " ");
        Some((value["const"].as_str()?.to_owned(), text))
    });
    named.collect()
}

#[test]
fn the_reference_of_phases_and_reasons_is_what_the_types_say() {
    let mut text = String::from(
        "# Phases and reasons\n\nMade from the types, and held to them by a test: `PEERPACT_WRITE_GOLDEN=1 cargo test --lib` writes it.\n\n| phase | it means | what to do |\n|---|---|---|\n",
    );
    for (phase, told) in documented::<Phase>() {
        let (means, to_do) = told.split_once(" To do: ").expect("every phase says what to do");
        text += &format!("| `{phase}` | {} | {} |\n", means.trim(), to_do.trim());
    }
    text += "\nA program may branch on a reason's code; new ones may come.\n\n| reason | it means (in which phase) |\n|---|---|\n";
    let reasons = documented::<Code>();
    assert!(reasons.len() > 30 && reasons.iter().all(|(_, means)| means.ends_with(").")), "{reasons:#?}");
    for (code, means) in reasons {
        text += &format!("| `{code}` | {means} |\n");
    }
    is_current_text("docs/reference/reasons.md", &text);
}
