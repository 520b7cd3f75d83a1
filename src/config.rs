//! What the environment says, read once at start. Nothing is opened or contacted here.

use std::fmt;
use std::num::NonZeroU16;
use std::path::PathBuf;
use std::str::FromStr;

use azure_core::http::Url;
use tracing::level_filters::LevelFilter;
use uuid::Uuid;

const PORT: &str = "FUNCTIONS_CUSTOMHANDLER_PORT";
const TENANT: &str = "AZURE_TENANT_ID";
const CLIENT: &str = "AZURE_CLIENT_ID";
const CLIENT_SECRET: &str = "AZURE_CLIENT_SECRET";
const AUTHORITY: &str = "AZURE_AUTHORITY_HOST";
const RESOURCE_MANAGER: &str = "PEERPACT_RESOURCE_MANAGER";
const CA_BUNDLE: &str = "PEERPACT_CA_BUNDLE";
const AGREEMENTS: &str = "PEERPACT_AGREEMENTS";
const LEDGER: &str = "PEERPACT_LEDGER";
const LOG: &str = "PEERPACT_LOG";

const PUBLIC_AUTHORITY: &str = "https://login.microsoftonline.com";
const PUBLIC_RESOURCE_MANAGER: &str = "https://management.azure.com";

/// Everything that `serve` needs.
#[derive(Clone, Debug)]
pub struct Config {
    /// The port on 127.0.0.1 that the Functions host calls. Read from `FUNCTIONS_CUSTOMHANDLER_PORT`, which the host
    /// sets itself.
    pub port: NonZeroU16,
    /// Who we are in Azure, and where Azure is.
    pub azure: AzureConfig,
    /// The folder with one TOML file for each partner. Read from `PEERPACT_AGREEMENTS`.
    pub agreements: PathBuf,
    /// The ledger's SQLite file. Read from `PEERPACT_LEDGER`.
    pub ledger: PathBuf,
    /// From which level on we log. Read from `PEERPACT_LOG`: `off`, `error`, `warn`, `info` (the default), `debug` or
    /// `trace`.
    pub log: LevelFilter,
}

/// Who we are in Azure, and where Azure is.
#[derive(Clone, Debug)]
pub struct AzureConfig {
    /// Our home tenant. Read from `AZURE_TENANT_ID`.
    pub tenant: Uuid,
    /// The application whose service principals act for us in both tenants. Read from `AZURE_CLIENT_ID`.
    pub client: Uuid,
    /// That application's secret. Read from `AZURE_CLIENT_SECRET`.
    pub client_secret: Secret,
    /// Where tokens are issued: an https origin. Read from `AZURE_AUTHORITY_HOST`; without it the public cloud's.
    pub authority: Url,
    /// Azure Resource Manager: an https origin. Read from `PEERPACT_RESOURCE_MANAGER`; without it the public cloud's.
    pub resource_manager: Url,
    /// A PEM file with more authorities to trust than the system's. Read from `PEERPACT_CA_BUNDLE`, optional. It is
    /// not opened before the first connection.
    pub ca_bundle: Option<PathBuf>,
}

impl Config {
    /// Reads what `serve` needs. `lookup` gives a variable's value; a value of nothing counts as not set.
    ///
    /// # Errors
    /// Every problem at once, each with its variable, the rule and how to put it right.
    pub fn from_env(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let mut reader = Reader::new(lookup);
        let port = reader.parsed(PORT, "is a port from 1 to 65535", PORT_FIX);
        let azure = AzureConfig::read(&mut reader);
        let agreements = reader.path(AGREEMENTS, AGREEMENTS_FIX);
        let ledger = reader.path(LEDGER, LEDGER_FIX);
        let log = reader.level();
        reader.finish(|| {
            Some(Self { port: port?, azure: azure?, agreements: agreements?, ledger: ledger?, log: log? })
        })
    }
}

impl AzureConfig {
    /// Reads only what is needed to call Azure.
    ///
    /// # Errors
    /// As [`Config::from_env`].
    pub fn from_env(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let mut reader = Reader::new(lookup);
        let azure = Self::read(&mut reader);
        reader.finish(|| azure)
    }

