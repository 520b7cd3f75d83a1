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
    host_json::{HostJson, ServiceBusOptions},
    namespace::Namespace,
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
    /// How Service Bus functions are fed.
    pub service_bus: ServiceBusOptions,
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
    /// `serviceBusTrigger` of a queue, one message an invocation.
    ServiceBus(ServiceBusTrigger),
}

/// A `serviceBusTrigger`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceBusTrigger {
    /// The queue or dead-letter queue, as the namespace spells it.
    pub queue: String,
    /// Whether the handler is sent the body's bytes as base64 (`dataType` `binary`) instead of its text.
    pub binary: bool,
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
struct FunctionJson {
    bindings: Vec<BindingJson>,
    #[serde(default)]
    disabled: bool,
}

impl App {
    /// Reads `host.json` and every `<Function>/function.json` in `root`. `settings` is the handler's environment, for `%SETTING%`; Service
    /// Bus functions are fed from `namespace`, and refused without one.
    pub fn read(
        root: &Path,
        settings: &BTreeMap<String, String>,
        namespace: Option<&Namespace>,
    ) -> Result<Self, AppError> {
        let file = root.join("host.json");
        let host: HostJson = read_json(&file)?;
        host.check(&file)?;
        let description = &host.custom_handler.description;
        let in_app = root.join(&description.default_executable_path);
        // As the host does: a path inside the app only if the file is there, else a name for the system to find.
        let executable =
            if in_app.is_file() { in_app } else { PathBuf::from(&description.default_executable_path) };
        Ok(Self {
            executable,
            arguments: description.arguments.iter().map(|argument| expand(argument, settings)).collect(),
            working_directory: root.join(&description.working_directory),
            initialization_timeout: host.initialization_timeout(&file)?,
            function_timeout: host.function_timeout(&file)?,
            route_prefix: host.extensions.http.route_prefix.trim_matches('/').to_owned(),
            service_bus: host.service_bus(&file)?,
            functions: read_functions(root, settings, namespace)?,
        })
    }

    /// The function of this name, in any case.
    pub fn function(&self, name: &str) -> Option<&Function> {
        self.functions.values().find(|function| function.name.eq_ignore_ascii_case(name))
    }
}

fn read_functions(
    root: &Path,
    settings: &Settings,
    namespace: Option<&Namespace>,
) -> Result<BTreeMap<String, Function>, AppError> {
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
            let function = trigger_and_output(&file, &name, &json.bindings, settings, namespace)?;
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
