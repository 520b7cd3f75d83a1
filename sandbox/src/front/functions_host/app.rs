//! What a function app is: its `host.json` and the `function.json` of every function.

use serde::{Deserialize, de::DeserializeOwned};
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use super::{
    app_error::AppError,
    binding::{BindingJson, trigger_and_output},
    expand::{AppSettings, expand},
    function::Function,
    host_json::{HostJson, ServiceBusOptions},
    namespace::Namespace,
};

/// A function app, read from its folder.
#[derive(Debug, Clone)]
pub struct App {
    /// The handler's executable: a path inside the app, or a name that is looked up in `PATH`.
    pub(super) executable: PathBuf,
    /// The handler's arguments, with `%SETTING%` expanded.
    pub(super) arguments: Vec<String>,
    /// Where the handler is started.
    pub(super) working_directory: PathBuf,
    /// How long the handler may take until it answers `GET /`.
    pub(super) initialization_timeout: Duration,
    /// How long an invocation may take before the handler is restarted; `None` is for ever (`-1`).
    pub(super) function_timeout: Option<Duration>,
    /// What comes before each HTTP route, `api` by default.
    pub(super) route_prefix: String,
    /// How Service Bus functions are fed.
    pub(super) service_bus: ServiceBusOptions,
    /// The functions, by name.
    pub functions: BTreeMap<String, Function>,
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
    pub(super) fn read(
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
    pub(super) fn function(&self, name: &str) -> Option<&Function> {
        self.functions.values().find(|function| function.name.eq_ignore_ascii_case(name))
    }
}

fn read_functions(
    root: &Path,
    settings: &AppSettings,
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
