//! Long operations: where to poll, how often, and how they end.

use std::fmt;
use std::time::Duration;

use azure_core::http::headers::HeaderName;
use azure_core::http::{Method, Url};
use serde_json::Value;
use uuid::Uuid;

use super::address::Origin;
use super::asked::Asked;
use super::call::{Answer, Call};
use super::client::Client;
use super::deadline::Deadline;
use super::error::{ArmError, Class};
use super::resource_type::ResourceType;
use super::wire::{OperationStatus, Provisioned};
use crate::azure::{AzureFailure, CallFault, envelope};
use crate::clock::Clock;
use crate::handshake::provisioning::Provisioning;

/// Never poll more often than this, whatever an answer says.
const SHORTEST: Duration = Duration::from_millis(200);

const READ_OPERATION: &str = "Microsoft.Network/locations/operations/read";

const LOCATION: HeaderName = HeaderName::from_static("location");
const ASYNC_OPERATION: HeaderName = HeaderName::from_static("azure-asyncoperation");

/// A write that Azure has accepted, and how to see it end.
#[derive(Clone)]
pub struct Operation {
    kind: &'static ResourceType,
    asked: Asked,
    deletes: bool,
    /// The resource written.
    resource: Url,
    correlation: Uuid,
    /// How it ended, if it had when it was accepted.
    ended: Option<Ended>,
    track: Track,
    polls: u32,
    wait: Option<Duration>,
}

/// Where an operation is polled.
#[derive(Clone)]
enum Track {
    /// At `Azure-AsyncOperation`; if that is lost, at `Location`.
    Status { url: Url, location: Option<Url> },
    /// At `Location`.
    Location(Url),
    /// At the resource's own `provisioningState`.
    Resource,
}

/// How a write ended, as far as its operation tells. What came of it is to be read back in any case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Azure carried it out.
    Succeeded,
    /// Azure gave up on it, and says why.
    Failed(AzureFailure),
    /// It had not ended at the deadline, or would be polled only beyond it.
    StillRunning {
        /// When Azure wants it to be polled next.
        after: Option<Duration>,
    },
}

/// What one poll shows.
enum Poll {
    Ended(Ended),
    Running,
    /// Nothing, there: poll here next.
    Lost(Track),
}

impl Operation {
    /// Reads where an accepted write is to be polled.
    pub(super) fn of(
        kind: &'static ResourceType,
        call: &Call,
        answer: &Answer,
        origin: &Origin,
        clock: &Clock,
    ) -> Result<Self, CallFault> {
        let status = origin.header(&answer.headers, &ASYNC_OPERATION)?;
        let location = origin.header(&answer.headers, &LOCATION)?;
        let deletes = call.method == Method::Delete;
        let (ended, track) = match (status, location) {
            (Some(url), location) => (None, Track::Status { url, location }),
            (None, Some(url)) if answer.status == 202 => (None, Track::Location(url)),
            (None, _) => (at_once(deletes, answer), Track::Resource),
        };
        let mut resource = call.url.clone();
        // `syncRemoteAddressSpace` belongs to the write only.
        Origin::set_version(&mut resource);
        Ok(Self {
            kind,
            asked: call.asked.clone(),
            deletes,
            resource,
            correlation: call.correlation,
            ended,
            track,
            polls: 0,
            wait: envelope::retry_after(&answer.headers, clock.now()),
        })
    }

