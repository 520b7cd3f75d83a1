//! What a function app is: its `host.json` and the `function.json` of every function.

use serde::{Deserialize, de::DeserializeOwned};
use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use super::{
    binding::{BindingJson, trigger_and_output},
    expand::{Settings, expand},
    routes::Route,
    schedule::Schedule,
};

/// A function app, read from its folder.
#[derive(Debug, Clone)]
pub struct App {
    /// The handler's executable: a path inside the app, or a name that is looked up in `PATH`.
    pub executable: PathBuf,
    /// The handler's arguments, with `%SETTING%` expanded.
    pub arguments: Vec<String>,
    /// Where the handler is started.
    pub working_directory: PathBuf,
    /// How long the handler may take until it answers `GET /`.
    pub initialization_timeout: Duration,
    /// How long an invocation may take before the handler is restarted; `None` is for ever (`-1`).
    pub function_timeout: Option<Duration>,
    /// What comes before each HTTP route, `api` by default.
    pub route_prefix: String,
    /// The functions, by name.
    pub functions: BTreeMap<String, Function>,
}

/// One function.
#[derive(Debug, Clone)]
pub struct Function {
    /// The folder's name, which is also the path that the handler is called on.
    pub name: String,
    /// The name of the trigger binding: the key in `Data`.
    pub binding: String,
    /// What starts it.
    pub trigger: Trigger,
    /// The name of its `http` output binding.
    pub http_output: Option<String>,
}

/// What starts a function.
#[derive(Debug, Clone)]
pub enum Trigger {
    /// `eventGridTrigger`, one event an invocation.
    EventGrid,
    /// `timerTrigger`.
    Timer(TimerTrigger),
    /// `httpTrigger`.
    Http(HttpTrigger),
}

/// A `timerTrigger`.
#[derive(Debug, Clone)]
pub struct TimerTrigger {
    /// When it fires.
    pub schedule: Schedule,
    /// Whether it also fires when the host starts.
    pub run_on_startup: bool,
}

/// An `httpTrigger`.
#[derive(Debug, Clone)]
pub struct HttpTrigger {
    /// Who may call it.
    pub auth_level: AuthLevel,
    /// The methods it answers, in upper case; empty is every method.
    pub methods: Vec<String>,
    /// Its route, without the prefix.
    pub route: Route,
}

/// Which key an HTTP function asks for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AuthLevel {
    /// None.
    Anonymous,
    /// A host key.
    #[default]
    Function,
    /// The master key.
    Admin,
}

/// Why a folder is not a function app that can be run here. Every error says which file and, where there is one, which field.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// The file or folder cannot be read.
    #[error("{file} cannot be read")]
    Read {
        /// The file.
        file: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The file is not JSON, or a field in it has the wrong type.
    #[error("{file}: {field}")]
    Json {
        /// The file.
        file: PathBuf,
        /// The path to the field, `.` for the whole file.
        field: String,
        /// Why, with line and column.
        #[source]
        source: serde_json::Error,
    },
    /// The field's value cannot be used.
    #[error("{file}: {field}: {message}")]
    Value {
        /// The file.
        file: PathBuf,
        /// The path to the field.
        field: String,
        /// Why.
        message: String,
    },
}

