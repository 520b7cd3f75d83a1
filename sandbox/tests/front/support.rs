//! A function app in a temporary folder whose handler is `handler.py`.

use std::{collections::BTreeMap, fs, path::Path, sync::Arc, time::Duration};

use peerpact_sandbox::{
    Azure, Broker, Clock, Pace, Settings, Tenant, World,
    front::functions_host::{FunctionsHost, HostError, HostOptions, Namespace},
    up::{AppFolder, Running, UpOptions},
};
use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, pem::PemObject},
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Map, Value, json};
use tempfile::TempDir;

pub(crate) struct App {
    folder: TempDir,
    /// The queues that its Service Bus functions are fed from.
    pub(crate) broker: Broker,
}

/// One invocation as the handler saw it.
#[derive(Deserialize, Debug, Clone)]
pub(crate) struct Recorded {
    pub(crate) pid: u32,
    pub(crate) path: String,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
}

impl Recorded {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

#[derive(Deserialize, Debug)]
pub(crate) struct Started {
    pub(crate) pid: u32,
    pub(crate) arguments: Vec<String>,
    pub(crate) environment: BTreeMap<String, String>,
}

impl App {
    pub(crate) fn new() -> Self {
        Self::with_arguments(&[])
    }

    pub(crate) fn with_arguments(arguments: &[&str]) -> Self {
        // Locks that run out while a test waits for it.
        let settings = Settings { lock_duration: time::Duration::seconds(1), ..Settings::default() };
        let azure = Azure::new(World::new("https://sandbox.test", 7), Clock::system(), settings);
        let broker = azure.service_bus(Tenant::Contoso);
        let app = Self { folder: tempfile::tempdir().unwrap(), broker };
        let handler = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/front/handler.py");
        let arguments: Vec<&str> = [handler].iter().chain(arguments).copied().collect();
        app.host_json(&json!({
            "version": "2.0",
            "customHandler": { "description": { "defaultExecutablePath": "python3", "arguments": arguments } },
            "functionTimeout": "00:00:30",
        }));
        app.write("answers.json", &json!({}));
        app
    }

    /// The usual three functions.
    pub(crate) fn with_functions() -> Self {
        let app = Self::new();
        app.event_function("ResourceEvent");
        // A second that is far away: only a test that asks for a run gets one.
        app.function(
            "StatusSweep",
            &json!([{ "type": "timerTrigger", "direction": "in", "name": "timer", "schedule": "0 0 0 29 2 *" }]),
        );
        app.http("Handshakes", json!({ "route": "handshakes/{id?}", "methods": ["get", "post"] }));
        app
    }

    /// A function that Event Grid starts.
    pub(crate) fn event_function(&self, name: &str) {
        self.function(name, &json!([{ "type": "eventGridTrigger", "direction": "in", "name": "event" }]));
    }

