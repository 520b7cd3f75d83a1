//! The bindings of a `function.json`.

use serde::Deserialize;
use std::path::Path;

use super::{
    app_error::AppError,
    expand::{AppSettings, resolve},
    function::{AuthLevel, Function, HttpTrigger, ServiceBusTrigger, TimerTrigger, Trigger},
    namespace::Namespace,
    routes::Route,
    schedule::Schedule,
};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct BindingJson {
    #[serde(rename = "type")]
    kind: String,
    direction: Direction,
    name: String,
    #[serde(default)]
    auth_level: AuthLevel,
    #[serde(default)]
    methods: Vec<String>,
    route: Option<String>,
    schedule: Option<String>,
    #[serde(default)]
    run_on_startup: bool,
    cardinality: Option<String>,
    queue_name: Option<String>,
    topic_name: Option<String>,
    connection: Option<String>,
    data_type: Option<DataType>,
    #[serde(default)]
    is_sessions_enabled: bool,
}

#[derive(Deserialize, PartialEq, Eq, Clone, Copy)]
#[serde(rename_all = "lowercase")]
enum DataType {
    String,
    Binary,
}

#[derive(Deserialize, PartialEq, Eq, Clone, Copy)]
#[serde(rename_all = "lowercase")]
enum Direction {
    In,
    Out,
}

/// Makes the function `name` of its bindings: exactly one trigger, and an `http` output at most once.
///
/// A binding that this host does not serve is an error, since a handler that misses it would be tested for something else.
pub(super) fn trigger_and_output(
    file: &Path,
    name: &str,
    bindings: &[BindingJson],
    settings: &AppSettings,
    namespace: Option<&Namespace>,
) -> Result<Function, AppError> {
    let mut trigger = None;
    let mut http_output = None;
    for (position, binding) in bindings.iter().enumerate() {
        let at = Field { file, position };
        match (binding.direction, binding.kind.as_str()) {
            (Direction::Out, "http") if http_output.is_none() => http_output = Some(binding.name.clone()),
            (Direction::Out, "http") => return Err(at.error("type", "is the second http output")),
            (Direction::Out, _) => return Err(at.error("type", "is no output that this host serves")),
            (Direction::In, kind) => {
                let parsed = match kind {
                    "eventGridTrigger" => event_grid(&at, binding)?,
                    "timerTrigger" => timer(&at, binding, settings)?,
                    "httpTrigger" => http(&at, name, binding)?,
                    "serviceBusTrigger" => service_bus(&at, binding, settings, namespace)?,
                    _ => {
                        return Err(at.error("type", format!("`{kind}` is no trigger that this host serves")));
                    }
                };
                if trigger.replace((binding.name.clone(), parsed)).is_some() {
                    return Err(at.error("type", "is the second trigger"));
                }
            }
        }
    }
    let (binding, trigger) =
        trigger.ok_or_else(|| AppError::value(file, "bindings", "hold no trigger (direction `in`)"))?;
    Ok(Function { name: name.to_owned(), binding, trigger, http_output })
}

struct Field<'a> {
    file: &'a Path,
    position: usize,
}

impl Field<'_> {
    fn error(&self, field: &str, message: impl ToString) -> AppError {
        AppError::value(self.file, format!("bindings[{}].{field}", self.position), message)
    }
}

fn event_grid(at: &Field<'_>, binding: &BindingJson) -> Result<Trigger, AppError> {
    match binding.cardinality.as_deref() {
        None | Some("one") => Ok(Trigger::EventGrid),
        Some(_) => Err(at.error("cardinality", "only `one` is served")),
    }
}

fn timer(at: &Field<'_>, binding: &BindingJson, settings: &AppSettings) -> Result<Trigger, AppError> {
    let text = binding.schedule.as_deref().ok_or_else(|| at.error("schedule", "is missing"))?;
    let expression = resolve(text, settings)
        .map_err(|setting| at.error("schedule", format!("the setting `{setting}` does not exist")))?;
    let schedule = Schedule::parse(&expression).map_err(|error| at.error("schedule", error))?;
    Ok(Trigger::Timer(TimerTrigger { schedule, run_on_startup: binding.run_on_startup }))
}

fn http(at: &Field<'_>, name: &str, binding: &BindingJson) -> Result<Trigger, AppError> {
    let template = binding.route.as_deref().unwrap_or(name);
    let route = Route::parse(template).map_err(|error| at.error("route", error))?;
    let methods = binding.methods.iter().map(|method| method.to_ascii_uppercase()).collect();
    Ok(Trigger::Http(HttpTrigger { auth_level: binding.auth_level, methods, route }))
}

/// The setting that is read where a binding names none.
const DEFAULT_CONNECTION: &str = "AzureWebJobsServiceBus";

fn service_bus(
    at: &Field<'_>,
    binding: &BindingJson,
    settings: &AppSettings,
    namespace: Option<&Namespace>,
) -> Result<Trigger, AppError> {
    if !matches!(binding.cardinality.as_deref(), None | Some("one")) {
        return Err(at.error("cardinality", "only `one` is served"));
    }
    if binding.is_sessions_enabled {
        return Err(at.error("isSessionsEnabled", "no queue here has sessions"));
    }
    if binding.topic_name.is_some() {
        return Err(at.error("topicName", "only queues are served"));
    }
    let text = binding.queue_name.as_deref().ok_or_else(|| at.error("queueName", "is missing"))?;
    let name = resolve(text, settings)
        .map_err(|setting| at.error("queueName", format!("the setting `{setting}` does not exist")))?;
    let setting = binding.connection.as_deref().unwrap_or(DEFAULT_CONNECTION);
    let value = settings
        .get(setting)
        .ok_or_else(|| at.error("connection", format!("the setting `{setting}` does not exist")))?;
    let namespace = namespace
        .filter(|namespace| namespace.is_named_by(value))
        // The value is a secret, even one of somebody else.
        .ok_or_else(|| {
            at.error(
                "connection",
                format!("the setting `{setting}` is not the connection string of this tenant's namespace"),
            )
        })?;
    let queue = namespace
        .broker
        .known(&name)
        .ok_or_else(|| at.error("queueName", format!("there is no queue `{name}`")))?;
    Ok(Trigger::ServiceBus(ServiceBusTrigger { queue, binary: binding.data_type == Some(DataType::Binary) }))
}
