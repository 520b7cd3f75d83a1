//! Operations that take time: the call is answered at once, and what it does ends later.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::StatusCode;
use serde_json::json;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::Cx;
use super::error::ArmError;
use super::path::Key;
use super::reply::Reply;
use super::store::Store;
use crate::azure::Pace;
use crate::events::Happening;
use crate::mint::{self, Mint};

/// What kind of work an operation is; decides how long it takes and what `Retry-After` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Work {
    PutNetwork,
    PutSubnet,
    PutPeering,
    PutPlain,
    PutGateway,
    Delete,
    DeleteGateway,
    DeleteGroup,
}

impl Work {
    /// How long it takes, in milliseconds from and to, and the seconds its answer asks the client to wait.
    ///
    /// The recorded pace is that of the captures: networks within 3 s, peerings and deletions 10-20 s, gateways minutes.
    const fn timing(self, pace: Pace) -> (u64, u64, u64) {
        match (pace, self) {
            (Pace::Quick, _) => (500, 500, 1),
            (Pace::Recorded, Self::PutNetwork | Self::PutSubnet | Self::PutPlain) => (2_000, 3_000, 3),
            (Pace::Recorded, Self::PutPeering | Self::Delete) => (10_000, 20_000, 10),
            (Pace::Recorded, Self::PutGateway) => (220_000, 300_000, 10),
            (Pace::Recorded, Self::DeleteGateway) => (60_000, 90_000, 10),
            (Pace::Recorded, Self::DeleteGroup) => (15_000, 30_000, 15),
        }
    }

    /// The provider's name of it, as its errors say it.
    const fn name(self) -> &'static str {
        match self {
            Self::PutNetwork => "PutVirtualNetworkOperation",
            Self::PutSubnet => "PutSubnetOperation",
            Self::PutPeering => "PutVirtualNetworkPeeringOperation",
            Self::PutPlain => "PutPublicIPAddressOperation",
            Self::PutGateway => "PutVirtualNetworkGatewayOperation",
            Self::Delete | Self::DeleteGateway | Self::DeleteGroup => "DeleteOperation",
        }
    }

    const fn removes(self) -> bool {
        matches!(self, Self::Delete | Self::DeleteGateway | Self::DeleteGroup)
    }
}

/// What an operation does in the end to the resource with this key.
pub(crate) type Finish = fn(&mut Store, &mut Mint, &Key);

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

/// An operation under way or over.
#[derive(Clone, Debug)]
pub(crate) struct Operation {
    pub(crate) id: Uuid,
    work: Work,
    subscription: String,
    location: String,
    due: OffsetDateTime,
    done: bool,
    subject: Key,
    holds: Vec<Key>,
    finish: Finish,
    api_version: String,
    seal: String,
    tells: Vec<Happening>,
}

impl Operation {
    fn status_url(&self, origin: &str) -> String {
        self.url(origin, "operations")
    }

    fn url(&self, origin: &str, what: &str) -> String {
        let Self { id, subscription, location, api_version, seal, .. } = self;
        if self.work == Work::DeleteGroup {
            return format!(
                "{origin}/subscriptions/{subscription}/operationresults/{id}?api-version={api_version}&{seal}"
            );
        }
        format!(
            "{origin}/subscriptions/{subscription}/providers/Microsoft.Network/locations/{location}/{what}/{id}?api-version={api_version}&{seal}"
        )
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
        for key in &operation.holds {
            self.store.held.insert(key.clone(), operation.id);
        }
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
        self.store.running.insert((operation.due, operation.id));
        self.store.operations.insert(operation.id, operation);
        reply
    }

    /// Refuses a write to something that an operation is under way on.
    pub(crate) fn must_be_free(&self, key: &Key) -> Result<(), ArmError> {
        match self.store.operation_on(key) {
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
        let Some(operation) = self.store.operation_on(key) else { return Ok(()) };
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
    fn operation(&self, id: &str) -> Result<&Operation, ArmError> {
        let unknown = || ArmError::NoOperation(id.to_owned());
        let operation =
            Uuid::parse_str(id).ok().and_then(|id| self.store.operations.get(&id)).ok_or_else(unknown)?;
        let signature = self.call.query.get("s").map(String::as_str).unwrap_or_default();
        let issued = operation.seal.split('&').find_map(|part| part.strip_prefix("s=")).unwrap_or_default();
        let same_subscription = operation.subscription.eq_ignore_ascii_case(&self.call.subscription);
        if issued == signature && same_subscription { Ok(operation) } else { Err(unknown()) }
    }
}

/// How long the address of an operation answers after its end.
const REMEMBERED: Duration = Duration::hours(24);

impl Store {
    /// The operation under way on this resource.
    pub(crate) fn operation_on(&self, key: &Key) -> Option<&Operation> {
        self.operations.get(self.held.get(key)?)
    }

    /// Whether the operation with this id is under way.
    pub(crate) fn is_running(&self, id: Uuid) -> bool {
        self.operations.get(&id).is_some_and(|operation| !operation.done)
    }

    /// When the next operation ends.
    pub(crate) fn next_due(&self) -> Option<OffsetDateTime> {
        self.running.first().map(|(due, _)| *due)
    }

    /// Ends every operation that is due, in the order of their times, and gives what there is to tell about each.
    pub(super) fn end_operations(
        &mut self,
        mint: &mut Mint,
        now: OffsetDateTime,
    ) -> Vec<(OffsetDateTime, Happening)> {
        let mut told = Vec::new();
        while let Some(&(at, id)) = self.running.first().filter(|(due, _)| *due <= now) {
            self.running.remove(&(at, id));
            let Some(operation) = self.operations.get_mut(&id) else { continue };
            operation.done = true;
            let (finish, subject) = (operation.finish, operation.subject.clone());
            let holds = std::mem::take(&mut operation.holds);
            told.extend(std::mem::take(&mut operation.tells).into_iter().map(|happening| (at, happening)));
            for key in holds {
                if self.held.get(&key) == Some(&id) {
                    self.held.remove(&key);
                }
            }
            finish(self, mint, &subject);
            self.ended.push_back((at, id));
        }
        while let Some(&(_, id)) = self.ended.front().filter(|(at, _)| *at + REMEMBERED <= now) {
            self.ended.pop_front();
            self.operations.remove(&id);
        }
        told
    }
}