    /// A function that is fed from `reconcile`; `change` adds to its binding.
    pub(crate) fn queue_function(&self, name: &str, change: Value) {
        let mut binding = json!({
            "type": "serviceBusTrigger", "direction": "in", "name": "message", "queueName": "reconcile",
            "connection": "SERVICE_BUS", "dataType": "binary",
        });
        for (field, value) in change.as_object().unwrap() {
            binding[field] = value.clone();
        }
        self.function(name, &json!([binding]));
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn host_json(&self, json: &Value) {
        self.write("host.json", json);
    }

    pub(crate) fn change_host_json(&self, change: impl FnOnce(&mut Value)) {
        let mut json = serde_json::from_slice(&fs::read(self.path().join("host.json")).unwrap()).unwrap();
        change(&mut json);
        self.host_json(&json);
    }

    pub(crate) fn function(&self, name: &str, bindings: &Value) {
        fs::create_dir_all(self.path().join(name)).unwrap();
        self.write(&format!("{name}/function.json"), &json!({ "bindings": bindings }));
    }

    pub(crate) fn http(&self, name: &str, mut trigger: Value) {
        for (field, value) in [("type", "httpTrigger"), ("direction", "in"), ("name", "req")] {
            trigger[field] = value.into();
        }
        self.function(name, &json!([trigger, { "type": "http", "direction": "out", "name": "res" }]));
    }

    /// Orders how the handler answers from now on, by path.
    pub(crate) fn answer(&self, path: &str, answer: Value) {
        self.write("answers.json", &Value::Object(Map::from_iter([(path.to_owned(), answer)])));
    }

    /// Makes an empty file.
    pub(crate) fn touch(&self, name: &str) {
        fs::write(self.path().join(name), "").unwrap();
    }

    pub(crate) async fn start(&self) -> FunctionsHost {
        self.try_start().await.unwrap()
    }

    pub(crate) async fn try_start(&self) -> Result<FunctionsHost, HostError> {
        FunctionsHost::start(HostOptions {
            name: "test".to_owned(),
            root: self.path().to_owned(),
            settings: [
                ("COLOUR", "blue"),
                ("SCHEDULE", "* * * * * *"),
                ("QUEUE", "reconcile"),
                ("SERVICE_BUS", &self.connection()),
                ("OTHER_BUS", "Endpoint=sb://127.0.0.1:9;SharedAccessKeyName=a;SharedAccessKey=guarded"),
            ]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
            log: self.path().join("handler.log"),
            seed: 7,
            clock: self.broker.clock().clone(),
            namespace: Some(Namespace { broker: self.broker.clone(), connection: self.connection() }),
        })
        .await
    }

    fn connection(&self) -> String {
        self.broker.connection_string(([127, 0, 0, 1], 5671).into())
    }

    pub(crate) fn requests(&self) -> Vec<Recorded> {
        self.lines("requests.jsonl")
    }

    pub(crate) fn starts(&self) -> Vec<Started> {
        self.lines("starts.jsonl")
    }

    /// The only request so far.
    pub(crate) fn request(&self) -> Recorded {
        let requests = self.requests();
        assert_eq!(requests.len(), 1, "{requests:?}");
        requests[0].clone()
    }

    /// Waits until the handler was invoked so often.
    pub(crate) async fn invoked(&self, times: usize) -> Vec<Recorded> {
        until(|| self.requests().len() >= times).await;
        self.requests()
    }

    fn lines<T: DeserializeOwned>(&self, name: &str) -> Vec<T> {
        let text = fs::read_to_string(self.path().join(name)).unwrap_or_default();
        // A line that is still being written has no end yet.
        text.split_inclusive('\n')
            .filter(|line| line.ends_with('\n'))
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    fn write(&self, name: &str, json: &Value) {
        let file = tempfile::NamedTempFile::new_in(self.path()).unwrap();
        serde_json::to_writer(&file, json).unwrap();
        file.persist(self.path().join(name)).unwrap();
    }
}

pub(crate) async fn until(condition: impl Fn() -> bool) {
    let reached = async {
        while !condition() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), reached).await.expect("it never came to that");
}

pub(crate) fn runs(pid: u32) -> bool {
    let state = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // A zombie is gone for everybody but its parent, which must have waited for it: it counts as running.
    !state.is_empty()
}

/// What to start on any free port, with these apps.
pub(crate) fn options(work_dir: &TempDir, apps: Vec<(Tenant, AppFolder)>) -> UpOptions {
    UpOptions {
        port: 0,
        pace: Pace::Quick,
        seed: 7,
        apps,
        app_roles: Vec::new(),
        work_dir: work_dir.path().to_owned(),
    }
}

/// A client of a running sandbox.
pub(crate) fn client_of(running: &Running) -> reqwest::Client {
    client(Some(&fs::read_to_string(&running.ready.ca_bundle).unwrap()))
}

/// A client that trusts the certificates in `pem` and nobody else.
pub(crate) fn client(pem: Option<&str>) -> reqwest::Client {
    reqwest::Client::builder().tls_backend_preconfigured(trusting(pem)).no_proxy().build().unwrap()
}

/// TLS that trusts the certificates in `pem` and nobody else.
pub(crate) fn trusting(pem: Option<&str>) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    if let Some(pem) = pem {
        roots.add(CertificateDer::from_pem_slice(pem.as_bytes()).unwrap()).unwrap();
    }
    ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth()
}
