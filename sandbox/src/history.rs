//! Every call that reached the sandbox, in the order in which it was dealt with.

use serde::Serialize;

/// One call, as `GET /sandbox/calls` shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Call {
    /// Counts from 1, without gaps, in the order in which the calls took effect.
    pub sequence: u64,
    /// When it took effect, RFC 3339.
    pub time: String,
    /// The HTTP method.
    pub method: String,
    /// The path as the caller wrote it.
    pub path: String,
    /// The query as the caller wrote it, without the question mark; empty if there was none.
    pub query: String,
    /// The status that was answered; 0 if the connection was cut and nothing was answered.
    pub status: u16,
    /// The client id of the application that called, if it said who it is: from a valid token, or from the form of a
    /// token request.
    pub principal: Option<String>,
    /// That application's name in the sandbox's world, for example `fabrikam-app`.
    pub application: Option<String>,
    /// The id of the tenant that issued the caller's token, or that a token was asked of.
    pub tenant: Option<String>,
    /// The caller's `x-ms-client-request-id`.
    pub client_request_id: Option<String>,
    /// SHA-256 of the body of a PUT, in hexadecimal, so that the same write is known again.
    pub body_digest: Option<String>,
}

/// The calls so far.
#[derive(Debug, Default)]
pub(crate) struct History {
    calls: Vec<Call>,
}

impl History {
    /// Adds a call and gives it the next sequence number.
    pub(crate) fn add(&mut self, mut call: Call) {
        call.sequence = self.calls.len() as u64 + 1;
        self.calls.push(call);
    }

    /// The calls whose sequence number is greater than `sequence`; 0 gives all.
    pub(crate) fn since(&self, sequence: u64) -> Vec<Call> {
        let from = usize::try_from(sequence).unwrap_or(usize::MAX).min(self.calls.len());
        self.calls[from..].to_vec()
    }
}
