//! What is the same for every type of resource: reading one, reading a list, writing and deleting.

use std::error::Error as StdError;
use std::fmt::Display;

use azure_core::http::headers::Headers;
use azure_core::http::{Method, Url};
use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use super::asked::Asked;
use super::call::{Answer, Call};
use super::deadline::Deadline;
use super::error::{ArmError, Class, WriteError};
use super::operation::Operation;
use super::resource_manager::ResourceManager;
use super::resource_type::{Resource, ResourceType};
use super::wire::Page;
use crate::azure::CallFault;
use crate::handshake::ids::TenantId;
use crate::handshake::read::Read;

/// A list that goes on for longer than this does not end. A subscription has at most some thousand networks with some
/// hundred on a page; of network managers and what belongs to them a page holds twenty.
const MOST_PAGES: usize = 100;

impl ResourceManager {
    /// Reads one: one GET. An answer about another one than was asked for is malformed.
    pub(crate) async fn one<T: Resource>(
        &self,
        tenant: TenantId,
        id: &T::Id,
        until: Deadline,
    ) -> Result<T, ArmError> {
        let asked = self.asked(tenant, T::READ, id.to_string());
        let wire: T::Wire = self.get(&asked, self.origin().resource(id), until).await?;
        let read = T::from_wire(wire).map_err(|error| malformed(&asked, "not a usable resource", error))?;
        if read.id() == id {
            return Ok(read);
        }
        let what = format!("another resource was asked for than {}", read.id());
        Err(ArmError::new(&asked, CallFault::Malformed { what, source: None }))
    }

    /// Reads all that `parent` holds, page by page. One that makes no sense, or lies elsewhere, is passed over with a
    /// warning.
    pub(crate) async fn list<T: Resource>(
        &self,
        tenant: TenantId,
        parent: &impl Display,
        until: Deadline,
    ) -> Result<Vec<T>, ArmError> {
        let asked = self.asked(tenant, T::READ, parent.to_string());
        let mut url = self.origin().list(parent, T::COLLECTION, T::TOP);
        let mut read = Vec::new();
        for _ in 0..MOST_PAGES {
            let page: Page = self.get(&asked, url, until).await?;
            let next = page.next().map(|next| self.origin().follow("nextLink", next)).transpose();
            for item in page.value {
                let warn = |error: &dyn Display| {
                    tracing::warn!(%error, "one of {}/{} is passed over", asked.resource, T::COLLECTION);
                };
                match serde_json::from_value::<T::Wire>(item).map(T::from_wire) {
                    Ok(Ok(item)) if lies_in(item.id(), parent) => read.push(item),
                    Ok(Ok(item)) => warn(&format!("{} does not lie there", item.id())),
                    Ok(Err(error)) => warn(&error),
                    Err(error) => warn(&error),
                }
            }
            match next.map_err(|fault| ArmError::new(&asked, fault))? {
                Some(next) => url = next,
                None => return Ok(read),
            }
        }
        let what = format!("the list does not end after {MOST_PAGES} pages");
        Err(ArmError::new(&asked, CallFault::Malformed { what, source: None }))
    }

    /// The PUT of one, still to be sent.
    pub(crate) fn putting(
        &self,
        kind: &ResourceType,
        tenant: TenantId,
        id: &impl Display,
        body: &impl Serialize,
        correlation: Uuid,
    ) -> Result<Call, WriteError> {
        let asked = self.asked(tenant, kind.write, id.to_string());
        let body = serde_json::to_vec(body)
            .map_err(|error| WriteError::Rejected(malformed(&asked, "the body cannot be written", error)))?;
        Ok(Call {
            asked,
            method: Method::Put,
            url: self.origin().resource(id),
            body: Some(Bytes::from(body)),
            auxiliary: None,
            correlation,
            sequence: 0,
        })
    }

    /// Deletes one: one DELETE. One that is not there, or whose parent is not, counts as deleted.
    pub(crate) async fn delete(
        &self,
        kind: &'static ResourceType,
        tenant: TenantId,
        id: &impl Display,
        correlation: Uuid,
        until: Deadline,
    ) -> Result<Operation, WriteError> {
        let call = Call {
            asked: self.asked(tenant, kind.delete, id.to_string()),
            method: Method::Delete,
            url: self.origin().resource(id),
            body: None,
            auxiliary: None,
            correlation,
            sequence: 0,
        };
        self.write(kind, &call, until).await
    }

    /// Sends a PUT or a DELETE.
    pub(crate) async fn write(
        &self,
        kind: &'static ResourceType,
        call: &Call,
        until: Deadline,
    ) -> Result<Operation, WriteError> {
        self.origin().check().map_err(|fault| WriteError::Rejected(ArmError::new(&call.asked, fault)))?;
        let answer = match self.client().write(call, until).await {
            // Azure answers 204 for what is absent and 404 where its parent is: the same to whoever wants it gone.
            Err(WriteError::Rejected(error))
                if call.method == Method::Delete && error.class() == Class::NotFound =>
            {
                Answer { status: 204, headers: Headers::new(), body: Bytes::new() }
            }
            answer => answer?,
        };
        Operation::of(kind, call, &answer, self.origin(), self.clock())
            .map_err(|fault| WriteError::Unknown(ArmError::new(&call.asked, fault)))
    }

    async fn get<T: DeserializeOwned>(
        &self,
        asked: &Asked,
        url: Url,
        until: Deadline,
    ) -> Result<T, ArmError> {
        self.origin().check().map_err(|fault| ArmError::new(asked, fault))?;
        let call = Call {
            asked: asked.clone(),
            method: Method::Get,
            url,
            body: None,
            auxiliary: None,
            correlation: self.read_id(),
            sequence: 0,
        };
        let answer = self.client().read(&call, until).await?;
        serde_json::from_slice(&answer.body).map_err(|error| malformed(asked, "not the expected JSON", error))
    }
}

/// "Not there" and "not for us" as answers instead of errors.
///
/// # Errors
/// Every other class of error.
pub fn as_read<T>(read: Result<T, ArmError>) -> Result<Read<T>, ArmError> {
    match read {
        Ok(seen) => Ok(Read::Found(seen)),
        Err(error) => match error.class() {
            Class::NotFound => Ok(Read::Absent),
            Class::Denied(denial) => Ok(Read::Denied(denial)),
            _ => Err(error),
        },
    }
}

/// Whether a resource is one of what `parent` holds. Azure's answer is no reason to believe in one of another place.
fn lies_in(id: &impl Display, parent: &impl Display) -> bool {
    let (id, parent) = (id.to_string().to_ascii_lowercase(), parent.to_string().to_ascii_lowercase());
    id.strip_prefix(&parent).is_some_and(|rest| rest.starts_with('/'))
}

fn malformed(asked: &Asked, what: &str, source: impl StdError + Send + Sync + 'static) -> ArmError {
    ArmError::new(asked, CallFault::Malformed { what: what.to_owned(), source: Some(Box::new(source)) })
}
