//! Error envelopes and `Retry-After`, read as tolerantly as Azure writes them.

use std::time::Duration;

use azure_core::http::headers::{Headers, RETRY_AFTER};
use serde_json::Value;
use time::OffsetDateTime;

use super::failure::AzureFailure;

const LONGEST_CODE: usize = 100;
const LONGEST_MESSAGE: usize = 1000;

/// Nobody makes us wait for longer than this: a `Retry-After` beyond it counts as this.
const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(3600);

/// The error that a body of any shape tells.
///
/// On record are `{"error":{"code","message","details"}}`, the same without details and with the message first, and
/// empty bodies; gateways answer with HTML.
pub(crate) fn failure(status: u16, body: &[u8]) -> AzureFailure {
    match serde_json::from_slice::<Value>(body) {
        Ok(value) => of_value(value.get("error").unwrap_or(&value), status),
        Err(_) => AzureFailure {
            code: format!("Status{status}"),
            message: format!("without an error envelope ({} bytes)", body.len()),
        },
    }
}

/// The error in an object with `code` and `message`, either of which may be missing.
///
/// What matters may stand in `details` only: that another operation holds the resource, and the sentence that says which.
pub(crate) fn of_value(error: &Value, status: u16) -> AzureFailure {
    let outer = told(error, status);
    let details = error.get("details").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let details: Vec<AzureFailure> = details.iter().map(|detail| told(detail, status)).collect();
    let lock = details.iter().find(|detail| detail.is_lock());
    let code = match lock {
        Some(lock) if !outer.is_lock() => lock.code.clone(),
        _ => outer.code,
    };
    let telling = || lock.into_iter().chain(&details).find(|detail| !says_nothing(&detail.message));
    let message = match telling() {
        Some(detail) if says_nothing(&outer.message) => detail.message.clone(),
        _ => outer.message,
    };
    AzureFailure { code, message }
}

const NO_MESSAGE: &str = "no message";

/// The code and the message of an error or of one of its details.
fn told(error: &Value, status: u16) -> AzureFailure {
    let text =
        |key: &str| error.get(key).and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty());
    AzureFailure {
        code: text("code").map_or_else(|| format!("Status{status}"), |code| bounded(code, LONGEST_CODE)),
        message: text("message").map_or_else(|| NO_MESSAGE.to_owned(), |m| bounded(m, LONGEST_MESSAGE)),
    }
}

/// "A retryable error occurred." and its like: a sentence that only says that there is an error.
fn says_nothing(message: &str) -> bool {
    let message = message.trim_end_matches('.').to_ascii_lowercase();
    let words: Vec<&str> = message.split_whitespace().collect();
    message == NO_MESSAGE
        || matches!(words[..], ["a" | "an", .., "error", "occurred"] | ["a" | "an", .., "error", "has", "occurred"]
            if words.len() <= 6)
}

/// The error of a token endpoint: `{"error","error_description","error_codes":[…]}`.
pub(super) fn token_failure(status: u16, body: &[u8]) -> AzureFailure {
    let value: Value = serde_json::from_slice(body).unwrap_or(Value::Null);
    let number = value.pointer("/error_codes/0").and_then(Value::as_i64);
    let text = |key: &str| value.get(key).and_then(Value::as_str);
    let code = match (number, text("error")) {
        (Some(number), _) => format!("AADSTS{number}"),
        (None, Some(error)) => bounded(error, LONGEST_CODE),
        (None, None) => format!("Status{status}"),
    };
    let message = text("error_description").map_or_else(
        || format!("without a description ({} bytes)", body.len()),
        |description| bounded(description, LONGEST_MESSAGE),
    );
    AzureFailure { code, message }
}

/// `Retry-After`, in seconds or as a date; anything else is ignored.
pub(crate) fn retry_after(headers: &Headers, now: OffsetDateTime) -> Option<Duration> {
    let text = headers.get_optional_str(&RETRY_AFTER)?.trim();
    let span = match text.parse::<u64>() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => {
            let date = azure_core::time::parse_rfc7231(text).ok()?;
            Duration::try_from(date - now).unwrap_or(Duration::ZERO)
        }
    };
    Some(span.min(LONGEST_RETRY_AFTER))
}

/// At most `longest` characters, without control characters: it ends up in logs and on terminals.
fn bounded(text: &str, longest: usize) -> String {
    let mut kept: String = text.chars().take(longest).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.chars().nth(longest).is_some() {
        kept.push('…');
    }
    kept
}