    fn read<L: Fn(&str) -> Option<String>>(reader: &mut Reader<L>) -> Option<Self> {
        const GUID: &str = "is a GUID such as 72f988bf-86f1-41af-91ab-2d7cd011db47";
        let tenant =
            reader.parsed(TENANT, GUID, "set it to your tenant's id (`az account show --query tenantId`)");
        let client = reader.parsed(CLIENT, GUID, "set it to the application's client id (`az ad app list`)");
        let client_secret = reader.secret();
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
pub fn ledger_from_env(lookup: impl Fn(&str) -> Option<String>) -> Result<PathBuf, ConfigError> {
    let mut reader = Reader::new(lookup);
    let path = reader.path(LEDGER, LEDGER_FIX);
    reader.finish(|| path)
}

/// Reads only where the agreements are, from `PEERPACT_AGREEMENTS`.
///
/// # Errors
/// As [`Config::from_env`].
pub fn agreements_from_env(lookup: impl Fn(&str) -> Option<String>) -> Result<PathBuf, ConfigError> {
    let mut reader = Reader::new(lookup);
    let path = reader.path(AGREEMENTS, AGREEMENTS_FIX);
    reader.finish(|| path)
}

/// Reads only from which level on we log, from `PEERPACT_LOG`.
///
/// # Errors
/// As [`Config::from_env`].
pub fn log_from_env(lookup: impl Fn(&str) -> Option<String>) -> Result<LevelFilter, ConfigError> {
    let mut reader = Reader::new(lookup);
    let level = reader.level();
    reader.finish(|| level)
}

const PORT_FIX: &str = "let the Functions host start this program, or set a free port to try it by hand";
const AGREEMENTS_FIX: &str = "set it to the folder that holds the agreements' TOML files";
const LEDGER_FIX: &str =
    "set it to a file on a disk that outlives this process, such as /home/data/peerpact.db";

/// A text that nothing shows. Who uses it has to say so.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// Keeps a text from being shown.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself, for the one place that must send it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

/// Everything that is wrong with the environment.
#[derive(Debug, thiserror::Error)]
#[error("the environment is not complete:{}", .problems.iter().map(|p| format!("\n  {p}")).collect::<String>())]
pub struct ConfigError {
    /// At least one, in the order in which the variables are described.
    pub problems: Vec<Problem>,
}

/// One thing that is wrong with one variable. It never holds the variable's value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The variable's name.
    pub variable: &'static str,
    /// What is required of it.
    pub rule: &'static str,
    /// How to put it right.
    pub fix: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.variable, self.rule, self.fix)
    }
}

struct Reader<L> {
    lookup: L,
    problems: Vec<Problem>,
}

impl<L: Fn(&str) -> Option<String>> Reader<L> {
    fn new(lookup: L) -> Self {
        Self { lookup, problems: Vec::new() }
    }

    fn finish<T>(self, value: impl FnOnce() -> Option<T>) -> Result<T, ConfigError> {
        // Whatever has no value has said why.
        value().filter(|_| self.problems.is_empty()).ok_or(ConfigError { problems: self.problems })
    }

    fn problem<T>(
        &mut self,
        variable: &'static str,
        rule: &'static str,
        fix: impl Into<String>,
    ) -> Option<T> {
        self.problems.push(Problem { variable, rule, fix: fix.into() });
        None
    }

    fn value(&self, variable: &str) -> Option<String> {
        (self.lookup)(variable).filter(|value| !value.is_empty())
    }

    fn required(&mut self, variable: &'static str, fix: &str) -> Option<String> {
        match self.value(variable) {
            None => self.problem(variable, "is not set", fix),
            value => value,
        }
    }

    fn parsed<T: FromStr>(&mut self, variable: &'static str, rule: &'static str, fix: &str) -> Option<T> {
        match self.required(variable, fix)?.parse() {
            Ok(value) => Some(value),
            Err(_) => self.problem(variable, rule, fix),
        }
    }

    fn path(&mut self, variable: &'static str, fix: &str) -> Option<PathBuf> {
        self.required(variable, fix).map(PathBuf::from)
    }

    fn secret(&mut self) -> Option<Secret> {
        let secret = self.required(CLIENT_SECRET, "set it to a client secret of that application")?;
        if secret.trim() == secret && !secret.contains(char::is_control) {
            return Some(Secret::new(secret));
        }
        let rule = "has no space or line break at its ends";
        self.problem(CLIENT_SECRET, rule, "set it again without what was copied along with it")
    }

    fn origin(&mut self, variable: &'static str, default: &str) -> Option<Url> {
        let text = self.value(variable).unwrap_or_else(|| default.to_owned());
        match text.parse::<Url>() {
            Ok(url) if is_https_origin(&url) => Some(url),
            // The value is not shown: a user and password may stand in an address.
            _ => self.problem(
                variable,
                "is an https address with host and port and nothing after them",
                format!("set it to something like {default}, or unset it for the public cloud"),
            ),
        }
    }

    fn level(&mut self) -> Option<LevelFilter> {
        let Some(text) = self.value(LOG) else { return Some(LevelFilter::INFO) };
        // `LevelFilter` itself would also take numbers.
        match text.to_ascii_lowercase().as_str() {
            "off" => Some(LevelFilter::OFF),
            "error" => Some(LevelFilter::ERROR),
            "warn" => Some(LevelFilter::WARN),
            "info" => Some(LevelFilter::INFO),
            "debug" => Some(LevelFilter::DEBUG),
            "trace" => Some(LevelFilter::TRACE),
            _ => self.problem(
                LOG,
                "is one of off, error, warn, info, debug, trace",
                "set it to one of these, or unset it for info",
            ),
        }
    }
}

