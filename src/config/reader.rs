//! Variables one by one, and everything that is wrong with them at once.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use azure_core::http::Url;

/// Everything that is wrong with the environment.
#[derive(Debug, thiserror::Error)]
#[error("the environment cannot be used:{}", .problems.iter().map(|p| format!("\n  {p}")).collect::<String>())]
pub(crate) struct ConfigError {
    /// At least one, in the order in which the variables are described.
    pub problems: Vec<Problem>,
}

/// One thing that is wrong with one variable. It never holds the variable's value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
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

pub(super) struct Reader<L> {
    lookup: L,
    problems: Vec<Problem>,
}

impl<L: Fn(&str) -> Option<String>> Reader<L> {
    pub(super) fn new(lookup: L) -> Self {
        Self { lookup, problems: Vec::new() }
    }

    pub(super) fn finish<T>(self, value: impl FnOnce() -> Option<T>) -> Result<T, ConfigError> {
        // Whatever has no value has said why.
        value().filter(|_| self.problems.is_empty()).ok_or(ConfigError { problems: self.problems })
    }

    pub(super) fn problem<T>(
        &mut self,
        variable: &'static str,
        rule: &'static str,
        fix: impl Into<String>,
    ) -> Option<T> {
        self.problems.push(Problem { variable, rule, fix: fix.into() });
        None
    }

    pub(super) fn value(&self, variable: &str) -> Option<String> {
        (self.lookup)(variable).filter(|value| !value.is_empty())
    }

    pub(super) fn required(&mut self, variable: &'static str, fix: &str) -> Option<String> {
        match self.value(variable) {
            None => self.problem(variable, "must be set", fix),
            value => value,
        }
    }

    pub(super) fn parsed<T: FromStr>(
        &mut self,
        variable: &'static str,
        rule: &'static str,
        fix: &str,
    ) -> Option<T> {
        match self.required(variable, fix)?.parse() {
            Ok(value) => Some(value),
            Err(_) => self.problem(variable, rule, fix),
        }
    }

    /// A whole number from 1 to 100000, or what it is by default.
    pub(super) fn count(&mut self, variable: &'static str, default: u32) -> Option<u32> {
        let Some(text) = self.value(variable) else { return Some(default) };
        match text.parse() {
            Ok(number @ 1..=100_000) => Some(number),
            _ => self.problem(
                variable,
                "must be a whole number from 1 to 100000",
                format!("set it to one, or unset it for {default}"),
            ),
        }
    }

    pub(super) fn path(&mut self, variable: &'static str, fix: &str) -> Option<PathBuf> {
        self.required(variable, fix).map(PathBuf::from)
    }

    pub(super) fn origin(&mut self, variable: &'static str, default: &str) -> Option<Url> {
        let text = self.value(variable).unwrap_or_else(|| default.to_owned());
        match text.parse::<Url>() {
            Ok(url) if is_https_origin(&url) => Some(url),
            // The value is not shown: a user and password may stand in an address.
            _ => self.problem(
                variable,
                "must be an https address with host and port and nothing after them",
                format!("set it to something like {default}, or unset it for the public cloud"),
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
