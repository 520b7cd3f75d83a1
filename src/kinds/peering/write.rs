//! Sending a write of a peering.

use uuid::Uuid;

use super::body::PeeringBody;
use super::calls::PeeringWrite;
use crate::arm::{Deadline, Ended, WriteError};
use crate::handshake::pair::Pair;
use crate::handshake::step::Side;
use crate::handshake::write::Write;
use crate::kinds::Observer;

/// Sends a write and follows its operation for a moment.
pub(super) async fn send(
    observer: &Observer<'_>,
    pair: &Pair,
    write: &Write,
    body: &PeeringBody,
    correlation: Uuid,
    until: Deadline,
) -> Result<Ended, WriteError> {
    let (arm, home, partner) = (observer.resource_manager, observer.home, pair.partner());
    let (tenant, other) = match write.step.side() {
        Side::Ours => (home, partner),
        Side::Theirs => (partner, home),
    };
    let operation = match body {
        PeeringBody::Peering { id, remote, flags, over } => {
            let put = PeeringWrite {
                tenant,
                auxiliary: Some(other),
                id: id.clone(),
                remote: remote.clone(),
                flags: *flags,
                over: over.clone(),
                sync: write.step.syncs(),
                correlation,
            };
            arm.put_peering(&put, until).await?
        }
        PeeringBody::Removal(id) => arm.delete_peering(tenant, id, correlation, until).await?,
    };
    arm.follow(operation, until).await.map_err(WriteError::Unknown)
}
