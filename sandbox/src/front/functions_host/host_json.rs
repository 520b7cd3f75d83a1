//! `host.json`.

use serde::Deserialize;
use std::{
    num::{NonZeroU32, NonZeroUsize},
    path::Path,
    time::Duration,
};

use super::app_error::AppError;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct HostJson {
    version: String,
    pub(super) custom_handler: CustomHandlerJson,
    function_timeout: Option<String>,
    #[serde(default)]
    pub(super) extensions: ExtensionsJson,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CustomHandlerJson {
    pub(super) description: DescriptionJson,
    #[serde(default)]
    enable_forwarding_http_request: bool,
    #[serde(default)]
    enable_proxying_http_request: bool,
    initialization_timeout: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DescriptionJson {
    pub(super) default_executable_path: String,
    #[serde(default)]
    pub(super) working_directory: String,
    #[serde(default)]
    pub(super) arguments: Vec<String>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
pub(super) struct ExtensionsJson {
    #[serde(default)]
    pub(super) http: HttpJson,
    #[serde(default)]
    service_bus: ServiceBusJson,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct HttpJson {
    pub(super) route_prefix: String,
}

impl Default for HttpJson {
    fn default() -> Self {
        Self { route_prefix: "api".to_owned() }
    }
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct ServiceBusJson {
    max_concurrent_calls: Option<NonZeroU32>,
    prefetch_count: u32,
    auto_complete_messages: Option<bool>,
    max_auto_lock_renewal_duration: Option<String>,
}

/// `extensions.serviceBus`: how functions are fed from queues.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ServiceBusOptions {
    /// How many messages of one function are under way at most; 16 for each processor by default.
    pub(super) max_concurrent_calls: usize,
    /// How many messages are fetched ahead. It is read and has no effect: host and broker are one process here.
    pub(super) prefetch_count: u32,
    /// Whether a message whose invocation succeeded is done with. Otherwise its lock runs out, since a custom handler cannot settle.
    pub(super) auto_complete_messages: bool,
    /// For how long the lock is renewed while an invocation runs; 5 minutes by default, `None` is for ever (`-1`).
    pub(super) max_auto_lock_renewal: Option<Duration>,
}

/// 5 minutes is what the Consumption plan gives.
const FUNCTION_TIMEOUT: Duration = Duration::from_secs(5 * 60);
const INITIALIZATION_TIMEOUT: Duration = Duration::from_secs(30);

const LOCK_RENEWAL: Duration = Duration::from_secs(5 * 60);
const CALLS_A_PROCESSOR: usize = 16;

impl HostJson {
    /// Refuses what this host does not serve.
    pub(super) fn check(&self, file: &Path) -> Result<(), AppError> {
        if self.version != "2.0" {
            return Err(AppError::value(file, "version", "only 2.0 is served"));
        }
        let off = [
            ("customHandler.enableForwardingHttpRequest", self.custom_handler.enable_forwarding_http_request),
            ("customHandler.enableProxyingHttpRequest", self.custom_handler.enable_proxying_http_request),
        ];
        match off.into_iter().find(|(_, on)| *on) {
            Some((field, _)) => Err(AppError::value(file, field, "must be false or absent")),
            None => Ok(()),
        }
    }

    pub(super) fn initialization_timeout(&self, file: &Path) -> Result<Duration, AppError> {
        let field = "customHandler.initializationTimeout";
        span(file, field, self.custom_handler.initialization_timeout.as_deref(), INITIALIZATION_TIMEOUT)?
            .ok_or_else(|| AppError::value(file, field, "must have an end"))
    }

    pub(super) fn function_timeout(&self, file: &Path) -> Result<Option<Duration>, AppError> {
        span(file, "functionTimeout", self.function_timeout.as_deref(), FUNCTION_TIMEOUT)
    }

    pub(super) fn service_bus(&self, file: &Path) -> Result<ServiceBusOptions, AppError> {
        let given = &self.extensions.service_bus;
        let processors = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let calls = given.max_concurrent_calls.and_then(|calls| usize::try_from(calls.get()).ok());
        let field = "extensions.serviceBus.maxAutoLockRenewalDuration";
        let renewal = given.max_auto_lock_renewal_duration.as_deref();
        Ok(ServiceBusOptions {
            max_concurrent_calls: calls.unwrap_or(CALLS_A_PROCESSOR * processors),
            prefetch_count: given.prefetch_count,
            auto_complete_messages: given.auto_complete_messages.unwrap_or(true),
            max_auto_lock_renewal: span(file, field, renewal, LOCK_RENEWAL)?,
        })
    }
}

fn span(
    file: &Path,
    field: &str,
    text: Option<&str>,
    default: Duration,
) -> Result<Option<Duration>, AppError> {
    match text {
        None => Ok(Some(default)),
        Some(text) => {
            time_span(text).ok_or_else(|| AppError::value(file, field, "is no time span (hh:mm:ss)"))
        }
    }
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
