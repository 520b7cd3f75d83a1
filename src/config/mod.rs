//! What the environment says, read once at start. Nothing is opened or contacted here.

mod reader;

use std::num::NonZeroU16;
use std::path::PathBuf;

use tracing::level_filters::LevelFilter;

pub(crate) use self::reader::ConfigError;
use self::reader::Reader;
use crate::azure::{AzureConfig, Secret};
use crate::queue::service_bus::ServiceBusAddress;
use crate::reconcile::EventLimits;

const PORT: &str = "FUNCTIONS_CUSTOMHANDLER_PORT";
const TENANT: &str = "AZURE_TENANT_ID";
const CLIENT: &str = "AZURE_CLIENT_ID";
const CLIENT_SECRET: &str = "AZURE_CLIENT_SECRET";
const AUTHORITY: &str = "AZURE_AUTHORITY_HOST";
const RESOURCE_MANAGER: &str = "PEERPACT_RESOURCE_MANAGER";
const CA_BUNDLE: &str = "PEERPACT_CA_BUNDLE";
const AGREEMENTS: &str = "PEERPACT_AGREEMENTS";
const LEDGER: &str = "PEERPACT_LEDGER";
const KEEP_DAYS: &str = "PEERPACT_KEEP_DAYS";
const LOG: &str = "PEERPACT_LOG";
const EVENTS: &str = "PEERPACT_EVENTS_PER_MINUTE";
const EVENT_CALLS: &str = "PEERPACT_EVENT_CALLS_PER_MINUTE";
const SERVICE_BUS: &str = "PEERPACT_SERVICE_BUS";
/// The name under which the Functions host wants a namespace that it reaches with an identity.
const SERVICE_BUS_NAMESPACE: &str = "PEERPACT_SERVICE_BUS__fullyQualifiedNamespace";

const KEEP_DAYS_DEFAULT: i64 = 90;
const KEEP_DAYS_MAX: i64 = 3650;

const PUBLIC_AUTHORITY: &str = "https://login.microsoftonline.com";
const PUBLIC_RESOURCE_MANAGER: &str = "https://management.azure.com";

/// Everything that `serve` needs.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    /// The port on 127.0.0.1 that the Functions host calls. Read from `FUNCTIONS_CUSTOMHANDLER_PORT`, which the host
    /// sets itself.
    pub port: NonZeroU16,
    /// Who we are in Azure, and where Azure is.
    pub azure: AzureConfig,
    /// The folder with one TOML file for each partner. Read from `PEERPACT_AGREEMENTS`.
    pub agreements: PathBuf,
    /// The ledger's SQLite file. Read from `PEERPACT_LEDGER`.
    pub ledger: PathBuf,
    /// How long the ledger keeps what is over. Read from `PEERPACT_KEEP_DAYS`, a whole number of days from 1 to 3650;
    /// without it 90.
    pub keep: time::Duration,
    /// The namespace of the queues. Read from `PEERPACT_SERVICE_BUS`, a connection string or a namespace's host name;
    /// without it from `PEERPACT_SERVICE_BUS__fullyQualifiedNamespace`.
    pub service_bus: ServiceBusAddress,
    /// What events may cost. Read from `PEERPACT_EVENTS_PER_MINUTE` (work items) and `PEERPACT_EVENT_CALLS_PER_MINUTE`
    /// (calls of Azure), each for one partner or our own tenant; 1 to 100000, without them 600 and 1200.
    pub events: EventLimits,
}

impl Config {
    /// Reads what `serve` needs. `lookup` gives a variable's value; a value of nothing counts as not set.
    ///
    /// # Errors
    /// Every problem at once, each with its variable, the rule and how to put it right.
    pub(crate) fn from_env(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let mut reader = Reader::new(lookup);
        let port = reader.parsed(PORT, "must be a port from 1 to 65535", PORT_FIX);
        let azure = AzureConfig::read(&mut reader);
        let agreements = reader.path(AGREEMENTS, AGREEMENTS_FIX);
        let ledger = reader.path(LEDGER, LEDGER_FIX);
        let keep = keep(&mut reader);
        let service_bus = service_bus(&mut reader);
        let events = event_limits(&mut reader);
        reader.finish(|| {
            Some(Self {
                port: port?,
                azure: azure?,
                agreements: agreements?,
                ledger: ledger?,
                keep: keep?,
                service_bus: service_bus?,
                events: events?,
            })
        })
    }
}

impl AzureConfig {
    /// Reads only what is needed to call Azure.
    ///
    /// # Errors
    /// As [`Config::from_env`].
    pub(crate) fn from_env(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let mut reader = Reader::new(lookup);
        let azure = Self::read(&mut reader);
        reader.finish(|| azure)
    }

    fn read<L: Fn(&str) -> Option<String>>(reader: &mut Reader<L>) -> Option<Self> {
        const GUID: &str = "must be a GUID such as 72f988bf-86f1-41af-91ab-2d7cd011db47";
        let tenant =
            reader.parsed(TENANT, GUID, "set it to your tenant's id (`az account show --query tenantId`)");
        let client = reader.parsed(CLIENT, GUID, "set it to the application's client id (`az ad app list`)");
        let client_secret = secret(reader);
        let authority = reader.origin(AUTHORITY, PUBLIC_AUTHORITY);
        let resource_manager = reader.origin(RESOURCE_MANAGER, PUBLIC_RESOURCE_MANAGER);
        let ca_bundle = reader.value(CA_BUNDLE).map(PathBuf::from);
        Some(Self {
            tenant: tenant?,
            client: client?,
            client_secret: client_secret?,
            authority: authority?,
            resource_manager: resource_manager?,
            ca_bundle,
        })
    }
}

