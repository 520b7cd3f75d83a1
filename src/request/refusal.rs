//! Why a request is not taken.

use std::error::Error;
use std::fmt;

use super::RequestId;
use crate::handshake::reason::{Code, Reason};

/// How the whole document is called where no field of it is to blame.
pub(super) const BODY: &str = "the body";

/// A request that is not taken, however often it comes. Of the request it holds a bounded part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadRequest {
    /// Which request, if that could be read.
    pub id: Option<RequestId>,
    /// What is to blame: a path such as `flags.forwardedTraffic` or `members[1].network`, or `the body`.
    pub field: String,
    /// What is wrong with it, as the rest of a sentence that begins with the field.
    pub rule: String,
    /// What to write instead, where that can be told.
    pub fix: Option<String>,
}

impl BadRequest {
    pub(super) fn new(field: impl Into<String>, rule: impl Into<String>) -> Self {
        Self { id: None, field: field.into(), rule: rule.into(), fix: None }
    }

    pub(super) fn body(rule: impl Into<String>) -> Self {
        Self::new(BODY, rule)
    }

    pub(super) fn fixed_by(mut self, fix: impl Into<String>) -> Self {
        self.fix = Some(fix.into());
        self
    }

    pub(super) fn of(mut self, id: Option<RequestId>) -> Self {
        self.id = id;
        self
    }

    /// The same as the reason of a refusal.
    #[must_use]
    pub fn reason(&self) -> Reason {
        Reason { fix: self.fix.clone(), ..Reason::new(Code::BadRequest, self.to_string()) }
    }
}

impl fmt::Display for BadRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.field.as_str() {
            BODY => write!(f, "{BODY} {}", self.rule),
            field => write!(f, "the field `{field}` {}", self.rule),
        }
    }
}

impl Error for BadRequest {}
