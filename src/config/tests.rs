//! What the environment may say.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::*;

const BUS: &str =
    "Endpoint=sb://contoso.servicebus.windows.net;SharedAccessKeyName=k;SharedAccessKey=hunter2";

const GOOD: [(&str, &str); 7] = [
    (PORT, "7071"),
    (TENANT, "79686033-97A2-4EBD-8E7D-0CAE2C7DF00E"),
    (CLIENT, "11111111-2222-3333-4444-555555555555"),
    (CLIENT_SECRET, "hunter2"),
    (AGREEMENTS, "agreements"),
    (LEDGER, "/home/data/peerpact.db"),
    (SERVICE_BUS, BUS),
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
}

#[test]
fn every_problem_is_told_at_once_with_its_variable_and_a_fix() {
    let error = Config::from_env(|_| None).unwrap_err();
    assert_eq!(variables(&error), [PORT, TENANT, CLIENT, CLIENT_SECRET, AGREEMENTS, LEDGER, SERVICE_BUS]);
    let text = error.to_string();
    assert_eq!(text.lines().count(), 8, "{text}");
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
fn the_queues_are_found_by_either_name_and_the_connection_string_comes_first() {
    let host = |changes: &[(&str, &str)]| with(changes).unwrap().service_bus.host().to_owned();
    assert_eq!(host(&[]), "contoso.servicebus.windows.net");
    let namespace = (SERVICE_BUS_NAMESPACE, "fabrikam.servicebus.windows.net");
    assert_eq!(host(&[namespace]), "contoso.servicebus.windows.net");
    assert_eq!(host(&[namespace, (SERVICE_BUS, "")]), "fabrikam.servicebus.windows.net");
}

#[test]
fn an_address_of_the_queues_that_cannot_be_is_told_under_the_name_that_it_has() {
    for (variable, bad) in [
        (SERVICE_BUS, "Endpoint=sb://contoso.example;SharedAccessKey=hunter2;EntityPath=handshakes"),
        (SERVICE_BUS_NAMESPACE, "https://contoso.example"),
    ] {
        let error = with(&[(variable, bad), (SERVICE_BUS, "")][..1 + usize::from(variable != SERVICE_BUS)])
            .unwrap_err();
        assert_eq!(variables(&error), [variable]);
        assert!(!format!("{error} {error:?}").contains("hunter2"));
    }
}

#[test]
fn days_to_keep_are_a_whole_number_from_1_to_3650_and_90_where_none_is_set() {
    let kept = |text| with(&[(KEEP_DAYS, text)]).map(|config| config.keep.whole_days());
    assert_eq!([kept("").unwrap(), kept("1").unwrap(), kept("3650").unwrap()], [90, 1, 3650]);
    for bad in ["0", "3651", "-1", "1.5", "90d", " 90", "ninety", "99999999999999999999"] {
        assert_eq!(variables(&kept(bad).unwrap_err()), [KEEP_DAYS], "{bad}");
    }
}

#[test]
fn levels_are_names() {
    let level = |text: &'static str| log_from_env(move |name| (name == LOG).then(|| text.to_owned()));
    assert_eq!(level("WARN").unwrap(), LevelFilter::WARN);
    assert_eq!(level("off").unwrap(), LevelFilter::OFF);
    assert_eq!(level("").unwrap(), LevelFilter::INFO);
    assert_eq!(variables(&level("peerpact=debug").unwrap_err()), [LOG]);
}

#[test]
fn commands_read_only_what_they_need() {
    let only = |name: &'static str| move |asked: &str| (asked == name).then(|| "x".to_owned());
    assert_eq!(ledger_from_env(only(LEDGER)).unwrap(), PathBuf::from("x"));
    assert_eq!(agreements_from_env(only(AGREEMENTS)).unwrap(), PathBuf::from("x"));
    assert_eq!(log_from_env(|_| None).unwrap(), LevelFilter::INFO);
    assert_eq!(variables(&service_bus_from_env(|_| None).unwrap_err()), [SERVICE_BUS]);
    assert_eq!(ca_bundle_from_env(only(CA_BUNDLE)), Some(PathBuf::from("x")));
    assert_eq!(variables(&AzureConfig::from_env(|_| None).unwrap_err()), [TENANT, CLIENT, CLIENT_SECRET]);
}

#[test]
fn what_events_may_cost_is_a_number_within_bounds_and_has_a_default() {
    assert_eq!(with(&[]).unwrap().events, EventLimits { queued: 600, calls: 1200 });
    let set = with(&[(EVENTS, "1"), (EVENT_CALLS, "100000")]).unwrap();
    assert_eq!(set.events, EventLimits { queued: 1, calls: 100_000 });
    for bad in ["0", "100001", "-1", "1.5", "many", " 5"] {
        let error = with(&[(EVENTS, bad), (EVENT_CALLS, bad)]).unwrap_err();
        assert_eq!(variables(&error), [EVENTS, EVENT_CALLS], "{bad}");
    }
}

/// The rows of the reference: a setting, and what holds where it is not set.
fn documented() -> Vec<(&'static str, &'static str)> {
    let rows = include_str!("../../docs/reference/settings.md").lines().filter_map(|line| {
        let mut cells = line.strip_prefix("| `")?.split(" | ");
        Some((cells.next()?.trim_end_matches('`'), cells.next()?))
    });
    rows.collect()
}

#[test]
fn the_reference_lists_the_settings_that_are_read_and_no_others() {
    let read = RefCell::new(BTreeSet::new());
    let unset = |name: &str| {
        read.borrow_mut().insert(name.to_owned());
        None
    };
    // Every command logs, and `serve` reads the rest.
    assert_eq!(log_from_env(unset).unwrap(), LevelFilter::INFO);
    let missing = Config::from_env(unset);
    let rows = documented();
    assert_eq!(rows.iter().map(|row| row.0.to_owned()).collect::<BTreeSet<_>>(), read.take());
    let needed = |row: &&(&str, &str)| row.1.starts_with("required") || row.1 == "set by the host";
    let mut needed: Vec<_> = rows.iter().filter(needed).map(|row| row.0).collect();
    needed.retain(|name| *name != SERVICE_BUS_NAMESPACE);
    let mut told = variables(&missing.unwrap_err());
    needed.sort_unstable();
    told.sort_unstable();
    assert_eq!(needed, told);
}

#[test]
fn the_reference_tells_the_defaults_that_hold() {
    let EventLimits { queued, calls } = EventLimits::default();
    for (name, default) in [
        (KEEP_DAYS, KEEP_DAYS_DEFAULT.to_string()),
        (EVENTS, queued.to_string()),
        (EVENT_CALLS, calls.to_string()),
        (AUTHORITY, PUBLIC_AUTHORITY.to_owned()),
        (RESOURCE_MANAGER, PUBLIC_RESOURCE_MANAGER.to_owned()),
        (LOG, "info".to_owned()),
    ] {
        assert!(documented().contains(&(name, &format!("`{default}`"))), "{name} is {default} by default");
    }
}

#[test]
fn no_source_reads_a_setting_that_the_reference_does_not_list() {
    let is_name = |word: &&str| {
        let start = ["PEERPACT_", "AZURE_", "FUNCTIONS_"].into_iter().find(|start| word.starts_with(start));
        start.is_some_and(|start| *word != start) && !word.contains(char::is_whitespace)
    };
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    let mut found = BTreeSet::new();
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = fs::read_to_string(path).unwrap();
            found.extend(text.split('"').filter(|word| is_name(word)).map(str::to_owned));
        }
    }
    assert!(found.remove("PEERPACT_WRITE_GOLDEN"), "tests read it");
    let rows: BTreeSet<_> = documented().iter().map(|row| row.0.to_owned()).collect();
    assert_eq!(found, rows);
}