impl AppError {
    pub(super) fn value(file: &Path, field: impl Into<String>, message: impl ToString) -> Self {
        Self::Value { file: file.to_owned(), field: field.into(), message: message.to_string() }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct HostJson {
    version: String,
    custom_handler: CustomHandlerJson,
    function_timeout: Option<String>,
    #[serde(default)]
    extensions: ExtensionsJson,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CustomHandlerJson {
    description: DescriptionJson,
    #[serde(default)]
    enable_forwarding_http_request: bool,
    #[serde(default)]
    enable_proxying_http_request: bool,
    initialization_timeout: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DescriptionJson {
    default_executable_path: String,
    #[serde(default)]
    working_directory: String,
    #[serde(default)]
    arguments: Vec<String>,
}

#[derive(Deserialize, Default)]
struct ExtensionsJson {
    #[serde(default)]
    http: HttpJson,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct HttpJson {
    route_prefix: String,
}

impl Default for HttpJson {
    fn default() -> Self {
        Self { route_prefix: "api".to_owned() }
    }
}

#[derive(Deserialize)]
struct FunctionJson {
    bindings: Vec<BindingJson>,
    #[serde(default)]
    disabled: bool,
}

/// 5 minutes is what the Consumption plan gives.
const FUNCTION_TIMEOUT: Duration = Duration::from_secs(5 * 60);
const INITIALIZATION_TIMEOUT: Duration = Duration::from_secs(30);

impl App {
    /// Reads `host.json` and every `<Function>/function.json` in `root`. `settings` is the handler's environment, for `%SETTING%`.
    pub fn read(root: &Path, settings: &BTreeMap<String, String>) -> Result<Self, AppError> {
        let file = root.join("host.json");
        let host: HostJson = read_json(&file)?;
        let handler = &host.custom_handler;
        if host.version != "2.0" {
            return Err(AppError::value(&file, "version", "only 2.0 is served"));
        }
        if handler.enable_forwarding_http_request {
            return Err(AppError::value(
                &file,
                "customHandler.enableForwardingHttpRequest",
                "must be false or absent",
            ));
        }
        if handler.enable_proxying_http_request {
            return Err(AppError::value(
                &file,
                "customHandler.enableProxyingHttpRequest",
                "must be false or absent",
            ));
        }
        let description = &handler.description;
        let in_app = root.join(&description.default_executable_path);
        // As the host does: a path inside the app only if the file is there, else a name for the system to find.
        let executable =
            if in_app.is_file() { in_app } else { PathBuf::from(&description.default_executable_path) };
        let span = |field: &str, text: &Option<String>, default| match text {
            None => Ok(Some(default)),
            Some(text) => {
                time_span(text).ok_or_else(|| AppError::value(&file, field, "is no time span (hh:mm:ss)"))
            }
        };
        let initialization_timeout = span(
            "customHandler.initializationTimeout",
            &handler.initialization_timeout,
            INITIALIZATION_TIMEOUT,
        )?
        .ok_or_else(|| AppError::value(&file, "customHandler.initializationTimeout", "must have an end"))?;
        Ok(Self {
            executable,
            arguments: description.arguments.iter().map(|argument| expand(argument, settings)).collect(),
            working_directory: root.join(&description.working_directory),
            initialization_timeout,
            function_timeout: span("functionTimeout", &host.function_timeout, FUNCTION_TIMEOUT)?,
            route_prefix: host.extensions.http.route_prefix.trim_matches('/').to_owned(),
            functions: read_functions(root, settings)?,
        })
    }

    /// The function of this name, in any case.
    pub fn function(&self, name: &str) -> Option<&Function> {
        self.functions.values().find(|function| function.name.eq_ignore_ascii_case(name))
    }
}

fn read_functions(root: &Path, settings: &Settings) -> Result<BTreeMap<String, Function>, AppError> {
    let unreadable = |source| AppError::Read { file: root.to_owned(), source };
    let mut functions = BTreeMap::new();
    for entry in fs::read_dir(root).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let file = entry.path().join("function.json");
        let Ok(name) = entry.file_name().into_string() else { continue };
        if !file.is_file() {
            continue;
        }
        let json: FunctionJson = read_json(&file)?;
        if !json.disabled {
            let function = trigger_and_output(&file, &name, &json.bindings, settings)?;
            functions.insert(name, function);
        }
    }
    Ok(functions)
}

fn read_json<T: DeserializeOwned>(file: &Path) -> Result<T, AppError> {
    let bytes = fs::read(file).map_err(|source| AppError::Read { file: file.to_owned(), source })?;
    let mut json = serde_json::Deserializer::from_slice(&bytes);
    serde_path_to_error::deserialize(&mut json).map_err(|error| AppError::Json {
        file: file.to_owned(),
        field: error.path().to_string(),
        source: error.into_inner(),
    })
}

/// .NET's `[d.]hh:mm:ss`; `-1` is without end.
fn time_span(text: &str) -> Option<Option<Duration>> {
    if text == "-1" {
        return Some(None);
    }
    let (days, clock) = match text.split_once('.') {
        Some((days, clock)) => (days.parse::<u64>().ok()?, clock),
        None => (0, text),
    };
    let mut parts = clock.split(':').map(|part| part.parse::<u64>().ok());
    let (hours, minutes, seconds) = (parts.next()??, parts.next()??, parts.next()??);
    let fits = hours < 24 && minutes < 60 && seconds < 60 && days < 10_000 && parts.next().is_none();
    let span = Duration::from_secs(((days * 24 + hours) * 60 + minutes) * 60 + seconds);
    (fits && !span.is_zero()).then_some(Some(span))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_span_is_read_as_dot_net_reads_it() {
        assert_eq!(time_span("00:05:00"), Some(Some(Duration::from_secs(300))));
        assert_eq!(time_span("1.00:00:01"), Some(Some(Duration::from_secs(86_401))));
        assert_eq!(time_span("-1"), Some(None));
        for wrong in ["", "5", "00:60:00", "00:00:00", "00:00:01:00", "soon"] {
            assert_eq!(time_span(wrong), None, "{wrong} was taken");
        }
    }
}