    /// Whether it had ended when it was accepted, so that there is nothing to poll.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.ended.is_some()
    }

    /// Polls until it ends or the deadline comes.
    pub(super) async fn finish(
        mut self,
        client: &Client,
        origin: &Origin,
        clock: &Clock,
        until: Deadline,
    ) -> Result<Ended, ArmError> {
        if let Some(ended) = self.ended {
            return Ok(ended);
        }
        loop {
            let pause = self.wait.unwrap_or(self.kind.pause).max(SHORTEST);
            if pause >= until.remaining(clock) {
                return Ok(Ended::StillRunning { after: self.wait });
            }
            tokio::time::sleep(pause).await;
            loop {
                match self.poll(client, origin, clock, until).await? {
                    Poll::Ended(ended) => return Ok(ended),
                    Poll::Running => break,
                    Poll::Lost(track) => self.track = track,
                }
            }
        }
    }

    async fn poll(
        &mut self,
        client: &Client,
        origin: &Origin,
        clock: &Clock,
        until: Deadline,
    ) -> Result<Poll, ArmError> {
        self.polls += 1;
        let call = self.call();
        match client.read(&call, until).await {
            Ok(answer) => {
                self.wait = envelope::retry_after(&answer.headers, clock.now()).or(self.wait);
                self.shown(&answer, origin).map_err(|fault| ArmError::new(&call.asked, fault))
            }
            Err(error) => self.not_shown(error),
        }
    }

    /// What a successful poll shows.
    fn shown(&mut self, answer: &Answer, origin: &Origin) -> Result<Poll, CallFault> {
        match &mut self.track {
            Track::Status { .. } => of_status(answer),
            Track::Location(url) => {
                if let Some(moved) = origin.header(&answer.headers, &LOCATION)? {
                    *url = moved;
                }
                Ok(of_location(answer))
            }
            Track::Resource => Ok(of_resource(self.deletes, answer)),
        }
    }

    /// What a failed poll means.
    ///
    /// An operation's address is gone some time after the operation, and reading it takes an action of its own
    /// (`Microsoft.Network/locations/operations/read`): then the next best place tells.
    fn not_shown(&self, error: ArmError) -> Result<Poll, ArmError> {
        match (&self.track, error.class()) {
            (Track::Status { location, .. }, Class::NotFound | Class::Denied(_) | Class::Refused(_)) => {
                Ok(Poll::Lost(location.clone().map_or(Track::Resource, Track::Location)))
            }
            (Track::Location(_), Class::NotFound | Class::Denied(_)) => Ok(Poll::Lost(Track::Resource)),
            (Track::Location(_), Class::Refused(failure)) => Ok(Poll::Ended(Ended::Failed(failure))),
            (Track::Resource, Class::NotFound) if self.deletes => Ok(Poll::Ended(Ended::Succeeded)),
            _ => Err(error),
        }
    }

    /// A poll goes out in the tenant that was written in, with that tenant's token alone.
    fn call(&self) -> Call {
        let (url, action) = match &self.track {
            Track::Status { url, .. } | Track::Location(url) => (url, READ_OPERATION),
            Track::Resource => (&self.resource, self.kind.read),
        };
        Call {
            asked: Asked { action, ..self.asked.clone() },
            method: Method::Get,
            url: url.clone(),
            body: None,
            auxiliary: None,
            correlation: self.correlation,
            sequence: self.polls,
        }
    }
}

/// How a write ended that came without an operation; `None` if it has not.
fn at_once(deletes: bool, answer: &Answer) -> Option<Ended> {
    if deletes {
        return (answer.status != 202).then_some(Ended::Succeeded);
    }
    match state(&answer.body) {
        Provisioning::Succeeded => Some(Ended::Succeeded),
        Provisioning::Failed => Some(Ended::Failed(unexplained_failure())),
        Provisioning::Updating | Provisioning::Deleting => None,
    }
}

fn of_status(answer: &Answer) -> Result<Poll, CallFault> {
    if answer.status == 202 && answer.body.is_empty() {
        return Ok(Poll::Running);
    }
    let operation: OperationStatus =
        serde_json::from_slice(&answer.body).map_err(|source| CallFault::Malformed {
            what: "not the status of an operation".to_owned(),
            source: Some(source.into()),
        })?;
    match operation.status.as_deref() {
        Some(status) => Ok(of_word(status, operation.error.as_ref())),
        None => Err(CallFault::Malformed { what: "an operation without a status".to_owned(), source: None }),
    }
}

/// 202 while it runs. Some services end with 200 and a status in the body all the same.
fn of_location(answer: &Answer) -> Poll {
    if answer.status == 202 {
        return Poll::Running;
    }
    match serde_json::from_slice::<OperationStatus>(&answer.body) {
        Ok(OperationStatus { status: Some(status), error }) => of_word(&status, error.as_ref()),
        _ => Poll::Ended(Ended::Succeeded),
    }
}

fn of_resource(deletes: bool, answer: &Answer) -> Poll {
    match state(&answer.body) {
        Provisioning::Failed => Poll::Ended(Ended::Failed(unexplained_failure())),
        Provisioning::Succeeded if !deletes => Poll::Ended(Ended::Succeeded),
        Provisioning::Succeeded | Provisioning::Updating | Provisioning::Deleting => Poll::Running,
    }
}

/// Only three words are ends; a failure comes with HTTP status 200.
fn of_word(status: &str, error: Option<&Value>) -> Poll {
    if status.eq_ignore_ascii_case("Succeeded") {
        Poll::Ended(Ended::Succeeded)
    } else if status.eq_ignore_ascii_case("Failed") || status.eq_ignore_ascii_case("Canceled") {
        Poll::Ended(Ended::Failed(
            error.map_or_else(unexplained_failure, |error| envelope::of_value(error, 200)),
        ))
    } else {
        Poll::Running
    }
}

fn state(body: &[u8]) -> Provisioning {
    serde_json::from_slice::<Provisioned>(body).map(|resource| resource.state()).unwrap_or_default()
}

fn unexplained_failure() -> AzureFailure {
    AzureFailure { code: "OperationFailed".to_owned(), message: "Azure does not say why".to_owned() }
}

impl fmt::Debug for Operation {
    /// Without addresses: they are signed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let track = match &self.track {
            Track::Status { .. } => "Azure-AsyncOperation",
            Track::Location(_) => "Location",
            Track::Resource => "provisioningState",
        };
        f.debug_struct("Operation")
            .field("of", &self.asked.resource)
            .field("seen_at", &track)
            .finish_non_exhaustive()
    }
}