/// A token must not leave over http, and paths are put behind these addresses.
fn is_https_origin(url: &Url) -> bool {
    url.scheme() == "https"
        && url.has_host()
        && url.username().is_empty()
        && url.password().is_none()
        && url.path() == "/"
        && url.query().is_none()
        && url.fragment().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: [(&str, &str); 6] = [
        (PORT, "7071"),
        (TENANT, "79686033-97A2-4EBD-8E7D-0CAE2C7DF00E"),
        (CLIENT, "11111111-2222-3333-4444-555555555555"),
        (CLIENT_SECRET, "hunter2"),
        (AGREEMENTS, "agreements"),
        (LEDGER, "/home/data/peerpact.db"),
    ];

    /// The good environment with some variables set otherwise; an empty value is as good as none.
    fn with(changes: &[(&str, &str)]) -> Result<Config, ConfigError> {
        Config::from_env(|name| {
            let all = changes.iter().chain(&GOOD);
            all.clone().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
        })
    }

    fn variables(error: &ConfigError) -> Vec<&'static str> {
        error.problems.iter().map(|problem| problem.variable).collect()
    }

    #[test]
    fn what_is_not_set_has_the_public_clouds_values() {
        let config = with(&[]).unwrap();
        assert_eq!(config.port.get(), 7071);
        assert_eq!(config.azure.tenant.to_string(), "79686033-97a2-4ebd-8e7d-0cae2c7df00e");
        assert_eq!(config.azure.authority.as_str(), "https://login.microsoftonline.com/");
        assert_eq!(config.azure.resource_manager.as_str(), "https://management.azure.com/");
        assert_eq!(config.azure.ca_bundle, None);
        assert_eq!(config.log, LevelFilter::INFO);
    }

    #[test]
    fn every_problem_is_told_at_once_with_its_variable_and_a_fix() {
        let error = Config::from_env(|_| None).unwrap_err();
        assert_eq!(variables(&error), [PORT, TENANT, CLIENT, CLIENT_SECRET, AGREEMENTS, LEDGER]);
        let text = error.to_string();
        assert_eq!(text.lines().count(), 7, "{text}");
        assert!(error.problems.iter().all(|problem| text.contains(&problem.fix)));
    }

    #[test]
    fn an_empty_value_is_not_a_value() {
        assert_eq!(variables(&with(&[(LEDGER, ""), (CA_BUNDLE, "")]).unwrap_err()), [LEDGER]);
    }

    #[test]
    fn only_https_origins_are_taken() {
        for bad in [
            "http://login.microsoftonline.com",
            "login.microsoftonline.com",
            "https://user:pass@localhost",
            "https://localhost/common",
            "https://localhost?x=1",
            "https://localhost/#x",
            "file:///etc/passwd",
            "https://",
        ] {
            let error = with(&[(AUTHORITY, bad), (RESOURCE_MANAGER, bad)]).unwrap_err();
            assert_eq!(variables(&error), [AUTHORITY, RESOURCE_MANAGER], "{bad}");
            assert!(!error.to_string().contains("user:pass"));
        }
        let config = with(&[(RESOURCE_MANAGER, "https://127.0.0.1:8443")]).unwrap();
        assert_eq!(config.azure.resource_manager.as_str(), "https://127.0.0.1:8443/");
    }

    #[test]
    fn ids_and_ports_are_what_they_should_be() {
        let error = with(&[(PORT, "0"), (TENANT, "contoso.com"), (CLIENT, "x")]).unwrap_err();
        assert_eq!(variables(&error), [PORT, TENANT, CLIENT]);
        assert_eq!(variables(&with(&[(PORT, "65536")]).unwrap_err()), [PORT]);
    }

    #[test]
    fn a_secret_with_a_line_break_is_refused_before_entra_refuses_it() {
        let error = with(&[(CLIENT_SECRET, "hunter2\n")]).unwrap_err();
        assert_eq!(variables(&error), [CLIENT_SECRET]);
        assert!(!format!("{error} {error:?}").contains("hunter2"));
    }

    #[test]
    fn the_secret_is_shown_nowhere() {
        let config = with(&[]).unwrap();
        assert!(!format!("{config:?} {config:#?}").contains("hunter2"));
        assert_eq!(config.azure.client_secret.to_string(), "…");
        assert_eq!(config.azure.client_secret.reveal(), "hunter2");
    }

    #[test]
    fn levels_are_names() {
        assert_eq!(with(&[(LOG, "WARN")]).unwrap().log, LevelFilter::WARN);
        assert_eq!(with(&[(LOG, "off")]).unwrap().log, LevelFilter::OFF);
        assert_eq!(variables(&with(&[(LOG, "peerpact=debug")]).unwrap_err()), [LOG]);
    }

    #[test]
    fn commands_read_only_what_they_need() {
        let only = |name: &'static str| move |asked: &str| (asked == name).then(|| "x".to_owned());
        assert_eq!(ledger_from_env(only(LEDGER)).unwrap(), PathBuf::from("x"));
        assert_eq!(agreements_from_env(only(AGREEMENTS)).unwrap(), PathBuf::from("x"));
        assert_eq!(log_from_env(|_| None).unwrap(), LevelFilter::INFO);
        assert_eq!(variables(&AzureConfig::from_env(|_| None).unwrap_err()), [TENANT, CLIENT, CLIENT_SECRET]);
    }
}
