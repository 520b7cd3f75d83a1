//! Operations that take time: the call is answered at once, and what it does ends later.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::StatusCode;
use serde_json::json;
use time::OffsetDateTime;
use uuid::Uuid;

use super::cx::Cx;
use crate::arm::call::{ArmError, Key};
use crate::arm::state::{Finish, Operation, Store, Work};
use crate::mint::{self, Mint};
use crate::reply::Reply;
use crate::settings::Pace;

/// An operation to start.
pub(crate) struct Begin {
    pub(crate) work: Work,
    pub(crate) subject: Key,
    /// What nobody else may write meanwhile.
    pub(crate) holds: Vec<Key>,
    pub(crate) location: String,
    pub(crate) finish: Finish,
    /// `Azure-AsyncNotification: Enabled`.
    pub(crate) notifies: bool,
    /// The resource did not exist before.
    pub(crate) created: bool,
}

impl Begin {
    /// Work on this resource, which was there before, and which nobody else may write meanwhile.
    pub(crate) fn of(work: Work, subject: Key, location: String, finish: Finish) -> Self {
        let holds = vec![subject.clone()];
        Self { work, subject, holds, location, finish, notifies: true, created: false }
    }
}

/// Since 2024 the addresses of operations carry a time, a long certificate chain, a signature and a hash.
fn seal(mint: &mut Mint, now: OffsetDateTime) -> String {
    let mut long = |label: &str, blocks: usize| {
        let root = mint.guid();
        let bytes: Vec<u8> =
            (0..blocks).flat_map(|block| mint::derive(block as u64, &format!("{label}/{root}"))).collect();
        URL_SAFE_NO_PAD.encode(bytes)
    };
    let (chain, signature, hash) = (long("c", 80), long("s", 8), long("h", 1));
    format!("t={}&c={chain}&s={signature}&h={hash}", now.unix_timestamp_nanos() / 100)
}

impl Cx<'_> {
    /// Starts an operation and adds its headers to the answer. Its id is the call's `x-ms-request-id`, as recorded.
    pub(crate) fn begin(&mut self, begin: Begin, reply: Reply) -> Reply {
        let (least, most, retry_after) = begin.work.timing(self.settings.pace);
        let takes = self.mint.between(least, most);
        let operation = Operation {
            id: self.call.request_id,
            work: begin.work,
            subscription: self.call.subscription.clone(),
            location: begin.location,
            due: self.now + std::time::Duration::from_millis(takes),
            done: false,
            subject: begin.subject,
            holds: begin.holds,
            finish: begin.finish,
            api_version: self.call.api_version.clone(),
            seal: seal(self.mint, self.now),
            tells: self.take_happenings(begin.created),
        };
        let origin = self.world.resource_manager();
        let mut reply = reply.header("retry-after", retry_after.to_string());
        if begin.work != Work::DeleteGroup {
            reply = reply.header("azure-asyncoperation", operation.status_url(origin));
        }
        if begin.work.removes() {
            reply = reply.header("location", operation.url(origin, "operationResults"));
        }
        if begin.notifies {
            reply = reply.header("azure-asyncnotification", "Enabled");
        }
        self.store.operations.start(operation);
        reply
    }

    /// Refuses a write to something that an operation is under way on.
    pub(crate) fn must_be_free(&self, key: &Key) -> Result<(), ArmError> {
        match self.store.operations.on(key) {
            Some(operation) => Err(ArmError::Busy(operation.status_url(self.world.resource_manager()))),
            None => Ok(()),
        }
    }

    /// Refuses a reference to something that an operation is under way on.
    pub(crate) fn must_be_provisioned(
        &self,
        key: &Key,
        referenced: &str,
        resource: &str,
    ) -> Result<(), ArmError> {
        let Some(operation) = self.store.operations.on(key) else { return Ok(()) };
        Err(ArmError::NotProvisioned {
            referenced: referenced.to_owned(),
            resource: resource.to_owned(),
            state: if operation.work.removes() && operation.subject == *key {
                "Deleting"
            } else {
                "Updating"
            }
            .to_owned(),
            operation: operation.work.name(),
        })
    }

    /// `GET …/operations/{id}`.
    pub(crate) fn operation_status(&self, id: &str) -> Result<Reply, ArmError> {
        let operation = self.operation(id)?;
        if operation.done {
            return Ok(Reply::ok(json!({"status": "Succeeded"})));
        }
        let wait = match self.settings.pace {
            Pace::Quick => "1",
            Pace::Recorded => "20",
        };
        Ok(Reply::ok(json!({"status": "InProgress"})).header("retry-after", wait))
    }

    /// `GET …/operationResults/{id}`: 202 until it is over, then 204 (200 for resource groups).
    pub(crate) fn operation_result(&self, id: &str) -> Result<Reply, ArmError> {
        let operation = self.operation(id)?;
        let origin = self.world.resource_manager();
        let group = operation.work == Work::DeleteGroup;
        let status = match (operation.done, group) {
            (false, _) => StatusCode::ACCEPTED,
            (true, true) => StatusCode::OK,
            (true, false) => StatusCode::NO_CONTENT,
        };
        let mut reply = Reply::empty(status);
        if !group {
            reply = reply.header("azure-asyncoperation", operation.status_url(origin));
        }
        if !group || !operation.done {
            reply = reply.header("location", operation.url(origin, "operationResults"));
        }
        if !operation.done {
            let (_, _, wait) = operation.work.timing(self.settings.pace);
            reply = reply.header("retry-after", wait.to_string());
        }
        Ok(reply)
    }

    /// An operation is found by its whole address: the signature has to be the one that was handed out.
    fn operation(&self, id: &str) -> Result<&Operation<Store>, ArmError> {
        let unknown = || ArmError::NoOperation(id.to_owned());
        let operation =
            Uuid::parse_str(id).ok().and_then(|id| self.store.operations.get(id)).ok_or_else(unknown)?;
        let signature = self.call.query.get("s").map(String::as_str).unwrap_or_default();
        let issued = operation.seal.split('&').find_map(|part| part.strip_prefix("s=")).unwrap_or_default();
        let same_subscription = operation.subscription.eq_ignore_ascii_case(&self.call.subscription);
        if issued == signature && same_subscription { Ok(operation) } else { Err(unknown()) }
    }
}