/// Reads only where the ledger is, from `PEERPACT_LEDGER`.
///
/// # Errors
/// As [`Config::from_env`].
pub(crate) fn ledger_from_env(lookup: impl Fn(&str) -> Option<String>) -> Result<PathBuf, ConfigError> {
    let mut reader = Reader::new(lookup);
    let path = reader.path(LEDGER, LEDGER_FIX);
    reader.finish(|| path)
}

/// Reads only where the agreements are, from `PEERPACT_AGREEMENTS`.
///
/// # Errors
/// As [`Config::from_env`].
pub(crate) fn agreements_from_env(lookup: impl Fn(&str) -> Option<String>) -> Result<PathBuf, ConfigError> {
    let mut reader = Reader::new(lookup);
    let path = reader.path(AGREEMENTS, AGREEMENTS_FIX);
    reader.finish(|| path)
}

/// Reads only where the queues are, from `PEERPACT_SERVICE_BUS` or `PEERPACT_SERVICE_BUS__fullyQualifiedNamespace`.
///
/// # Errors
/// As [`Config::from_env`].
pub(crate) fn service_bus_from_env(
    lookup: impl Fn(&str) -> Option<String>,
) -> Result<ServiceBusAddress, ConfigError> {
    let mut reader = Reader::new(lookup);
    let address = service_bus(&mut reader);
    reader.finish(|| address)
}

/// Reads only which authorities are to be trusted, from `PEERPACT_CA_BUNDLE`.
pub(crate) fn ca_bundle_from_env(lookup: impl Fn(&str) -> Option<String>) -> Option<PathBuf> {
    Reader::new(lookup).value(CA_BUNDLE).map(PathBuf::from)
}

/// Reads from which level on we log. Read from `PEERPACT_LOG`: `off`, `error`, `warn`, `info` (the default), `debug` or
/// `trace`.
///
/// # Errors
/// As [`Config::from_env`].
pub(crate) fn log_from_env(lookup: impl Fn(&str) -> Option<String>) -> Result<LevelFilter, ConfigError> {
    let mut reader = Reader::new(lookup);
    let level = level(&mut reader);
    reader.finish(|| level)
}

const PORT_FIX: &str = "let the Functions host start this program, or set a free port to try it by hand";
const AGREEMENTS_FIX: &str = "set it to the folder that holds the agreements' TOML files";
const LEDGER_FIX: &str =
    "set it to a file on a local disk that outlives this process; SQLite does not belong on a network share";

fn secret<L: Fn(&str) -> Option<String>>(reader: &mut Reader<L>) -> Option<Secret> {
    let secret = reader.required(CLIENT_SECRET, "set it to a client secret of that application")?;
    if secret.trim() == secret && !secret.contains(char::is_control) {
        return Some(Secret::new(secret));
    }
    let rule = "must have no line break and no space at its ends";
    reader.problem(CLIENT_SECRET, rule, "set it again without what was copied along with it")
}

fn service_bus<L: Fn(&str) -> Option<String>>(reader: &mut Reader<L>) -> Option<ServiceBusAddress> {
    let variable = match (reader.value(SERVICE_BUS), reader.value(SERVICE_BUS_NAMESPACE)) {
        (None, Some(_)) => SERVICE_BUS_NAMESPACE,
        _ => SERVICE_BUS,
    };
    let text = reader.required(
        variable,
        "set it to the connection string or the host name of the Service Bus namespace that holds the queues",
    )?;
    match ServiceBusAddress::parse(&text) {
        Ok(address) => Some(address),
        Err(problem) => reader.problem(variable, problem.rule, problem.fix),
    }
}

fn event_limits<L: Fn(&str) -> Option<String>>(reader: &mut Reader<L>) -> Option<EventLimits> {
    let EventLimits { queued, calls } = EventLimits::default();
    let (queued, calls) = (reader.count(EVENTS, queued), reader.count(EVENT_CALLS, calls));
    Some(EventLimits { queued: queued?, calls: calls? })
}

fn keep<L: Fn(&str) -> Option<String>>(reader: &mut Reader<L>) -> Option<time::Duration> {
    let Some(text) = reader.value(KEEP_DAYS) else { return Some(time::Duration::days(KEEP_DAYS_DEFAULT)) };
    match text.parse() {
        Ok(days @ 1..=KEEP_DAYS_MAX) => Some(time::Duration::days(days)),
        _ => reader.problem(
            KEEP_DAYS,
            "must be a whole number of days from 1 to 3650",
            "set it to how long what is over stays in the ledger, or unset it for 90 days",
        ),
    }
}

fn level<L: Fn(&str) -> Option<String>>(reader: &mut Reader<L>) -> Option<LevelFilter> {
    let Some(text) = reader.value(LOG) else { return Some(LevelFilter::INFO) };
    // `LevelFilter` itself would also take numbers.
    match text.to_ascii_lowercase().as_str() {
        "off" => Some(LevelFilter::OFF),
        "error" => Some(LevelFilter::ERROR),
        "warn" => Some(LevelFilter::WARN),
        "info" => Some(LevelFilter::INFO),
        "debug" => Some(LevelFilter::DEBUG),
        "trace" => Some(LevelFilter::TRACE),
        _ => reader.problem(
            LOG,
            "must be one of off, error, warn, info, debug, trace",
            "set it to one of these, or unset it for info",
        ),
    }
}

#[cfg(test)]
mod tests;
