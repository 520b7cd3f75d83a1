//! Why a request is not taken.

use std::error::Error;
use std::fmt;

use time::OffsetDateTime;

use super::ids::HandshakeId;
use super::reason::{Code, Reason};
use super::request_id::RequestId;
use super::resource_id::ResourceId;

/// How the whole document is called where no field of it is to blame.
pub(crate) const BODY: &str = "the body";

/// A request that is not taken, however often it comes. Of the request it holds a bounded part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadRequest {
    /// Which request, if that could be read.
    pub id: Option<RequestId>,
    /// What is to blame: a path such as `flags.forwardedTraffic` or `members[1].network`, or `the body`.
    pub field: String,
    /// What is wrong with it, as the rest of a sentence that begins with the field.
    pub rule: String,
    /// What to write instead, where that is known.
    pub fix: Option<String>,
}

impl BadRequest {
    /// Of this field, by this rule.
    #[must_use]
    pub fn new(field: impl Into<String>, rule: impl Into<String>) -> Self {
        Self { id: None, field: field.into(), rule: rule.into(), fix: None }
    }

    /// Of the whole document, by this rule.
    #[must_use]
    pub fn body(rule: impl Into<String>) -> Self {
        Self::new(BODY, rule)
    }

    /// The same with what to write instead.
    #[must_use]
    pub fn fixed_by(mut self, fix: impl Into<String>) -> Self {
        self.fix = Some(fix.into());
        self
    }

    pub(crate) fn of(mut self, id: Option<RequestId>) -> Self {
        self.id = id;
        self
    }

    /// Both ends are one.
    #[must_use]
    pub fn same_ends() -> Self {
        Self::new("theirs", "is the same as `ours`, and nothing is connected with itself")
    }

    /// The id belongs to another request.
    pub(crate) fn used_before(id: &RequestId, at: OffsetDateTime) -> Self {
        let at = at.replace_nanosecond(0).unwrap_or(at);
        let rule = format!("is `{id}`, which a request with other content was given (received {at})");
        Self::new("id", rule).fixed_by("give every request an id of its own").of(Some(id.clone()))
    }

    /// The handshake has as many requests as it holds.
    pub(crate) fn too_many(id: &RequestId, handshake: &HandshakeId, waiting: usize) -> Self {
        let rule = format!(
            "is one too many for handshake {handshake}: {waiting} requests wait for its outcome already"
        );
        Self::body(rule).fixed_by("wait for their outcomes, then send it again").of(Some(id.clone()))
    }

    /// Nothing is known of the half, neither in the ledger nor in Azure.
    pub(crate) fn no_such_half(half: &ResourceId) -> Self {
        let rule = format!("is {half}, which is not there or connects nothing that an agreement names");
        Self::new("half", rule).fixed_by("`peerpact status` shows the halves that are known")
    }

    /// No agreement covers the half, or a rule forbids it, and peerpact did not make it.
    pub(crate) fn not_to_be_removed(half: &ResourceId, reason: Reason) -> Self {
        let rule = format!("is {half}, which this app did not make, and {}", reason.message);
        Self { fix: reason.fix, ..Self::new("half", rule) }
    }

    /// Which handshake the half belongs to cannot be read.
    pub(crate) fn unreadable_half(half: &ResourceId, reason: Reason) -> Self {
        let rule = format!("is {half}, which cannot be read: {}", reason.message);
        Self { fix: reason.fix, ..Self::new("half", rule) }
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
