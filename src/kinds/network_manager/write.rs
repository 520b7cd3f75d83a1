//! Sending a write of a management handshake: all of them are in our own tenant.

use uuid::Uuid;

use super::body::ManagementBody;
use crate::arm::{ArmError, Deadline, Ended, WriteError};
use crate::handshake::pair::Pair;
use crate::kinds::Observer;

/// Sends a write, and follows it for a moment.
pub(super) async fn send(
    observer: &Observer<'_>,
    pair: &Pair,
    body: &ManagementBody,
    correlation: Uuid,
    until: Deadline,
) -> Result<Ended, WriteError> {
    let (arm, home, partner) = (observer.resource_manager, observer.home, pair.partner());
    let operation = match body {
        ManagementBody::ScopeConnection { id, tenant, scope } => {
            arm.put_scope_connection(home, id, *tenant, scope, correlation, until).await?
        }
        ManagementBody::Connection { id, manager } => {
            arm.put_connection(home, id, manager, correlation, until).await?
        }
        ManagementBody::Member { id, network } => {
            arm.put_member(home, partner, id, network, correlation, until).await?
        }
        ManagementBody::RemovedMember(id) => arm.delete_member(home, id, correlation, until).await?,
        ManagementBody::Removal(id) => match (id.as_str().parse(), id.as_str().parse()) {
            (Ok(id), _) => arm.delete_scope_connection(home, &id, correlation, until).await?,
            (_, Ok(id)) => arm.delete_connection(home, &id, correlation, until).await?,
            (Err(_), Err(_)) => return Err(WriteError::Rejected(ArmError::no_pair(pair))),
        },
    };
    arm.follow(operation, until).await.map_err(WriteError::Unknown)
}
